//! Reading and verifying the audit log.

use serde_json::{Map, Value, json};

use time::OffsetDateTime;

use super::app::{App, Cx};
use crate::base::clock::to_micros;
use crate::base::keys::Keys;
use crate::model::access::Place;
use crate::model::actor::{Actor, Who};
use crate::model::audit::{Broken, Entry, Event, Head, Verifier};
use crate::model::ids::{TeamId, UserId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::store::{self, Tx};

/// Adds an entry to the chain, in the transaction of what it tells of.
///
/// # Errors
/// A fault.
pub(super) fn append(tx: &mut Tx<'_>, keys: &Keys, (actor, now): (&Actor, OffsetDateTime), event: Event) -> Result<()> {
    let head = store::audit::head(tx)?;
    let mut teams = event.teams();
    if let Some(target) = event.target.as_ref().filter(|target| matches!(target.kind, "service" | "agent")) {
        // One that was just deleted named its home before.
        teams.extend(store::users::find(tx, UserId(target.id))?.and_then(|account| account.home_team));
    }
    let (kind, token) = match &actor.who {
        Who::User(identity) => (identity.standing.kind.slug(), actor.token()),
        Who::Cli => ("cli", None),
        Who::System => ("system", None),
        Who::Anonymous => ("anonymous", None),
    };
    let (target_kind, target_id, target_name) = match event.target {
        Some(target) => (Some(target.kind.to_owned()), Some(target.id), Some(target.name)),
        None => (None, None, None),
    };
    let entry = Entry {
        seq: head.seq + 1,
        at: to_micros(now),
        actor_kind: kind.into(),
        actor_id: actor.id().map(|id| id.0),
        actor_name: actor.name().into(),
        token_id: token.map(|token| token.id.0),
        token_name: token.map(|token| token.name.clone()),
        action: event.action.into(),
        target_kind,
        target_id,
        target_name,
        outcome: event.outcome.as_str().into(),
        reason: event.reason,
        before: event.before.map(|value| value.to_string()),
        after: event.after.map(|value| value.to_string()),
        address: actor.origin.address.clone(),
        user_agent: actor.origin.user_agent.clone(),
        request_id: actor.origin.request_id.clone(),
    };
    let mac = entry.mac(&keys.audit, &head.mac);
    store::audit::append(tx, &entry, &mac, &teams)
}

const READ: Permission = Permission::new(Resource::Audit, Action::Read);

/// A page of what a user did and of what was done to them, the newest first.
///
/// # Errors
/// A refusal.
pub fn of_user(cx: &mut Cx<'_, '_>, id: UserId, request: &PageRequest) -> Result<Page<Entry>> {
    let user = super::users::get(cx, id)?.user;
    cx.attempt("audit.read");
    if !cx.actor.owns(id, Action::Read) {
        cx.actor.may(READ, Place::of_home(user.home_team))?;
    }
    let mut page = store::audit::of_user(cx.tx, id, request)?;
    for entry in &mut page.items {
        redact(cx, id, entry)?;
    }
    Ok(page)
}

/// A page of what was done to a team, to its memberships, and to the service accounts at home in it and their tokens, the
/// newest first.
///
/// # Errors
/// A refusal.
pub fn of_team(cx: &mut Cx<'_, '_>, id: TeamId, request: &PageRequest) -> Result<Page<Entry>> {
    super::teams::get(cx, id)?;
    cx.attempt("audit.read");
    cx.actor.may(READ, Place::of_home(Some(id)))?;
    let mut page = store::audit::of_team(cx.tx, id, request)?;
    if !cx.actor.can(READ, Place::Everywhere) {
        for entry in &mut page.items {
            keep_of_team(id, entry);
            hide_elsewhere(cx, None, entry)?;
        }
    }
    Ok(page)
}

/// Leaves of what was done to somebody who is not at home in the team what it did to their membership: the rest, such as the
/// tokens that went with an account, lies elsewhere. Whom it was done to is told, since that is why the entry is here.
fn keep_of_team(team: TeamId, entry: &mut Entry) {
    let parsed = [&entry.before, &entry.after].map(|json| serde_json::from_str(json.as_deref()?).ok());
    let [before, after]: [Option<Value>; 2] = parsed;
    let homes: Vec<_> =
        [&before, &after].into_iter().flatten().filter_map(|json| json["home_team"]["id"].as_i64()).collect();
    let person = entry.target_kind.as_deref() == Some(Kind::Person.slug());
    if !(person && homes.is_empty()) && (homes.is_empty() || homes.contains(&team.0)) {
        return;
    }
    let kept = |json: Option<Value>| {
        let json = json?;
        let of_membership = if json["team"].is_object() { &["team", "role"][..] } else { &["teams"][..] };
        let kept: Map<_, _> =
            of_membership.iter().filter_map(|key| Some(((*key).to_owned(), json.get(*key)?.clone()))).collect();
        Some(Value::Object(kept).to_string())
    };
    (entry.before, entry.after) = (kept(before), kept(after));
}

const UNSEEN: &str = "something that you may not see";

/// Takes out of an entry what the caller may not know of: what it was done to, where that is somebody else, a role or
/// a team elsewhere, and the names of teams.
fn redact(cx: &mut Cx<'_, '_>, about: UserId, entry: &mut Entry) -> Result<()> {
    if cx.actor.can(READ, Place::Everywhere) {
        return Ok(());
    }
    let target = entry.target_kind.as_deref().zip(entry.target_id);
    let visible = match target {
        None => true,
        Some(("role", _)) => super::roles::may_read(cx),
        Some(("team", id)) => super::teams::is_known(cx, TeamId(id)),
        Some((kind, id)) if Kind::from_slug(kind).is_some() => UserId(id) == about || sees(cx, UserId(id))?,
        Some(_) => false,
    };
    if !visible {
        entry.target_name = Some(UNSEEN.into());
        (entry.before, entry.after, entry.reason) = (None, None, None);
    }
    hide_elsewhere(cx, Some(about), entry)
}

/// Takes out the names of others' tokens and of teams that the caller may not know of.
fn hide_elsewhere(cx: &mut Cx<'_, '_>, about: Option<UserId>, entry: &mut Entry) -> Result<()> {
    let by_whom = entry.actor_id.map(UserId);
    if by_whom.is_some() && by_whom != about && !by_whom.map_or(Ok(true), |id| sees(cx, id))? {
        entry.token_name = None;
    }
    for json in [&mut entry.before, &mut entry.after].into_iter().flatten() {
        *json = without_hidden_teams(cx, json);
    }
    Ok(())
}

fn sees(cx: &mut Cx<'_, '_>, id: UserId) -> Result<bool> {
    match super::users::get(cx, id) {
        Ok(_) => Ok(true),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The same JSON without the names of teams that the caller may not know of.
fn without_hidden_teams(cx: &Cx<'_, '_>, json: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return String::new() };
    for field in ["team", "home_team"] {
        if let Some(team) = value.get_mut(field) {
            hide(cx, team);
        }
    }
    for team in value.get_mut("teams").and_then(Value::as_array_mut).into_iter().flatten() {
        hide(cx, team);
    }
    value.to_string()
}

fn hide(cx: &Cx<'_, '_>, team: &mut Value) {
    let known = team["id"].as_i64().is_some_and(|id| super::teams::is_known(cx, TeamId(id)));
    if !known && team.is_object() {
        *team = json!({ "name": "a team that you may not see" });
    }
}

/// Walks the whole chain, comparing it with a head that was shown earlier.
///
/// # Errors
/// A fault of the store; a chain that does not hold is the inner error.
pub fn verify(app: &App, shown: Option<Head>) -> Result<Result<Head, Broken>> {
    app.store.read(|tx| {
        let mut verifier = Verifier::new(&app.keys.audit, shown);
        let mut last = 0;
        loop {
            let entries = store::audit::after(tx, last, 1_000)?;
            if entries.is_empty() {
                return Ok(verifier.finish());
            }
            for (entry, mac) in entries {
                if let Err(broken) = verifier.next(&entry, &mac) {
                    return Ok(Err(broken));
                }
                last = entry.seq;
            }
        }
    })
}

/// The last entry's number and code, to be kept elsewhere.
///
/// # Errors
/// A fault.
pub fn head(app: &App) -> Result<Head> {
    app.store.read(store::audit::head)
}
