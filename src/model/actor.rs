//! Who asks, by what means, from where.

use std::cell::Cell;
use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::access::{Holdings, Missing, Place, Standing};
use super::applications::AppScope;
use super::error::{Error, Result};
use super::ids::{ApplicationId, SessionId, TeamId, TokenId, UserId};
use super::permissions::{Action, Permission, PermissionSet, Resource};
use super::roles::{AppLevel, OrgRole};
use super::tokens::Networks;
use super::users::{Kind, User};

/// How long a typed password counts for dangerous acts.
pub const PASSWORD_COUNTS_FOR: time::Duration = time::Duration::minutes(10);

/// Whoever asks for something. Every use case is given one and asks it first.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who it is.
    pub who: Who,
    /// How they came in.
    pub via: Via,
    /// What they may do at this moment by this means.
    pub holdings: Holdings,
    /// From where.
    pub origin: Origin,
    /// Whether a setting leaves service accounts to Admins (rule 8).
    pub machines_are_for_admins: bool,
    /// Whether all AI agents are stopped.
    pub agents_stopped: bool,
}

/// Who an actor is.
#[derive(Clone, Debug)]
pub enum Who {
    /// A known account.
    User(Identity),
    /// An application, by its credential.
    Application {
        /// Its id.
        id: ApplicationId,
        /// Its name.
        name: String,
    },
    /// Whoever may run the program on the server.
    Cli,
    /// The portal itself, at its daily jobs.
    System,
    /// Nobody known yet: someone at the log-in form or with a link.
    Anonymous,
}

/// The account behind an actor.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its id.
    pub id: UserId,
    /// Its username.
    pub username: String,
    /// Its display name.
    pub display_name: String,
    /// Its roles.
    pub standing: Standing,
}

/// How an actor came in.
#[derive(Clone, Debug)]
pub enum Via {
    /// A log-in session of the portal.
    Session {
        /// Which.
        id: SessionId,
        /// When the password was last typed in it.
        authenticated_at: OffsetDateTime,
    },
    /// An access token.
    Token(TokenUse),
    /// No way from outside: the command line on the server, or the portal itself.
    Cli,
    /// No proof of who they are.
    Nothing,
}

/// The token behind a request.
#[derive(Clone, Debug)]
pub struct TokenUse {
    /// Which.
    pub id: TokenId,
    /// Its name, for the audit log.
    pub name: String,
    /// Its scopes.
    pub scopes: PermissionSet,
    /// Its scopes of applications.
    pub app_scopes: BTreeSet<AppScope>,
    /// The teams it is limited to.
    pub teams: Option<BTreeSet<TeamId>>,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// From where it may be used.
    pub networks: Networks,
    /// When it ends, or the secret by which it came.
    pub expires_at: Option<OffsetDateTime>,
    /// When it last got another secret: whoever knew it before may be somebody else.
    pub rotated_at: Option<OffsetDateTime>,
    /// Whether it came by the secret that its last rotation replaced.
    pub replaced: bool,
    /// What of its scopes the request has relied on so far.
    pub relied: Cell<PermissionSet>,
}

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address.
    pub address: Option<String>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// The id under which the log knows the request.
    pub request_id: Option<String>,
    /// Which operation it asks for, by its route: `GET /api/v1/users/{id}`.
    pub operation: Option<String>,
}

impl Actor {
    /// Someone who has shown nothing yet.
    pub fn anonymous(origin: Origin) -> Self {
        Self::new(Who::Anonymous, Via::Nothing, Holdings::default(), origin)
    }

    /// Whoever runs the program on the server: they could change the store anyway.
    pub fn cli() -> Self {
        Self::new(Who::Cli, Via::Cli, Holdings::everything(), Origin::default())
    }

    /// The portal itself.
    pub fn system() -> Self {
        Self::new(Who::System, Via::Cli, Holdings::everything(), Origin::default())
    }

    /// An application, which holds nothing here but may end tokens that it was shown.
    pub fn of_application(id: ApplicationId, name: String, origin: Origin) -> Self {
        Self::new(Who::Application { id, name }, Via::Nothing, Holdings::default(), origin)
    }

    /// The application that it is.
    pub fn application(&self) -> Option<ApplicationId> {
        match &self.who {
            Who::Application { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// An account in a session of the portal.
    pub fn in_session(who: Identity, id: SessionId, authenticated_at: OffsetDateTime, origin: Origin) -> Self {
        let holdings = Holdings::of(&who.standing);
        Self::new(Who::User(who), Via::Session { id, authenticated_at }, holdings, origin)
    }

    /// An account by one of its tokens. A global-admin token acts as an Admin whatever its account's role and teams.
    pub fn with_token(who: Identity, token: TokenUse, origin: Origin) -> Self {
        let holdings = if token.global_admin {
            Holdings::everything()
        } else {
            Holdings::of(&who.standing).limited(token.scopes, token.teams.as_ref())
        };
        Self::new(Who::User(who), Via::Token(token), holdings, origin)
    }

    fn new(who: Who, via: Via, holdings: Holdings, origin: Origin) -> Self {
        Self { who, via, holdings, origin, machines_are_for_admins: false, agents_stopped: false }
    }

    /// Its account's id.
    pub fn id(&self) -> Option<UserId> {
        match &self.who {
            Who::User(identity) => Some(identity.id),
            Who::Application { .. } | Who::Cli | Who::System | Who::Anonymous => None,
        }
    }

    /// Its account.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.who {
            Who::User(identity) => Some(identity),
            Who::Application { .. } | Who::Cli | Who::System | Who::Anonymous => None,
        }
    }

    /// Its name in the audit log and beside what it made.
    pub fn name(&self) -> &str {
        match &self.who {
            Who::User(identity) => &identity.username,
            Who::Application { name, .. } => name,
            Who::Cli => "command line",
            Who::System => "Latchkey",
            Who::Anonymous => "nobody",
        }
    }

    /// The token it came in with.
    pub fn token(&self) -> Option<&TokenUse> {
        match &self.via {
            Via::Token(token) => Some(token),
            _ => None,
        }
    }

    /// Whether it acts as an Admin.
    pub fn is_admin(&self) -> bool {
        match (&self.who, &self.via) {
            (Who::Cli | Who::System, _) => true,
            // Whoever made a token may have been weaker than its account has become, so scopes alone make no Admin.
            (_, Via::Token(token)) => token.global_admin,
            (Who::User(identity), _) => {
                identity.standing.role == OrgRole::Admin && !self.holdings.anywhere().is_empty()
            }
            (Who::Application { .. } | Who::Anonymous, _) => false,
        }
    }

    /// Whether it holds `permission` at `place`.
    pub fn can(&self, permission: Permission, place: Place) -> bool {
        let held = self.holdings.has(permission, place);
        if held {
            self.relies_on([permission].into_iter().collect());
        }
        held
    }

    /// Notes that what is being done rests on these permissions, where a token's scopes give them.
    pub fn relies_on(&self, permissions: PermissionSet) {
        if let Via::Token(token) = &self.via {
            token.relied.set(token.relied.get().or(permissions.and(token.scopes)));
        }
    }

    /// What the request has relied on so far. What is asked only to draw controls is no use of a scope: it is taken back.
    pub fn relied(&self) -> PermissionSet {
        match &self.via {
            Via::Token(token) => token.relied.get(),
            _ => PermissionSet::EMPTY,
        }
    }

    /// Takes back what was noted since [`Actor::relied`] told this.
    pub fn relied_on_no_more_than(&self, before: PermissionSet) {
        if let Via::Token(token) = &self.via {
            token.relied.set(before);
        }
    }

    /// The teams in which it holds `permission` by a team role.
    pub fn teams_with(&self, permission: Permission) -> Vec<TeamId> {
        let teams = self.holdings.teams_with(permission);
        if !teams.is_empty() {
            self.relies_on([permission].into_iter().collect());
        }
        teams
    }

    /// Rule 1: it must hold `permission` at `place`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] naming the permission.
    pub fn may(&self, permission: Permission, place: Place) -> Result<()> {
        if self.can(permission, place) { Ok(()) } else { Err(Error::lacks(permission)) }
    }

    /// Rules 1 and 2 for an act on an account: the permission in its home, and only Admins act on Admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the reason.
    pub fn may_act_on(&self, user: &User, action: Action) -> Result<()> {
        self.may(user.permission(action), Place::of_home(user.home_team))?;
        self.may_touch(user)
    }

    /// Only Admins act on Admins (rule 2).
    ///
    /// # Errors
    /// [`Error::Forbidden`] where `user` is one and the actor is none.
    pub fn may_touch(&self, user: &User) -> Result<()> {
        if user.role == OrgRole::Admin && !self.is_admin() {
            return Err(Error::refused(format!("{} is an Admin, and only Admins act on Admins.", user.username)));
        }
        Ok(())
    }

    /// Only Admins make Admins: every permission that there is, as a token's scopes, is not yet to be one.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for the role Admin where the actor is none.
    pub fn may_make(&self, role: OrgRole) -> Result<()> {
        if role == OrgRole::Admin && !self.is_admin() {
            return Err(Error::refused("Only Admins make Admins."));
        }
        Ok(())
    }

    /// Rule 8: making accounts of this kind, assigning them to teams and managing their tokens, where a setting leaves that to
    /// Admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] naming the setting.
    pub fn may_manage(&self, kind: Kind) -> Result<()> {
        if kind == Kind::Person || !self.machines_are_for_admins || self.is_admin() {
            return Ok(());
        }
        Err(Error::refused("Only administrators manage service accounts here: a setting of this portal says so."))
    }

    /// Rule 2: what an account or token can do afterwards must be covered by what the actor can do.
    ///
    /// # Errors
    /// [`Error::Forbidden`] naming the first permission that is not.
    pub fn may_grant(&self, afterwards: &Holdings) -> Result<()> {
        match self.holdings.lack_against(afterwards) {
            None => {
                self.relies_on(afterwards.anywhere());
                Ok(())
            }
            Some(lack) => {
                let (missing, what) = match lack.what {
                    Missing::Permission(permission) => (Some(permission), format!("do {permission}")),
                    Missing::Level(level) => (None, format!("use applications at the level {level}")),
                };
                let place = if matches!(lack.place, Place::Team(_)) { " in a team" } else { "" };
                Err(Error::beyond(missing, format!("It could then {what}{place}, which you cannot do yourself.")))
            }
        }
    }

    /// How far it reaches into the applications of a place when it grants: a token as far as its account, since it gives no scope
    /// that it does not have itself.
    pub fn reach(&self, place: Place) -> AppLevel {
        match (&self.via, self.identity()) {
            (Via::Token(token), Some(who)) if !token.global_admin => {
                let everything = PermissionSet::everything();
                Holdings::of(&who.standing).limited(everything, token.teams.as_ref()).level(place)
            }
            _ => self.holdings.level(place),
        }
    }

    /// Rule 3: acting on one's own things, by a session or by a token with the scope.
    pub fn owns(&self, user: UserId, action: Action) -> bool {
        self.id() == Some(user) && self.can(Permission::new(Resource::Own, action), Place::Own)
    }

    /// Dangerous acts want a password typed lately. The command line has none to type.
    ///
    /// # Errors
    /// [`Error::PasswordNeeded`] where it was too long ago.
    pub fn typed_password_lately(&self, now: OffsetDateTime) -> Result<()> {
        match &self.via {
            Via::Session { authenticated_at, .. } if now - *authenticated_at > PASSWORD_COUNTS_FOR => {
                Err(Error::PasswordNeeded)
            }
            _ => Ok(()),
        }
    }

    /// Rule 5: which users it may know of, for lists: they rest on all that shapes them.
    pub fn sight(&self) -> Sight {
        let sight = self.view();
        let shaping: &[Permission] = match sight {
            Sight::All => &[READ_USERS],
            Sight::Some { .. } => &[READ_OWN, READ_TEAMS, READ_MACHINES],
        };
        let held = self.holdings.anywhere();
        self.relies_on(shaping.iter().copied().filter(|permission| held.has(*permission)).collect());
        sight
    }

    fn view(&self) -> Sight {
        let holds = |permission, place| self.holdings.has(permission, place);
        if holds(READ_USERS, Place::Everywhere) {
            return Sight::All;
        }
        let Some(identity) = self.identity() else {
            return Sight::Some { own: None, teams: Vec::new(), homes: Vec::new(), machines: false };
        };
        let teams = match &self.via {
            Via::Session { .. } => identity.standing.teams.iter().map(|(id, _)| *id).collect(),
            _ => self.holdings.teams_with(READ_TEAMS),
        };
        let own = holds(READ_OWN, Place::Own).then_some(identity.id);
        let machines = holds(READ_MACHINES, Place::Everywhere);
        Sight::Some { own, teams, homes: self.holdings.teams_with(READ_MACHINES), machines }
    }

    /// Whether it sees `user`, who has roles in `teams`. One reason suffices.
    pub fn sees(&self, user: &User, teams: &[TeamId]) -> bool {
        let reason = match self.view() {
            Sight::All => Some(READ_USERS),
            Sight::Some { own, .. } if own == Some(user.id) => Some(READ_OWN),
            Sight::Some { teams: mine, .. } if teams.iter().any(|team| mine.contains(team)) => Some(READ_TEAMS),
            Sight::Some { homes, machines, .. } => {
                user.home_team.filter(|home| machines || homes.contains(home)).map(|_| READ_MACHINES)
            }
        };
        self.relies_on(reason.into_iter().collect());
        reason.is_some()
    }
}

const READ_USERS: Permission = Permission::new(Resource::Users, Action::Read);
const READ_OWN: Permission = Permission::new(Resource::Own, Action::Read);
const READ_TEAMS: Permission = Permission::new(Resource::Teams, Action::Read);
const READ_MACHINES: Permission = Permission::new(Resource::ServiceAccounts, Action::Read);

/// Which users an actor may know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All.
    All,
    /// Themselves, the members of some teams, and the service and agent accounts whose home is one of others.
    Some {
        /// Themselves.
        own: Option<UserId>,
        /// Members of these.
        teams: Vec<TeamId>,
        /// Accounts at home in these.
        homes: Vec<TeamId>,
        /// All service and agent accounts.
        machines: bool,
    },
}
