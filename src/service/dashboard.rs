//! The first page: how much there is, and what needs attention.

use time::Duration;

use super::app::Cx;
use super::users::UserInfo;
use crate::model::Result;
use crate::model::access::Place;
use crate::model::actor::Sight;
use crate::model::page::PageRequest;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::tokens::{Leak, Token};
use crate::model::users::{AnswersFor, User, UserFilter, UserSort, UserState};
use crate::store;
use crate::store::tokens::Attention;
use crate::store::users::Alone;

/// How many of each an overview lists.
const LISTED: i64 = 5;
/// For how long a leaked token stands there.
const LEAKED_FOR: Duration = Duration::days(30);

/// What the dashboard shows. Counts stop after 10,000.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// All users, people, service accounts, agents.
    pub users: [i64; 4],
    /// Teams, where the caller may read all of them.
    pub teams: Option<i64>,
    /// Good tokens, where the caller may read all of them.
    pub tokens: Option<i64>,
    /// Service and agent accounts that can do nothing yet.
    pub idle: Vec<UserInfo>,
    /// People who have not accepted their invitation.
    pub invited: Vec<UserInfo>,
    /// Tokens that somebody found where none belongs, with whose they are.
    pub leaked: Vec<(Token, User, Leak)>,
    /// Tokens that end soon, with whose they are.
    pub ending: Vec<(Token, User)>,
    /// Tokens that never end, with whose they are.
    pub endless: Vec<(Token, User)>,
    /// Service and agent accounts that nobody is the contact of.
    pub without_contact: Vec<User>,
    /// Agents that nobody is the sponsor of.
    pub without_sponsor: Vec<User>,
    /// Disabled people who are still the contact or sponsor of service and agent accounts, with how many.
    pub leavers: Vec<(User, AnswersFor)>,
}

/// Gathers what the caller may know of.
///
/// # Errors
/// A fault.
pub fn overview(cx: &mut Cx<'_, '_>) -> Result<Overview> {
    let reads = |resource| cx.actor.can(Permission::new(resource, Action::Read), Place::Everywhere);
    let (all_teams, all_tokens) = (reads(Resource::Teams), reads(Resource::Tokens));
    let all_users = cx.actor.sight() == Sight::All;
    Ok(Overview {
        users: super::users::counts(cx)?,
        teams: if all_teams { Some(store::teams::count(cx.tx)?) } else { None },
        tokens: if all_tokens { Some(store::tokens::count(cx.tx, cx.now)?) } else { None },
        idle: in_state(cx, UserState::Idle)?,
        invited: in_state(cx, UserState::Invited)?,
        leaked: leaked(cx)?,
        ending: attention(cx, Attention::Ending)?,
        endless: attention(cx, Attention::Endless)?,
        without_contact: if all_users { store::users::without(cx.tx, Alone::Contact, LISTED)? } else { Vec::new() },
        without_sponsor: if all_users { store::users::without(cx.tx, Alone::Sponsor, LISTED)? } else { Vec::new() },
        leavers: if all_users { leavers(cx)? } else { Vec::new() },
    })
}

fn leavers(cx: &mut Cx<'_, '_>) -> Result<Vec<(User, AnswersFor)>> {
    let counts = store::users::leavers(cx.tx, LISTED)?;
    let people = store::users::many(cx.tx, &counts.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    let named = |(id, n)| people.iter().find(|person| person.id == id).map(|person| (person.clone(), n));
    Ok(counts.into_iter().filter_map(named).collect())
}

fn in_state(cx: &mut Cx<'_, '_>, state: UserState) -> Result<Vec<UserInfo>> {
    let filter = UserFilter { state: Some(state), ..UserFilter::default() };
    Ok(super::users::page(cx, &filter, UserSort::Name, &PageRequest::first(LISTED))?.items)
}

const READ_TOKENS: Permission = Permission::new(Resource::Tokens, Action::Read);

fn attention(cx: &mut Cx<'_, '_>, what: Attention) -> Result<Vec<(Token, User)>> {
    let looked_at = looked_at(cx);
    let tokens = store::tokens::attention(cx.tx, what, cx.now, looked_at)?;
    readable(cx, tokens)
}

fn leaked(cx: &mut Cx<'_, '_>) -> Result<Vec<(Token, User, Leak)>> {
    let looked_at = looked_at(cx);
    let tokens = store::leaks::lately(cx.tx, cx.now - LEAKED_FOR, looked_at)?;
    let found = readable(cx, tokens)?;
    let mut leaks = store::leaks::of(cx.tx, found.iter().map(|(token, _)| token))?;
    Ok(found.into_iter().filter_map(|(token, user)| leaks.remove(&token.id).map(|leak| (token, user, leak))).collect())
}

/// How many have to be looked at to find some that the caller may read.
fn looked_at(cx: &Cx<'_, '_>) -> i64 {
    if cx.actor.can(READ_TOKENS, Place::Everywhere) { LISTED } else { 200 }
}

/// The first of these tokens that are of accounts whose tokens the caller may read.
fn readable(cx: &mut Cx<'_, '_>, tokens: Vec<Token>) -> Result<Vec<(Token, User)>> {
    let owners: Vec<_> = tokens.iter().map(|token| token.user).collect();
    let owners = store::users::many(cx.tx, &owners)?;
    let mut found = Vec::new();
    for token in tokens {
        let Some(owner) = owners.iter().find(|user| user.id == token.user) else {
            continue;
        };
        let readable =
            cx.actor.owns(owner.id, Action::Read) || cx.actor.can(READ_TOKENS, Place::of_home(owner.home_team));
        if readable && found.len() < 5 {
            found.push((token, owner.clone()));
        }
    }
    Ok(found)
}
