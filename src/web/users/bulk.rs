//! One act on several users at once.

use actix_web::HttpRequest;

use super::{counted, want_somebody};
use crate::http::Portal;
use crate::model::Error;
use crate::model::ids::UserId;
use crate::model::users::Kind;
use crate::service::bulk::{self, Act, Done, Selected};
use crate::web::confirm::{self, Confirm, Tick};
use crate::web::tokens::pages::keeps_form;
use crate::web::{Answer, Fields, Page, Shell, see_other};

fn act(fields: &Fields) -> Result<Act, Error> {
    match fields.get("action") {
        "disable" => Ok(Act::Disable),
        "revoke" => Ok(Act::Revoke),
        _ => Err(Error::NotFound("page")),
    }
}

fn ids(fields: &Fields) -> Vec<UserId> {
    let mut ids: Vec<UserId> = fields.parse_all("id");
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// `GET /users/bulk?action=…&id=…`.
pub async fn ask(portal: Portal, request: HttpRequest) -> Answer {
    let fields = Fields::of_query(&request);
    again(&portal, &fields, None).await
}

async fn again(portal: &Portal, fields: &Fields, refused: Option<&Error>) -> Answer {
    let (act, ids) = (act(fields)?, ids(fields));
    let wanted = ids.len();
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, bulk::selected(cx, &ids, act)?)));
    let (shell, found) = found.await?;
    if found.is_empty() {
        portal.session.flash("caution", "Nobody was selected. Tick some users first.")?;
        return see_other("/users");
    }
    let asked = question(act, &found, wanted);
    let page = Page::of(portal, shell, "users", asked.title.clone());
    confirm::ask(page, asked, refused)
}

fn question(act: Act, found: &[Selected], wanted: usize) -> Confirm {
    let n = counted(found.iter().filter(|chosen| chosen.obstacle.is_none()).count(), "user", "users");
    let (title, mut lead, button) = match act {
        Act::Disable => (
            format!("Disable {n}?"),
            "Their sessions end, and their tokens stop at the next request. They can be enabled again.".to_owned(),
            "Disable",
        ),
        Act::Revoke => (
            format!("Revoke the tokens of {n}?"),
            "This is final: programs that use these tokens are refused from their next request on.".to_owned(),
            "Revoke tokens",
        ),
    };
    if found.len() < wanted {
        lead += " Some that were selected are not there any more.";
    }
    Confirm {
        title,
        lead,
        ticks: found.iter().map(|chosen| tick(act, chosen)).collect(),
        action: "/users/bulk".into(),
        hidden: vec![("action".into(), if act == Act::Disable { "disable" } else { "revoke" }.into())],
        button: button.into(),
        danger: true,
        cancel: "/users".into(),
        ..Confirm::default()
    }
}

/// `API Access (api_access@service, Service)`, and what stops for it.
fn tick(act: Act, Selected { info, answers_for, obstacle }: &Selected) -> Tick {
    let user = &info.user;
    let badge = match user.kind {
        Kind::Person => "",
        Kind::Service => ", Service",
        Kind::Agent => ", AI agent",
    };
    let mut note = vec![match info.tokens.usable.try_into().unwrap_or_default() {
        0 => "no good token".to_owned(),
        n => counted(n, "good token", "good tokens"),
    }];
    if let n @ 1.. = info.tokens.suspended.try_into().unwrap_or_default() {
        note.push(counted(n, "suspended token", "suspended tokens"));
    }
    if let n @ 1.. = info.tokens.stopped.try_into().unwrap_or_default() {
        note.push(counted(n, "stopped token", "stopped tokens"));
    }
    match (act, user.is_enabled()) {
        (Act::Disable, false) => note.push("disabled already".into()),
        (Act::Disable, true) if answers_for.total() > 0 => note.push(want_somebody(*answers_for)),
        _ => {}
    }
    Tick {
        value: user.id.to_string(),
        label: format!("{} ({}{badge})", user.display_name, user.username),
        note: obstacle.clone().unwrap_or_else(|| note.join("; ")),
        able: obstacle.is_none(),
    }
}

/// `POST /users/bulk`.
pub async fn run(portal: Portal, fields: Fields) -> Answer {
    let (act, ids) = (act(&fields)?, ids(&fields));
    if ids.is_empty() {
        return again(&portal, &fields, None).await;
    }
    match portal.write(move |cx| bulk::run(cx, &ids, act)).await {
        Ok(done) => {
            portal.session.flash("good", told(act, done))?;
            see_other("/users")
        }
        Err(error) if keeps_form(&error) => again(&portal, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

fn told(act: Act, done: Done) -> String {
    match act {
        Act::Disable => {
            let disabled = format!("{} disabled.", counted(done.users, "user was", "users were"));
            match done.orphans {
                none if none.total() == 0 => disabled,
                some => format!("{disabled} {}: the dashboard lists whose.", want_somebody(some)),
            }
        }
        Act::Revoke => format!(
            "{} of {} revoked.",
            counted(done.tokens, "token", "tokens"),
            counted(done.users, "user was", "users were")
        ),
    }
}
