//! What an account or a token may do at this moment, role by role, so that people can be told where each permission comes from.
//! [`Holdings`](super::access::Holdings) decides; a test here compares the two.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::access::{Place, Standing, through};
use super::applications::AppScope;
use super::ids::TeamId;
use super::permissions::{Permission, PermissionSet, Resource};
use super::roles::{AppLevel, Grants, OrgRole};
use super::teams::Membership;
use super::tokens::{Token, TokenState};
use super::users::{Kind, User};

/// A role, and what it gives at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it counts.
    pub place: Place,
    /// Which role it is.
    pub role: Origin,
    /// What it gives there.
    pub grants: Grants,
}

/// From where a permission comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The organisation role.
    Organisation(OrgRole),
    /// The team role of this name.
    Team(String),
    /// Everyone's hold on their own things.
    Oneself,
    /// A global-admin token.
    GlobalAdmin,
}

impl Origin {
    /// The role's name; `None` for what everyone has.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Organisation(role) => Some(role.as_str()),
            Self::Team(name) => Some(name),
            Self::GlobalAdmin => Some("Global admin"),
            Self::Oneself => None,
        }
    }

    /// What kind of role it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Organisation(_) => "organisation role",
            Self::Team(_) => "team role",
            Self::GlobalAdmin => "token",
            Self::Oneself => "everyone has this",
        }
    }
}

/// Whether rule 4 keeps an account from everything its roles would give: a service or agent account without a team.
pub fn waits_for_a_team(kind: Kind, teams: &[Membership]) -> bool {
    kind != Kind::Person && !teams.iter().any(|team| !team.team.is_public())
}

/// Each role of an account that counts at this moment, what it gives being little or nothing: the organisation's first, then the
/// teams', then everyone's hold on their own things.
pub fn of_account(kind: Kind, role: OrgRole, teams: &[Membership]) -> Vec<Source> {
    if waits_for_a_team(kind, teams) {
        return Vec::new();
    }
    let everywhere = Source { place: Place::Everywhere, role: Origin::Organisation(role), grants: role.grants() };
    let in_teams = teams.iter().filter(|team| !team.team.is_public()).map(|team| Source {
        place: Place::Team(team.team),
        role: Origin::Team(team.role_name.clone()),
        grants: team.grants,
    });
    std::iter::once(everywhere).chain(in_teams).chain(std::iter::once(oneself())).collect()
}

fn oneself() -> Source {
    let permissions = PermissionSet::all_of(&[Resource::Own]);
    Source { place: Place::Own, role: Origin::Oneself, grants: Grants { permissions, level: AppLevel::None } }
}

/// Each role through which a token that is good can do something at this moment.
pub fn of_token(token: &Token, account: &[Source]) -> Vec<Source> {
    if token.global_admin {
        let everywhere =
            Source { place: Place::Everywhere, role: Origin::GlobalAdmin, grants: OrgRole::Admin.grants() };
        return vec![everywhere, oneself()];
    }
    let narrowed = account.iter().flat_map(|source| match &token.teams {
        None => vec![source.clone()],
        Some(limit) => inside(source, limit),
    });
    let scoped = narrowed.map(|source| {
        let Grants { permissions, level } = source.grants;
        let grants = Grants { permissions: permissions.and(token.scopes), level: level.limited(token.scopes) };
        Source { grants, ..source }
    });
    scoped.filter(|source| source.grants != Grants::NOTHING).collect()
}

/// What is left of a source inside some teams: what holds everywhere counts in each of them.
fn inside(source: &Source, limit: &BTreeSet<TeamId>) -> Vec<Source> {
    match source.place {
        Place::Everywhere => limit.iter().map(|team| Source { place: Place::Team(*team), ..source.clone() }).collect(),
        Place::Team(team) if limit.contains(&team) => vec![source.clone()],
        _ => Vec::new(),
    }
}

/// What a token can do at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// In the portal.
    pub permissions: PermissionSet,
    /// In applications.
    pub uses: BTreeSet<AppScope>,
}

impl Effect {
    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        self.permissions.is_empty() && self.uses.is_empty()
    }

    /// The words of its scopes: the portal's in the order of pages, then those of applications.
    pub fn words(&self) -> Vec<String> {
        words(self.permissions, &self.uses)
    }
}

/// Scopes as words: the portal's in the order of pages, then those of applications.
pub fn words(permissions: PermissionSet, uses: &BTreeSet<AppScope>) -> Vec<String> {
    permissions.iter().map(|permission| permission.to_string()).chain(uses.iter().map(AppScope::to_string)).collect()
}

/// Why a token can do nothing at all, whatever its scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// It is suspended.
    Suspended,
    /// All agents are stopped.
    Agents,
    /// Its account is disabled.
    Disabled,
}

impl Stopped {
    /// What stops `token` of `user` at `now`, if anything does.
    pub fn of(token: &Token, user: &User, now: OffsetDateTime) -> Option<Self> {
        match token.state(now) {
            TokenState::Revoked => Some(Self::Revoked),
            TokenState::Expired => Some(Self::Expired),
            TokenState::Suspended => Some(Self::Suspended),
            TokenState::Stopped => Some(Self::Agents),
            TokenState::Active | TokenState::Expiring => (!user.is_enabled()).then_some(Self::Disabled),
        }
    }
}

/// Why a scope of a token that is good has no effect at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// The account is in no team besides `Public` (rule 4).
    NoTeam,
    /// No role of the account holds it.
    NoRole,
    /// A role does, but not in the teams that the token is limited to.
    Elsewhere,
    /// It is about the account's own things, and the token acts in teams alone.
    NotInTeams,
}

/// Why `scope` has no effect; `None` where it has one. `account` and `token` are what the two functions above say.
pub fn idle(scope: Permission, account: &[Source], token: &[Source]) -> Option<Idle> {
    let among = |sources: &[Source]| sources.iter().any(|source| source.grants.permissions.has(scope));
    if among(token) {
        None
    } else if account.is_empty() {
        Some(Idle::NoTeam)
    } else if !among(account) {
        Some(Idle::NoRole)
    } else if scope.resource == Resource::Own {
        Some(Idle::NotInTeams)
    } else {
        Some(Idle::Elsewhere)
    }
}

/// Why a scope of an application has no effect for a token of an account with this standing that is limited to these teams, where
/// `access` is which teams have access to the application; `None` where it has one (rule 6).
pub fn idle_use(
    scope: &AppScope,
    standing: &Standing,
    access: &BTreeSet<TeamId>,
    limit: Option<&BTreeSet<TeamId>>,
) -> Option<Idle> {
    let reaches = |limit| through(scope.level, standing, access, limit).next().is_some();
    if reaches(limit) {
        None
    } else if standing.teams.iter().all(|(team, _)| team.is_public()) {
        Some(Idle::NoTeam)
    } else if reaches(None) {
        Some(Idle::Elsewhere)
    } else {
        Some(Idle::NoRole)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::super::access::Holdings;
    use super::super::ids::{RoleId, TokenId, UserId};
    use super::super::tokens::{Networks, TokenType};
    use super::*;

    const TEAMS: [TeamId; 4] = [TeamId(7), TeamId(8), TeamId(9), TeamId::PUBLIC];

    /// Numbers that look random and are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }

        fn some(&mut self, all: PermissionSet) -> PermissionSet {
            all.iter().filter(|_| self.roll(3) == 0).collect()
        }

        fn of<T: Copy>(&mut self, all: &[T]) -> T {
            all[usize::try_from(self.roll(all.len() as u64)).unwrap()]
        }
    }

    fn membership(dice: &mut Dice, team: TeamId) -> Membership {
        let all = PermissionSet::everything().without(PermissionSet::all_of(&[Resource::Own]));
        Membership {
            user: UserId(1),
            team,
            team_name: team.to_string(),
            role: RoleId(9),
            role_name: "custom".into(),
            grants: match dice.roll(4) {
                0 => Grants::NOTHING,
                _ => Grants { permissions: dice.some(all), level: dice.of(AppLevel::ALL) },
            },
        }
    }

    fn token(dice: &mut Dice) -> Token {
        let global_admin = dice.roll(10) == 0;
        let teams = TEAMS.into_iter().filter(|_| dice.roll(2) == 0).collect();
        let limited = !global_admin && dice.roll(2) == 0;
        Token {
            id: TokenId(1),
            uuid: Uuid::nil(),
            user: UserId(1),
            name: String::new(),
            description: String::new(),
            kind: TokenType::Service,
            global_admin,
            scopes: if global_admin { PermissionSet::EMPTY } else { dice.some(PermissionSet::everything()) },
            app_scopes: BTreeSet::new(),
            teams: limited.then_some(teams),
            hint: String::new(),
            expires_at: None,
            created_by: String::new(),
            created_at: datetime!(2026-11-22 10:00 UTC),
            last_use: None,
            revoked_at: None,
            suspended_at: None,
            stopped: false,
            rotated_at: None,
            renewed_at: None,
            networks: Networks::default(),
            active_at: datetime!(2026-11-22 10:00 UTC),
            suspended_for: None,
            version: 1,
        }
    }

    fn told(sources: &[Source], permission: Permission, place: Place) -> bool {
        let counts = |source: &Source| {
            source.place == place || (source.place == Place::Everywhere && matches!(place, Place::Team(_)))
        };
        sources.iter().any(|source| counts(source) && source.grants.permissions.has(permission))
    }

    fn assert_same(sources: &[Source], held: &Holdings) {
        let places = TEAMS.map(Place::Team).into_iter().chain([Place::Everywhere, Place::Own]);
        for place in places {
            for permission in Permission::all() {
                let (told, held) = (told(sources, permission, place), held.has(permission, place));
                assert_eq!(told, held, "{permission} at {place:?}");
            }
        }
        let level =
            |at| sources.iter().filter(|s| s.place == at).map(|s| s.grants.level).max().unwrap_or(AppLevel::None);
        for (place, grants) in held.places() {
            assert_eq!(level(place), grants.level, "at {place:?}");
        }
    }

    #[test]
    fn what_is_told_is_what_is_held_and_nothing_else() {
        let mut dice = Dice(20_261_122);
        for _ in 0..2_000 {
            let (kind, role) = (dice.of(Kind::ALL), dice.of(OrgRole::ALL));
            let teams = TEAMS.into_iter().filter(|_| dice.roll(2) == 0).collect::<Vec<_>>();
            let teams: Vec<_> = teams.into_iter().map(|team| membership(&mut dice, team)).collect();
            let standing = Standing { kind, role, teams: teams.iter().map(|m| (m.team, m.grants)).collect() };
            let held = Holdings::of(&standing);
            let account = of_account(kind, role, &teams);
            assert_same(&account, &held);
            let token = token(&mut dice);
            let can = if token.global_admin {
                Holdings::everything()
            } else {
                held.limited(token.scopes, token.teams.as_ref())
            };
            let sources = of_token(&token, &account);
            assert_same(&sources, &can);
            for scope in token.scopes.iter() {
                assert_eq!(idle(scope, &account, &sources).is_none(), can.anywhere().has(scope), "{scope}");
            }
        }
    }

    #[test]
    fn a_scope_without_effect_is_told_why() {
        let viewer = |team| Membership {
            user: UserId(1),
            team,
            team_name: String::new(),
            role: RoleId::VIEWER,
            role_name: "Viewer".into(),
            grants: super::super::roles::Predefined::Viewer.grants(),
        };
        let scopes = "teams:read teams:update users:read self:read".parse().unwrap();
        let mut limited = token(&mut Dice(1));
        (limited.scopes, limited.teams, limited.global_admin) = (scopes, Some(BTreeSet::from([TEAMS[0]])), false);
        let why = |scope: &str, teams: &[Membership]| {
            let account = of_account(Kind::Service, OrgRole::Member, teams);
            idle(scope.parse().unwrap(), &account, &of_token(&limited, &account))
        };
        assert_eq!(why("teams:read", &[]), Some(Idle::NoTeam));
        assert_eq!(why("teams:read", &[viewer(TEAMS[0])]), None);
        assert_eq!(why("teams:read", &[viewer(TEAMS[1])]), Some(Idle::Elsewhere));
        assert_eq!(why("teams:update", &[viewer(TEAMS[0])]), Some(Idle::NoRole));
        assert_eq!(why("self:read", &[viewer(TEAMS[0])]), Some(Idle::NotInTeams));
    }
}
