//! Lists of tokens over all accounts: searched, filtered, sorted and paged.

use diesel::sql_types::Bool;
use time::OffsetDateTime;

use super::policy::{are_many_dormant, breaks, unused, unused_in_passing};
use super::{STOPPED, with_teams};
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::actor::Sight;
use crate::model::ids::{TeamId, UserId};
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::tokens::{EXPIRING_WITHIN, Ending, Token, TokenFilter, TokenPolicy, TokenSort, TokenState, Usage};
use crate::store::conn::Conn;
use crate::store::db::{Tx, count_rows};
use crate::store::memberships;
use crate::store::paging::Order;
use crate::store::rows::TokenRow;
use crate::store::sql::{Condition, Sql, sql};
use crate::store::users::{pattern, seen_by};

/// As the indexes have it.
const END: &str = "COALESCE(expires_at, 9223372036854775807)";
const USE: &str = "COALESCE(last_used_at, 0)";

/// Whose tokens may be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    conditions: Vec<Condition>,
}

impl Reach {
    /// The tokens of all accounts that `sight` allows; or, where there are `homes`, of the service and agent accounts at home in
    /// these teams alone, and of the account `own`.
    pub fn new(homes: Option<&[TeamId]>, own: Option<UserId>, sight: &Sight) -> Self {
        let at_home = homes.map(|homes| {
            sql("(tokens.user_id IN (SELECT id FROM users WHERE home_team_id")
                .among(homes.iter().map(|id| id.0))
                .sql(") OR tokens.user_id = ")
                .number(own.map_or(0, |id| id.0))
                .sql(")")
        });
        let seen = seen_by(sight).map(|seen| sql("tokens.user_id IN (SELECT id FROM users WHERE ").then(seen).sql(")"));
        Self { conditions: at_home.into_iter().chain(seen).collect() }
    }
}

/// A page of the tokens within `reach` that `filter` asks for, at `now` under `policy`.
///
/// # Errors
/// A cursor of another order, or a fault.
pub fn page(
    tx: &mut Tx<'_>,
    reach: &Reach,
    filter: &TokenFilter,
    (sort, request): (TokenSort, &PageRequest),
    (policy, now): (&TokenPolicy, OffsetDateTime),
) -> Result<Page<Token>> {
    let mut conditions: Vec<_> = conditions(filter, policy, now).into_iter().chain(reach.conditions.clone()).collect();
    if let Some(team) = filter.team {
        conditions.push(of_team(tx, team, request.limit)?);
    }
    if filter.usage == Some(Usage::Dormant) {
        let since = policy.dormant_since(now);
        // In the order of their index they need not be collected first.
        let in_passing = sort != TokenSort::Active && are_many_dormant(tx, since, now)?;
        conditions.push(if in_passing { unused_in_passing(since, now) } else { unused(since, now) });
    }
    let alone = conditions.is_empty() && sort == TokenSort::Created;
    let mut conditions: Vec<_> = conditions.into_iter().map(Sql::once).collect();
    conditions.extend(matches(tx.conn, &filter.search, alone.then(|| first(request))));
    let rows = tx.load(order(sort).page(TokenRow::columns().rows(), conditions, request)?)?;
    let found = with_teams(tx, rows)?;
    Ok(Page::build(request, found, |token| (key(token, sort), token.id.0)))
}

fn order(sort: TokenSort) -> Order {
    match sort {
        TokenSort::Created => Order::by_number("tokens.id", "tokens.id"),
        TokenSort::Name => Order::by_text("tokens.name_key", "tokens.id"),
        TokenSort::Expires => Order::by_number(END, "tokens.id"),
        TokenSort::LastUsed => Order::by_number(USE, "tokens.id"),
        TokenSort::Active => Order::by_number("tokens.active_at", "tokens.id"),
    }
}

/// The condition that a token is of an account in `team`. Where members have few tokens, going through all tokens finds too few.
fn of_team(tx: &mut Tx<'_>, team: TeamId, limit: i64) -> Result<Condition> {
    const LOOKED_AT: i64 = 100;
    let some = sql("FROM (SELECT user_id FROM memberships WHERE team_id = ").number(team.0).limit(LOOKED_AT);
    let theirs = some.sql(") AS some_members JOIN tokens ON tokens.user_id = some_members.user_id");
    let have_many = 2 * count_rows(tx, theirs)? >= LOOKED_AT;
    let limit = if have_many { limit } else { i64::MAX };
    memberships::condition_of(tx, team, "tokens.user_id", limit)
}

fn key(token: &Token, sort: TokenSort) -> Key {
    match sort {
        TokenSort::Created => Key::Number(token.id.0),
        TokenSort::Name => Key::Text(fold(&token.name)),
        TokenSort::Expires => Key::Number(token.expires_at.map_or(i64::MAX, to_micros)),
        TokenSort::LastUsed => Key::Number(token.last_use.as_ref().map_or(0, |last| to_micros(last.at))),
        TokenSort::Active => Key::Number(to_micros(token.active_at)),
    }
}

/// What is asked for besides the search.
fn conditions(filter: &TokenFilter, policy: &TokenPolicy, now: OffsetDateTime) -> Vec<Condition> {
    let mut all: Vec<Condition> = Vec::new();
    all.extend(filter.id.map(|id| sql("tokens.id = ").number(id.0)));
    all.extend(filter.kind.map(|kind| sql(format!("kind = '{kind}'"))));
    all.extend(filter.account.map(|id| sql("user_id = ").number(id.0)));
    all.extend(filter.state.map(|state| in_state(state, now)));
    all.extend(filter.ending.map(|ending| match ending {
        Ending::Never => sql(format!("{END} = 9223372036854775807")),
        Ending::BeyondPolicy => breaks(policy, now),
    }));
    if filter.usage == Some(Usage::Never) {
        all.push(sql(format!("{USE} = 0")));
    }
    if filter.global_admin {
        all.push(sql("global_admin"));
    }
    all
}

fn in_state(state: TokenState, now: OffsetDateTime) -> Condition {
    let (now, soon) = (to_micros(now), to_micros(now + EXPIRING_WITHIN));
    let kept = |rest: &'static str| sql::<Bool>(format!("{rest} AND revoked_at IS NULL AND {END} > "));
    match state {
        TokenState::Revoked => sql("revoked_at IS NOT NULL"),
        TokenState::Expired => sql(format!("revoked_at IS NULL AND {END} <= ")).number(now),
        TokenState::Suspended => kept("suspended_at IS NOT NULL").number(now),
        TokenState::Expiring => {
            kept("suspended_at IS NULL").number(now).sql(format!(" AND NOT {STOPPED} AND {END} <= ")).number(soon)
        }
        TokenState::Stopped => kept("suspended_at IS NULL").number(now).sql(format!(" AND {STOPPED}")),
        TokenState::Active => kept("suspended_at IS NULL").number(soon).sql(format!(" AND NOT {STOPPED}")),
    }
}

/// The first of what a search finds from the place of a page on, in the terms of the index: where nothing else is asked for, no more
/// than those have to be looked at.
fn first(request: &PageRequest) -> Condition {
    let falling = request.descending != request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let (side, order) = if falling { ("<", "DESC") } else { (">", "ASC") };
    let from = match &request.cursor {
        Some(cursor) => sql(format!(" AND rowid {side} ")).number(cursor.id),
        None => sql(""),
    };
    from.sql(format!(" ORDER BY rowid {order}")).limit_of(request)
}

/// The condition that `text` is part of a token's name or hint. An index answers it from three characters on; `first` is how much
/// of it is wanted.
fn matches(conn: &Conn, text: &str, first: Option<Condition>) -> Option<Condition> {
    let like = pattern(text)?;
    let text = fold(text);
    Some(match conn {
        Conn::Sqlite(_) if text.chars().count() >= 3 => {
            let phrase = format!("\"{}\"", text.replace('"', "\"\""));
            let found = sql("tokens.id IN (SELECT rowid FROM tokens_search WHERE tokens_search MATCH ").text(phrase);
            first.into_iter().fold(found, Sql::then).sql(")")
        }
        _ => sql("tokens.search LIKE ").text(like).sql(" ESCAPE '\\'"),
    })
}
