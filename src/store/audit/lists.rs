//! Lists of numbers out of the indexes of the log, in order and capped.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::search::{CAP, GLANCE, Range, pattern};
use crate::model::Result;
use crate::model::audit::{Filter, Named};
use crate::store::conn::Conn;
use crate::store::db::Tx;
use crate::store::schema::audit_facets;
use crate::store::sql::{Statement, sql};

/// How many facets an index is asked for; a question for more is nearly a question for all.
const FACETS: usize = 60;
/// From how many characters on the index of words answers.
const TRIGRAM: usize = 3;
/// How many trigrams of a long text are asked for.
const TRIGRAMS: usize = 24;
/// How many of them are asked of the index.
const RARE: usize = 8;
/// An index that answers alone brings a multiple of so many, which is what a page looks at.
const SHORT: usize = 51;

/// Facets that occur and that `filter` asks for; `None` where it asks for none of these words.
pub(super) fn facets(tx: &mut Tx<'_>, filter: &Filter) -> Result<Option<Vec<Facet>>> {
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
pub(super) struct Facet {
    action: String,
    kind: String,
    outcome: String,
    target: String,
}

/// Numbers of an index, in order.
pub(super) struct Listed {
    pub seqs: Vec<i64>,
    /// Whether there are more behind them.
    pub cut: bool,
}

/// A question to an index: selections whose rows are merged.
pub(super) struct Index {
    /// What comes behind `SELECT`, without the range.
    selects: Vec<Statement>,
    /// What the number is called there.
    seq: &'static str,
}

impl Index {
    pub fn of(selects: Vec<Statement>) -> Self {
        Self { selects, seq: "seq" }
    }

    pub fn list(&self, tx: &mut Tx<'_>, range: Range, cap: usize) -> Result<Listed> {
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
        let mut seqs: Vec<i64> = tx.load(query)?;
        let cut = seqs.len() > cap;
        seqs.truncate(cap);
        Ok(Listed { seqs, cut })
    }
}

/// The list to go through: the shortest that is whole, else the one that reaches furthest; `None` where no index helps.
pub(super) fn driver(
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
