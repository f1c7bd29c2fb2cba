//! *What may this token do*, as the page shows it.

use crate::model::teams::Membership;
use crate::service::applications::Usable;
use crate::service::tokens::{Power, Use};
use crate::service::users::{At, Granted};

/// What a token may do at this moment.
pub struct PowerView {
    /// What is told above.
    pub lead: String,
    /// What may be done.
    pub rows: Vec<MayRow>,
    /// The scopes that have no effect, by reason.
    pub idle: Vec<IdleRow>,
}

/// A permission.
pub struct MayRow {
    pub permission: String,
    pub by: Vec<ByLine>,
    /// `and in 2 teams that you may not see`.
    pub hidden: String,
}

/// A place, and the role that gives the permission there.
pub struct ByLine {
    pub place: String,
    pub role: String,
}

/// Scopes without effect.
pub struct IdleRow {
    pub scopes: Vec<String>,
    pub reason: String,
}

impl PowerView {
    /// What `power` tells.
    pub fn of(power: &Power) -> Self {
        let mut idle: Vec<IdleRow> = Vec::new();
        for (scope, reason) in &power.idle {
            match idle.iter_mut().find(|row| row.reason == *reason) {
                Some(row) => row.scopes.push(scope.clone()),
                None => idle.push(IdleRow { scopes: vec![scope.clone()], reason: reason.clone() }),
            }
        }
        // A list of everything tells no more than that sentence.
        let rows = match power.info.token.global_admin {
            true => Vec::new(),
            false => power.uses.iter().map(row).chain(power.in_applications.iter().map(used)).collect(),
        };
        Self { lead: lead(power), rows, idle }
    }
}

fn lead(power: &Power) -> String {
    let token = &power.info.token;
    match power.stopped {
        Some(why) => format!("Nothing. {why}"),
        None if token.global_admin => {
            "Everything that an Admin may, everywhere, whatever its account\u{2019}s role and teams.".into()
        }
        None if token.scopes.is_empty() && token.app_scopes.is_empty() => "Nothing: it has no scopes.".into(),
        None if power.uses.is_empty() && power.in_applications.is_empty() => {
            "Nothing at this moment: none of its scopes has an effect.".into()
        }
        None => "At this moment: its scopes, as far as a role of its account holds them.".into(),
    }
}

fn row(used: &Use) -> MayRow {
    MayRow {
        permission: used.permission.to_string(),
        by: used.by.iter().map(by).collect(),
        hidden: hidden(used.hidden_teams),
    }
}

fn used(used: &Usable) -> MayRow {
    let through =
        |one: &Membership| ByLine { place: one.team_name.clone(), role: format!("{}, team role", one.role_name) };
    MayRow {
        permission: used.scope.to_string(),
        by: used.through.iter().map(through).collect(),
        hidden: hidden(used.hidden_teams),
    }
}

fn hidden(teams: usize) -> String {
    match teams {
        0 => String::new(),
        1 => "and in 1 team that you may not see".into(),
        n => format!("and in {n} teams that you may not see"),
    }
}

fn by(granted: &Granted) -> ByLine {
    let place = match &granted.at {
        At::Everywhere => "Everywhere".into(),
        At::Team(_, name) => name.clone(),
        At::Own => "Own account".into(),
    };
    let kind = granted.role.kind();
    let role = granted.role.name().map_or_else(|| kind.to_owned(), |name| format!("{name}, {kind}"));
    ByLine { place, role }
}
