//! Applications.

pub mod checking;
pub mod credential;
pub mod list;
pub mod new;
pub mod scopes;
pub mod settings;
pub mod teams;

use super::view::{Choice, Field, Tab};
use crate::model::ids::{ApplicationId, TeamId};
use crate::model::teams::Team;
use crate::model::{Error, Result};
use crate::service::applications::{self, ApplicationInfo, Rights};
use crate::service::{Cx, audit};

/// The frame of one application's pages.
pub(super) struct AppHead {
    name: String,
    slug: String,
    description: String,
    /// What was done to it, in the audit log; empty where the person may not read that.
    activity: String,
    tabs: Vec<Tab>,
}

/// Where an application's pages are.
fn home(id: ApplicationId) -> String {
    format!("/applications/{id}")
}

impl AppHead {
    /// The application with what the person may do, and the frame of its pages with `current` as the tab that is open.
    fn find(cx: &mut Cx<'_, '_>, id: ApplicationId, current: &str) -> Result<(ApplicationInfo, Rights, Self)> {
        let info = applications::get(cx, id)?;
        let rights = applications::rights(cx, &info.application);
        let href = home(id);
        let mut tabs = vec![
            ("Scopes", href.clone()),
            ("Teams", format!("{href}/teams")),
            ("Checking tokens", format!("{href}/checking")),
        ];
        if rights.update || rights.delete {
            tabs.push(("Settings", format!("{href}/settings")));
        }
        let head = Self {
            name: info.application.name.clone(),
            slug: info.application.slug.clone(),
            description: info.application.description.clone(),
            activity: match audit::may_read(cx) {
                true => format!("/audit?target_kind=application&target={id}"),
                false => String::new(),
            },
            tabs: tabs.into_iter().map(|(label, href)| Tab { label, href, current: label == current }).collect(),
        };
        Ok((info, rights, head))
    }
}

/// The homes to choose from, by their names.
pub(super) struct Homes {
    teams: Vec<Team>,
    more: bool,
}

impl Homes {
    fn of(cx: &mut Cx<'_, '_>) -> Result<Self> {
        let (teams, more) = applications::homes(cx)?;
        Ok(Self { teams, more })
    }

    /// The field, what it offers, and whether a name is typed. `present` is the home that there is, which stays on offer.
    fn field(&self, typed: Option<&str>, present: Option<&str>, error: Option<&Error>) -> (Field, Vec<Choice>, bool) {
        let only = match self.teams.as_slice() {
            [only] => only.name.as_str(),
            _ => "",
        };
        let chosen = typed.or(present).unwrap_or(only);
        let mut names: Vec<&str> = self.teams.iter().map(|team| team.name.as_str()).collect();
        names.extend(present.filter(|name| !names.contains(name)));
        let label = |name: &str| match self.teams.iter().any(|team| team.id == TeamId::PUBLIC && team.name == name) {
            true => format!("{name} (organisation roles only)"),
            false => name.to_owned(),
        };
        // None is chosen at first, so that none is taken by mistake.
        let none = (chosen.is_empty() && !self.more).then(|| Choice::new("", "Choose a team", chosen));
        let offered = names.into_iter().map(|name| Choice::new(name, label(name), chosen));
        (Field::new("home", chosen).judged(error), none.into_iter().chain(offered).collect(), self.more)
    }
}
