//! Entries by filters.
//!
//! Each filter that an index answers brings a list of numbers, in order and capped. One that ends before the cap holds all that
//! there can be; of several the shortest is gone through, or, where all are cut off, the one that reaches furthest. What is
//! read for a page is therefore bounded whatever the size of the log; where that was not enough to fill it, the page says from
//! which entry to go on.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::index::HOUR;
use super::lists::{Index, Listed, driver, facets};
use super::{Row, entries};
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::audit::{Entry, Filter, Named};
use crate::model::ids::TeamId;
use crate::model::page::PageRequest;
use crate::store::db::{Tx, failed};
use crate::store::sql::{Condition, Sql, Statement, condition, sql};

/// The newest (or oldest) entries that are looked at before any index is asked: frequent things are among them.
pub(super) const GLANCE: i64 = 256;
/// How many entries of an index are gone through for one page.
pub(super) const CAP: usize = 1_000;
/// How many entries are read at once.
const CHUNK: usize = 128;
/// How many teams are merged one by one.
const TEAMS: usize = 60;

/// Where to look: entries from `first` to `last`, in rising or falling order.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The oldest.
    pub first: i64,
    /// The newest.
    pub last: i64,
    /// Oldest first.
    pub rising: bool,
}

impl Range {
    /// What is left of it behind `seq`.
    #[must_use]
    pub fn behind(self, seq: i64) -> Self {
        if self.rising {
            Self { first: self.first.max(seq.saturating_add(1)), ..self }
        } else {
            Self { last: self.last.min(seq.saturating_sub(1)), ..self }
        }
    }

    fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// Its first `count` numbers, and the last of these.
    fn begin(self, count: i64) -> (Self, i64) {
        if self.rising {
            let last = self.first.saturating_add(count - 1).min(self.last);
            (Self { last, ..self }, last)
        } else {
            let first = self.last.saturating_sub(count - 1).max(self.first);
            (Self { first, ..self }, first)
        }
    }

    pub(super) fn order(self) -> &'static str {
        if self.rising { "ASC" } else { "DESC" }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Hits {
    /// Entries, in order.
    pub entries: Vec<Entry>,
    /// The entry behind which to go on, where there may be more.
    pub more: Option<i64>,
    /// Whether the search was broken off before there were enough.
    pub broken_off: bool,
}

/// Up to `limit` entries of `range` that `filter` asks for. Its actor is an id, if any.
///
/// # Errors
/// A fault.
pub fn find(tx: &mut Tx<'_>, filter: &Filter, range: Range, limit: usize) -> Result<Hits> {
    let facets = facets(tx, filter)?;
    let Some(range) = between(tx, filter, range)? else { return Ok(Hits::default()) };
    if facets.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Hits::default());
    }
    let mut found = Finding { filter, limit, entries: Vec::new() };
    let (glance, mut seen) = range.begin(GLANCE);
    found.read(tx, glance, None)?;
    let rest = range.behind(seen);
    let mut broken_off = false;
    if !found.is_full() && !rest.is_empty() {
        let list = driver(tx, filter, facets.as_deref(), rest, limit)?;
        match list {
            Some(list) => {
                for chunk in list.seqs.chunks(CHUNK) {
                    found.read(tx, rest, Some(chunk))?;
                    if found.is_full() {
                        break;
                    }
                }
                broken_off = list.cut;
                seen = list.seqs.last().copied().unwrap_or(seen);
            }
            None => {
                let cap = i64::try_from(CAP).unwrap_or(i64::MAX);
                let (window, last) = rest.begin(cap);
                found.read(tx, window, None)?;
                seen = last;
                broken_off = !rest.behind(last).is_empty();
            }
        }
    }
    Ok(found.hits(broken_off.then_some(seen)))
}

/// A search under way.
struct Finding<'a> {
    filter: &'a Filter,
    limit: usize,
    entries: Vec<Entry>,
}

impl Finding<'_> {
    /// One more than the limit tells that there are more.
    fn is_full(&self) -> bool {
        self.entries.len() > self.limit
    }

    /// Reads what is asked for of `range`, or of these numbers in it.
    fn read(&mut self, tx: &mut Tx<'_>, range: Range, seqs: Option<&[i64]>) -> Result<()> {
        let within = match seqs {
            Some(seqs) => condition("audit.seq").among(seqs.iter().copied()),
            None => condition("audit.seq BETWEEN ").number(range.first).sql(" AND ").number(range.last),
        };
        let asked = conditions(self.filter).into_iter().map(Sql::once);
        let rows = Row::columns().rows().all_of([within].into_iter().chain(asked));
        let wanted = PageRequest::first(i64::try_from(self.limit - self.entries.len()).unwrap_or(i64::MAX - 1));
        let rows = rows.sql(" ORDER BY audit.seq ").sql(range.order()).limit_of(&wanted);
        self.entries.extend(entries(tx.load(rows)?));
        Ok(())
    }

    /// What was found; `seen` is the last entry looked at, where there are others behind it.
    fn hits(mut self, seen: Option<i64>) -> Hits {
        let full = self.is_full();
        self.entries.truncate(self.limit);
        let last = self.entries.last().map(|entry| entry.seq);
        Hits { more: if full { last } else { seen }, broken_off: !full && seen.is_some(), entries: self.entries }
    }
}

/// That the word in a column is this one. Entries are read by their numbers, of which there are few: the column is worded as part
/// of an expression, so that no index of words is gone through instead.
fn word_is(column: &str, word: &str) -> Condition {
    condition(format!("audit.{column} || '' = ")).text(word)
}

/// Everything that `filter` asks for.
fn conditions(filter: &Filter) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    all.extend(filter.kind.map(|kind| word_is("actor_kind", kind.as_str())));
    all.extend(filter.outcome.map(|outcome| word_is("outcome", outcome.as_str())));
    all.extend(filter.target_kind.as_ref().map(|kind| word_is("target_kind", kind)));
    all.extend(filter.action.as_ref().map(|action| match action.strip_suffix('*') {
        Some(noun) => all_of(noun),
        None => word_is("action", action),
    }));
    all.extend(filter.from.map(|from| sql("audit.at >= ").number(to_micros(from))));
    all.extend(filter.until.map(|until| sql("audit.at < ").number(to_micros(until))));
    all.extend(named(filter.actor.as_ref(), "actor_id", ""));
    all.extend(named(filter.target.as_ref(), "target_id", "target_key"));
    all.extend(named(filter.token.as_ref(), "token_id", "token_key"));
    if !filter.text.is_empty() {
        let words = sql("(SELECT w.text FROM audit_words w WHERE w.seq = audit.seq) LIKE ");
        all.push(words.text(pattern(&filter.text)).sql(" ESCAPE '\\'"));
    }
    all
}

/// That the action is one of a noun's.
fn all_of(noun: &str) -> Condition {
    // The end of a range: the sign behind the dot.
    let end = format!("{}/", noun.trim_end_matches('.'));
    condition("(audit.action || '' > ").text(noun).sql(" AND audit.action || '' < ").text(end).sql(")")
}

/// `text` anywhere, for a LIKE with `\\` as its escape.
pub(super) fn pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

fn named(wanted: Option<&Named>, id: &str, key: &str) -> Option<Condition> {
    Some(match wanted? {
        Named::Id(number) => sql(format!("audit.{id} + 0 = ")).number(*number),
        // An account is looked up by its name before.
        Named::Name(_) if key.is_empty() => sql("1 = 0"),
        Named::Name(name) => {
            let words = format!("EXISTS (SELECT 1 FROM audit_words w WHERE w.seq = audit.seq AND w.{key} = ");
            sql(words).text(name).sql(")")
        }
    })
}

/// What of `range` can lie between the times asked for; `None` for nothing.
///
/// # Errors
/// A fault.
pub fn between(tx: &mut Tx<'_>, filter: &Filter, range: Range) -> Result<Option<Range>> {
    if filter.from.is_none() && filter.until.is_none() {
        return Ok(Some(range).filter(|range| !range.is_empty()));
    }
    #[derive(QueryableByName)]
    struct Bounds {
        #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
        first: Option<i64>,
        #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
        last: Option<i64>,
    }
    let from = filter.from.map_or(i64::MIN, |from| to_micros(from).div_euclid(HOUR));
    let until = filter.until.map_or(i64::MAX, |until| to_micros(until).div_euclid(HOUR));
    let query: Statement =
        sql("SELECT MIN(first_seq) AS first, MAX(last_seq) AS last FROM audit_hours WHERE hour BETWEEN ");
    let query = query.number(from).sql(" AND ").number(until);
    let bounds = query.get_result::<Bounds>(tx.conn).map_err(failed)?;
    let bounds = bounds.first.zip(bounds.last);
    let within =
        bounds.map(|(first, last)| Range { first: range.first.max(first), last: range.last.min(last), ..range });
    Ok(within.filter(|range| !range.is_empty()))
}

/// Up to `limit` entries of `range` that are filed under one of `teams`, and whether there are more behind them.
///
/// # Errors
/// A fault.
pub fn of_teams(tx: &mut Tx<'_>, teams: &[TeamId], range: Range, limit: usize) -> Result<(Vec<Entry>, bool)> {
    let selects = match teams.len() {
        0..=TEAMS => teams.iter().map(|team| sql("audit_teams WHERE team_id = ").number(team.0)).collect(),
        _ => vec![sql("audit_teams WHERE team_id").among(teams.iter().map(|team| team.0))],
    };
    let Listed { mut seqs, cut } = Index::of(selects).list(tx, range, limit)?;
    // An entry may be filed under several of them.
    seqs.dedup();
    let those = condition("audit.seq").among(seqs.iter().copied());
    let rows = Row::columns().rows().all_of([those]).sql(" ORDER BY audit.seq ").sql(range.order());
    Ok((if seqs.is_empty() { Vec::new() } else { entries(tx.load(rows)?) }, cut))
}
