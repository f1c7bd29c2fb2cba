//! Lists of tokens over all accounts: searched, filtered, sorted and paged.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use time::OffsetDateTime;

use super::policy::{breaks, unused};
use super::{STOPPED, with_teams};
use crate::base::clock::to_micros;
use crate::model::actor::Sight;
use crate::model::ids::{TeamId, UserId};
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::tokens::{EXPIRING_WITHIN, Ending, Token, TokenFilter, TokenPolicy, TokenSort, TokenState, Usage};
use crate::model::{Error, Result};
use crate::store::conn::{Conn, MultiBackend};
use crate::store::db::{Tx, failed};
use crate::store::rows::TokenRow;
use crate::store::schema::tokens;
use crate::store::users::{list, pattern, seen_by};

/// As the indexes have it.
const END: &str = "COALESCE(expires_at, 9223372036854775807)";
const USE: &str = "COALESCE(last_used_at, 0)";

type Filter = Box<dyn BoxableExpression<tokens::table, MultiBackend, SqlType = Bool>>;

/// Whose tokens may be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    conditions: Vec<String>,
}

impl Reach {
    /// The tokens of all accounts that `sight` allows; or, where there are `homes`, of the service and agent accounts at home in
    /// these teams alone, and of the account `own`.
    pub fn new(homes: Option<&[TeamId]>, own: Option<UserId>, sight: &Sight) -> Self {
        let at_home = homes.map(|homes| {
            let homes = list(homes.iter().map(|id| id.0));
            let own = own.map_or(0, |id| id.0);
            format!(
                "(tokens.user_id IN (SELECT id FROM users WHERE home_team_id IN ({homes})) OR tokens.user_id = {own})"
            )
        });
        let seen = seen_by(sight).map(|seen| format!("tokens.user_id IN (SELECT id FROM users WHERE {seen})"));
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
    let mut query = tokens::table.into_boxed();
    let conditions: Vec<_> = conditions(filter, policy, now).into_iter().chain(reach.conditions.clone()).collect();
    let alone = conditions.is_empty() && sort == TokenSort::Created;
    for condition in conditions {
        query = query.filter(sql::<Bool>(&condition));
    }
    let backwards = request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let falling = request.descending != backwards;
    if let Some(found) = matches(tx.conn, &filter.search, alone.then(|| first(request, falling))) {
        query = query.filter(found);
    }
    macro_rules! by {
        ($column:expr, $variant:ident) => {{
            if let Some(cursor) = &request.cursor {
                let Key::$variant(key) = cursor.key.clone() else {
                    return Err(Error::field(
                        "cursor",
                        "This cursor belongs to another order. Begin at the first page.",
                    ));
                };
                // The first comparison is one that an index is entered by.
                query = if falling {
                    query.filter($column.le(key.clone()).and($column.lt(key).or(tokens::id.lt(cursor.id))))
                } else {
                    query.filter($column.ge(key.clone()).and($column.gt(key).or(tokens::id.gt(cursor.id))))
                };
            }
            if falling {
                query.order(($column.desc(), tokens::id.desc()))
            } else {
                query.order(($column.asc(), tokens::id.asc()))
            }
        }};
    }
    let query = match sort {
        TokenSort::Created => by!(tokens::id, Number),
        TokenSort::Name => by!(tokens::name_key, Text),
        TokenSort::Expires => by!(sql::<BigInt>(END), Number),
        TokenSort::LastUsed => by!(sql::<BigInt>(USE), Number),
    };
    let rows = query.limit(request.limit + 1).load::<TokenRow>(tx.conn).map_err(failed)?;
    let found = with_teams(tx, rows)?;
    Ok(Page::build(request, found, |token| (key(token, sort), token.id.0)))
}

fn key(token: &Token, sort: TokenSort) -> Key {
    match sort {
        TokenSort::Created => Key::Number(token.id.0),
        TokenSort::Name => Key::Text(fold(&token.name)),
        TokenSort::Expires => Key::Number(token.expires_at.map_or(i64::MAX, to_micros)),
        TokenSort::LastUsed => Key::Number(token.last_use.as_ref().map_or(0, |last| to_micros(last.at))),
    }
}

/// The conditions that hold no text of a user's.
fn conditions(filter: &TokenFilter, policy: &TokenPolicy, now: OffsetDateTime) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(filter.id.map(|id| format!("tokens.id = {id}")));
    all.extend(filter.kind.map(|kind| format!("kind = '{kind}'")));
    all.extend(filter.account.map(|id| format!("user_id = {id}")));
    all.extend(filter.state.map(|state| in_state(state, now)));
    all.extend(filter.ending.map(|ending| match ending {
        Ending::Never => format!("{END} = 9223372036854775807"),
        Ending::BeyondPolicy => breaks(policy, now),
    }));
    all.extend(filter.usage.map(|usage| match usage {
        Usage::Never => format!("{USE} = 0"),
        Usage::Dormant => unused(policy.dormant_since(now), now),
    }));
    if filter.global_admin {
        all.push("global_admin".into());
    }
    if let Some(team) = filter.team {
        all.push(format!("user_id IN (SELECT user_id FROM memberships WHERE team_id = {team})"));
    }
    all
}

fn in_state(state: TokenState, now: OffsetDateTime) -> String {
    let (now, soon) = (to_micros(now), to_micros(now + EXPIRING_WITHIN));
    match state {
        TokenState::Revoked => "revoked_at IS NOT NULL".into(),
        TokenState::Expired => format!("revoked_at IS NULL AND {END} <= {now}"),
        TokenState::Suspended => {
            format!("suspended_at IS NOT NULL AND revoked_at IS NULL AND {END} > {now}")
        }
        TokenState::Expiring => {
            format!(
                "suspended_at IS NULL AND revoked_at IS NULL AND {END} > {now} AND {END} <= {soon} AND NOT {STOPPED}"
            )
        }
        TokenState::Stopped => format!("suspended_at IS NULL AND revoked_at IS NULL AND {END} > {now} AND {STOPPED}"),
        TokenState::Active => {
            format!("suspended_at IS NULL AND revoked_at IS NULL AND {END} > {soon} AND NOT {STOPPED}")
        }
    }
}

/// The first of what a search finds from the place of a page on, in the terms of the index: where nothing else is asked for, no more
/// than those have to be looked at.
fn first(request: &PageRequest, falling: bool) -> String {
    let (side, order) = if falling { ("<", "DESC") } else { (">", "ASC") };
    let from = request.cursor.as_ref().map(|cursor| format!(" AND rowid {side} {}", cursor.id)).unwrap_or_default();
    format!("{from} ORDER BY rowid {order} LIMIT {}", request.limit + 1)
}

/// The condition that `text` is part of a token's name or hint. An index answers it from three characters on; `first` is how much
/// of it is wanted.
fn matches(conn: &Conn, text: &str, first: Option<String>) -> Option<Filter> {
    let like = pattern(text)?;
    let text = fold(text);
    Some(match conn {
        Conn::Sqlite(_) if text.chars().count() >= 3 => {
            let phrase = format!("\"{}\"", text.replace('"', "\"\""));
            let found = sql::<Bool>("tokens.id IN (SELECT rowid FROM tokens_search WHERE tokens_search MATCH ");
            Box::new(found.bind::<Text, _>(phrase).sql(&format!("{})", first.unwrap_or_default())))
        }
        _ => Box::new(sql::<Bool>("tokens.search LIKE ").bind::<Text, _>(like).sql(" ESCAPE '\\'")),
    })
}
