//! What the set tries. One more act is one more line of the table and a function.

use latchkey::base::secret::Secret;
use latchkey::model::Result;
use latchkey::model::actor::Origin;
use latchkey::model::error::Error;
use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::{PermissionSet, Resource};
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::Lifetime;
use latchkey::model::users::Kind;
use latchkey::service::by_name::{self, TeamWanted, TokenWanted, UserEdit, UserWanted};
use latchkey::service::tokens::NewToken;
use latchkey::service::users::{Created, NewUser, UserChange};
use latchkey::service::{Caller, bulk, links, members, teams, tokens, users, wizard};

use super::hands::{KnownToken, Learned, MAILBOX};
use super::run::Try;

/// What an act came to: what the set learnt by it, or why it was refused.
pub type Outcome = Result<Vec<Learned>>;

/// A kind of act.
pub struct Act {
    /// What the story calls it.
    pub name: &'static str,
    /// How often it is tried, beside the others.
    pub weight: u32,
    /// Tries it.
    pub run: fn(&mut Try<'_>) -> Outcome,
    /// Whether nobody in the set may ever do it.
    pub hopeless: bool,
}

/// An act.
pub const fn act(weight: u32, name: &'static str, run: fn(&mut Try<'_>) -> Outcome) -> Act {
    Act { name, weight, run, hopeless: false }
}

/// All that the set tries.
pub const ACTS: &[Act] = &[
    act(3, "make a person", make_person),
    act(4, "make a machine", make_machine),
    act(2, "make a user by name", make_by_name),
    act(3, "finish the wizard", finish_wizard),
    act(4, "change a role", change_role),
    act(3, "change an address", change_address),
    act(3, "change a profile", change_profile),
    act(3, "move home", move_home),
    act(2, "change a user by name", change_by_name),
    act(2, "disable", disable),
    act(4, "enable", enable),
    act(1, "delete", delete),
    act(1, "disable or revoke in bulk", in_bulk),
    act(2, "turn into a service account", turn_into_service),
    act(8, "set a membership", set_member),
    act(2, "set a membership by name", set_member_by_name),
    act(2, "end a membership", end_membership),
    act(2, "make a team", make_team),
    act(1, "rename a team", rename_team),
    act(1, "delete a team", delete_team),
    act(8, "make a token", make_token),
    act(3, "make a token by name", make_token_by_name),
    act(6, "make an own token", make_own_token),
    Act { hopeless: true, ..act(1, "make a global-admin token", make_global_admin) },
    act(1, "revoke a token", revoke_token),
    act(1, "end sessions", end_sessions),
    act(4, "hand out a link", hand_out_link),
    act(2, "use a link", use_link),
];

fn nothing<T>(outcome: Result<T>) -> Outcome {
    outcome.map(|_| Vec::new())
}

/// There is nothing to try it on.
pub fn none() -> Error {
    Error::NotFound("thing to try it on")
}

impl Try<'_> {
    fn org_role(&mut self) -> OrgRole {
        let less = [OrgRole::Member; 4];
        let role = self.dice.pick(&[&less[..], OrgRole::ALL].concat());
        self.tell(role.as_str());
        role
    }

    /// Any team role, predefined or custom.
    pub fn team_role(&mut self) -> RoleId {
        let all: Vec<_> = self.reading.roles.keys().copied().collect();
        let role = if self.dice.once_in(3) { RoleId::VIEWER } else { self.dice.pick(&all) };
        self.tell(format!("role {role}"));
        role
    }

    fn kind(&mut self) -> Kind {
        self.dice.pick(&[Kind::Service, Kind::Agent])
    }

    fn memberships(&mut self) -> Vec<(TeamId, RoleId)> {
        let count = self.dice.below(3);
        (0..count).filter_map(|_| Some((self.team()?, self.team_role()))).collect()
    }

    /// Scopes for a token, mostly such as the actor has.
    pub fn scopes(&mut self) -> PermissionSet {
        let own = PermissionSet::all_of(&[Resource::Own]);
        let held = self.power.anywhere().or(own);
        let scopes = match self.dice.below(8) {
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
            _ => self.dice.once_in(3).then(|| self.dice.some(&all)),
        };
        if let Some(limit) = &limit {
            self.tell(format!("limited to {limit:?}"));
        }
        limit
    }

    fn new_user(&mut self, kind: Kind) -> NewUser {
        let name = self.fresh("u");
        let role = self.org_role();
        let teams = self.memberships();
        let home = if kind != Kind::Person && self.dice.once_in(2) { self.team() } else { None };
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
        Ok(vec![Learned::Token(KnownToken::new(&minted))])
    }
}

fn invited(created: Created) -> Vec<Learned> {
    let user = created.user.id;
    created
        .invitation
        .map(|secret| Learned::Link(user, latchkey::model::links::Purpose::Invitation, secret))
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
    let team_of = |name: &str| TeamWanted { name: name.to_owned(), role: Some("Viewer".into()) };
    let named = by.team_name();
    let wanted = UserWanted {
        user_type: Some(kind.as_str().into()),
        name: new.display_name,
        username: (kind == Kind::Person).then_some(new.username),
        email: (kind == Kind::Person).then_some(new.email),
        role: new.role.as_str().into(),
        teams: named.iter().map(|name| team_of(name)).collect(),
        home_team: None,
        description: None,
    };
    by.write(|cx| by_name::create_user(cx, wanted)).map(invited)
}

fn finish_wizard(by: &mut Try<'_>) -> Outcome {
    let kind = by.kind();
    let user = by.new_user(kind);
    let token = by.new_token();
    let (_, minted) = by.write(|cx| wizard::finish(cx, user, token))?;
    Ok(vec![Learned::Token(KnownToken::new(&minted))])
}

fn change_role(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|_| true).ok_or_else(none)?;
    let role = by.org_role();
    by.change(user, UserChange { role: Some(role), ..UserChange::default() })
}

fn change_address(by: &mut Try<'_>) -> Outcome {
    let user =
        if by.dice.once_in(3) { by.me } else { by.account(|account| account.kind == Kind::Person).ok_or_else(none)? };
    let email = Some(format!("{}{MAILBOX}", by.fresh("e")));
    by.change(user, UserChange { email, ..UserChange::default() })
}

fn change_profile(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|_| true).ok_or_else(none)?;
    let contact = by.account(|account| account.kind == Kind::Person).filter(|_| by.dice.once_in(2));
    let display_name = Some(by.fresh("d"));
    by.change(user, UserChange { display_name, contact: contact.map(Some), ..UserChange::default() })
}

fn move_home(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.kind != Kind::Person).ok_or_else(none)?;
    let home_team = if by.dice.once_in(6) { Some(TeamId::PUBLIC) } else { by.team() };
    by.change(user, UserChange { home_team, ..UserChange::default() })
}

fn change_by_name(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|_| true).ok_or_else(none)?;
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
    let user = by.account(|account| account.enabled).ok_or_else(none)?;
    nothing(by.write(|cx| users::disable(cx, user)))
}

fn enable(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| !account.enabled).ok_or_else(none)?;
    nothing(by.write(|cx| users::enable(cx, user)))
}

fn delete(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|_| true).ok_or_else(none)?;
    by.write(|cx| users::delete(cx, user, None)).map(|()| Vec::new())
}

fn in_bulk(by: &mut Try<'_>) -> Outcome {
    let users: Vec<_> = (0..2).filter_map(|_| by.account(|_| true)).collect();
    let act = by.dice.pick(&[bulk::Act::Disable, bulk::Act::Revoke]);
    nothing(by.write(|cx| bulk::run(cx, &users, act)))
}

fn turn_into_service(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.kind == Kind::Person).ok_or_else(none)?;
    let home = by.team().ok_or_else(none)?;
    nothing(by.write(|cx| users::turn_into_service(cx, user, home)))
}

fn set_member(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.team().ok_or_else(none)?, by.account(|_| true).ok_or_else(none)?);
    let role = by.team_role();
    nothing(by.write(|cx| members::set(cx, team, user, role)))
}

fn set_member_by_name(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.team().ok_or_else(none)?, by.account(|_| true).ok_or_else(none)?);
    let role = by.dice.pick(&["Viewer", "Editor", "Maintainer", "Owner"]);
    by.tell(role);
    nothing(by.write(|cx| by_name::set_member(cx, team, user, role)))
}

fn end_membership(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| !account.teams.is_empty()).ok_or_else(none)?;
    let teams: Vec<_> = by.reading.accounts[&user].teams.keys().copied().collect();
    let team = by.dice.pick(&teams);
    by.tell(format!("team {team}"));
    nothing(by.write(|cx| members::remove(cx, team, user)))
}

fn make_team(by: &mut Try<'_>) -> Outcome {
    let name = by.fresh("team");
    nothing(by.write(|cx| teams::create(cx, &name, "", None)))
}

fn rename_team(by: &mut Try<'_>) -> Outcome {
    let (team, name) = (by.team().ok_or_else(none)?, by.fresh("team"));
    nothing(by.write(|cx| teams::update(cx, team, &name, "", None)))
}

fn delete_team(by: &mut Try<'_>) -> Outcome {
    let team = by.team().ok_or_else(none)?;
    nothing(by.write(|cx| teams::delete(cx, team)))
}

fn make_token(by: &mut Try<'_>) -> Outcome {
    let kind = by.dice.pick(&[Some(Kind::Service), Some(Kind::Agent), None]);
    let user = by.account(|account| kind.is_none_or(|kind| account.kind == kind)).ok_or_else(none)?;
    let new = by.new_token();
    by.make_token(user, new)
}

fn make_token_by_name(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.kind != Kind::Person).ok_or_else(none)?;
    let teams = by.team_name().filter(|_| by.dice.once_in(2)).map(|name| vec![name]);
    let wanted = TokenWanted {
        name: by.fresh("t"),
        expires_in_days: Some(1),
        scopes: Some(by.scopes().iter().map(|scope| scope.to_string()).collect()),
        teams,
        ..TokenWanted::default()
    };
    let minted = by.write(|cx| by_name::create_token(cx, user, wanted))?;
    Ok(vec![Learned::Token(KnownToken::new(&minted))])
}

fn make_own_token(by: &mut Try<'_>) -> Outcome {
    let new = by.new_token();
    by.make_token(by.me, new)
}

fn make_global_admin(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|_| true).ok_or_else(none)?;
    let new = NewToken { global_admin: true, scopes: PermissionSet::EMPTY, teams: None, ..by.new_token() };
    by.make_token(user, new)
}

fn revoke_token(by: &mut Try<'_>) -> Outcome {
    let all: Vec<_> = by.reading.tokens.iter().map(|(id, pass)| (*id, pass.user)).collect();
    let (token, user) = by.dice.any(&all).ok_or_else(none)?;
    by.tell(format!("token {token}"));
    nothing(by.write(|cx| tokens::revoke(cx, user, token)))
}

fn end_sessions(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.kind == Kind::Person).ok_or_else(none)?;
    nothing(by.write(|cx| users::end_sessions(cx, user)))
}

fn hand_out_link(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.kind == Kind::Person).ok_or_else(none)?;
    let (_, purpose, secret) = by.write(|cx| links::issue_for(cx, user))?;
    Ok(vec![Learned::Link(user, purpose, secret)])
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
