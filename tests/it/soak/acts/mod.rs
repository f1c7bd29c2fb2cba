//! What the set tries. One more act is one more line of the table and a function.

mod accounts;
mod links;
mod roles;
mod teams;
mod tokens;

use latchkey::model::Result;
use latchkey::model::error::Error;
use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::{Permission, PermissionSet, Resource};
use latchkey::model::roles::{Grants, OrgRole};
use latchkey::model::tokens::{Lifetime, Networks};
use latchkey::model::users::Kind;
use latchkey::service::tokens::NewToken;
use latchkey::service::users::{NewUser, UserChange};

use super::hands::{KnownToken, Learned, MAILBOX};
use super::power::{Account, Pass, Power};
use super::run::Try;
pub use roles::change_team_role;

/// What an act came to: what the set learnt by it, or why it was refused.
pub type Outcome = Result<Vec<Learned>>;

/// A kind of act.
pub struct Act {
    /// What the story calls it.
    pub name: &'static str,
    /// How often it is tried, beside the others.
    pub weight: u32,
    /// The permission without which it is in vain, mostly: so whoever has it is asked first. Empty where there is none.
    pub needs: &'static str,
    /// Tries it.
    pub run: fn(&mut Try<'_>) -> Outcome,
    /// Whether nobody in the set may ever do it.
    pub hopeless: bool,
}

/// An act.
pub const fn act(weight: u32, name: &'static str, needs: &'static str, run: fn(&mut Try<'_>) -> Outcome) -> Act {
    Act { name, weight, needs, run, hopeless: false }
}

impl Act {
    /// Whether somebody with this power may hope to do it.
    pub fn suits(&self, power: &Power) -> bool {
        self.needs.is_empty() || self.permission().is_some_and(|needed| power.anywhere().has(needed))
    }

    fn permission(&self) -> Option<Permission> {
        self.needs.parse().ok()
    }
}

/// All that the set tries.
pub const ACTS: &[Act] = &[
    act(3, "make a person", "users:create", accounts::make_person),
    act(4, "make a machine", "service_accounts:create", accounts::make_machine),
    act(2, "make a user by name", "service_accounts:create", accounts::make_by_name),
    act(3, "finish the wizard", "service_accounts:create", accounts::finish_wizard),
    act(3, "change a person's role", "users:update", accounts::change_role),
    act(3, "change a machine's role", "service_accounts:update", accounts::change_role),
    act(3, "change an address", "users:update", accounts::change_address),
    act(2, "change the own address", "", accounts::change_own_address),
    act(2, "change a profile", "service_accounts:update", accounts::change_profile),
    act(3, "move home", "service_accounts:update", accounts::move_home),
    act(2, "change a user by name", "service_accounts:update", accounts::change_by_name),
    act(1, "disable a person", "users:update", accounts::disable),
    act(2, "disable a machine", "service_accounts:update", accounts::disable),
    act(2, "enable a person", "users:update", accounts::enable),
    act(4, "enable a machine", "service_accounts:update", accounts::enable),
    act(1, "delete", "service_accounts:delete", accounts::delete),
    act(1, "disable or revoke in bulk", "service_accounts:update", accounts::in_bulk),
    act(3, "turn into a service account", "users:update", accounts::turn_into_service),
    act(3, "turn into a person", "service_accounts:update", accounts::turn_into_person),
    act(2, "hand over", "service_accounts:update", accounts::hand_over),
    act(1, "move all homes", "service_accounts:update", teams::move_homes),
    act(1, "change the settings", "settings:update", teams::change_settings),
    act(1, "stop all agents", "settings:update", teams::stop_agents),
    act(3, "let all agents go", "settings:update", teams::resume_agents),
    act(8, "set a membership", "teams:update", teams::set_member),
    act(2, "set a membership by name", "teams:update", teams::set_member_by_name),
    act(2, "end a membership", "teams:update", teams::end_membership),
    act(1, "make a team", "teams:create", teams::make_team),
    act(1, "rename a team", "teams:update", teams::rename_team),
    act(1, "delete a team", "teams:delete", teams::delete_team),
    act(8, "make a token", "tokens:create", tokens::make_token),
    act(3, "make a token by name", "tokens:create", tokens::make_token_by_name),
    act(5, "make an own token", "", tokens::make_own_token),
    Act { hopeless: true, ..act(1, "make a global-admin token", "tokens:create", tokens::make_global_admin) },
    act(8, "change a token", "tokens:update", tokens::change_token),
    act(8, "rotate a token", "tokens:update", tokens::rotate_token),
    act(3, "end an old secret", "tokens:update", tokens::finish_rotation),
    act(4, "suspend a token", "tokens:update", tokens::suspend_token),
    act(6, "resume a token", "tokens:update", tokens::resume_token),
    act(3, "change a token by name", "tokens:update", tokens::change_token_by_name),
    Act { hopeless: true, ..act(1, "give a token global admin", "tokens:update", tokens::give_global_admin) },
    act(2, "make a team role", "roles:create", roles::make_team_role),
    act(4, "change a team role", "roles:update", roles::change_team_role),
    act(1, "delete a team role", "roles:delete", roles::delete_team_role),
    act(1, "revoke a token", "tokens:delete", tokens::revoke_token),
    act(1, "end sessions", "users:update", accounts::end_sessions),
    act(4, "hand out a link", "users:update", links::hand_out_link),
    act(2, "use a link", "", links::use_link),
];

fn nothing<T>(outcome: Result<T>) -> Outcome {
    outcome.map(|_| Vec::new())
}

/// There is nothing to try it on.
pub fn none() -> Error {
    Error::NotFound("thing to try it on")
}

impl Try<'_> {
    /// Whether the actor holds what this act needs at a place, or is to try it nevertheless.
    fn hopes_at(&self, needs: Option<Permission>, place: Option<TeamId>) -> bool {
        self.daring || needs.is_none_or(|needed| self.power.at(place).permissions.has(needed))
    }

    /// An account to act on: mostly one where the actor holds what this act needs.
    fn target(&mut self, fits: impl Fn(&Account) -> bool) -> Result<UserId> {
        let needs = self.act.permission();
        let hopeful = |by: &Self, account: &Account| {
            let place = account.home.filter(|home| !home.is_public());
            let of_account = needs.map(|needed| match needed.resource {
                Resource::Users | Resource::ServiceAccounts => Permission::new(account.kind.resource(), needed.action),
                _ => needed,
            });
            by.hopes_at(of_account, place)
        };
        let fitting = self.reading.accounts.iter().filter(|(_, account)| fits(account) && hopeful(self, account));
        let fitting: Vec<_> = fitting.map(|(id, _)| *id).collect();
        self.one_of(&fitting).ok_or_else(none)
    }

    /// A team to act in, likewise.
    fn place(&mut self, needs: Option<Permission>) -> Result<TeamId> {
        let all: Vec<_> = self.reading.teams.keys().copied().collect();
        let hopeful: Vec<_> = all.into_iter().filter(|team| self.hopes_at(needs, Some(*team))).collect();
        self.team_of(&hopeful).ok_or_else(none)
    }

    /// An organisation role, mostly one that the actor covers.
    fn org_role(&mut self) -> OrgRole {
        let covered = |role: &&OrgRole| self.daring || self.power.covers(None, role.grants());
        let roles: Vec<_> = OrgRole::ALL.iter().filter(covered).copied().collect();
        let role = self.dice.pick(&roles);
        self.tell(role.as_str());
        role
    }

    /// A team role, predefined or custom, mostly one that the actor covers in this team.
    pub fn team_role(&mut self, team: TeamId) -> RoleId {
        let covered = |grants: &Grants| self.daring || self.power.covers(Some(team), *grants);
        let roles: Vec<_> =
            self.reading.roles.iter().filter(|(_, grants)| covered(grants)).map(|(id, _)| *id).collect();
        let role = self.dice.any(&roles).unwrap_or(RoleId::VIEWER);
        self.tell(format!("role {role}"));
        role
    }

    fn kind(&mut self) -> Kind {
        self.dice.pick(&[Kind::Service, Kind::Agent])
    }

    fn memberships(&mut self, home: Option<TeamId>) -> Vec<(TeamId, RoleId)> {
        let update = "teams:update".parse().ok();
        let mut teams: Vec<_> = home.into_iter().filter(|_| !self.dice.once_in(4)).collect();
        teams.extend(self.dice.once_in(3).then(|| self.place(update).ok()).flatten());
        teams.into_iter().map(|team| (team, self.team_role(team))).collect()
    }

    /// Scopes for a token, mostly such as the actor has.
    pub fn scopes(&mut self) -> PermissionSet {
        let own = PermissionSet::all_of(&[Resource::Own]);
        let held = self.power.anywhere().or(own);
        let scopes = match self.dice.below(8) {
            _ if !self.daring && self.dice.once_in(2) => self.dice.permissions(held.without(own)),
            0..=2 => self.dice.permissions(held),
            3 | 4 => held.without(own),
            5 => held,
            6 => self.dice.permissions(PermissionSet::everything()),
            _ => PermissionSet::everything(),
        };
        self.tell(format!("scopes {scopes}"));
        scopes
    }

    /// The teams that a new token is limited to: those of the token in use where that is limited, mostly.
    fn token_teams(&mut self) -> Option<std::collections::BTreeSet<TeamId>> {
        let all: Vec<_> = self.reading.teams.keys().copied().collect();
        let limit = match self.limit {
            Some(limit) if !self.dice.once_in(4) => Some(limit.clone()),
            _ => self.dice.once_in(4).then(|| self.dice.some(&all)),
        };
        if let Some(limit) = &limit {
            self.tell(format!("limited to {limit:?}"));
        }
        limit
    }

    fn new_user(&mut self, kind: Kind) -> NewUser {
        let name = self.fresh("u");
        let role = self.org_role();
        let home = if kind == Kind::Person { None } else { self.place(self.act.permission()).ok() };
        let teams = self.memberships(home);
        self.tell(format!("named {name}"));
        let people = self.reading.accounts.iter().filter(|(_, account)| account.kind == Kind::Person);
        let people: Vec<_> = people.map(|(id, _)| *id).collect();
        let sponsor = (kind == Kind::Agent).then(|| self.dice.pick(&people));
        NewUser {
            kind,
            username: if kind == Kind::Person { name.clone() } else { String::new() },
            email: format!("{name}{}", if self.dice.once_in(2) { MAILBOX } else { "@example.com" }),
            display_name: name,
            role,
            teams,
            home_team: home,
            description: String::new(),
            sponsor,
            name_field: "display_name",
            form_key: None,
        }
    }

    /// A token as a form asks for it.
    pub fn new_token(&mut self) -> NewToken {
        let scopes = self.scopes();
        let teams = self.token_teams();
        NewToken {
            name: self.fresh("t"),
            description: String::new(),
            life: self.dice.pick(&[Lifetime::Days(1), Lifetime::Days(20), Lifetime::Never]),
            life_field: "expires",
            scopes,
            app_scopes: std::collections::BTreeSet::new(),
            teams,
            global_admin: false,
            networks: Networks::default(),
            form_key: None,
        }
    }

    fn change(&mut self, user: UserId, change: UserChange) -> Outcome {
        nothing(self.write(|cx| latchkey::service::users::update(cx, user, change)))
    }

    fn make_token(&mut self, user: UserId, new: NewToken) -> Outcome {
        let minted = self.write(|cx| latchkey::service::tokens::create(cx, user, new))?;
        Ok(vec![Learned::Token(KnownToken::made(&minted))])
    }
}
