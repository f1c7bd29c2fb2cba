//! Checking a token for an application: what has to be known, and what follows from it (rule 6 of the specification's section 5, and
//! section 10).

mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::OffsetDateTime;
use uuid::Uuid;

use super::access::opens;
use super::applications::Scope;
use super::ids::{ApplicationId, RoleId, ScopeId, TeamId, TokenId, UserId};
use super::roles::{AppLevel, Predefined};
use super::tokens::{HashedToken, Networks, TokenType};
use super::users::Kind;

pub use told::{Addressee, Headers};

/// For whom a token is checked: an application with all that a check rests on.
#[derive(Clone)]
pub struct Audience {
    /// The application.
    pub id: ApplicationId,
    /// Its id outside.
    pub uuid: Uuid,
    /// What its scopes begin with.
    pub slug: String,
    /// For whom a token is meant that is used there.
    pub audience: String,
    /// Its scopes, by name.
    pub scopes: Vec<Scope>,
    /// The teams that may use it, with their names.
    pub access: BTreeMap<TeamId, String>,
    /// How far the custom roles reach.
    pub reach: HashMap<RoleId, AppLevel>,
    /// The secrets by which it asks, with when each ends.
    pub secrets: Vec<(HashedToken, Option<OffsetDateTime>)>,
    /// Whether all AI agents are stopped.
    pub agents_stopped: bool,
}

/// What the store knows of a token that somebody shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// The token.
    pub id: TokenId,
    /// Its id outside.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: TokenType,
    /// Whether it was revoked or is suspended, or the secret was ended.
    pub ended: bool,
    /// When it ends, or the secret does.
    pub until: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// The teams it is limited to.
    pub limit: Option<BTreeSet<TeamId>>,
    /// From where it may be used.
    pub networks: Networks,
    /// Its scopes of applications. A global-admin token has none.
    pub scopes: Vec<ScopeId>,
    /// When its last use was noted, or that of this secret of it.
    pub noted_at: Option<OffsetDateTime>,
    /// Its account.
    pub user: UserId,
}

/// What the store knows of the account that a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// The account.
    pub id: UserId,
    /// Its id outside.
    pub uuid: Uuid,
    /// Its username.
    pub username: String,
    /// What it stands for.
    pub kind: Kind,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Its team roles.
    pub roles: Vec<(TeamId, RoleId)>,
}

/// A token and its account.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The token.
    pub token: &'a TokenFacts,
    /// The account.
    pub account: &'a AccountFacts,
}

/// What a token is good for at one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The names of its effective scopes, as the application has them.
    pub scopes: Vec<String>,
    /// The names of the teams through which it has them.
    pub teams: Vec<String>,
}

impl Audience {
    /// About how many bytes of memory what it has several of takes.
    pub fn weight(&self) -> usize {
        const EACH: usize = 64;
        let scopes = self.scopes.iter().map(|scope| scope.name.len() + scope.description.len());
        let texts: usize = scopes.chain(self.access.values().map(String::len)).sum();
        let rows = self.scopes.len() + self.access.len() + self.reach.len() + self.secrets.len();
        self.slug.len() + self.audience.len() + texts + rows * EACH
    }

    /// How far a role reaches.
    fn level(&self, role: RoleId) -> AppLevel {
        match Predefined::of(role) {
            Some(predefined) => predefined.grants().level,
            None => self.reach.get(&role).copied().unwrap_or(AppLevel::None),
        }
    }

    /// What a token is good for here, its end and its networks left aside; `None` where that is nothing, so that one application
    /// cannot use at another what it was shown.
    pub fn grant(&self, Facts { token, account }: Facts<'_>) -> Option<Grant> {
        let stopped = self.agents_stopped && token.kind == TokenType::Agent;
        if token.ended || account.disabled || stopped {
            return None;
        }
        let mut teams = BTreeSet::new();
        let mut scopes = Vec::new();
        for scope in self.scopes.iter().filter(|scope| token.scopes.contains(&scope.id)) {
            let through = account.roles.iter().filter(|(team, role)| {
                let open = self.access.contains_key(team);
                open && opens(scope.level, (*team, self.level(*role)), token.limit.as_ref())
            });
            let mut through = through.map(|(team, _)| *team).peekable();
            if through.peek().is_some() {
                scopes.push(scope.name.clone());
            }
            teams.extend(through);
        }
        let teams = teams.iter().filter_map(|team| self.access.get(team).cloned()).collect();
        (!scopes.is_empty()).then_some(Grant { scopes, teams })
    }

    /// Whether the application shows a secret of its own that is good at `now`.
    pub fn knows(&self, secret: &HashedToken, now: OffsetDateTime) -> bool {
        let good = self.secrets.iter().filter(|(_, end)| end.is_none_or(|end| end > now));
        good.fold(false, |known, (hash, _)| crate::base::crypto::same(&hash.0, &secret.0) | known)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const TEAMS: [TeamId; 3] = [TeamId(7), TeamId(8), TeamId::PUBLIC];

    fn audience() -> Audience {
        let scope =
            |id, name: &str, level| Scope { id: ScopeId(id), name: name.into(), description: String::new(), level };
        Audience {
            id: ApplicationId(1),
            uuid: Uuid::nil(),
            slug: "reports".into(),
            audience: "reports".into(),
            scopes: vec![scope(1, "read", AppLevel::Read), scope(2, "write", AppLevel::Write)],
            access: BTreeMap::from([(TEAMS[0], "Data".into())]),
            reach: HashMap::from([(RoleId(9), AppLevel::Write)]),
            secrets: Vec::new(),
            agents_stopped: false,
        }
    }

    fn facts(roles: &[(TeamId, RoleId)], scopes: &[i64]) -> (TokenFacts, AccountFacts) {
        let token = TokenFacts {
            id: TokenId(1),
            uuid: Uuid::nil(),
            name: "ci".into(),
            kind: TokenType::Service,
            ended: false,
            until: None,
            created_at: datetime!(2026-11-23 10:00 UTC),
            limit: None,
            networks: Networks::default(),
            scopes: scopes.iter().copied().map(ScopeId).collect(),
            noted_at: None,
            user: UserId(1),
        };
        let account = AccountFacts {
            id: UserId(1),
            uuid: Uuid::nil(),
            username: "job@service".into(),
            kind: Kind::Service,
            disabled: false,
            roles: roles.to_vec(),
        };
        (token, account)
    }

    fn grant(audience: &Audience, (token, account): &(TokenFacts, AccountFacts)) -> Option<Grant> {
        audience.grant(Facts { token, account })
    }

    fn scopes(audience: &Audience, facts: &(TokenFacts, AccountFacts)) -> Vec<String> {
        grant(audience, facts).map(|grant| grant.scopes).unwrap_or_default()
    }

    #[test]
    fn a_scope_comes_from_a_role_that_reaches_it_in_a_team_with_access() {
        let audience = audience();
        assert_eq!(scopes(&audience, &facts(&[(TEAMS[0], RoleId::VIEWER)], &[1, 2])), ["read"]);
        assert_eq!(scopes(&audience, &facts(&[(TEAMS[0], RoleId(9))], &[1, 2])), ["read", "write"], "a custom role");
        assert_eq!(scopes(&audience, &facts(&[(TEAMS[0], RoleId(10))], &[1])), [""; 0], "a role that nobody knows");
        assert_eq!(
            scopes(&audience, &facts(&[(TEAMS[0], RoleId::OWNER)], &[2])),
            ["write"],
            "no scope that it has not"
        );
        assert_eq!(scopes(&audience, &facts(&[(TEAMS[1], RoleId::OWNER)], &[1])), [""; 0], "a team without access");
        assert_eq!(scopes(&audience, &facts(&[], &[1])), [""; 0], "no team");
        let public = Audience { access: BTreeMap::from([(TeamId::PUBLIC, "Public".into())]), ..audience.clone() };
        assert_eq!(scopes(&public, &facts(&[(TeamId::PUBLIC, RoleId::OWNER)], &[1])), [""; 0], "Public gives nothing");
        let facts = facts(&[(TEAMS[0], RoleId::OWNER), (TEAMS[1], RoleId::OWNER)], &[1]);
        assert_eq!(grant(&audience, &facts).unwrap().teams, ["Data"], "only the teams through which it comes");
    }

    #[test]
    fn what_is_over_limited_or_stopped_gives_nothing() {
        let audience = audience();
        let (token, account) = facts(&[(TEAMS[0], RoleId::OWNER)], &[1]);
        let good = (token.clone(), account.clone());
        assert!(grant(&audience, &good).is_some());
        for bad in [
            (TokenFacts { ended: true, ..token.clone() }, account.clone()),
            (token.clone(), AccountFacts { disabled: true, ..account.clone() }),
            (TokenFacts { limit: Some(BTreeSet::from([TEAMS[1]])), ..token.clone() }, account.clone()),
            (TokenFacts { limit: Some(BTreeSet::new()), ..token.clone() }, account.clone()),
        ] {
            assert_eq!(grant(&audience, &bad), None, "{bad:?}");
        }
        let agent = (TokenFacts { kind: TokenType::Agent, ..token }, account);
        let stopped = Audience { agents_stopped: true, ..audience.clone() };
        assert!(grant(&audience, &agent).is_some() && grant(&stopped, &good).is_some());
        assert_eq!(grant(&stopped, &agent), None);
    }

    #[test]
    fn a_secret_is_good_until_it_ends() {
        let now = datetime!(2026-11-23 10:00 UTC);
        let (one, other) = (HashedToken([1; 32]), HashedToken([2; 32]));
        let secrets = vec![(one.clone(), None), (other.clone(), Some(now + time::Duration::HOUR))];
        let audience = Audience { secrets, ..audience() };
        assert!(audience.knows(&one, now) && audience.knows(&other, now));
        assert!(!audience.knows(&other, now + time::Duration::HOUR) && !audience.knows(&HashedToken([3; 32]), now));
    }
}
