//! Who may do what: rules 1 to 6 of the specification's section 5, as pure functions over what an account holds.
//!
//! Every use case asks [`super::actor::Actor`], and the actor asks here.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::TeamId;
use super::permissions::{Permission, PermissionSet, Resource};
use super::roles::{AppLevel, Grants, OrgRole};
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
    /// What its team roles give; `Public` gives nothing.
    pub teams: Vec<(TeamId, Grants)>,
}

/// The permissions an account or a token has at this moment, place by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    everywhere: Grants,
    teams: BTreeMap<TeamId, Grants>,
    own: PermissionSet,
}

/// Rule 6: whether a role in a team that has access to an application opens a scope of `level`: where it reaches as far, for a token
/// that is limited to no other teams.
pub fn opens(level: AppLevel, (team, held): (TeamId, AppLevel), limit: Option<&BTreeSet<TeamId>>) -> bool {
    !team.is_public() && held >= level && limit.is_none_or(|limit| limit.contains(&team))
}

/// The teams through which an account may use a scope of this level, of those that have `access` to the application.
pub fn through<'a>(
    level: AppLevel,
    standing: &'a Standing,
    access: &'a BTreeSet<TeamId>,
    limit: Option<&'a BTreeSet<TeamId>>,
) -> impl Iterator<Item = TeamId> + 'a {
    let roles = standing.teams.iter().filter(|(id, _)| access.contains(id));
    roles.filter(move |(id, held)| opens(level, (*id, held.level), limit)).map(|(id, _)| *id)
}

/// Something at a place, which somebody lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What.
    pub what: Missing,
    /// Where.
    pub place: Place,
}

/// What somebody lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A permission.
    Permission(Permission),
    /// A reach into applications.
    Level(AppLevel),
}

impl Default for Holdings {
    fn default() -> Self {
        Self { everywhere: Grants::NOTHING, teams: BTreeMap::new(), own: PermissionSet::EMPTY }
    }
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
        let teams = standing.teams.iter().filter(|(id, _)| !id.is_public()).copied();
        Self {
            everywhere: standing.role.grants(),
            teams: teams.collect(),
            own: PermissionSet::all_of(&[Resource::Own]),
        }
    }

    /// What one team role gives in one team.
    pub fn by_role(team: TeamId, grants: Grants) -> Self {
        Self { teams: BTreeMap::from([(team, grants)]), ..Self::default() }
    }

    /// Everything everywhere: a global-admin token, the command line, the portal itself.
    pub fn everything() -> Self {
        Self {
            everywhere: OrgRole::Admin.grants(),
            teams: BTreeMap::new(),
            own: PermissionSet::all_of(&[Resource::Own]),
        }
    }

    /// What is left of it for a token with these scopes that, where `teams` is given, acts in those alone.
    #[must_use]
    pub fn limited(&self, scopes: PermissionSet, teams: Option<&BTreeSet<TeamId>>) -> Self {
        let left =
            |held: Grants| Grants { permissions: held.permissions.and(scopes), level: held.level.limited(scopes) };
        let everywhere = left(self.everywhere);
        match teams {
            None => {
                let teams = self.teams.iter().map(|(id, held)| (*id, left(*held))).collect();
                Self { everywhere, teams, own: self.own.and(scopes) }
            }
            Some(allowed) => {
                // Also where the account is no member: what its organisation role gives there must not wake, unmeasured, when
                // somebody makes it one.
                let inside = |id: &TeamId| (*id, left(self.grants_at(Place::Team(*id))));
                let teams = allowed.iter().map(inside).filter(|(_, held)| *held != Grants::NOTHING).collect();
                Self { everywhere: Grants::NOTHING, teams, own: PermissionSet::EMPTY }
            }
        }
    }

    /// Whether `permission` is held at `place` (rule 1).
    pub fn has(&self, permission: Permission, place: Place) -> bool {
        self.at(place).has(permission)
    }

    /// Every permission held at `place`.
    pub fn at(&self, place: Place) -> PermissionSet {
        match place {
            Place::Own => self.own,
            other => self.grants_at(other).permissions,
        }
    }

    fn grants_at(&self, place: Place) -> Grants {
        match place {
            Place::Everywhere => self.everywhere,
            Place::Team(team) => either(self.everywhere, self.teams.get(&team).copied().unwrap_or(Grants::NOTHING)),
            Place::Own => Grants::NOTHING,
        }
    }

    /// How far it reaches into the applications of `place`.
    pub fn level(&self, place: Place) -> AppLevel {
        self.grants_at(place).level
    }

    /// Everything held anywhere: a token's effective scopes.
    pub fn anywhere(&self) -> PermissionSet {
        self.teams.values().fold(self.everywhere.permissions.or(self.own), |all, held| all.or(held.permissions))
    }

    /// The teams in which any permission is held by a team role.
    pub fn teams(&self) -> Vec<TeamId> {
        self.teams.iter().filter(|(_, held)| !held.permissions.is_empty()).map(|(id, _)| *id).collect()
    }

    /// The teams in which `permission` is held by a team role.
    pub fn teams_with(&self, permission: Permission) -> Vec<TeamId> {
        self.teams.iter().filter(|(_, held)| held.permissions.has(permission)).map(|(id, _)| *id).collect()
    }

    /// Every place at which something is held, `Own` aside, with what is held there by the role of that place.
    pub fn places(&self) -> impl Iterator<Item = (Place, Grants)> {
        let teams = self.teams.iter().map(|(team, held)| (Place::Team(*team), *held));
        std::iter::once((Place::Everywhere, self.everywhere)).chain(teams)
    }

    /// The first thing that `other` has at some place and this has not there (rule 2). Own things are nobody else's power, so
    /// they are not compared.
    pub fn lack_against(&self, other: &Self) -> Option<Lack> {
        other.places().find_map(|(place, wanted)| {
            let held = self.grants_at(place);
            let permission = wanted.permissions.without(held.permissions).iter().next().map(Missing::Permission);
            let level = || (wanted.level > held.level).then_some(Missing::Level(wanted.level));
            permission.or_else(level).map(|what| Lack { what, place })
        })
    }
}

/// What two roles give together.
fn either(one: Grants, other: Grants) -> Grants {
    Grants { permissions: one.permissions.or(other.permissions), level: one.level.max(other.level) }
}

#[cfg(test)]
mod tests {
    use super::super::permissions::Action;
    use super::super::roles::Predefined;
    use super::*;

    const HOME: TeamId = TeamId(7);
    const OTHER: TeamId = TeamId(8);
    const MAKE: Permission = Permission::new(Resource::ServiceAccounts, Action::Create);
    const SEE_USERS: Permission = Permission::new(Resource::Users, Action::Read);

    fn holds(kind: Kind, role: OrgRole, teams: &[(TeamId, Predefined)]) -> Holdings {
        let teams = teams.iter().map(|(id, role)| (*id, role.grants())).collect();
        Holdings::of(&Standing { kind, role, teams })
    }

    fn person(role: OrgRole, teams: &[(TeamId, Predefined)]) -> Holdings {
        holds(Kind::Person, role, teams)
    }

    #[test]
    fn a_team_role_counts_in_its_team_alone() {
        let owner = person(OrgRole::Member, &[(HOME, Predefined::Owner)]);
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
        let owner_of_public = person(OrgRole::Member, &[(TeamId::PUBLIC, Predefined::Owner)]);
        assert!(!owner_of_public.has(MAKE, Place::Team(TeamId::PUBLIC)));
        assert_eq!(Place::of_home(Some(TeamId::PUBLIC)), Place::Everywhere);
        assert_eq!(Place::of_home(None), Place::Everywhere);
        assert_eq!(Place::of_home(Some(HOME)), Place::Team(HOME));
    }

    #[test]
    fn a_machine_without_a_team_can_do_nothing_whatever_its_role() {
        for kind in [Kind::Service, Kind::Agent] {
            for teams in [&[][..], &[(TeamId::PUBLIC, Predefined::Owner)]] {
                assert!(holds(kind, OrgRole::Admin, teams).anywhere().is_empty());
            }
            assert!(holds(kind, OrgRole::Editor, &[(HOME, Predefined::Viewer)]).has(SEE_USERS, Place::Everywhere));
        }
        assert!(!person(OrgRole::Admin, &[]).anywhere().is_empty());
    }

    #[test]
    fn a_token_does_what_its_scopes_and_its_account_both_allow() {
        let account = person(OrgRole::Editor, &[(HOME, Predefined::Maintainer)]);
        let token =
            account.limited([MAKE, Permission::new(Resource::Users, Action::Delete)].into_iter().collect(), None);
        assert!(token.has(MAKE, Place::Team(HOME)));
        assert!(!token.has(MAKE, Place::Everywhere), "the account cannot, so the token cannot");
        assert!(!token.has(SEE_USERS, Place::Everywhere), "the account can, but it is not a scope");
        assert!(account.limited(PermissionSet::EMPTY, None).anywhere().is_empty(), "no scope is no access");
    }

    #[test]
    fn a_token_limited_to_teams_acts_in_those_alone() {
        let account = person(OrgRole::Manager, &[(HOME, Predefined::Viewer), (OTHER, Predefined::Owner)]);
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
        let owner = person(OrgRole::Member, &[(HOME, Predefined::Owner)]);
        let maintainer = person(OrgRole::Member, &[(HOME, Predefined::Maintainer)]);
        assert_eq!(admin.lack_against(&manager), None);
        assert!(manager.lack_against(&admin).is_some());
        assert_eq!(manager.lack_against(&owner), None, "the organisation role covers the team's");
        assert_eq!(owner.lack_against(&maintainer), None);
        assert!(maintainer.lack_against(&owner).is_some());
        let elsewhere = person(OrgRole::Member, &[(HOME, Predefined::Viewer), (OTHER, Predefined::Viewer)]);
        assert_eq!(maintainer.lack_against(&elsewhere).map(|lack| lack.place), Some(Place::Team(OTHER)));
        let only_home = elsewhere.limited(PermissionSet::everything(), Some(&BTreeSet::from([HOME])));
        assert_eq!(maintainer.lack_against(&only_home), None, "a token limited to one's own team is coverable");
    }

    #[test]
    fn a_reach_into_applications_is_covered_like_any_other_power() {
        let reach = |level| {
            let grants = Grants { permissions: PermissionSet::EMPTY, level };
            Holdings::of(&Standing { kind: Kind::Service, role: OrgRole::Member, teams: vec![(HOME, grants)] })
        };
        let maintainer = person(OrgRole::Member, &[(HOME, Predefined::Maintainer)]);
        assert_eq!(maintainer.lack_against(&reach(AppLevel::Write)), None);
        let lack = maintainer.lack_against(&reach(AppLevel::Admin)).map(|lack| lack.what);
        assert_eq!(lack, Some(Missing::Level(AppLevel::Admin)));
        assert_eq!(person(OrgRole::Manager, &[]).lack_against(&reach(AppLevel::Admin)), None, "counts as admin");
        assert!(person(OrgRole::Editor, &[]).lack_against(&reach(AppLevel::Read)).is_some());
        let token = maintainer.limited(PermissionSet::each(Action::Read, &[Resource::Applications]), None);
        assert!(token.lack_against(&reach(AppLevel::Write)).is_some(), "a token that only looks has no more to give");
    }

    #[test]
    fn a_power_that_sleeps_for_want_of_a_team_is_a_power() {
        let sleeping = Standing { kind: Kind::Service, role: OrgRole::Manager, teams: Vec::new() };
        let maintainer = person(OrgRole::Member, &[(HOME, Predefined::Maintainer)]);
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
