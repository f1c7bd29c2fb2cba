//! The log by filters, for whoever may read all of it or that of some teams.

use super::READ;
use super::redact::Eyes;
use crate::model::access::Place;
use crate::model::audit::{Entry, Filter, Named, no_such_actor};
use crate::model::ids::TeamId;
use crate::model::page::{Cursor, Key, Page, PageRequest};
use crate::model::{Error, Result};
use crate::service::app::Cx;
use crate::store;
use crate::store::audit::{Hits, Range};
use crate::store::users::Unique;

/// How many entries of teams are read at once.
const BATCH: usize = 200;
/// How many entries of teams are gone through for one page.
const CAP: usize = 1_000;

/// A page of the log.
#[derive(Debug)]
pub struct Found {
    /// Entries, the newest first.
    pub page: Page<Entry>,
    /// Where the search was broken off before the page was full: the last entry that was looked at.
    pub looked_until: Option<Entry>,
}

/// What of the log a reader may read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of it.
    All,
    /// What is filed under these teams, without what they may not know of.
    Teams(Vec<TeamId>),
}

impl Scope {
    /// That of the caller.
    ///
    /// # Errors
    /// A refusal, for whoever may read none of it.
    pub(super) fn of(cx: &Cx<'_, '_>) -> Result<Self> {
        if cx.actor.can(READ, Place::Everywhere) {
            return Ok(Self::All);
        }
        let teams = cx.actor.holdings.teams_with(READ);
        if teams.is_empty() { Err(Error::lacks(READ)) } else { Ok(Self::Teams(teams)) }
    }
}

/// Whether the caller may read the log, or that of a team.
pub fn may_read(cx: &Cx<'_, '_>) -> bool {
    Scope::of(cx).is_ok()
}

/// Whether it is the whole log that the caller reads.
///
/// # Errors
/// A refusal, for whoever may read none of it.
pub fn reading(cx: &mut Cx<'_, '_>) -> Result<bool> {
    cx.attempt("audit.list");
    Ok(matches!(Scope::of(cx)?, Scope::All))
}

/// A page of the entries that `filter` asks for, the newest first.
///
/// # Errors
/// A refusal, or what is wrong with the filter.
pub fn page(cx: &mut Cx<'_, '_>, filter: &Filter, request: &PageRequest) -> Result<Found> {
    cx.attempt("audit.list");
    let scope = Scope::of(cx)?;
    let filter = settled(cx, &scope, filter)?;
    let mut looked_until = None;
    let page = request.of_list("audit", |request| {
        let (page, until) = look(cx, (&scope, &filter), request)?;
        looked_until = until;
        Ok(page)
    })?;
    Ok(Found { page, looked_until })
}

/// A page, and where the search was broken off before it was full.
fn look(
    cx: &mut Cx<'_, '_>,
    (scope, filter): (&Scope, &Filter),
    request: &PageRequest,
) -> Result<(Page<Entry>, Option<Entry>)> {
    let edge = request.cursor.as_ref().map(|cursor| cursor.id);
    let backwards = request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let whole = Range { first: 1, last: store::audit::head(cx.tx)?.seq, rising: backwards };
    let range = edge.map_or(whole, |edge| whole.behind(edge));
    let limit = usize::try_from(request.limit).unwrap_or_default();
    let hits = find(cx, scope, filter, range, limit)?;
    let looked_until = match hits.more.filter(|_| hits.broken_off && !backwards) {
        Some(seq) => store::audit::get(cx.tx, seq)?,
        None => None,
    };
    Ok((built(hits, edge, backwards), looked_until))
}

/// The filter with the account that it names; nobody else is told whom a name belongs to.
pub(super) fn settled(cx: &mut Cx<'_, '_>, scope: &Scope, filter: &Filter) -> Result<Filter> {
    let mut filter = filter.clone();
    if let (Scope::All, Some(Named::Name(name))) = (scope, &filter.actor) {
        let id = match store::users::taken_by(cx.tx, Unique::Username, name, None)? {
            Some(id) => Some(id.0),
            None => store::audit::last_account_named(cx.tx, name)?,
        };
        filter.actor = Some(Named::Id(id.ok_or_else(no_such_actor)?));
    }
    Ok(filter)
}

/// Up to `limit` entries of `range` for a reader with this scope. The filter is [`settled`].
pub(super) fn find(cx: &mut Cx<'_, '_>, scope: &Scope, filter: &Filter, range: Range, limit: usize) -> Result<Hits> {
    match scope {
        Scope::All => store::audit::find(cx.tx, filter, range, limit),
        Scope::Teams(teams) => find_in(cx, teams, filter, range, limit),
    }
}

/// Filters what is left of each entry, so that nothing is found by what may not be known of it.
fn find_in(cx: &mut Cx<'_, '_>, teams: &[TeamId], filter: &Filter, range: Range, limit: usize) -> Result<Hits> {
    let Some(mut range) = store::audit::between(cx.tx, filter, range)? else { return Ok(Hits::default()) };
    let (mut eyes, mut entries) = (Eyes::default(), Vec::new());
    for _ in 0..CAP / BATCH {
        let (batch, cut) = store::audit::of_teams(cx.tx, teams, range, BATCH)?;
        let seen = batch.last().map(|entry| entry.seq);
        for mut entry in batch {
            eyes.of_teams(cx, teams, &mut entry)?;
            if filter.matches(&entry) {
                entries.push(entry);
            }
        }
        if entries.len() > limit {
            entries.truncate(limit);
            return Ok(Hits { more: entries.last().map(|entry| entry.seq), broken_off: false, entries });
        }
        match seen.filter(|_| cut) {
            Some(seq) => range = range.behind(seq),
            None => return Ok(Hits { entries, more: None, broken_off: false }),
        }
    }
    let seen = if range.rising { range.first - 1 } else { range.last + 1 };
    Ok(Hits { entries, more: Some(seen), broken_off: true })
}

fn built(hits: Hits, edge: Option<i64>, backwards: bool) -> Page<Entry> {
    let cursor = |seq, backwards| Cursor::at(Key::Number(seq), seq, backwards);
    let mut items = hits.entries;
    if backwards {
        items.reverse();
        // Where nothing newer is left, the entries behind the edge follow, the one at the edge among them.
        let next = items.last().map(|entry| entry.seq).or(edge.map(|edge| edge.saturating_add(1)));
        return Page {
            next: next.map(|seq| cursor(seq, false)),
            previous: hits.more.map(|seq| cursor(seq, true)),
            items,
            by_age: false,
        };
    }
    let before = edge.map(|edge| items.first().map_or(edge.saturating_sub(1), |entry| entry.seq));
    let (next, previous) = (hits.more.map(|seq| cursor(seq, false)), before.map(|seq| cursor(seq, true)));
    Page { next, previous, items, by_age: false }
}

/// One entry that the caller may read.
///
/// # Errors
/// [`Error::NotFound`] where there is none, or none they may know of.
pub fn entry(cx: &mut Cx<'_, '_>, seq: i64) -> Result<Entry> {
    cx.attempt("audit.list");
    let gone = || Error::NotFound("audit entry");
    let scope = Scope::of(cx).map_err(|_| gone())?;
    let found = store::audit::get(cx.tx, seq)?.ok_or_else(gone)?;
    visible(cx, &scope, vec![found])?.pop().ok_or_else(gone)
}

/// The other entries of the request that `entry` was written in, in order.
///
/// # Errors
/// A refusal.
pub fn same_request(cx: &mut Cx<'_, '_>, entry: &Entry) -> Result<Vec<Entry>> {
    let scope = Scope::of(cx)?;
    let Some(request) = &entry.request_id else { return Ok(Vec::new()) };
    let mut found = store::audit::of_request(cx.tx, entry.seq, request)?;
    found.retain(|other| other.seq != entry.seq);
    visible(cx, &scope, found)
}

/// Those that a reader with this scope may know of, and what they may know of them.
fn visible(cx: &mut Cx<'_, '_>, scope: &Scope, entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let Scope::Teams(teams) = scope else { return Ok(entries) };
    let (mut eyes, mut seen) = (Eyes::default(), Vec::new());
    for mut entry in entries {
        if store::audit::is_filed_under(cx.tx, entry.seq, teams)? {
            eyes.of_teams(cx, teams, &mut entry)?;
            seen.push(entry);
        }
    }
    Ok(seen)
}
