//! Who may do what: rules 1 to 5 of the specification's section 5, as pure functions over what an account holds.
//!
//! Every use case asks [`super::actor::Actor`], and the actor asks here.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::TeamId;
use super::permissions::{Permission, PermissionSet, Resource};
use super::roles::{OrgRole, TeamRole};
use super::users::Kind;

/// Where a permission is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the whole organisation: people, the list of teams, and whatever has `Public` as its home.
    Everywhere,
    /// In the home team of the thing.
    Team(TeamId),
    /// On the actor's own profile, sessions and personal tokens.
    Own,
}

impl Place {
    /// The place of something whose home is `team`. `Public` gives no permission, so what lives there is the organisation's.
    pub fn of_home(team: Option<TeamId>) -> Self {
        match team {
            Some(team) if !team.is_public() => Self::Team(team),
            _ => Self::Everywhere,
        }
    }
}

/// What the rules need to know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What the account stands for.
    pub kind: Kind,
    /// Its organisation role.
    pub role: OrgRole,
    /// Its team roles; `Public` has none.
    pub teams: Vec<(TeamId, TeamRole)>,
}

/// The permissions an account or a token has at this moment, place by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    everywhere: PermissionSet,
    teams: BTreeMap<TeamId, PermissionSet>,
    own: PermissionSet,
}

/// A permission at a place, which somebody lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The permission.
    pub permission: Permission,
    /// Where.
    pub place: Place,
}

impl Holdings {
    /// What an account holds by its roles (rules 1 and 3), which for a service or agent account without a team role outside
    /// `Public` is nothing (rule 4).
    pub fn of(standing: &Standing) -> Self {
        let latent = Self::latent(standing);
        if standing.kind != Kind::Person && latent.teams.is_empty() { Self::default() } else { latent }
    }

    /// What an account holds by its roles, rule 4 left aside: what a service or agent account without a team has as soon as
    /// anybody gives it one. Grants are measured by this (rule 2), so that nobody lays by a power they do not have.
    pub fn latent(standing: &Standing) -> Self {
        let teams = standing.teams.iter().filter(|(id, _)| !id.is_public()).map(|(id, role)| (*id, role.holds()));
        Self { everywhere: standing.role.holds(), teams: teams.collect(), own: PermissionSet::all_of(&[Resource::Own]) }
    }

    /// Everything everywhere: a global-admin token, the command line, the portal itself.
    pub fn everything() -> Self {
        Self {
            everywhere: OrgRole::Admin.holds(),
            teams: BTreeMap::new(),
            own: PermissionSet::all_of(&[Resource::Own]),
        }
    }

    /// What is left of it for a token with these scopes that, where `teams` is given, acts in those alone.
    #[must_use]
    pub fn limited(&self, scopes: PermissionSet, teams: Option<&BTreeSet<TeamId>>) -> Self {
        let everywhere = self.everywhere.and(scopes);
        match teams {
            None => {
                let teams = self.teams.iter().map(|(id, held)| (*id, held.and(scopes))).collect();
                Self { everywhere, teams, own: self.own.and(scopes) }
            }
            Some(allowed) => {
                let teams = self.teams.iter().filter(|(id, _)| allowed.contains(id));
                let teams = teams.map(|(id, held)| (*id, held.and(scopes).or(everywhere))).collect();
                Self { everywhere: PermissionSet::EMPTY, teams, own: PermissionSet::EMPTY }
            }
        }
    }

    /// Whether `permission` is held at `place` (rule 1).
    pub fn has(&self, permission: Permission, place: Place) -> bool {
        self.at(place).has(permission)
    }

    /// Everything held at `place`.
    pub fn at(&self, place: Place) -> PermissionSet {
        match place {
            Place::Everywhere => self.everywhere,
            Place::Team(team) => self.everywhere.or(self.teams.get(&team).copied().unwrap_or_default()),
            Place::Own => self.own,
        }
    }

    /// Everything held anywhere: a token's effective scopes.
    pub fn anywhere(&self) -> PermissionSet {
        self.teams.values().fold(self.everywhere.or(self.own), |all, held| all.or(*held))
    }

    /// The teams in which `permission` is held by a team role.
    pub fn teams_with(&self, permission: Permission) -> Vec<TeamId> {
        self.teams.iter().filter(|(_, held)| held.has(permission)).map(|(id, _)| *id).collect()
    }

    /// The first permission that `other` has at some place and this has not there (rule 2). Own things are nobody else's
    /// power, so they are not compared.
    pub fn lack_against(&self, other: &Self) -> Option<Lack> {
        let first = |missing: PermissionSet, place| missing.iter().next().map(|permission| Lack { permission, place });
        first(other.everywhere.without(self.everywhere), Place::Everywhere).or_else(|| {
            other.teams.iter().find_map(|(team, held)| {
                let place = Place::Team(*team);
                first(held.without(self.at(place)), place)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::permissions::Action;
    use super::*;

    const HOME: TeamId = TeamId(7);
    const OTHER: TeamId = TeamId(8);
    const MAKE: Permission = Permission::new(Resource::ServiceAccounts, Action::Create);
    const SEE_USERS: Permission = Permission::new(Resource::Users, Action::Read);

    fn holds(kind: Kind, role: OrgRole, teams: &[(TeamId, TeamRole)]) -> Holdings {
        Holdings::of(&Standing { kind, role, teams: teams.to_vec() })
    }

    fn person(role: OrgRole, teams: &[(TeamId, TeamRole)]) -> Holdings {
        holds(Kind::Person, role, teams)
    }

    #[test]
    fn a_team_role_counts_in_its_team_alone() {
        let owner = person(OrgRole::Member, &[(HOME, TeamRole::Owner)]);
        assert!(owner.has(MAKE, Place::Team(HOME)));
        assert!(!owner.has(MAKE, Place::Team(OTHER)));
        assert!(!owner.has(MAKE, Place::Everywhere));
        assert!(!owner.has(SEE_USERS, Place::Team(HOME)));
    }

    #[test]
    fn an_organisation_role_counts_everywhere() {
        let manager = person(OrgRole::Manager, &[]);
        assert!(manager.has(MAKE, Place::Everywhere) && manager.has(MAKE, Place::Team(OTHER)));
    }

    #[test]
    fn public_gives_nothing_and_houses_nothing() {
        let owner_of_public = person(OrgRole::Member, &[(TeamId::PUBLIC, TeamRole::Owner)]);
        assert!(!owner_of_public.has(MAKE, Place::Team(TeamId::PUBLIC)));
        assert_eq!(Place::of_home(Some(TeamId::PUBLIC)), Place::Everywhere);
        assert_eq!(Place::of_home(None), Place::Everywhere);
        assert_eq!(Place::of_home(Some(HOME)), Place::Team(HOME));
    }

    #[test]
    fn a_machine_without_a_team_can_do_nothing_whatever_its_role() {
        for kind in [Kind::Service, Kind::Agent] {
            for teams in [&[][..], &[(TeamId::PUBLIC, TeamRole::Owner)]] {
                assert!(holds(kind, OrgRole::Admin, teams).anywhere().is_empty());
            }
            assert!(holds(kind, OrgRole::Editor, &[(HOME, TeamRole::Viewer)]).has(SEE_USERS, Place::Everywhere));
        }
        assert!(!person(OrgRole::Admin, &[]).anywhere().is_empty());
    }

    #[test]
    fn a_token_does_what_its_scopes_and_its_account_both_allow() {
        let account = person(OrgRole::Editor, &[(HOME, TeamRole::Maintainer)]);
        let token =
            account.limited([MAKE, Permission::new(Resource::Users, Action::Delete)].into_iter().collect(), None);
        assert!(token.has(MAKE, Place::Team(HOME)));
        assert!(!token.has(MAKE, Place::Everywhere), "the account cannot, so the token cannot");
        assert!(!token.has(SEE_USERS, Place::Everywhere), "the account can, but it is not a scope");
        assert!(account.limited(PermissionSet::EMPTY, None).anywhere().is_empty(), "no scope is no access");
    }

    #[test]
    fn a_token_limited_to_teams_acts_in_those_alone() {
        let account = person(OrgRole::Manager, &[(HOME, TeamRole::Viewer), (OTHER, TeamRole::Owner)]);
        let token = account.limited(PermissionSet::everything(), Some(&BTreeSet::from([HOME])));
        assert!(token.has(MAKE, Place::Team(HOME)), "the organisation role counts in the team");
        assert!(!token.has(MAKE, Place::Team(OTHER)) && !token.has(SEE_USERS, Place::Everywhere));
        assert!(token.at(Place::Own).is_empty(), "nor on its account's own things");
        let nowhere = account.limited(PermissionSet::everything(), Some(&BTreeSet::new()));
        assert!(!nowhere.has(MAKE, Place::Team(HOME)));
    }

    #[test]
    fn nobody_covers_more_than_they_hold() {
        let admin = person(OrgRole::Admin, &[]);
        let manager = person(OrgRole::Manager, &[]);
        let owner = person(OrgRole::Member, &[(HOME, TeamRole::Owner)]);
        let maintainer = person(OrgRole::Member, &[(HOME, TeamRole::Maintainer)]);
        assert_eq!(admin.lack_against(&manager), None);
        assert!(manager.lack_against(&admin).is_some());
        assert_eq!(manager.lack_against(&owner), None, "the organisation role covers the team's");
        assert_eq!(owner.lack_against(&maintainer), None);
        assert!(maintainer.lack_against(&owner).is_some());
        let elsewhere = person(OrgRole::Member, &[(HOME, TeamRole::Viewer), (OTHER, TeamRole::Viewer)]);
        assert_eq!(maintainer.lack_against(&elsewhere).map(|lack| lack.place), Some(Place::Team(OTHER)));
        let only_home = elsewhere.limited(PermissionSet::everything(), Some(&BTreeSet::from([HOME])));
        assert_eq!(maintainer.lack_against(&only_home), None, "a token limited to one's own team is coverable");
    }

    #[test]
    fn a_power_that_sleeps_for_want_of_a_team_is_a_power() {
        let sleeping = Standing { kind: Kind::Service, role: OrgRole::Manager, teams: Vec::new() };
        let maintainer = person(OrgRole::Member, &[(HOME, TeamRole::Maintainer)]);
        assert_eq!(maintainer.lack_against(&Holdings::of(&sleeping)), None, "it can do nothing now");
        assert!(maintainer.lack_against(&Holdings::latent(&sleeping)).is_some(), "but it could with a team");
        assert_eq!(person(OrgRole::Manager, &[]).lack_against(&Holdings::latent(&sleeping)), None);
    }

    #[test]
    fn everyone_owns_their_own_things_and_a_token_only_by_scope() {
        let read_own = Permission::new(Resource::Own, Action::Read);
        let member = person(OrgRole::Member, &[]);
        assert!(member.has(read_own, Place::Own) && !member.has(read_own, Place::Everywhere));
        assert!(!member.limited([SEE_USERS].into_iter().collect(), None).has(read_own, Place::Own));
        assert!(member.limited([read_own].into_iter().collect(), None).has(read_own, Place::Own));
    }
}
