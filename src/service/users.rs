//! Users: making, looking, changing, switching off, removing.

use serde_json::json;

use super::app::{Cx, account, differences};
use crate::base::secret::Secret;
use crate::model::access::{Holdings, Place, Standing};
use crate::model::actor::Sight;
use crate::model::audit::Target;
use crate::model::error::Problems;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::{OrgRole, TeamRole};
use crate::model::teams::{Membership, Team};
use crate::model::tokens::Summary;
use crate::model::users::{Kind, User, UserFilter, UserSort, UserState};
use crate::model::{Error, FieldError, Result, names};
use crate::store;
use crate::store::db::LAST_ADMIN;
use crate::store::users::Unique;

/// A user with what lists and pages tell of them.
#[derive(Clone, Debug)]
pub struct UserInfo {
    /// The account.
    pub user: User,
    /// Its teams besides `Public`, those that the caller may know of.
    pub teams: Vec<Membership>,
    /// Whether it is in any team besides `Public`, known to the caller or not.
    pub has_team: bool,
    /// Its tokens in figures.
    pub tokens: Summary,
    /// How it stands.
    pub state: UserState,
}

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
    pub teams: Vec<(TeamId, TeamRole)>,
    /// Another home than the first team.
    pub home_team: Option<TeamId>,
    /// What it is for.
    pub description: String,
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
    pub invitation: Option<Secret>,
}

/// Makes an account.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, new: NewUser) -> Result<Created> {
    let (home, _) = allowed(cx, &new)?;
    cx.first_time(new.form_key.as_deref())?;
    let (username, display_name, email, description) = checked(cx, &new)?;
    let contact = cx.actor.id().filter(|_| new.kind != Kind::Person);
    let contact = contact.filter(|_| cx.actor.identity().is_some_and(|who| who.standing.kind == Kind::Person));
    let row = store::users::NewUser {
        kind: new.kind,
        username: &username,
        display_name: &display_name,
        email: email.as_deref(),
        role: new.role,
        description: &description,
        contact,
        home_team: home,
        password_hash: None,
    };
    let user = store::users::insert(cx.tx, &row, cx.now)?;
    for (team, role) in &new.teams {
        store::memberships::set(cx.tx, user.id, *team, *role, cx.now)?;
    }
    cx.made(new.form_key.as_deref(), user.id.0)?;
    let roles: Vec<_> = new
        .teams
        .iter()
        .map(|(team, role)| json!({ "team_id": team.0, "role": role }))
        .collect();
    cx.done(
        account(&user),
        None,
        Some(
            json!({ "username": user.username, "display_name": user.display_name, "role": user.role, "teams": roles }),
        ),
    )?;
    let invitation = match user.kind {
        Kind::Person => Some(super::links::new_invitation(cx, &user)?),
        Kind::Service | Kind::Agent => None,
    };
    Ok(Created { user, invitation })
}

/// Asks everything that [`create`] asks, and makes nothing: the username the account would get, and what it would hold.
///
/// # Errors
/// Those of [`create`].
pub fn plan(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<(String, Holdings)> {
    let (_, holdings) = allowed(cx, new)?;
    let (username, ..) = checked(cx, new)?;
    Ok((username, holdings))
}

/// The rules for a new account: the permission in its home, nothing granted beyond one's own, teams one may fill. Its home,
/// and what it would hold.
fn allowed(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<(Option<TeamId>, Holdings)> {
    cx.attempt("user.create");
    cx.on(Target {
        kind: new.kind.slug(),
        id: 0,
        name: new.display_name.chars().take(names::NAME_MAX).collect(),
    });
    let home = home_of(new);
    cx.actor.may(
        Permission::new(new.kind.resource(), Action::Create),
        Place::of_home(home),
    )?;
    if let Some(home) = home {
        there_is(cx, home, "home_team")?;
    }
    let standing = Standing {
        kind: new.kind,
        role: new.role,
        teams: new.teams.clone(),
    };
    let holdings = Holdings::of(&standing);
    cx.actor.may_grant(&holdings)?;
    for (team, _) in &new.teams {
        may_assign(cx, *team, home)?;
    }
    Ok((home, holdings))
}

/// A team of a form is still there.
fn there_is(cx: &mut Cx<'_, '_>, team: TeamId, field: &'static str) -> Result<Team> {
    store::teams::get(cx.tx, team).map_err(|error| match error {
        Error::NotFound(_) => Error::field(field, "This team does not exist any more. Choose again."),
        other => other,
    })
}

/// The home of a new service or agent account: the one named, else the first team chosen, else `Public`.
fn home_of(new: &NewUser) -> Option<TeamId> {
    let first = || new.teams.first().map(|(team, _)| *team);
    (new.kind != Kind::Person).then(|| new.home_team.or_else(first).unwrap_or(TeamId::PUBLIC))
}

/// Membership is `teams:update` there; an account's own home takes it in with the account.
fn may_assign(cx: &mut Cx<'_, '_>, team: TeamId, home: Option<TeamId>) -> Result<()> {
    if team.is_public() {
        return Err(Error::field(
            "teams",
            "Everyone is in Public already, and nobody has a role there.",
        ));
    }
    there_is(cx, team, "teams")?;
    if home == Some(team) {
        return Ok(());
    }
    cx.actor
        .may(Permission::new(Resource::Teams, Action::Update), Place::Team(team))
}

pub(super) type Names = (String, String, Option<String>, String);

/// Checks the names of a new account: their form, and that they are free.
pub(super) fn checked(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<Names> {
    let mut problems = Problems::default();
    let display = problems.take(names::display(new.name_field, &new.display_name));
    let made = new.username.trim().is_empty() && new.kind != Kind::Person;
    let username = if made {
        let id = display.as_deref().and_then(|name| names::account_id(name, new.kind));
        if id.is_none() && display.is_some() {
            problems.add(new.name_field, NOTHING_LEFT);
        }
        id
    } else {
        problems.take(names::username(&new.username, new.kind))
    };
    let email = match new.kind {
        Kind::Person => problems.take(names::email(&new.email)),
        Kind::Service | Kind::Agent => None,
    };
    let description = problems.take(names::description(&new.description));
    let mut clash =
        |cx: &mut Cx<'_, '_>, what, value: &Option<String>, field: &'static str, message: String| -> Result<()> {
            if let Some(value) = value
                && store::users::taken_by(cx.tx, what, value, None)?.is_some()
            {
                problems.add(field, message);
            }
            Ok(())
        };
    let suggestion = match &display {
        Some(name) => suggest(cx, name, new.kind)?,
        None => None,
    };
    let is_free = |free: Option<String>| free.map(|free| format!(" {free} is free.")).unwrap_or_default();
    let free_id = suggestion.as_ref().and_then(|free| names::account_id(free, new.kind));
    let hint = is_free(suggestion);
    let username_hint = if made { hint.clone() } else { is_free(free_id) };
    let username_field = if made { new.name_field } else { "username" };
    let called = username.clone().unwrap_or_default();
    clash(
        cx,
        Unique::DisplayName,
        &display,
        new.name_field,
        format!("This name is taken.{hint}"),
    )?;
    let same_field = made && clash_reported(&display, cx)?;
    if !same_field {
        clash(
            cx,
            Unique::Username,
            &username,
            username_field,
            format!("The username {called} is taken.{username_hint}"),
        )?;
    }
    clash(
        cx,
        Unique::Email,
        &email,
        "email",
        "Another user has this email address.".into(),
    )?;
    problems.check()?;
    Ok((
        username.unwrap_or_default(),
        display.unwrap_or_default(),
        email,
        description.unwrap_or_default(),
    ))
}

fn clash_reported(display: &Option<String>, cx: &mut Cx<'_, '_>) -> Result<bool> {
    match display {
        Some(name) => Ok(store::users::taken_by(cx.tx, Unique::DisplayName, name, None)?.is_some()),
        None => Ok(true),
    }
}

const NOTHING_LEFT: &str = "Nothing is left of this name once it is written in a to z and 0 to 9. Use some of these.";

/// A name near `name` that is free with the username it gives; `None` where there is none near.
fn suggest(cx: &mut Cx<'_, '_>, name: &str, kind: Kind) -> Result<Option<String>> {
    let base: String = name.chars().take(names::NAME_MAX - 4).collect();
    for number in 2..100 {
        let candidate = format!("{base} {number}");
        let id = names::account_id(&candidate, kind);
        let free = store::users::taken_by(cx.tx, Unique::DisplayName, &candidate, None)?.is_none()
            && match id {
                Some(id) => store::users::taken_by(cx.tx, Unique::Username, &id, None)?.is_none(),
                None => kind == Kind::Person,
            };
        if free {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// What a service account of this name would be called, or what is wrong with the name.
pub struct Preview {
    /// The username it would get.
    pub id: Option<String>,
    /// What is wrong.
    pub error: Option<String>,
    /// A name that is free.
    pub suggestion: Option<String>,
}

/// Looks ahead at the username that `name` gives.
///
/// # Errors
/// The caller makes no service accounts, or a fault.
pub fn preview(cx: &mut Cx<'_, '_>, name: &str) -> Result<Preview> {
    cx.attempt("user.create");
    may_create_somewhere(cx)?;
    let display = match names::display("name", name) {
        Ok(display) => display,
        Err(error) => {
            return Ok(Preview {
                id: None,
                error: Some(error.message),
                suggestion: None,
            });
        }
    };
    let Some(id) = names::account_id(&display, Kind::Service) else {
        return Ok(Preview {
            id: None,
            error: Some(NOTHING_LEFT.into()),
            suggestion: None,
        });
    };
    let name_taken = store::users::taken_by(cx.tx, Unique::DisplayName, &display, None)?.is_some();
    let id_taken = store::users::taken_by(cx.tx, Unique::Username, &id, None)?.is_some();
    if !(name_taken || id_taken) {
        return Ok(Preview {
            id: Some(id),
            error: None,
            suggestion: None,
        });
    }
    let what = if name_taken {
        "This name".to_owned()
    } else {
        format!("The username {id}")
    };
    let suggestion = suggest(cx, &display, Kind::Service)?;
    let hint = suggestion
        .as_ref()
        .map(|free| format!(" {free} is free."))
        .unwrap_or_default();
    Ok(Preview {
        id: None,
        error: Some(format!("{what} is taken.{hint}")),
        suggestion,
    })
}

/// The teams in which the caller may make service accounts; `None` for all of them.
///
/// # Errors
/// They may in none.
pub fn may_create_somewhere(cx: &Cx<'_, '_>) -> Result<Option<Vec<TeamId>>> {
    let create = Permission::new(Resource::ServiceAccounts, Action::Create);
    if cx.actor.can(create, Place::Everywhere) {
        return Ok(None);
    }
    let teams = cx.actor.holdings.teams_with(create);
    if teams.is_empty() {
        Err(Error::lacks(create))
    } else {
        Ok(Some(teams))
    }
}

/// A page of the users that the caller may know of.
///
/// # Errors
/// A cursor that is none, or a fault.
pub fn page(cx: &mut Cx<'_, '_>, filter: &UserFilter, sort: UserSort, request: &PageRequest) -> Result<Page<UserInfo>> {
    cx.attempt("user.list");
    let sight = cx.actor.sight();
    let page = store::users::page(cx.tx, filter, sort, request, (&sight, cx.now))?;
    let ids: Vec<_> = page.items.iter().map(|user| user.id).collect();
    let mut teams = store::memberships::of_users(cx.tx, &ids)?;
    let mut tokens = store::tokens::summaries(cx.tx, &ids, cx.now)?;
    Ok(page.map(|user| {
        let teams = teams.remove(&user.id).unwrap_or_default();
        let tokens = tokens.remove(&user.id).unwrap_or_default();
        info(cx, user, teams, tokens)
    }))
}

fn info(cx: &Cx<'_, '_>, user: User, teams: Vec<Membership>, tokens: Summary) -> UserInfo {
    let has_team = !teams.is_empty();
    let state = UserState::of(&user, has_team, tokens.usable > 0);
    let known = |team: &Membership| cx.actor.id() == Some(user.id) || super::teams::is_known(cx, team.team);
    let teams = teams.into_iter().filter(known).collect();
    UserInfo {
        user,
        teams,
        has_team,
        tokens,
        state,
    }
}

/// How many users the caller may know of: all, people, service accounts, agents. Counting stops after 10,000.
///
/// # Errors
/// A fault.
pub fn counts(cx: &mut Cx<'_, '_>) -> Result<[i64; 4]> {
    let sight = cx.actor.sight();
    let mut of = |kind| store::users::count(cx.tx, kind, None, (&sight, cx.now));
    Ok([
        of(None)?,
        of(Some(Kind::Person))?,
        of(Some(Kind::Service))?,
        of(Some(Kind::Agent))?,
    ])
}

/// One user, whom the caller may know of.
///
/// # Errors
/// [`Error::NotFound`] where there is none, or none they may know of.
pub fn get(cx: &mut Cx<'_, '_>, id: UserId) -> Result<UserInfo> {
    cx.attempt("user.read");
    let user = store::users::get(cx.tx, id)?;
    let teams = store::memberships::roles(cx.tx, id)?;
    let ids: Vec<_> = teams.iter().map(|(team, _)| *team).collect();
    if !cx.actor.sees(&user, &ids) {
        return Err(Error::NotFound("user"));
    }
    cx.on(account(&user));
    described(cx, user)
}

/// What is told of a user whom the caller may know of: whom they have found, just made, or are themselves.
///
/// # Errors
/// A fault.
pub fn described(cx: &mut Cx<'_, '_>, user: User) -> Result<UserInfo> {
    let teams = store::memberships::of_user(cx.tx, user.id)?;
    let tokens = store::tokens::summaries(cx.tx, &[user.id], cx.now)?
        .remove(&user.id)
        .unwrap_or_default();
    Ok(info(cx, user, teams, tokens))
}

/// Goes on only where the account is still at the version it was read at.
///
/// # Errors
/// [`Error::Stale`] where it was changed meanwhile, [`Error::NotFound`] where there is none that the caller may know of.
pub fn at_version(cx: &mut Cx<'_, '_>, id: UserId, version: Option<i64>) -> Result<()> {
    match version {
        Some(version) if get(cx, id)?.user.version != version => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// Finds the user to act on: 404 where the caller may not know of them, 403 where they may not act.
pub(super) fn target(cx: &mut Cx<'_, '_>, id: UserId, action: &'static str, needs: Action) -> Result<User> {
    let user = get(cx, id)?.user;
    cx.attempt(action);
    cx.actor.may_act_on(&user, needs)?;
    Ok(user)
}

/// A user to whom the caller is about to do something.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of them, a refusal where they may not act.
pub fn acting(cx: &mut Cx<'_, '_>, id: UserId, action: &'static str, needs: Action) -> Result<UserInfo> {
    let user = target(cx, id, action, needs)?;
    described(cx, user)
}

/// Names of users, for contacts and makers.
///
/// # Errors
/// A fault.
pub fn named(cx: &mut Cx<'_, '_>, id: Option<UserId>) -> Result<Option<User>> {
    match id {
        Some(id) => store::users::find(cx.tx, id),
        None => Ok(None),
    }
}

/// An account's home team.
///
/// # Errors
/// A fault.
pub fn home(cx: &mut Cx<'_, '_>, user: &User) -> Result<Option<Team>> {
    user.home_team.map(|id| store::teams::get(cx.tx, id)).transpose()
}

/// What the caller may do with an account, for drawing the controls.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each control of a page")]
pub struct Rights {
    /// Change its profile.
    pub update: bool,
    /// Change its role, username, contact and home, and switch it off and on.
    pub manage: bool,
    /// Remove it.
    pub delete: bool,
    /// Change its teams.
    pub assign: bool,
    /// See its tokens.
    pub see_tokens: bool,
    /// Make tokens for it.
    pub make_tokens: bool,
    /// Revoke its tokens.
    pub revoke_tokens: bool,
    /// See what it did.
    pub see_activity: bool,
    /// Hand out a link that sets its password.
    pub link: bool,
    /// Give tokens the administration of everything.
    pub global_admin: bool,
}

/// What the caller may do with `user`.
///
/// # Errors
/// A fault.
pub fn rights(cx: &mut Cx<'_, '_>, user: &User) -> Result<Rights> {
    let mut rights = row_rights(cx, user);
    if user.kind == Kind::Person && rights.manage {
        let held = Holdings::of(&user.standing(store::memberships::roles(cx.tx, user.id)?));
        rights.link = user.is_enabled() && cx.actor.may_grant(&held).is_ok();
    }
    Ok(rights)
}

/// What the caller may do with a user of a list: all but handing out a link, which is not looked into.
pub fn row_rights(cx: &Cx<'_, '_>, user: &User) -> Rights {
    let own = |action| cx.actor.owns(user.id, action);
    let may = |action| cx.actor.may_act_on(user, action).is_ok();
    let home = Place::of_home(user.home_team);
    let admin_ok = user.role != OrgRole::Admin || cx.actor.is_admin();
    let token = |action| admin_ok && cx.actor.can(Permission::new(Resource::Tokens, action), home);
    let person = user.kind == Kind::Person;
    let assign = cx
        .actor
        .can(Permission::new(Resource::Teams, Action::Update), Place::Everywhere)
        || !cx
            .actor
            .holdings
            .teams_with(Permission::new(Resource::Teams, Action::Update))
            .is_empty();
    Rights {
        update: may(Action::Update) || own(Action::Update),
        manage: may(Action::Update),
        delete: may(Action::Delete),
        assign: assign && admin_ok,
        see_tokens: own(Action::Read) || cx.actor.can(Permission::new(Resource::Tokens, Action::Read), home),
        make_tokens: person && own(Action::Update) || token(Action::Create),
        revoke_tokens: own(Action::Update) || token(Action::Delete),
        see_activity: own(Action::Read) || cx.actor.can(Permission::new(Resource::Audit, Action::Read), home),
        link: false,
        global_admin: cx.actor.is_admin() && cx.actor.token().is_none(),
    }
}

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another username.
    pub username: Option<String>,
    /// Another display name.
    pub display_name: Option<String>,
    /// Another address; people only.
    pub email: Option<String>,
    /// Another organisation role.
    pub role: Option<OrgRole>,
    /// Another description.
    pub description: Option<String>,
    /// Another contact, or none; service and agent accounts only.
    pub contact: Option<Option<UserId>>,
    /// Another home team; service and agent accounts only.
    pub home_team: Option<TeamId>,
    /// Under what name the form calls the display name, for errors.
    pub name_field: Option<&'static str>,
}

/// Changes an account. Everyone may change their own display name and address; the rest is for those who manage it.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, a refusal, or what is wrong with the fields.
pub fn update(cx: &mut Cx<'_, '_>, id: UserId, change: UserChange) -> Result<User> {
    cx.attempt("user.update");
    let before = get(cx, id)?.user;
    cx.attempt("user.update");
    let after = changed(cx, &before, &change)?;
    authorise_change(cx, &before, &after)?;
    if change.version.is_some_and(|version| version != before.version) {
        return Err(Error::Stale);
    }
    check_clashes(cx, &after, change.name_field.unwrap_or("display_name"))?;
    if before.role == OrgRole::Admin && after.role != OrgRole::Admin {
        keep_an_admin(cx, &before)?;
    }
    if profile(&before) == profile(&after) {
        return Ok(before);
    }
    let updated = store::users::update(cx.tx, &after, cx.now)?;
    let (was, is) = differences(profile(&before), profile(&updated));
    cx.done(account(&updated), was, is)?;
    Ok(updated)
}

/// The account as it would be after `change`.
pub(super) fn changed(cx: &mut Cx<'_, '_>, before: &User, change: &UserChange) -> Result<User> {
    let mut problems = Problems::default();
    let mut after = before.clone();
    let person = before.kind == Kind::Person;
    if let Some(name) = &change.username {
        after.username = problems.take(names::username(name, before.kind)).unwrap_or_default();
    }
    if let Some(name) = &change.display_name {
        let field = change.name_field.unwrap_or("display_name");
        after.display_name = problems.take(names::display(field, name)).unwrap_or_default();
    }
    match &change.email {
        Some(email) if person => after.email = problems.take(names::email(email)).unwrap_or_default(),
        Some(email) if *email != before.email => {
            problems.add(
                "email",
                "The address of a service account is made by Latchkey and cannot be changed.",
            );
        }
        _ => {}
    }
    if let Some(text) = &change.description {
        after.description = problems.take(names::description(text)).unwrap_or_default();
    }
    after.role = change.role.unwrap_or(before.role);
    if let Some(contact) = change.contact.filter(|_| !person) {
        after.contact = problems.take(contact_of(cx, before, contact)?);
        after.contact = after.contact.filter(|_| contact.is_some());
    }
    if let Some(home) = change.home_team.filter(|_| !person) {
        there_is(cx, home, "home_team")?;
        after.home_team = Some(home);
    }
    problems.check()?;
    Ok(after)
}

/// A contact is an enabled person, or stays whoever it was.
fn contact_of(cx: &mut Cx<'_, '_>, before: &User, contact: Option<UserId>) -> Result<Result<UserId, FieldError>> {
    let Some(id) = contact else { return Ok(Ok(UserId(0))) };
    if before.contact == Some(id) {
        return Ok(Ok(id));
    }
    let good = store::users::find(cx.tx, id)?.is_some_and(|user| user.kind == Kind::Person && user.is_enabled());
    Ok(if good {
        Ok(id)
    } else {
        Err(FieldError::new(
            "contact",
            "The contact must be a person whose account is enabled.",
        ))
    })
}

fn authorise_change(cx: &mut Cx<'_, '_>, before: &User, after: &User) -> Result<()> {
    let own = User {
        display_name: after.display_name.clone(),
        email: after.email.clone(),
        description: after.description.clone(),
        ..before.clone()
    };
    if own == *after && cx.actor.owns(before.id, Action::Update) {
        return Ok(());
    }
    cx.actor.may_act_on(before, Action::Update)?;
    let teams = store::memberships::roles(cx.tx, before.id)?;
    let held = Holdings::of(&before.standing(teams.clone()));
    let will_hold = Holdings::of(&after.standing(teams));
    let widens = held.lack_against(&will_hold).is_some();
    if widens || before.email != after.email || before.home_team != after.home_team {
        cx.actor.may_grant(&will_hold)?;
    }
    if after.role == OrgRole::Admin && before.role != OrgRole::Admin && !cx.actor.is_admin() {
        return Err(Error::refused("Only Admins make Admins."));
    }
    if before.home_team != after.home_team {
        cx.actor.may(
            Permission::new(Resource::ServiceAccounts, Action::Create),
            Place::of_home(after.home_team),
        )?;
    }
    Ok(())
}

fn check_clashes(cx: &mut Cx<'_, '_>, user: &User, name_field: &'static str) -> Result<()> {
    let mut problems = Problems::default();
    for (what, value, field, message) in [
        (
            Unique::Username,
            &user.username,
            "username",
            "This username is taken. Choose another one.",
        ),
        (
            Unique::DisplayName,
            &user.display_name,
            name_field,
            "This name is taken. Choose another one.",
        ),
        (
            Unique::Email,
            &user.email,
            "email",
            "Another user has this email address.",
        ),
    ] {
        if store::users::taken_by(cx.tx, what, value, Some(user.id))?.is_some() {
            problems.add(field, message);
        }
    }
    problems.check()
}

fn profile(user: &User) -> serde_json::Value {
    json!({
        "kind": user.kind,
        "username": user.username,
        "display_name": user.display_name,
        "email": user.email,
        "role": user.role,
        "description": user.description,
        "contact_id": user.contact,
        "home_team_id": user.home_team,
        "enabled": user.is_enabled(),
    })
}

/// The last Admin who can log in stays one. The store says so too; this says it better.
fn keep_an_admin(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    let able = user.kind == Kind::Person && user.role == OrgRole::Admin && user.is_enabled() && user.has_password;
    if able && !store::users::other_able_admin(cx.tx, user.id)? {
        return Err(Error::Conflict(LAST_ADMIN.into()));
    }
    Ok(())
}

/// Switches an account off: its sessions end and its tokens stop at the next request.
///
/// # Errors
/// A refusal, or the last Admin.
pub fn disable(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.disable", Action::Update)?;
    if !user.is_enabled() {
        return Ok(user);
    }
    not_oneself(cx, &user, "disable")?;
    keep_an_admin(cx, &user)?;
    let disabled = store::users::update(
        cx.tx,
        &User {
            disabled_at: Some(cx.now),
            ..user
        },
        cx.now,
    )?;
    let sessions = store::sessions::delete_of_user(cx.tx, id, None)?;
    store::links::delete_of_user(cx.tx, id)?;
    cx.done(
        account(&disabled),
        Some(json!({ "enabled": true })),
        Some(json!({ "enabled": false, "sessions_ended": sessions })),
    )?;
    Ok(disabled)
}

fn not_oneself(cx: &Cx<'_, '_>, user: &User, what: &str) -> Result<()> {
    if cx.actor.id() == Some(user.id) {
        return Err(Error::Conflict(format!(
            "You cannot {what} your own account. Ask another administrator."
        )));
    }
    Ok(())
}

/// Switches an account on again, with all its power: so the caller must hold that much.
///
/// # Errors
/// A refusal.
pub fn enable(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.enable", Action::Update)?;
    if user.is_enabled() {
        return Ok(user);
    }
    let teams = store::memberships::roles(cx.tx, id)?;
    cx.actor.may_grant(&Holdings::of(&user.standing(teams)))?;
    let enabled = store::users::update(
        cx.tx,
        &User {
            disabled_at: None,
            ..user
        },
        cx.now,
    )?;
    cx.done(
        account(&enabled),
        Some(json!({ "enabled": false })),
        Some(json!({ "enabled": true })),
    )?;
    Ok(enabled)
}

/// Removes an account with its tokens, sessions and memberships. The audit log keeps what it did.
///
/// # Errors
/// A refusal, the last Admin, a username typed wrong, or a password that has to be typed again.
pub fn delete(cx: &mut Cx<'_, '_>, id: UserId, typed_username: Option<&str>) -> Result<()> {
    let user = target(cx, id, "user.delete", Action::Delete)?;
    not_oneself(cx, &user, "delete")?;
    keep_an_admin(cx, &user)?;
    if typed_username.is_some_and(|typed| typed.trim() != user.username) {
        return Err(Error::field("username", format!("Type {} to confirm.", user.username)));
    }
    cx.actor.typed_password_lately(cx.now)?;
    store::users::delete(cx.tx, id)?;
    cx.done(account(&user), Some(profile(&user)), None)
}

/// Turns a person into a service account: the password is erased, and every session and link ends. Tokens stay.
///
/// # Errors
/// A refusal, or the last Admin.
pub fn turn_into_service(cx: &mut Cx<'_, '_>, id: UserId, home: TeamId) -> Result<User> {
    let user = target(cx, id, "user.turn_into_service", Action::Update)?;
    if user.kind != Kind::Person {
        return Err(Error::Conflict(format!("{} is no person.", user.username)));
    }
    not_oneself(cx, &user, "turn into a service account")?;
    keep_an_admin(cx, &user)?;
    there_is(cx, home, "home_team")?;
    cx.actor.may(
        Permission::new(Resource::ServiceAccounts, Action::Create),
        Place::of_home(Some(home)),
    )?;
    cx.actor
        .may_grant(&Holdings::of(&user.standing(store::memberships::roles(cx.tx, id)?)))?;
    store::users::set_password(cx.tx, id, None)?;
    let sessions = store::sessions::delete_of_user(cx.tx, id, None)?;
    store::links::delete_of_user(cx.tx, id)?;
    let machine = User {
        kind: Kind::Service,
        email: store::users::dummy_email(&user, Kind::Service),
        home_team: Some(home),
        contact: cx.actor.id(),
        ..user.clone()
    };
    let machine = store::users::update(cx.tx, &machine, cx.now)?;
    let (was, is) = differences(profile(&user), profile(&machine));
    cx.done(
        account(&machine),
        was,
        is.map(|mut is| {
            is["sessions_ended"] = sessions.into();
            is
        }),
    )?;
    Ok(machine)
}

/// Ends all sessions of a person.
///
/// # Errors
/// A refusal.
pub fn end_sessions(cx: &mut Cx<'_, '_>, id: UserId) -> Result<usize> {
    let user = target(cx, id, "user.end_sessions", Action::Update)?;
    let ended = store::sessions::delete_of_user(cx.tx, id, None)?;
    cx.done(account(&user), None, Some(json!({ "sessions_ended": ended })))?;
    Ok(ended)
}

/// A permission that an account has, and the role it comes from.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The permission.
    pub permission: Permission,
    /// The role.
    pub role: &'static str,
    /// The team in which it counts; `None` for everywhere.
    pub team: Option<String>,
}

/// Each permission the account has at this moment, with the role and place it comes from.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of the user.
pub fn effective(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Vec<Granted>> {
    let UserInfo { user, teams, .. } = get(cx, id)?;
    let held = Holdings::of(&user.standing(store::memberships::roles(cx.tx, id)?));
    if held.anywhere().is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for permission in Permission::all().filter(|permission| permission.resource != Resource::Own) {
        let granted = |role, team| Granted { permission, role, team };
        if user.role.holds().has(permission) {
            found.push(granted(user.role.as_str(), None));
        }
        for team in teams.iter().filter(|team| team.role.holds().has(permission)) {
            found.push(granted(team.role.as_str(), Some(team.team_name.clone())));
        }
    }
    Ok(found)
}

/// The service and agent accounts that name this person as their contact, up to 20 that the caller may know of.
///
/// # Errors
/// A fault.
pub fn contact_for(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Vec<User>> {
    let mut seen = Vec::new();
    for user in store::users::with_contact(cx.tx, id, 20)? {
        let teams = store::memberships::roles(cx.tx, user.id)?;
        let teams: Vec<_> = teams.into_iter().map(|(team, _)| team).collect();
        if cx.actor.sees(&user, &teams) {
            seen.push(user);
        }
    }
    Ok(seen)
}

/// Lets those go on who may make people.
///
/// # Errors
/// A refusal.
pub fn creating(cx: &mut Cx<'_, '_>) -> Result<()> {
    cx.attempt("user.create");
    cx.actor
        .may(Permission::new(Resource::Users, Action::Create), Place::Everywhere)
}

/// People who may be named as contact, by part of their name.
///
/// # Errors
/// A fault.
pub fn lookup_people(cx: &mut Cx<'_, '_>, text: &str, limit: i64) -> Result<Vec<User>> {
    let found = store::users::lookup(cx.tx, text, Some(false), None, limit)?;
    match cx.actor.sight() {
        Sight::All => Ok(found),
        Sight::Some { .. } => {
            let mut seen = Vec::new();
            for user in found {
                let teams: Vec<_> = store::memberships::roles(cx.tx, user.id)?
                    .into_iter()
                    .map(|(team, _)| team)
                    .collect();
                if cx.actor.sees(&user, &teams) {
                    seen.push(user);
                }
            }
            Ok(seen)
        }
    }
}

/// The person of this username whom the caller may know of.
///
/// # Errors
/// A fault.
pub fn by_username(cx: &mut Cx<'_, '_>, username: &str) -> Result<Option<UserId>> {
    let Some(user) = store::users::by_login(cx.tx, username)? else {
        return Ok(None);
    };
    match get(cx, user.id) {
        Ok(info) => Ok(Some(info.user.id)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
