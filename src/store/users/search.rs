//! Lists of users: searched, filtered, sorted, paged and counted.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use time::OffsetDateTime;

use super::list;
use crate::base::clock::to_micros;
use crate::model::actor::Sight;
use crate::model::ids::TeamId;
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::users::{Kind, User, UserFilter, UserSort, UserState};
use crate::model::{Error, Result};
use crate::store::conn::{Conn, MultiBackend};
use crate::store::db::{Tx, count_rows, failed};
use crate::store::rows::UserRow;
use crate::store::schema::users;
use crate::store::tokens::{STOPPED, good};

pub(in crate::store) type Filter = Box<dyn BoxableExpression<users::table, MultiBackend, SqlType = Bool>>;

/// `text` anywhere, for a LIKE with `\\` as its escape; nothing for no text.
pub(in crate::store) fn pattern(text: &str) -> Option<String> {
    let text = fold(text);
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    (!text.is_empty()).then(|| format!("%{escaped}%"))
}

/// The condition that `text` is part of a user's names or address. An index answers it from three characters on.
fn matches(conn: &Conn, text: &str) -> Option<Filter> {
    let pattern = pattern(text)?;
    let text = fold(text);
    let like = || -> Filter {
        Box::new(sql::<Bool>("users.search LIKE ").bind::<Text, _>(pattern.clone()).sql(" ESCAPE '\\'"))
    };
    Some(match conn {
        Conn::Sqlite(_) if text.chars().count() >= 3 => {
            let phrase = format!("\"{}\"", text.replace('"', "\"\""));
            Box::new(
                sql::<Bool>("users.id IN (SELECT rowid FROM users_search WHERE users_search MATCH ")
                    .bind::<Text, _>(phrase)
                    .sql(")"),
            )
        }
        _ => like(),
    })
}

fn boxed(condition: String) -> Filter {
    Box::new(sql::<Bool>(&condition))
}

/// The condition on `users` that `sight` puts; none where everyone is seen.
pub(in crate::store) fn seen_by(sight: &Sight) -> Option<String> {
    match sight {
        Sight::All => None,
        Sight::Some { own, teams, homes, machines } => Some(format!(
            "(users.id = {} OR users.home_team_id IN ({}){} OR users.id IN (SELECT user_id FROM memberships WHERE team_id IN ({})))",
            own.map_or(0, |id| id.0),
            list(homes.iter().map(|id| id.0)),
            if *machines { " OR users.kind <> 'person'" } else { "" },
            list(teams.iter().map(|id| id.0)),
        )),
    }
}

/// A service or agent account that has no team besides `Public`, or no usable token.
fn idle(now: OffsetDateTime) -> String {
    format!(
        "(users.kind <> 'person' AND (NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id) \
         OR NOT EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = users.id AND {})))",
        good(to_micros(now))
    )
}

fn in_state(state: UserState, now: OffsetDateTime) -> Filter {
    let idle = || sql::<Bool>(&idle(now));
    let going = || sql::<Bool>(&format!("NOT {STOPPED}"));
    let invited = || users::kind.eq("person").and(users::password_hash.is_null());
    match state {
        UserState::Disabled => Box::new(users::disabled_at.is_not_null()),
        UserState::Invited => Box::new(users::disabled_at.is_null().and(invited())),
        UserState::Stopped => Box::new(users::disabled_at.is_null().and(sql::<Bool>(STOPPED))),
        UserState::Idle => Box::new(users::disabled_at.is_null().and(going()).and(idle())),
        UserState::Active => Box::new(
            users::disabled_at.is_null().and(diesel::dsl::not(invited())).and(going()).and(diesel::dsl::not(idle())),
        ),
    }
}

/// A page of the users that `sight` allows and `filter` asks for.
///
/// # Errors
/// A fault.
pub fn page(
    tx: &mut Tx<'_>,
    filter: &UserFilter,
    sort: UserSort,
    request: &PageRequest,
    (sight, now): (&Sight, OffsetDateTime),
) -> Result<Page<User>> {
    let mut query = users::table.into_boxed();
    for condition in
        [seen_by(sight).map(boxed), matches(tx.conn, &filter.search), filter.state.map(|state| in_state(state, now))]
            .into_iter()
            .flatten()
    {
        query = query.filter(condition);
    }
    if let Some(kind) = filter.kind {
        query = query.filter(users::kind.eq(kind.slug()));
    }
    if let Some(role) = filter.role {
        query = query.filter(users::role.eq(role.as_str()));
    }
    if let Some(team) = filter.team.filter(|team| !team.is_public()) {
        let members = format!("users.id IN (SELECT user_id FROM memberships WHERE team_id = {team})");
        query = query.filter(sql::<Bool>(&members));
    }
    let backwards = request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let falling = request.descending != backwards;
    macro_rules! by {
        ($column:expr, $variant:ident) => {{
            if let Some(cursor) = &request.cursor {
                let Key::$variant(key) = cursor.key.clone() else {
                    return Err(Error::field(
                        "cursor",
                        "This cursor belongs to another order. Begin at the first page.",
                    ));
                };
                query = if falling {
                    query.filter($column.lt(key.clone()).or($column.eq(key).and(users::id.lt(cursor.id))))
                } else {
                    query.filter($column.gt(key.clone()).or($column.eq(key).and(users::id.gt(cursor.id))))
                };
            }
            if falling {
                query.order(($column.desc(), users::id.desc()))
            } else {
                query.order(($column.asc(), users::id.asc()))
            }
        }};
    }
    let query = match sort {
        UserSort::Name => by!(users::display_name_key, Text),
        UserSort::Username => by!(users::username_key, Text),
        UserSort::LastSeen => by!(users::last_seen_at, Number),
        UserSort::Created => by!(users::created_at, Number),
    };
    let rows = query.limit(request.limit + 1).load::<UserRow>(tx.conn).map_err(failed)?;
    let users = rows.into_iter().map(User::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Page::build(request, users, |user| {
        let key = match sort {
            UserSort::Name => Key::Text(fold(&user.display_name)),
            UserSort::Username => Key::Text(fold(&user.username)),
            UserSort::LastSeen => Key::Number(user.last_seen_at.map_or(0, to_micros)),
            UserSort::Created => Key::Number(to_micros(user.created_at)),
        };
        (key, user.id.0)
    }))
}

/// How many users of this kind (or of all) `sight` allows, counted up to one more than the cap of counts.
///
/// # Errors
/// A fault.
pub fn count(tx: &mut Tx<'_>, kind: Option<Kind>, sight: &Sight) -> Result<i64> {
    let of_kind = kind.map_or_else(|| "1 = 1".to_owned(), |kind| format!("kind = '{}'", kind.slug()));
    let seen = seen_by(sight).unwrap_or_else(|| "1 = 1".into());
    count_rows(tx, &format!("FROM users WHERE {of_kind} AND {seen}"))
}

/// Whom a picker looks for.
pub struct Lookup<'a> {
    /// Part of a name.
    pub text: &'a str,
    /// Service and agent accounts, or people.
    pub machines: bool,
    /// Who are not in this team yet.
    pub outside: Option<TeamId>,
    /// Whether an email address counts as a name.
    pub by_email: bool,
}

/// Up to `limit` enabled users whom a picker looks for.
///
/// # Errors
/// A fault.
pub fn lookup(tx: &mut Tx<'_>, wanted: &Lookup<'_>, limit: i64) -> Result<Vec<User>> {
    let mut query = users::table.filter(users::disabled_at.is_null()).into_boxed();
    let conditions = match wanted.by_email {
        true => matches(tx.conn, wanted.text).into_iter().collect(),
        false => name_matches(tx.conn, wanted.text),
    };
    for condition in conditions {
        query = query.filter(condition);
    }
    query =
        if wanted.machines { query.filter(users::kind.ne("person")) } else { query.filter(users::kind.eq("person")) };
    if let Some(team) = wanted.outside {
        let outsiders = format!("users.id NOT IN (SELECT user_id FROM memberships WHERE team_id = {team})");
        query = query.filter(sql::<Bool>(&outsiders));
    }
    let rows = query.order(users::display_name_key.asc()).limit(limit).load::<UserRow>(tx.conn).map_err(failed)?;
    rows.into_iter().map(User::try_from).collect()
}

/// The conditions that `text` is part of a user's names, and not only of the address; none for no text.
pub(in crate::store) fn name_matches(conn: &Conn, text: &str) -> Vec<Filter> {
    let Some(pattern) = pattern(text) else { return Vec::new() };
    let in_names: Filter = Box::new(
        sql::<Bool>("(users.display_name_key LIKE ")
            .bind::<Text, _>(pattern.clone())
            .sql(" ESCAPE '\\' OR users.username_key LIKE ")
            .bind::<Text, _>(pattern)
            .sql(" ESCAPE '\\')"),
    );
    // The index over names and addresses comes first: it leaves few whose names have to be looked at.
    matches(conn, text).into_iter().chain([in_names]).collect()
}
