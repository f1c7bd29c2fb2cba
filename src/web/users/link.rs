//! The answer of a POST that made an invitation or a reset link: the one time it is seen.

use askama::Template;
use time::OffsetDateTime;

use crate::base::secret::Secret;
use crate::model::links::Purpose;
use crate::model::users::User;
use crate::service::Cx;
use crate::web::view::{When, Who};
use crate::web::{Answer, Page, render};

/// A link that was just made.
pub(super) struct MadeLink {
    user: User,
    purpose: Purpose,
    secret: Secret,
    origin: String,
    now: OffsetDateTime,
}

impl MadeLink {
    /// For `user`, in the use case that made it.
    pub fn of(cx: &Cx<'_, '_>, user: User, purpose: Purpose, secret: Secret) -> Self {
        Self { user, purpose, secret, origin: cx.app.config.origin(), now: cx.now }
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
    again: String,
}

/// The page. `again` leads to where the next user is made; empty for no such button.
pub(super) fn show(page: Page, made: &MadeLink, again: &str) -> Answer {
    let (title, lead, path) = match made.purpose {
        Purpose::Reset => (
            "The reset link is ready",
            "Whoever has it chooses a new password for this account. Once you leave this page nobody can see it again, you included.",
            "reset",
        ),
        Purpose::Invitation | Purpose::Setup => (
            "The invitation is ready",
            "Whoever has it chooses the password of this account. Once you leave this page nobody can see it again, you included.",
            "invitation",
        ),
    };
    render(&LinkPage {
        page,
        who: Who::of(&made.user),
        title,
        lead,
        link: format!("{}/{path}/{}", made.origin, made.secret.reveal()),
        expires: When::of(made.now + made.purpose.life(), made.now),
        again: again.into(),
    })
}
