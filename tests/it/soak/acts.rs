//! What the set tries. One more act is one more line of the table and a function.

use latchkey::base::secret::Secret;
use latchkey::model::Result;
use latchkey::model::actor::Origin;
use latchkey::model::error::Error;
use latchkey::model::ids::{RoleId, TeamId, TokenId, UserId};
use latchkey::model::permissions::{Permission, PermissionSet, Resource};
use latchkey::model::roles::{Grants, OrgRole};
use latchkey::model::tokens::Lifetime;
use latchkey::model::users::Kind;
use latchkey::service::by_name::{self, TeamWanted, TokenEdit, TokenWanted, UserEdit, UserWanted};
use latchkey::service::roles::{NewRole, RoleChange};
use latchkey::service::tokens::{NewToken, TokenChange};
use latchkey::service::users::{Created, NewUser, PersonWanted, UserChange};
use latchkey::service::{Caller, bulk, handover, homes, links, members, roles, settings, teams, tokens, users, wizard};

use super::hands::{KnownToken, Learned, MAILBOX};
use super::power::{Account, Pass, Power};
use super::run::Try;

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
    act(3, "make a person", "users:create", make_person),
    act(4, "make a machine", "service_accounts:create", make_machine),
    act(2, "make a user by name", "service_accounts:create", make_by_name),
    act(3, "finish the wizard", "service_accounts:create", finish_wizard),
    act(3, "change a person's role", "users:update", change_role),
    act(3, "change a machine's role", "service_accounts:update", change_role),
    act(3, "change an address", "users:update", change_address),
    act(2, "change the own address", "", change_own_address),
    act(2, "change a profile", "service_accounts:update", change_profile),
    act(3, "move home", "service_accounts:update", move_home),
    act(2, "change a user by name", "service_accounts:update", change_by_name),
    act(1, "disable a person", "users:update", disable),
    act(2, "disable a machine", "service_accounts:update", disable),
    act(2, "enable a person", "users:update", enable),
    act(4, "enable a machine", "service_accounts:update", enable),
    act(1, "delete", "service_accounts:delete", delete),
    act(1, "disable or revoke in bulk", "service_accounts:update", in_bulk),
    act(3, "turn into a service account", "users:update", turn_into_service),
    act(3, "turn into a person", "service_accounts:update", turn_into_person),
    act(2, "hand over", "service_accounts:update", hand_over),
    act(1, "move all homes", "service_accounts:update", move_homes),
    act(1, "change the settings", "settings:update", change_settings),
    act(8, "set a membership", "teams:update", set_member),
    act(2, "set a membership by name", "teams:update", set_member_by_name),
    act(2, "end a membership", "teams:update", end_membership),
    act(1, "make a team", "teams:create", make_team),
    act(1, "rename a team", "teams:update", rename_team),
    act(1, "delete a team", "teams:delete", delete_team),
    act(8, "make a token", "tokens:create", make_token),
    act(3, "make a token by name", "tokens:create", make_token_by_name),
    act(5, "make an own token", "", make_own_token),
    Act { hopeless: true, ..act(1, "make a global-admin token", "tokens:create", make_global_admin) },
    act(8, "change a token", "tokens:update", change_token),
    act(3, "change a token by name", "tokens:update", change_token_by_name),
    Act { hopeless: true, ..act(1, "give a token global admin", "tokens:update", give_global_admin) },
    act(2, "make a team role", "roles:create", make_team_role),
    act(4, "change a team role", "roles:update", change_team_role),
    act(1, "delete a team role", "roles:delete", delete_team_role),
    act(1, "revoke a token", "tokens:delete", revoke_token),
    act(1, "end sessions", "users:update", end_sessions),
    act(4, "hand out a link", "users:update", hand_out_link),
    act(2, "use a link", "", use_link),
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
        NewUser {
            kind,
            username: if kind == Kind::Person { name.clone() } else { String::new() },
            email: format!("{name}{}", if self.dice.once_in(2) { MAILBOX } else { "@example.com" }),
            display_name: name,
            role,
            teams,
            home_team: home,
            description: String::new(),
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
            teams,
            global_admin: false,
            form_key: None,
        }
    }

    fn change(&mut self, user: UserId, change: UserChange) -> Outcome {
        nothing(self.write(|cx| users::update(cx, user, change)))
    }

    fn make_token(&mut self, user: UserId, new: NewToken) -> Outcome {
        let minted = self.write(|cx| tokens::create(cx, user, new))?;
        Ok(vec![Learned::Token(KnownToken::made(&minted))])
    }
}

fn invited(created: Created) -> Vec<Learned> {
    let user = created.user.id;
    created
        .invitation
        .map(|issued| Learned::Link(user, latchkey::model::links::Purpose::Invitation, issued.secret))
        .into_iter()
        .collect()
}

fn make_person(by: &mut Try<'_>) -> Outcome {
    let new = by.new_user(Kind::Person);
    by.write(|cx| users::create(cx, new)).map(invited)
}

fn make_machine(by: &mut Try<'_>) -> Outcome {
    let kind = by.kind();
    let new = by.new_user(kind);
    by.write(|cx| users::create(cx, new)).map(invited)
}

fn make_by_name(by: &mut Try<'_>) -> Outcome {
    let kind = by.dice.pick(&[Kind::Service, Kind::Service, Kind::Agent, Kind::Person]);
    let new = by.new_user(kind);
    let person = kind == Kind::Person;
    let named = |team: &TeamId| by.reading.teams[team].clone();
    let wanted = UserWanted {
        user_type: Some(kind.as_str().into()),
        name: new.display_name,
        username: person.then_some(new.username),
        email: person.then_some(new.email),
        role: new.role.as_str().into(),
        teams: new.teams.iter().map(|(team, _)| TeamWanted { name: named(team), role: None }).collect(),
        home_team: new.home_team.as_ref().map(named),
        description: None,
    };
    by.write(|cx| by_name::create_user(cx, wanted)).map(invited)
}

fn finish_wizard(by: &mut Try<'_>) -> Outcome {
    let kind = by.kind();
    let user = by.new_user(kind);
    let token = by.new_token();
    let (_, minted) = by.write(|cx| wizard::finish(cx, user, token))?;
    Ok(vec![Learned::Token(KnownToken::made(&minted))])
}

/// The kind of account that the act is about.
fn of_kind(by: &Try<'_>) -> impl Fn(&Account) -> bool + use<> {
    let people = by.act.needs.starts_with("users:");
    move |account| (account.kind == Kind::Person) == people
}

fn change_role(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let role = by.org_role();
    by.change(user, UserChange { role: Some(role), ..UserChange::default() })
}

fn change_address(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let email = Some(format!("{}{MAILBOX}", by.fresh("e")));
    by.change(user, UserChange { email, ..UserChange::default() })
}

fn change_own_address(by: &mut Try<'_>) -> Outcome {
    let email = Some(format!("{}{MAILBOX}", by.fresh("e")));
    by.change(by.me, UserChange { email, ..UserChange::default() })
}

fn change_profile(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let contact = by.target(|account| account.kind == Kind::Person).ok();
    let display_name = Some(by.fresh("d"));
    by.change(user, UserChange { display_name, contact: contact.map(Some), ..UserChange::default() })
}

fn move_home(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let home = if by.dice.once_in(6) { TeamId::PUBLIC } else { by.place("service_accounts:create".parse().ok())? };
    by.change(user, UserChange { home_team: Some(home), ..UserChange::default() })
}

fn change_by_name(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let mut edit = UserEdit::default();
    match by.dice.below(3) {
        0 => edit.role = Some(by.org_role().as_str().into()),
        1 => edit.enabled = Some(by.dice.once_in(2)),
        _ => edit.description = Some(by.fresh("text")),
    }
    by.tell(format!("{:?} {:?}", edit.role, edit.enabled));
    nothing(by.write(|cx| by_name::change_user(cx, user, edit)))
}

fn disable(by: &mut Try<'_>) -> Outcome {
    let of_kind = of_kind(by);
    let user = by.target(|account| account.enabled && of_kind(account))?;
    nothing(by.write(|cx| users::disable(cx, user)))
}

fn enable(by: &mut Try<'_>) -> Outcome {
    let of_kind = of_kind(by);
    let user = by.target(|account| !account.enabled && of_kind(account))?;
    nothing(by.write(|cx| users::enable(cx, user)))
}

fn delete(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    by.write(|cx| users::delete(cx, user, None)).map(|()| Vec::new())
}

fn in_bulk(by: &mut Try<'_>) -> Outcome {
    let users = vec![by.target(|_| true)?, by.target(|_| true)?];
    let act = by.dice.pick(&[bulk::Act::Disable, bulk::Act::Revoke]);
    nothing(by.write(|cx| bulk::run(cx, &users, act)))
}

fn turn_into_service(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let home = by.place("service_accounts:create".parse().ok())?;
    nothing(by.write(|cx| users::turn_into_service(cx, user, home)))
}

fn turn_into_person(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let username = by.fresh("p");
    let email = format!("{username}{}", if by.dice.once_in(2) { MAILBOX } else { "@example.com" });
    let wanted = PersonWanted { username, email };
    by.write(|cx| users::turn_into_person(cx, user, &wanted)).map(invited)
}

fn hand_over(by: &mut Try<'_>) -> Outcome {
    let contacts: Vec<_> = by.reading.accounts.values().filter_map(|account| account.contact).collect();
    let from = by.one_of(&contacts).ok_or_else(none)?;
    let to = by.account(|account| account.kind == Kind::Person && account.enabled)?;
    nothing(by.write(|cx| handover::hand_over(cx, from, to, None)))
}

fn move_homes(by: &mut Try<'_>) -> Outcome {
    let from = by.place(by.act.permission())?;
    let to = by.place("service_accounts:create".parse().ok())?;
    let to = by.reading.teams[&to].clone();
    nothing(by.write(|cx| homes::move_all(cx, from, &to)))
}

fn change_settings(by: &mut Try<'_>) -> Outcome {
    let only_admins = !by.reading.only_admins_manage_machines;
    nothing(by.write(|cx| settings::update(cx, Some(only_admins), None)))
}

/// Some account, mostly one that does not hold more than the actor.
fn to_join(by: &mut Try<'_>) -> Result<UserId> {
    let covered = |account: &Account| {
        let mut teams = account.teams.iter();
        by.power.covers(None, account.role.grants())
            && teams.all(|(team, role)| by.power.covers(Some(*team), by.reading.roles[role]))
    };
    let all = by.reading.accounts.iter().filter(|(_, account)| by.daring || covered(account));
    let all: Vec<_> = all.map(|(id, _)| *id).collect();
    by.one_of(&all).ok_or_else(none)
}

fn set_member(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.place(by.act.permission())?, to_join(by)?);
    let role = by.team_role(team);
    nothing(by.write(|cx| members::set(cx, team, user, role)))
}

fn set_member_by_name(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.place(by.act.permission())?, to_join(by)?);
    let role = by.dice.pick(&["Viewer", "Editor", "Maintainer", "Owner"]);
    by.tell(role);
    nothing(by.write(|cx| by_name::set_member(cx, team, user, role)))
}

fn end_membership(by: &mut Try<'_>) -> Outcome {
    let team = by.place(by.act.permission())?;
    let members = by.reading.accounts.iter().filter(|(_, account)| account.teams.contains_key(&team));
    let members: Vec<_> = members.map(|(id, _)| *id).collect();
    let user = by.one_of(&members).ok_or_else(none)?;
    nothing(by.write(|cx| members::remove(cx, team, user)))
}

fn make_team(by: &mut Try<'_>) -> Outcome {
    let name = by.fresh("team");
    nothing(by.write(|cx| teams::create(cx, &name, "", None)))
}

fn rename_team(by: &mut Try<'_>) -> Outcome {
    let (team, name) = (by.place(by.act.permission())?, by.fresh("team"));
    nothing(by.write(|cx| teams::update(cx, team, &name, "", None)))
}

fn delete_team(by: &mut Try<'_>) -> Outcome {
    let team = by.place(by.act.permission())?;
    nothing(by.write(|cx| teams::delete(cx, team)))
}

fn make_token(by: &mut Try<'_>) -> Outcome {
    let machine = !by.dice.once_in(4);
    let user = by.target(|account| (account.kind != Kind::Person) == machine)?;
    let new = by.new_token();
    by.make_token(user, new)
}

fn make_token_by_name(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|account| account.kind != Kind::Person)?;
    let NewToken { name, scopes, teams, .. } = by.new_token();
    let wanted = TokenWanted {
        name,
        expires_in_days: Some(1),
        scopes: Some(scopes.iter().map(|scope| scope.to_string()).collect()),
        teams: teams.map(|teams| teams.iter().map(|team| by.reading.teams[team].clone()).collect()),
        ..TokenWanted::default()
    };
    let minted = by.write(|cx| by_name::create_token(cx, user, wanted))?;
    Ok(vec![Learned::Token(KnownToken::made(&minted))])
}

fn make_own_token(by: &mut Try<'_>) -> Outcome {
    let new = by.new_token();
    by.make_token(by.me, new)
}

fn make_global_admin(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let new = NewToken { global_admin: true, scopes: PermissionSet::EMPTY, teams: None, ..by.new_token() };
    by.make_token(user, new)
}

/// Some token of those that the filter lets through; one whose secret is known twice as often.
fn some_token(by: &mut Try<'_>, fits: impl Fn(&Pass) -> bool) -> Option<(TokenId, UserId)> {
    let known_only = by.dice.once_in(2);
    let hands = by.hands;
    let known = |id: &TokenId| !known_only || hands.tokens.iter().any(|token| token.id == *id);
    let fitting = by.reading.tokens.iter().filter(|(id, pass)| known(id) && fits(pass));
    let all: Vec<_> = fitting.map(|(id, pass)| (*id, pass.user)).collect();
    let found = by.dice.any(&all)?;
    by.tell(format!("token {} of {}", found.0, found.1));
    Some(found)
}

fn change_token(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |_| true).ok_or_else(none)?;
    let mut change = TokenChange::default();
    let what = by.dice.below(8);
    if what & 1 == 0 {
        change.scopes = Some(by.scopes());
    }
    if what & 2 == 0 {
        change.teams = Some(by.token_teams());
    }
    if what & 4 == 0 {
        change.global_admin = Some(false);
        by.tell("no global admin");
    }
    nothing(by.write(|cx| tokens::change(cx, user, token, &change)))
}

fn change_token_by_name(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |_| true).ok_or_else(none)?;
    let scopes = by.scopes().iter().map(|scope| scope.to_string()).collect();
    let team = by.team().filter(|_| by.dice.once_in(2));
    let teams = team.and_then(|id| by.reading.teams.get(&id).cloned()).map(|name| vec![name]);
    let edit = TokenEdit {
        name: Some(by.fresh("t")),
        scopes: Some(scopes),
        teams: by.dice.once_in(2).then_some(teams),
        ..TokenEdit::default()
    };
    nothing(by.write(|cx| by_name::change_token(cx, user, token, edit)))
}

fn give_global_admin(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |pass| !pass.global_admin).ok_or_else(none)?;
    let change = TokenChange { global_admin: Some(true), ..TokenChange::default() };
    nothing(by.write(|cx| tokens::change(cx, user, token, &change)))
}

impl Try<'_> {
    fn custom_role(&mut self) -> Result<RoleId> {
        let custom: Vec<_> = self.reading.roles.keys().filter(|id| id.0 > 4).copied().collect();
        let role = self.dice.any(&custom).ok_or_else(none)?;
        self.tell(format!("role {role}"));
        Ok(role)
    }

    /// What a custom role might give, mostly such as the actor has.
    fn grants(&mut self) -> Grants {
        let mut grants = self.dice.grants();
        if !self.daring {
            grants.permissions = grants.permissions.and(self.power.anywhere());
        }
        self.tell(format!("{} at {}", grants.permissions, grants.level));
        grants
    }
}

fn make_team_role(by: &mut Try<'_>) -> Outcome {
    let Grants { permissions, level } = by.grants();
    let new = NewRole { name: by.fresh("role"), description: String::new(), permissions, level, form_key: None };
    nothing(by.write(|cx| roles::create(cx, new)))
}

/// A role in use is changed by who has seen the effect of it.
pub fn change_team_role(by: &mut Try<'_>) -> Outcome {
    let role = by.custom_role()?;
    let Grants { permissions, level } = by.grants();
    let change = RoleChange { permissions: Some(permissions), level: Some(level), ..RoleChange::default() };
    match by.write(|cx| roles::update(cx, role, change.clone(), None)) {
        Err(Error::Unseen(unseen)) => nothing(by.write(|cx| roles::update(cx, role, change, Some(&unseen.digest)))),
        other => nothing(other),
    }
}

fn delete_team_role(by: &mut Try<'_>) -> Outcome {
    let role = by.custom_role()?;
    nothing(by.write(|cx| roles::delete(cx, role)))
}

fn revoke_token(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let theirs = by.reading.tokens.iter().filter(|(_, pass)| pass.user == user && !pass.revoked);
    let theirs: Vec<_> = theirs.map(|(id, _)| *id).collect();
    let token = by.dice.any(&theirs).ok_or_else(none)?;
    by.tell(format!("token {token}"));
    nothing(by.write(|cx| tokens::revoke(cx, user, token)))
}

fn end_sessions(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    nothing(by.write(|cx| users::end_sessions(cx, user)))
}

fn hand_out_link(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let issued = by.write(|cx| links::issue_for(cx, user))?;
    Ok(vec![Learned::Link(user, issued.purpose, issued.secret)])
}

/// Anybody may use a link; a password takes long to hash, so only those that are good are tried.
fn use_link(by: &mut Try<'_>) -> Outcome {
    let good: Vec<_> = by.hands.links.iter().filter(|link| by.reading.links.contains_key(&link.id)).cloned().collect();
    let link = by.dice.any(&good).ok_or_else(none)?;
    by.tell(by.reading.accounts.get(&link.user).map(|account| account.name.clone()).unwrap_or_default());
    let nobody = Caller::nobody(Origin::default());
    let password = Secret::new(crate::support::PASSWORD.into());
    links::choose_password(&by.portal().app, &nobody, &link.secret, link.purpose, &password)?;
    Ok(vec![Learned::Password(link.user)])
}
