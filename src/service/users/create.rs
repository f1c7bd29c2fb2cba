//! Making accounts.

use super::naming::{Checked, checked};
use super::{named, teams_told};
use crate::model::access::{Holdings, Place, Standing};
use crate::model::audit::Target;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, names};
use crate::service::app::{Cx, account};
use crate::service::links::{self, Issued};
use crate::service::teams;
use crate::store;
use serde_json::json;

/// What the form for a new account, or the API, asks for.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What it stands for.
    pub kind: Kind,
    /// Its username; made from the display name for service and agent accounts where it is empty.
    pub username: String,
    /// Its display name.
    pub display_name: String,
    /// A person's address; ignored for others.
    pub email: String,
    /// What it may do everywhere.
    pub role: OrgRole,
    /// Its teams, the home team of a service or agent account first.
    pub teams: Vec<(TeamId, RoleId)>,
    /// Another home than the first team.
    pub home_team: Option<TeamId>,
    /// What it is for.
    pub description: String,
    /// The person who answers for an agent; whoever makes it, where none is named and that is a person. Ignored for others.
    pub sponsor: Option<UserId>,
    /// Under what name the form calls the display name, for errors.
    pub name_field: &'static str,
    /// The form's key, so that sending it twice makes one account.
    pub form_key: Option<String>,
}

/// A new account.
pub struct Created {
    /// It.
    pub user: User,
    /// A person's invitation, this once.
    pub invitation: Option<Issued>,
}

/// Makes an account.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, new: NewUser) -> Result<Created> {
    let (home, _) = allowed(cx, &new)?;
    cx.first_time(new.form_key.as_deref())?;
    let Checked { username, display_name, email, description, sponsor } = checked(cx, &new)?;
    let contact = person_acting(cx).filter(|_| new.kind != Kind::Person);
    let row = store::users::NewUser {
        kind: new.kind,
        username: &username,
        display_name: &display_name,
        email: email.as_deref(),
        role: new.role,
        description: &description,
        contact,
        sponsor,
        home_team: home,
        password_hash: None,
    };
    let user = store::users::insert(cx.tx, &row, cx.now)?;
    for (team, role) in &new.teams {
        store::memberships::set(cx.tx, user.id, *team, *role, cx.now)?;
    }
    cx.made(new.form_key.as_deref(), user.id.0)?;
    let roles = teams_told(cx, user.id)?;
    let mut told =
        json!({ "username": user.username, "display_name": user.display_name, "role": user.role, "teams": roles });
    if let Some(sponsor) = named(cx, user.sponsor)? {
        told["sponsor"] = json!({ "id": sponsor.id, "name": sponsor.username });
    }
    cx.done(account(&user), None, Some(told))?;
    let invitation = match user.kind {
        Kind::Person => Some(links::new_invitation(cx, &user)?),
        Kind::Service | Kind::Agent => None,
    };
    Ok(Created { user, invitation })
}

/// Whoever acts, where that is a person: only people are contacts.
pub(super) fn person_acting(cx: &Cx<'_, '_>) -> Option<UserId> {
    cx.actor.identity().filter(|who| who.standing.kind == Kind::Person).map(|who| who.id)
}

/// Asks everything that [`create`] asks, and makes nothing: the username the account would get, and how it would stand.
///
/// # Errors
/// Those of [`create`].
pub fn plan(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<(String, Standing)> {
    let (_, standing) = allowed(cx, new)?;
    Ok((checked(cx, new)?.username, standing))
}

pub(super) fn trying(cx: &mut Cx<'_, '_>, new: &NewUser) {
    cx.attempt("user.create");
    cx.on(Target { kind: new.kind.slug(), id: 0, name: names::tidy(&new.display_name) });
}

/// The rules for a new account: the permission in its home, nothing granted beyond one's own, teams one may fill. Its home,
/// and how it would stand.
fn allowed(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<(Option<TeamId>, Standing)> {
    trying(cx, new);
    let home = home_of(new);
    cx.actor.may_manage(new.kind)?;
    cx.actor.may(Permission::new(new.kind.resource(), Action::Create), Place::of_home(home))?;
    if let Some(home) = home {
        teams::there_is(cx, home, "home_team")?;
    }
    let mut teams = Vec::new();
    for (team, role) in &new.teams {
        teams.push((*team, store::roles::get(cx.tx, *role)?.grants));
    }
    let standing = Standing { kind: new.kind, role: new.role, teams };
    cx.actor.may_grant(&Holdings::latent(&standing))?;
    cx.actor.may_make(new.role)?;
    for (team, _) in &new.teams {
        may_assign(cx, *team, home)?;
    }
    Ok((home, standing))
}

/// The home of a new service or agent account: the one named, else the first team chosen, else `Public`.
fn home_of(new: &NewUser) -> Option<TeamId> {
    let first = || new.teams.first().map(|(team, _)| *team);
    (new.kind != Kind::Person).then(|| new.home_team.or_else(first).unwrap_or(TeamId::PUBLIC))
}

/// Membership is `teams:update` there; an account's own home takes it in with the account.
fn may_assign(cx: &mut Cx<'_, '_>, team: TeamId, home: Option<TeamId>) -> Result<()> {
    if team.is_public() {
        return Err(Error::field("teams", "Everyone is in Public already, and nobody has a role there."));
    }
    teams::there_is(cx, team, "teams")?;
    if home == Some(team) {
        return Ok(());
    }
    cx.actor.may(Permission::new(Resource::Teams, Action::Update), Place::Team(team))
}

/// The teams in which the caller may make service accounts; `None` for all of them.
///
/// # Errors
/// They may in none.
pub fn may_create_somewhere(cx: &Cx<'_, '_>) -> Result<Option<Vec<TeamId>>> {
    let create = Permission::new(Resource::ServiceAccounts, Action::Create);
    cx.actor.may_manage(Kind::Service)?;
    if cx.actor.can(create, Place::Everywhere) {
        return Ok(None);
    }
    let teams = cx.actor.teams_with(create);
    if teams.is_empty() { Err(Error::lacks(create)) } else { Ok(Some(teams)) }
}

/// Lets those go on who may make people.
///
/// # Errors
/// A refusal.
pub fn creating(cx: &mut Cx<'_, '_>) -> Result<()> {
    cx.attempt("user.create");
    cx.actor.may(Permission::new(Resource::Users, Action::Create), Place::Everywhere)
}
