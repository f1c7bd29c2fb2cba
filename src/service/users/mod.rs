//! Users: making, looking, changing, switching off, removing.

mod acts;
mod change;
mod create;
mod effective;
mod naming;
mod rights;
mod sponsor;
mod turn;

use crate::model::actor::Sight;
use crate::model::ids::UserId;
use crate::model::page::{Page, PageRequest};
use crate::model::teams::{Membership, Team};
use crate::model::tokens::Summary;
use crate::model::users::{Kind, User, UserFilter, UserSort, UserState};
use crate::model::{Error, Result};
use crate::service::app::{Cx, account};
use crate::store;
use crate::store::users::Lookup;
use serde_json::json;

pub(in crate::service) use acts::target;
pub use acts::{delete, deleting, disable, disabling, enable, enabling, end_sessions, ending_sessions};
pub use change::{UserChange, update};
pub(in crate::service) use change::{changed, may_ask};
pub use create::{Created, NewUser, create, creating, may_create_somewhere, plan};
pub use effective::{At, Effective, Granted, effective};
pub(in crate::service) use naming::checked;
pub use naming::{Preview, preview};
pub use rights::{Rights, rights, row_rights};
pub(in crate::service) use sponsor::missing as sponsor_missing;
pub use sponsor::{sponsors_in_sight, unfit as sponsor_unfit};
pub use turn::{
    PersonWanted, person_username, turn_into_person, turn_into_service, turning_into_person, turning_into_service,
};

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

/// A page of the users that the caller may know of.
///
/// # Errors
/// A cursor that is none, or a fault.
pub fn page(cx: &mut Cx<'_, '_>, filter: &UserFilter, sort: UserSort, request: &PageRequest) -> Result<Page<UserInfo>> {
    cx.attempt("user.list");
    let sight = cx.actor.sight();
    if filter.team.is_some_and(|team| !crate::service::teams::is_known(cx, team)) {
        return Ok(Page::empty());
    }
    let order = if request.descending { "-" } else { "" };
    let page = request.of_list(&format!("users {order}{sort}"), |request| {
        store::users::page(cx.tx, filter, sort, request, (&sight, cx.now))
    })?;
    let ids: Vec<_> = page.items.iter().map(|user| user.id).collect();
    let mut teams = store::memberships::of_users(cx.tx, &ids)?;
    let mut tokens = store::tokens::summaries(cx.tx, &ids, (cx.actor.agents_stopped, cx.now))?;
    Ok(page.map(|user| {
        let teams = teams.remove(&user.id).unwrap_or_default();
        let tokens = tokens.remove(&user.id).unwrap_or_default();
        info(cx, user, teams, tokens)
    }))
}

fn info(cx: &Cx<'_, '_>, mut user: User, teams: Vec<Membership>, tokens: Summary) -> UserInfo {
    user.last_seen_at = user.last_seen_at.max(cx.app.uses.of_user(user.id));
    let has_team = !teams.is_empty();
    let state = UserState::of(&user, has_team, tokens.usable > 0, cx.actor.agents_stopped);
    // A person knows their own teams by whatever they come in with. Of a machine's token it is not known who holds it.
    let own = cx.actor.id() == Some(user.id) && user.kind == Kind::Person;
    let known = |team: &Membership| own || crate::service::teams::is_known(cx, team.team);
    let teams = teams.into_iter().filter(known).collect();
    UserInfo { user, teams, has_team, tokens, state }
}

/// How many users the caller may know of: all, people, service accounts, agents. Pages tell no more than 10,000.
///
/// # Errors
/// A fault.
pub fn counts(cx: &mut Cx<'_, '_>) -> Result<[i64; 4]> {
    let sight = cx.actor.sight();
    let [people, services, agents] = store::users::counts(cx.tx, &sight)?;
    Ok([people + services + agents, people, services, agents])
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
    let tokens = store::tokens::summaries(cx.tx, &[user.id], (cx.actor.agents_stopped, cx.now))?
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

/// Names of users, for contacts, sponsors and makers.
///
/// # Errors
/// A fault.
pub fn named(cx: &mut Cx<'_, '_>, id: Option<UserId>) -> Result<Option<User>> {
    match id {
        Some(id) => store::users::find(cx.tx, id),
        None => Ok(None),
    }
}

/// An account's home team, where the caller may know of it.
///
/// # Errors
/// A fault.
pub fn home(cx: &mut Cx<'_, '_>, user: &User) -> Result<Option<Team>> {
    let known = user.home_team.filter(|id| crate::service::teams::is_known(cx, *id));
    known.map(|id| store::teams::get(cx.tx, id)).transpose()
}

/// What the audit log keeps of an account's teams.
fn teams_told(cx: &mut Cx<'_, '_>, id: UserId) -> Result<serde_json::Value> {
    let teams = store::memberships::of_user(cx.tx, id)?;
    Ok(teams
        .into_iter()
        .map(|team| json!({ "id": team.team, "name": team.team_name, "role": team.role_name }))
        .collect())
}

/// What the audit log keeps of an account: names beside ids, since entries outlive what they tell of.
fn profile(cx: &mut Cx<'_, '_>, user: &User) -> Result<serde_json::Value> {
    let home = user.home_team.map(|id| store::teams::get(cx.tx, id)).transpose()?;
    let home = home.map(|team| json!({ "id": team.id, "name": team.name }));
    let contact = named(cx, user.contact)?.map(|person| json!({ "id": person.id, "name": person.username }));
    let sponsor = named(cx, user.sponsor)?.map(|person| json!({ "id": person.id, "name": person.username }));
    let mut told = json!({
        "kind": user.kind,
        "username": user.username,
        "display_name": user.display_name,
        "email": user.email,
        "role": user.role,
        "description": user.description,
        "contact": contact,
        "home_team": home,
        "enabled": user.is_enabled(),
    });
    if user.kind == Kind::Agent {
        told["sponsor"] = sponsor.into();
    }
    Ok(told)
}

/// People who may be named as contact or sponsor, by part of their name.
///
/// # Errors
/// A fault.
pub fn lookup_people(cx: &mut Cx<'_, '_>, text: &str, limit: i64) -> Result<Vec<User>> {
    let found = store::users::lookup(cx.tx, &Lookup { text, machines: false, outside: None, by_email: true }, limit)?;
    match cx.actor.sight() {
        Sight::All => Ok(found),
        Sight::Some { .. } => {
            let mut seen = Vec::new();
            for user in found {
                let teams: Vec<_> =
                    store::memberships::roles(cx.tx, user.id)?.into_iter().map(|(team, _)| team).collect();
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
