//! The answer of a POST that made an invitation or a reset link: the one time it is seen.

use askama::Template;
use time::OffsetDateTime;

use crate::base::secret::Secret;
use crate::model::links::Purpose;
use crate::service::Cx;
use crate::service::links::Issued;
use crate::web::view::{When, Who};
use crate::web::{Answer, Page, render};

/// A link that was just made.
pub(super) struct MadeLink {
    issued: Issued,
    address: Secret,
    now: OffsetDateTime,
}

impl MadeLink {
    /// In the use case that made it.
    pub fn of(cx: &Cx<'_, '_>, issued: Issued) -> Self {
        let address = issued.address(&cx.app.config.origin());
        Self { issued, address, now: cx.now }
    }
}

#[derive(Template)]
#[template(path = "users/link_once.html")]
struct LinkPage {
    page: Page,
    who: Who,
    title: &'static str,
    lead: &'static str,
    link: String,
    expires: When,
    mailed_to: String,
    again: String,
}

/// The page. `again` leads to where the next user is made; empty for no such button.
pub(super) fn show(page: Page, made: &MadeLink, again: &str) -> Answer {
    let Issued { user, purpose, mailed, .. } = &made.issued;
    let (title, lead) = match purpose {
        Purpose::Reset => (
            "The reset link is ready",
            "Whoever has it chooses a new password for this account. Once you leave this page nobody can see it again, you included.",
        ),
        Purpose::Invitation | Purpose::Setup => (
            "The invitation is ready",
            "Whoever has it chooses the password of this account. Once you leave this page nobody can see it again, you included.",
        ),
    };
    render(&LinkPage {
        page,
        who: Who::of(user),
        title,
        lead,
        link: made.address.reveal().to_owned(),
        expires: When::of(made.now + purpose.life(), made.now),
        mailed_to: if *mailed { user.email.clone() } else { String::new() },
        again: again.into(),
    })
}
