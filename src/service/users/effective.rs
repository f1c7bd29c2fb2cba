//! *Effective permissions*: what an account may do at this moment, by place, with the role it comes from.

use std::collections::HashMap;

use super::get;
use crate::model::Result;
use crate::model::access::Place;
use crate::model::effective::{Origin, Source, of_account, waits_for_a_team};
use crate::model::ids::{TeamId, UserId};
use crate::model::roles::{Grants, OrgRole};
use crate::model::users::User;
use crate::service::app::Cx;
use crate::service::teams;
use crate::store;

/// What an account may do.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The account.
    pub user: User,
    /// Each role that counts, with what it gives, the organisation's first.
    pub granted: Vec<Granted>,
    /// In how many teams it has a role that the caller may not know of.
    pub hidden_teams: usize,
    /// Its organisation role, where that counts only once it has a team role (rule 4).
    pub waiting: Option<OrgRole>,
}

/// What a role gives at a place.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Where.
    pub at: At,
    /// Which role gives it.
    pub role: Origin,
    /// What it gives.
    pub grants: Grants,
}

/// A place, as people are told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// In the whole organisation.
    Everywhere,
    /// In this team.
    Team(TeamId, String),
    /// On the account's own profile, sessions and tokens.
    Own,
}

impl Granted {
    /// What may be told of these, given the names of the teams that the caller may know of; and how many teams may not be told.
    pub(in crate::service) fn told<'s>(
        sources: impl Iterator<Item = &'s Source>,
        named: &HashMap<TeamId, String>,
    ) -> (Vec<Self>, usize) {
        let mut hidden = std::collections::BTreeSet::new();
        let mut told = Vec::new();
        for source in sources {
            let at = match source.place {
                Place::Everywhere => At::Everywhere,
                Place::Own => At::Own,
                Place::Team(team) => match named.get(&team) {
                    Some(name) => At::Team(team, name.clone()),
                    None => {
                        hidden.insert(team);
                        continue;
                    }
                },
            };
            told.push(Self { at, role: source.role.clone(), grants: source.grants });
        }
        (told, hidden.len())
    }
}

/// What the account may do at this moment.
///
/// # Errors
/// [`NotFound`](crate::model::Error::NotFound) where the caller may not know of the user.
pub fn effective(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Effective> {
    let info = get(cx, id)?;
    let memberships = store::memberships::of_user(cx.tx, id)?;
    let own = info.teams.into_iter().map(|team| (team.team, team.team_name));
    let mut named = teams::names(cx, memberships.iter().map(|team| team.team))?;
    named.extend(own);
    let user = info.user;
    let waits = waits_for_a_team(user.kind, &memberships);
    let sources = of_account(user.kind, user.role, &memberships);
    let (granted, hidden_teams) = Granted::told(sources.iter(), &named);
    let waiting = Some(user.role).filter(|role| waits && role.grants() != Grants::NOTHING);
    Ok(Effective { user, granted, hidden_teams, waiting })
}
