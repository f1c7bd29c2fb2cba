//! Teams.

pub mod activity;
pub mod add;
pub mod applications;
pub mod homes;
pub mod list;
pub mod members;
pub mod settings;

use super::view::Tab;
use crate::service::teams::{TeamInfo, TeamRights};

/// The frame of one team's pages.
struct TeamHead {
    name: String,
    description: String,
    href: String,
    public: bool,
    /// Where *Member* of the green + leads; empty where the caller may not.
    add_member: String,
    /// Where *Service Account* of the green + leads; empty where the caller may not.
    add_service: String,
    tabs: Vec<Tab>,
}

impl TeamHead {
    /// The frame of `info`'s pages, with `current` as the tab that is open.
    fn of(info: &TeamInfo, rights: TeamRights, current: &str) -> Self {
        let href = format!("/teams/{}", info.team.id);
        let mut tabs = vec![("Members", href.clone()), ("Service Accounts", format!("{href}/service-accounts"))];
        if !info.team.id.is_public() {
            tabs.push(("Applications", format!("{href}/applications")));
        }
        if rights.see_activity {
            tabs.push(("Activity", format!("{href}/activity")));
        }
        if rights.update || rights.delete {
            tabs.push(("Settings", format!("{href}/settings")));
        }
        let add = |kind, may| if may { format!("{href}/members/new?kind={kind}") } else { String::new() };
        Self {
            name: info.team.name.clone(),
            description: info.team.description.clone(),
            public: info.team.id.is_public(),
            add_member: add("person", rights.update),
            add_service: match rights.assign_accounts {
                true => add("service", true),
                false => new_service(info, rights),
            },
            tabs: tabs.into_iter().map(|(label, href)| Tab { label, href, current: label == current }).collect(),
            href,
        }
    }
}

/// Where a new service account of this team begins; empty where the caller may make none.
fn new_service(info: &TeamInfo, rights: TeamRights) -> String {
    if rights.create_accounts { format!("/users/service/new?home_team={}", info.team.id) } else { String::new() }
}
