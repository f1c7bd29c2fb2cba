//! Writing, reading and verifying the audit log.

mod export;
mod redact;
mod retention;
mod search;

use time::OffsetDateTime;

use self::redact::Eyes;
pub use export::Export;
pub use retention::retain;
pub use search::{Found, entry, may_read, page, reading, same_request};

use super::app::{App, Cx};
use crate::base::clock::to_micros;
use crate::base::keys::Keys;
use crate::model::Result;
use crate::model::access::Place;
use crate::model::actor::{Actor, Who};
use crate::model::audit::{Broken, Entry, Event, Head, Verified, Verifier};
use crate::model::ids::{ApplicationId, TeamId, UserId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
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
    if let Some(target) = event.target.as_ref().filter(|target| target.kind == "application") {
        // One that was just deleted named its home before.
        let found = store::applications::many(tx, [ApplicationId(target.id)])?;
        teams.extend(found.into_iter().map(|application| application.home));
    }
    let (kind, token) = match &actor.who {
        Who::User(identity) => (identity.standing.kind.slug(), actor.token()),
        Who::Application { .. } => ("application", None),
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
    let mut page =
        request.of_list(&format!("log of user {id}"), |request| store::audit::of_user(cx.tx, id, request))?;
    let mut eyes = Eyes::default();
    for entry in &mut page.items {
        eyes.redact(cx, id, entry)?;
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
    let mut page =
        request.of_list(&format!("log of team {id}"), |request| store::audit::of_team(cx.tx, id, request))?;
    if !cx.actor.can(READ, Place::Everywhere) {
        let mut eyes = Eyes::default();
        for entry in &mut page.items {
            eyes.of_teams(cx, &[id], entry)?;
        }
    }
    Ok(page)
}

/// Walks the whole chain, comparing it with a head that was shown earlier.
///
/// # Errors
/// A fault of the store; a chain that does not hold is the inner error.
pub fn verify(app: &App, shown: Option<Head>) -> Result<Result<Verified, Broken>> {
    app.store.read(|tx| {
        let boundary = store::audit::boundary(tx)?;
        let mut verifier = match Verifier::new(&app.keys.audit, shown, boundary) {
            Ok(verifier) => verifier,
            Err(broken) => return Ok(Err(broken)),
        };
        let mut last = i64::MIN;
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
