//! Users: the list, making them, one user's pages, acts on one and on several.

pub mod activity;
pub mod acts;
pub mod bulk;
mod choosing;
pub mod handover;
pub mod index;
mod link;
pub mod new;
pub mod permissions;
pub mod profile;
pub mod teams;
pub mod tokens;
pub mod wizard;

use super::view::{Status, Tab, Who};
use crate::model::Result;
use crate::model::ids::UserId;
use crate::model::users::AnswersFor;
use crate::service::Cx;
use crate::service::users::{self, Rights, UserInfo};

/// The frame of one user's pages.
#[derive(Clone)]
struct UserHead {
    who: Who,
    status: Status,
    role: String,
    tabs: Vec<Tab>,
}

impl UserHead {
    /// The frame of `info`'s pages, with `current` as the tab that is open.
    fn of(info: &UserInfo, rights: Rights, current: &str) -> Self {
        let who = Who::of(&info.user);
        let tabs = [
            ("Profile", "", true),
            ("Teams", "/teams", true),
            ("Access tokens", "/tokens", rights.see_tokens),
            ("Activity", "/activity", rights.see_activity),
            ("Effective permissions", "/permissions", true),
        ];
        let tab = |(label, path, _)| Tab { label, href: format!("{}{path}", who.href), current: label == current };
        Self {
            tabs: tabs.into_iter().filter(|(_, _, shown)| *shown).map(tab).collect(),
            status: info.state.into(),
            role: info.user.role.to_string(),
            who,
        }
    }

    /// The user and the frame, found in a use case.
    fn find(cx: &mut Cx<'_, '_>, id: UserId, current: &str) -> Result<(UserInfo, Rights, Self)> {
        let info = users::get(cx, id)?;
        let rights = users::rights(cx, &info.user)?;
        let head = Self::of(&info, rights, current);
        Ok((info, rights, head))
    }
}

/// `2 service accounts and 1 AI agent`.
fn answered(accounts: AnswersFor) -> String {
    let some =
        |n: i64, one: &str, many: &str| (n > 0).then(|| counted(usize::try_from(n).unwrap_or_default(), one, many));
    let services = some(accounts.services, "service account", "service accounts");
    let agents = some(accounts.agents, "AI agent", "AI agents");
    services.into_iter().chain(agents).collect::<Vec<_>>().join(" and ")
}

/// `2 service accounts want a new contact`.
pub fn want_somebody(accounts: AnswersFor) -> String {
    let want = if accounts.total() == 1 { "wants" } else { "want" };
    format!("{} {want} a new {}", answered(accounts), whom(accounts))
}

/// What a person is to these accounts: agents have a sponsor besides.
fn whom(accounts: AnswersFor) -> &'static str {
    if accounts.agents == 0 { "contact" } else { "contact or sponsor" }
}

/// Where a user's pages are.
fn home(id: UserId) -> String {
    format!("/users/{id}")
}

/// `1 token`, `3 tokens`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
