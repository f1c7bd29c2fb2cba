//! Entries by filters.
//!
//! Each filter that an index answers brings a list of numbers, in order and capped. One that ends before the cap holds all that
//! there can be; of several the shortest is gone through, or, where all are cut off, the one that reaches furthest. What is
//! read for a page is therefore bounded whatever the size of the log; where that was not enough to fill it, the page says from
//! which entry to go on.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::index::HOUR;
use super::{Row, entries};
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::audit::{Entry, Filter, Named};
use crate::model::ids::TeamId;
use crate::model::page::PageRequest;
use crate::store::conn::Conn;
use crate::store::db::{Tx, failed};
use crate::store::schema::audit_facets;
use crate::store::sql::{Condition, Sql, Statement, condition, sql};

/// The newest (or oldest) entries that are looked at before any index is asked: frequent things are among them.
const GLANCE: i64 = 256;
/// How many entries of an index are gone through for one page.
const CAP: usize = 1_000;
/// An index that answers alone brings a multiple of so many, which is what a page looks at.
const SHORT: usize = 51;
/// How many entries are read at once.
const CHUNK: usize = 128;
/// How many facets an index is asked for; a question for more is nearly a question for all.
const FACETS: usize = 60;
/// How many teams are merged one by one.
const TEAMS: usize = 60;
/// From how many characters on the index of words answers.
const TRIGRAM: usize = 3;
/// How many trigrams of a long text are asked for.
const TRIGRAMS: usize = 24;
/// How many of them are asked of the index.
const RARE: usize = 8;

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

    fn order(self) -> &'static str {
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
fn pattern(text: &str) -> String {
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

/// Facets that occur and that `filter` asks for; `None` where it asks for none of these words.
fn facets(tx: &mut Tx<'_>, filter: &Filter) -> Result<Option<Vec<Facet>>> {
    let asks = filter.action.is_some() || filter.kind.is_some() || filter.outcome.is_some();
    if !asks && filter.target_kind.is_none() {
        return Ok(None);
    }
    let all = audit_facets::table.order(audit_facets::action.asc());
    let all: Vec<(String, String, String, String)> = tx.load(all)?;
    let all = all.into_iter().map(|(action, kind, outcome, target)| Facet { action, kind, outcome, target });
    let is_wanted = |facet: &Facet| {
        filter.covers(&facet.action)
            && filter.kind.is_none_or(|kind| kind.as_str() == facet.kind)
            && filter.outcome.is_none_or(|outcome| outcome.as_str() == facet.outcome)
            && filter.target_kind.as_ref().is_none_or(|target| *target == facet.target)
    };
    Ok(Some(all.filter(is_wanted).collect()))
}

/// Words that occur together.
struct Facet {
    action: String,
    kind: String,
    outcome: String,
    target: String,
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

/// Numbers of an index, in order.
struct Listed {
    seqs: Vec<i64>,
    /// Whether there are more behind them.
    cut: bool,
}

/// A question to an index: selections whose rows are merged.
struct Index {
    /// What comes behind `SELECT`, without the range.
    selects: Vec<Statement>,
    /// What the number is called there.
    seq: &'static str,
}

impl Index {
    fn of(selects: Vec<Statement>) -> Self {
        Self { selects, seq: "seq" }
    }

    fn list(&self, tx: &mut Tx<'_>, range: Range, cap: usize) -> Result<Listed> {
        let seq = self.seq;
        let select = |select: &Statement| {
            let those = sql::<BigInt>(format!("SELECT {seq} AS seq FROM ")).then(select.clone());
            those.sql(format!(" AND {seq} BETWEEN ")).number(range.first).sql(" AND ").number(range.last)
        };
        let all = self.selects.iter().map(select).reduce(|all, next| all.sql(" UNION ALL ").then(next));
        let Some(all) = all else { return Ok(Listed { seqs: Vec::new(), cut: false }) };
        // Each part comes in order out of its index, so that they are merged as far as they are asked for.
        let limit = i64::try_from(cap).unwrap_or(i64::MAX).saturating_add(1);
        let query = all.sql(" ORDER BY seq ").sql(range.order()).limit(limit);
        // Which parts there are differs from filter to filter.
        let query = if self.selects.len() > 1 { query.once() } else { query };
        let mut seqs = query.load::<i64>(tx.conn).map_err(failed)?;
        let cut = seqs.len() > cap;
        seqs.truncate(cap);
        Ok(Listed { seqs, cut })
    }
}

/// The list to go through: the shortest that is whole, else the one that reaches furthest; `None` where no index helps.
fn driver(
    tx: &mut Tx<'_>,
    filter: &Filter,
    facets: Option<&[Facet]>,
    range: Range,
    limit: usize,
) -> Result<Option<Listed>> {
    let mut indexes = indexes(filter, facets);
    indexes.extend(words(tx, &filter.text)?);
    let asked = [
        filter.actor.is_some(),
        filter.target.is_some(),
        filter.token.is_some(),
        facets.is_some(),
        !filter.text.is_empty(),
    ];
    // Where there is one filter, and its index answers it, what is listed is what is asked for; of a text it is what may be.
    let alone = filter.text.is_empty() && indexes.len() == 1 && asked.iter().filter(|asked| **asked).count() == 1;
    // Rounded up, so that there are few texts of statements.
    let cap = if alone { (limit + 1).next_multiple_of(SHORT) } else { CAP.max(limit + 1) };
    let mut best: Option<Listed> = None;
    for index in indexes {
        let list = index.list(tx, range, cap)?;
        let reach = |list: &Listed| list.seqs.last().map_or(0, |seq| if range.rising { *seq } else { -seq });
        let is_better = best.as_ref().is_none_or(|best| match (list.cut, best.cut) {
            (false, false) => list.seqs.len() < best.seqs.len(),
            (true, true) => reach(&list) > reach(best),
            (whole, _) => !whole,
        });
        if is_better {
            best = Some(list);
        }
    }
    Ok(best)
}

fn indexes(filter: &Filter, facets: Option<&[Facet]>) -> Vec<Index> {
    let mut all = Vec::new();
    let mut named = |wanted: &Option<Named>, id: &str, key: &str| match wanted {
        Some(Named::Id(number)) => all.push(Index::of(vec![sql(format!("audit WHERE {id} = ")).number(*number)])),
        Some(Named::Name(name)) => all.push(Index::of(vec![sql(format!("audit_words WHERE {key} = ")).text(name)])),
        None => {}
    };
    named(&filter.token, "token_id", "token_key");
    named(&filter.target, "target_id", "target_key");
    if let Some(Named::Id(actor)) = filter.actor {
        let mut actions: Vec<_> = facets.unwrap_or_default().iter().map(|facet| facet.action.as_str()).collect();
        actions.dedup();
        let narrow = filter.action.is_some() && actions.len() <= FACETS;
        all.push(Index::of(match narrow {
            true => actions
                .iter()
                .map(|action| sql("audit WHERE actor_id = ").number(actor).sql(" AND action = ").text(*action))
                .collect(),
            false => vec![sql("audit WHERE actor_id = ").number(actor)],
        }));
    }
    if let Some(facets) = facets.filter(|facets| facets.len() <= FACETS) {
        all.push(Index::of(facets.iter().map(Facet::select).collect()));
    }
    all
}

impl Facet {
    fn select(&self) -> Statement {
        let Self { action, kind, outcome, target } = self;
        let those = sql("audit WHERE action = ").text(action).sql(" AND actor_kind = ").text(kind);
        let those = those.sql(" AND outcome = ").text(outcome).sql(" AND target_kind ");
        if target.is_empty() { those.sql("IS NULL") } else { those.sql("= ").text(target) }
    }
}

/// The index of words, for a text that is long enough.
fn words(tx: &mut Tx<'_>, text: &str) -> Result<Option<Index>> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() < TRIGRAM {
        return Ok(None);
    }
    Ok(Some(match tx.conn {
        Conn::Sqlite(_) => {
            let trigrams = rare(tx, &letters)?;
            let quoted = trigrams.iter().map(|three| format!("\"{}\"", three.replace('"', "\"\"")));
            let found = sql("audit_search WHERE audit_search MATCH ").text(quoted.collect::<Vec<_>>().join(" "));
            Index { selects: vec![found], seq: "rowid" }
        }
        Conn::Postgres(_) => {
            Index::of(vec![sql("audit_words WHERE text LIKE ").text(pattern(text)).sql(" ESCAPE '\\'")])
        }
    }))
}

/// Those of a text's trigrams that are rare in the newest entries. Walking through a frequent one costs more than it leaves out;
/// what the rare ones bring is compared with the whole text anyway.
fn rare(tx: &mut Tx<'_>, letters: &[char]) -> Result<Vec<String>> {
    let newest = sql::<Text>("SELECT text FROM audit_words ORDER BY seq DESC").limit(GLANCE);
    let newest: Vec<String> = tx.load(newest)?;
    let mut counted: Vec<(usize, String)> = Vec::new();
    for three in letters.windows(TRIGRAM).take(TRIGRAMS).map(|three| three.iter().collect::<String>()) {
        if counted.iter().all(|(_, known)| *known != three) {
            counted.push((newest.iter().filter(|text| text.contains(&three)).count(), three));
        }
    }
    counted.sort();
    let bound = counted.first().map_or(0, |(least, _)| least * 2 + 2);
    Ok(counted.into_iter().filter(|(count, _)| *count <= bound).take(RARE).map(|(_, three)| three).collect())
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
