//! Bringing tokens under a policy that became stricter.

use crate::http::Portal;
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::tokens::{self, Capped};
use crate::web::confirm::{self, Confirm};
use crate::web::view::count;
use crate::web::{Answer, Page, Shell, see_other};

/// Where those that break it are listed.
pub const LISTED: &str = "/tokens?type=all&expiry=beyond-policy";
/// How many rounds, each a transaction of its own, one answer takes.
const ROUNDS: usize = 50;

/// `GET /tokens/cap`.
pub async fn ask(portal: Portal) -> Answer {
    let (shell, breaking) = portal.read(|cx| Ok((Shell::of(cx)?, breaking(cx)?))).await?;
    let asked = Confirm {
        title: format!("Cap {}?", tokens_counted(breaking)),
        lead: "They break the policy: they live longer than a token may that is made today, or people may have none."
            .into(),
        losses: vec![
            "Those that live too long end as late as a token that is made now. They keep their secrets.".into(),
            "Personal tokens, where people may have none, are revoked.".into(),
        ],
        action: "/tokens/cap".into(),
        button: "Cap them".into(),
        danger: true,
        cancel: LISTED.into(),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "tokens", asked.title.clone()), asked, None)
}

fn breaking(cx: &mut Cx<'_, '_>) -> Result<i64> {
    match tokens::capping(cx)? {
        0 => Err(Error::Conflict("No token breaks the policy.".into())),
        n => Ok(n),
    }
}

fn tokens_counted(n: i64) -> String {
    format!("{} {}", count(n), if n == 1 { "token" } else { "tokens" })
}

/// `POST /tokens/cap`.
pub async fn run(portal: Portal) -> Answer {
    let mut all = Capped::default();
    for _ in 0..ROUNDS {
        let some = portal.write(tokens::cap).await?;
        all =
            Capped { shortened: all.shortened + some.shortened, revoked: all.revoked + some.revoked, more: some.more };
        if !some.more {
            break;
        }
    }
    portal.session.flash("good", told(all))?;
    see_other(if all.more { LISTED } else { "/tokens" })
}

fn told(all: Capped) -> String {
    let tokens = |n: usize| tokens_counted(i64::try_from(n).unwrap_or(i64::MAX));
    let revoked = if all.revoked > 0 { format!(", {} revoked", tokens(all.revoked)) } else { String::new() };
    let more = if all.more { " There are more: cap them as well." } else { "" };
    format!("{} capped{revoked}.{more}", tokens(all.shortened))
}
