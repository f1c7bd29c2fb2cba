//! One's own account.

pub mod activity;
pub mod browser;
pub mod password;
pub mod profile;
pub mod sessions;
pub mod tokens;

use super::view::{Tab, Who};
use crate::model::Result;
use crate::service::{Cx, account};

/// The frame of one's own pages.
struct Own {
    who: Who,
    tabs: Vec<Tab>,
}

impl Own {
    /// The frame, with `current` as the tab that is open.
    fn of(cx: &mut Cx<'_, '_>, current: &str) -> Result<Self> {
        let tabs = [
            ("Profile", "/account"),
            ("Password", "/account/password"),
            ("Sessions", "/account/sessions"),
            ("Access tokens", "/account/tokens"),
            ("Activity", "/account/activity"),
        ];
        Ok(Self {
            who: Who::of(&account::own(cx)?),
            tabs: tabs
                .into_iter()
                .map(|(label, href)| Tab { label, href: href.into(), current: label == current })
                .collect(),
        })
    }
}
