//! Roles: the organisation's, the predefined and the custom ones of teams.

pub mod delete;
pub mod fields;
pub mod list;
pub mod new;
pub mod organisation;
pub mod role;

use super::view::count;
use crate::model::users::Kind;

/// `3 service accounts`.
fn accounts(n: i64, kind: Kind) -> String {
    let (one, many) = match kind {
        Kind::Person => ("person", "people"),
        Kind::Service => ("service account", "service accounts"),
        Kind::Agent => ("AI agent", "AI agents"),
    };
    counted(n, one, many)
}

/// `1 user`, `2 users`, `nobody`.
fn counted(n: i64, one: &str, many: &str) -> String {
    match n {
        0 => "nobody".into(),
        1 => format!("1 {one}"),
        n => format!("{} {many}", count(n)),
    }
}
