//! Requests as programs write them: teams by their names, roles and scopes as words. What is wrong with any of it is told
//! together with what is wrong with the other fields, and all of it is resolved in the transaction that uses it.

mod applications;
mod tokens;

use std::str::FromStr;

use super::app::{Cx, account};
use super::users::{self, Created, UserChange};
use crate::model::access::Place;
use crate::model::error::Problems;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::permissions::{Action, Permission};
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, names};

pub use applications::{ApplicationWanted, change_application, create_application, put_scope};
pub use tokens::{TokenEdit, TokenWanted, change_token, create_token};

const MACHINE_EMAIL: &str = "The address of a service account is made by Latchkey and cannot be chosen.";
const AGENTS_HAVE_ONE: &str = "Only AI agents have a sponsor.";
const PEOPLE_HAVE_NO: &str = "Only service and agent accounts have this.";

/// A team that is named, and the role wanted in it.
#[derive(Clone, Debug)]
pub struct TeamWanted {
    /// Its name, in any case.
    pub name: String,
    /// The team role; the least where none is named.
    pub role: Option<String>,
}

/// Somebody who is named.
#[derive(Clone, Debug)]
pub enum PersonNamed {
    /// By their id.
    Id(UserId),
    /// By their username.
    Username(String),
}

/// A new account.
#[derive(Clone, Debug, Default)]
pub struct UserWanted {
    /// `Service` where none is named.
    pub user_type: Option<String>,
    /// The display name.
    pub name: String,
    /// Made from the name for service and agent accounts where it is left out.
    pub username: Option<String>,
    /// A person's address.
    pub email: Option<String>,
    /// The organisation role.
    pub role: String,
    /// The teams, the home of a service or agent account first.
    pub teams: Vec<TeamWanted>,
    /// Another home than the first team.
    pub home_team: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who answers for an agent; whoever asks, where that is a person and nobody is named.
    pub sponsor: Option<PersonNamed>,
}

/// Makes an account.
///
/// # Errors
/// A refusal, or everything that is wrong with the fields.
pub fn create_user(cx: &mut Cx<'_, '_>, wanted: UserWanted) -> Result<Created> {
    cx.attempt("user.create");
    let mut problems = Problems::default();
    let kind = match &wanted.user_type {
        Some(text) => word(&mut problems, "user_type", text),
        None => Some(Kind::Service),
    };
    may_create(cx, kind.unwrap_or(Kind::Service))?;
    not_too_many("teams", &wanted.teams)?;
    let role = word(&mut problems, "role", &wanted.role);
    let teams = memberships(cx, &wanted.teams, &mut problems)?;
    let home_team = match &wanted.home_team {
        Some(name) => team(cx, "home_team", name, &mut problems)?,
        None => None,
    };
    match kind {
        Some(Kind::Person) if home_team.is_some() => problems.add("home_team", PEOPLE_HAVE_NO),
        Some(Kind::Service | Kind::Agent) if wanted.email.is_some() => problems.add("email", MACHINE_EMAIL),
        _ => {}
    }
    if kind.is_some_and(|kind| kind != Kind::Agent) && wanted.sponsor.is_some() {
        problems.add("sponsor", AGENTS_HAVE_ONE);
    }
    let sponsor = match &wanted.sponsor {
        Some(named) if kind == Some(Kind::Agent) => person(cx, "sponsor", named, &mut problems)?,
        _ => None,
    };
    cx.attempt("user.create");
    let new = users::NewUser {
        kind: kind.unwrap_or(Kind::Service),
        username: wanted.username.unwrap_or_default(),
        display_name: wanted.name,
        email: wanted.email.unwrap_or_default(),
        role: role.unwrap_or(OrgRole::Member),
        teams,
        home_team,
        description: wanted.description.unwrap_or_default(),
        sponsor,
        name_field: "name",
        form_key: None,
    };
    if !problems.is_empty() {
        problems.merge(users::checked(cx, &new))?;
        problems.check()?;
    }
    users::create(cx, new)
}

/// Whoever may make no such account anywhere is told that, and not what is wrong with the fields.
fn may_create(cx: &Cx<'_, '_>, kind: Kind) -> Result<()> {
    match kind {
        Kind::Person => cx.actor.may(Permission::new(kind.resource(), Action::Create), Place::Everywhere),
        Kind::Service | Kind::Agent => users::may_create_somewhere(cx).map(drop),
    }
}

/// What is to be changed of an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another display name.
    pub name: Option<String>,
    /// Another username.
    pub username: Option<String>,
    /// Another address; people only.
    pub email: Option<String>,
    /// Another organisation role.
    pub role: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another contact, or none; service and agent accounts only.
    pub contact: Option<Option<UserId>>,
    /// Another person who answers for it, or nobody, which is refused; agents only.
    pub sponsor: Option<Option<PersonNamed>>,
    /// Another home team; service and agent accounts only.
    pub home_team: Option<String>,
    /// Switched on or off.
    pub enabled: Option<bool>,
}

/// Changes an account.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, a refusal, or everything that is
/// wrong with the fields.
pub fn change_user(cx: &mut Cx<'_, '_>, id: UserId, edit: UserEdit) -> Result<User> {
    let before = users::get(cx, id)?.user;
    cx.attempt("user.update");
    let manages = edit.username.as_ref().is_some_and(|name| *name != before.username)
        || edit.role.as_ref().is_some_and(|role| role != before.role.as_str())
        || edit.contact.is_some()
        || edit.sponsor.is_some()
        || edit.home_team.is_some()
        || edit.enabled.is_some();
    users::may_ask(cx, &before, manages)?;
    let mut problems = Problems::default();
    let role = edit.role.as_deref().and_then(|text| word(&mut problems, "role", text));
    let home_team = match &edit.home_team {
        Some(name) => team(cx, "home_team", name, &mut problems)?,
        None => None,
    };
    if before.kind == Kind::Person {
        for (field, given) in [("contact", edit.contact.is_some()), ("home_team", edit.home_team.is_some())] {
            if given {
                problems.add(field, PEOPLE_HAVE_NO);
            }
        }
    }
    let sponsor = match &edit.sponsor {
        Some(_) if before.kind != Kind::Agent => {
            problems.add("sponsor", AGENTS_HAVE_ONE);
            None
        }
        Some(None) => {
            problems.take(Err::<(), _>(users::sponsor_missing()));
            None
        }
        Some(Some(named)) => person(cx, "sponsor", named, &mut problems)?,
        None => None,
    };
    cx.attempt("user.update");
    cx.on(account(&before));
    let change = UserChange {
        version: edit.version,
        username: edit.username,
        display_name: edit.name,
        email: edit.email,
        role,
        description: edit.description,
        contact: edit.contact,
        sponsor,
        home_team,
        name_field: Some("name"),
    };
    if !problems.is_empty() {
        problems.merge(users::changed(cx, &before, &change))?;
        problems.check()?;
    }
    let user = users::update(cx, id, change)?;
    match edit.enabled {
        Some(true) => users::enable(cx, id),
        Some(false) => users::disable(cx, id),
        None => Ok(user),
    }
}

/// Turns a person into a service account whose home is the team of this name.
///
/// # Errors
/// A refusal, an unknown team, or the last Admin.
pub fn turn_into_service(cx: &mut Cx<'_, '_>, id: UserId, home: &str) -> Result<User> {
    users::turning_into_service(cx, id)?;
    let mut problems = Problems::default();
    let home = team(cx, "home_team", home, &mut problems)?;
    problems.check()?;
    users::turn_into_service(cx, id, home.unwrap_or(TeamId::PUBLIC))
}

/// Makes a user a member with the role of this name, or changes the role.
///
/// # Errors
/// A refusal, an unknown role, or `Public`, where nobody has a role.
pub fn set_member(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId, role: &str) -> Result<()> {
    super::members::setting(cx, team, user)?;
    let role = super::roles::named(cx, "role", role)?;
    super::members::set(cx, team, user, role)
}

/// The most teams or scopes that one request may name: each is looked up while others wait to write.
const MOST: usize = 100;

/// Refuses a list that is too long before any of it is looked up.
fn not_too_many<T>(field: &str, named: &[T]) -> Result<()> {
    if named.len() <= MOST {
        return Ok(());
    }
    Err(Error::field(field, format!("Name at most {MOST}.")))
}

fn memberships(cx: &mut Cx<'_, '_>, wanted: &[TeamWanted], problems: &mut Problems) -> Result<Vec<(TeamId, RoleId)>> {
    let mut teams: Vec<(TeamId, RoleId)> = Vec::new();
    for (at, TeamWanted { name, role }) in wanted.iter().enumerate() {
        let role = match role {
            Some(text) => known_role(cx, &format!("teams/{at}/role"), text, problems)?,
            None => RoleId::VIEWER,
        };
        let field = format!("teams/{at}");
        let known = |id| teams.iter().any(|(other, _)| *other == id);
        if let Some(id) = one_more(cx, &field, name, &known, problems)? {
            teams.push((id, role));
        }
    }
    Ok(teams)
}

/// The named team role, or what is wrong with it and the least.
fn known_role(cx: &mut Cx<'_, '_>, field: &str, name: &str, problems: &mut Problems) -> Result<RoleId> {
    let found = super::roles::named(cx, field, name);
    let role = found.as_ref().map_or(RoleId::VIEWER, |role| *role);
    problems.merge(found)?;
    Ok(role)
}

/// The named team, where it is none that has been named already, nor `Public`.
fn one_more(
    cx: &mut Cx<'_, '_>,
    field: &str,
    name: &str,
    named: &dyn Fn(TeamId) -> bool,
    problems: &mut Problems,
) -> Result<Option<TeamId>> {
    let found = team(cx, field, name, problems)?;
    let wrong = match found {
        Some(id) if named(id) => format!("{} is named twice.", shown(name)),
        Some(id) if id.is_public() => "Everyone is in Public already, and nobody has a role there.".into(),
        other => return Ok(other),
    };
    problems.add(field, wrong);
    Ok(None)
}

fn team(cx: &mut Cx<'_, '_>, field: &str, name: &str, problems: &mut Problems) -> Result<Option<TeamId>> {
    let found = super::teams::by_name(cx, name)?;
    if found.is_none() {
        problems.add(field, format!("There is no team {}, or none that you may know of.", shown(name)));
    }
    Ok(found.map(|team| team.id))
}

/// No account has this id: a sponsor that is nobody is judged like any that cannot be one, and told once.
const NOBODY: UserId = UserId(0);

/// The named account, which the service then judges; told where there is none that the caller may know of.
fn person(cx: &mut Cx<'_, '_>, field: &str, named: &PersonNamed, problems: &mut Problems) -> Result<Option<UserId>> {
    let found = match named {
        PersonNamed::Id(id) => return Ok(Some(*id)),
        PersonNamed::Username(name) => users::by_username(cx, name)?,
    };
    if found.is_none() && field == "sponsor" {
        return Ok(Some(NOBODY));
    }
    if found.is_none() {
        problems.add(field, "There is no such person, or none that you may know of.");
    }
    Ok(found)
}

/// No more of a name than a name can be long.
fn shown(name: &str) -> String {
    format!("“{}”", name.chars().take(names::NAME_MAX).collect::<String>())
}

fn word<T: FromStr<Err: std::fmt::Display>>(problems: &mut Problems, field: &str, text: &str) -> Option<T> {
    text.parse().map_err(|error: T::Err| problems.add(field, error.to_string())).ok()
}
