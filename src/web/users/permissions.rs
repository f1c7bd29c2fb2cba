//! What a user may do, and which role gives it.

use askama::Template;

use super::UserHead;
use crate::http::Portal;
use crate::model::ids::UserId;
use crate::model::users::Kind;
use crate::service::users::{self, Granted, UserInfo};
use crate::web::{Answer, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "users/permissions.html")]
struct Permissions {
    page: Page,
    head: UserHead,
    why_none: String,
    rows: Vec<Grant>,
}

struct Grant {
    permission: String,
    place: String,
    role: String,
}

impl From<Granted> for Grant {
    fn from(granted: Granted) -> Self {
        Self {
            permission: granted.permission.to_string(),
            place: granted.team.unwrap_or_else(|| "Everywhere".into()),
            role: granted.role,
        }
    }
}

/// `GET /users/{id}/permissions`.
pub async fn list(portal: Portal, Id(id): Id<UserId>) -> Answer {
    let found = portal.read(move |cx| {
        let (info, _, head) = UserHead::find(cx, id, "Effective permissions")?;
        Ok((Shell::of(cx)?, info, head, users::effective(cx, id)?))
    });
    let (shell, info, head, granted) = found.await?;
    let title = format!("Effective permissions of {}", head.who.name);
    render(&Permissions {
        page: Page::of(&portal, shell, "users", title),
        head,
        why_none: why_none(&info),
        rows: granted.into_iter().map(Grant::from).collect(),
    })
}

fn why_none(info: &UserInfo) -> String {
    match info.user.kind {
        Kind::Person => format!(
            "The role {} holds nothing beyond their own profile, sessions and personal tokens, and no team gives a role.",
            info.user.role
        ),
        _ if !info.has_team => {
            "Without a role in a team besides Public it has no permission, whatever its organisation role.".into()
        }
        _ => "Neither its organisation role nor the teams that you may see give any.".into(),
    }
}
