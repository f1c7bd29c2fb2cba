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

/// Where a user's pages are.
fn home(id: UserId) -> String {
    format!("/users/{id}")
}

/// `1 token`, `3 tokens`.
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
