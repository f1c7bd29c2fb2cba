//! Lists of users: searched, filtered, sorted, paged and counted.

use diesel::QueryDsl;
use diesel::sql_types::BigInt;
use time::OffsetDateTime;

use crate::base::clock::to_micros;
use crate::model::actor::Sight;
use crate::model::ids::{TeamId, UserId};
use crate::model::names::fold;
use crate::model::page::{Cursor, Key, LISTED, OTHER_ORDER, Page, PageRequest};
use crate::model::users::{Kind, User, UserFilter, UserSort, UserState};
use crate::model::{Error, Result};
use crate::store::conn::Conn;
use crate::store::db::{Tx, count_rows};
use crate::store::memberships;
use crate::store::paging::Order;
use crate::store::rows::UserRow;
use crate::store::schema::user_counts;
use crate::store::sql::{Condition, Sql, Statement, sql};
use crate::store::tokens::{STOPPED, good};

/// `text` anywhere, for a LIKE with `\\` as its escape; nothing for no text.
pub(in crate::store) fn pattern(text: &str) -> Option<String> {
    let text = fold(text);
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    (!text.is_empty()).then(|| format!("%{escaped}%"))
}

/// The condition that `text` is part of a user's names or address. An index answers it from three characters on.
fn matches(conn: &Conn, text: &str) -> Option<Condition> {
    let pattern = pattern(text)?;
    let text = fold(text);
    Some(match conn {
        Conn::Sqlite(_) if text.chars().count() >= 3 => {
            let phrase = format!("\"{}\"", text.replace('"', "\"\""));
            sql("users.id IN (SELECT rowid FROM users_search WHERE users_search MATCH ").text(phrase).sql(")")
        }
        _ => sql("users.search LIKE ").text(pattern).sql(" ESCAPE '\\'"),
    })
}

/// The condition on `users` that `sight` puts; none where everyone is seen.
pub(in crate::store) fn seen_by(sight: &Sight) -> Option<Condition> {
    match sight {
        Sight::All => None,
        Sight::Some { own, teams, homes, machines } => Some(
            sql("(users.id = ")
                .number(own.map_or(0, |id| id.0))
                .sql(" OR users.home_team_id")
                .among(homes.iter().map(|id| id.0))
                .sql(if *machines { " OR users.kind <> 'person'" } else { "" })
                .sql(" OR users.id IN (SELECT user_id FROM memberships WHERE team_id")
                .among(teams.iter().map(|id| id.0))
                .sql("))")
                // So many teams and homes make very many texts.
                .once(),
        ),
    }
}

/// A service or agent account that has no team besides `Public`, or no usable token.
fn idle(now: OffsetDateTime) -> Condition {
    sql("(users.kind <> 'person' AND (users.teams = 0 \
         OR NOT EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = users.id AND ")
    .then(good(now))
    .sql(")))")
}

/// That a user is in a state. The first two are worded as their indexes are.
fn in_state(state: UserState, now: OffsetDateTime) -> Condition {
    const INVITED: &str = "users.kind = 'person' AND users.password_hash IS NULL";
    let enabled = |rest: String| sql(format!("(users.disabled_at IS NULL AND {rest}"));
    match state {
        UserState::Disabled => sql("users.disabled_at IS NOT NULL"),
        UserState::Invited => enabled(format!("{INVITED})")),
        UserState::Stopped => enabled(format!("{STOPPED})")),
        UserState::Idle => enabled(format!("NOT {STOPPED} AND ")).then(idle(now)).sql(")"),
        UserState::Active => enabled(format!("NOT ({INVITED}) AND NOT {STOPPED} AND NOT ")).then(idle(now)).sql(")"),
    }
}

/// What `filter` and `sight` ask for besides the search.
fn conditions(filter: &UserFilter, sight: &Sight, now: OffsetDateTime) -> Vec<Condition> {
    let mut all: Vec<Condition> = seen_by(sight).into_iter().collect();
    all.extend(filter.state.map(|state| in_state(state, now)));
    all.extend(filter.kind.map(|kind| sql(format!("users.kind = '{}'", kind.slug()))));
    all.extend(filter.role.map(|role| sql(format!("users.role = '{role}'"))));
    all.into_iter().map(Sql::once).collect()
}

fn team_of(filter: &UserFilter) -> Option<TeamId> {
    filter.team.filter(|team| !team.is_public())
}

/// Whether nothing but a team, and perhaps a kind, is asked for, which the indexes of memberships answer in order.
fn of_team_alone(filter: &UserFilter, sight: &Sight) -> Option<TeamId> {
    let alone = filter.state.is_none() && filter.role.is_none() && *sight == Sight::All;
    team_of(filter).filter(|_| alone && !matches!(filter.kind, Some(Kind::Service | Kind::Agent)))
}

/// A page of the users that `sight` allows and `filter` asks for. A search that finds very many lists them in the order in which
/// they were made, whatever was asked for, since sorting them would take longer the more there are.
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
    let mut conditions = conditions(filter, sight, now);
    if let Some(team) = team_of(filter) {
        conditions.push(memberships::condition_of(tx, team, "users.id", request.limit)?.once());
    }
    if let Some(found) = Search::of(tx.conn, &filter.search, &conditions) {
        let few = found.ids(tx, None, false, SORTED_AT_MOST + 1)?;
        if few.len() > usize::try_from(SORTED_AT_MOST).unwrap_or_default() {
            return by_age(tx, &found, request);
        }
        conditions = vec![sql("users.id").among(few)];
    } else if let Some(team) = of_team_alone(filter, sight) {
        match sort {
            UserSort::Name => conditions = vec![members_by_name(team, filter.kind.map(|_| false), request)?],
            UserSort::LastSeen if filter.kind.is_none() => conditions = vec![members_by_seen(team, request)?],
            _ => {}
        }
    }
    let rows: Vec<UserRow> = tx.load(order(sort).page(UserRow::columns().rows(), conditions, request)?)?;
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

fn order(sort: UserSort) -> Order {
    match sort {
        UserSort::Name => Order::by_text("users.display_name_key", "users.id"),
        UserSort::Username => Order::by_text("users.username_key", "users.id"),
        UserSort::LastSeen => Order::by_number("users.last_seen_at", "users.id"),
        UserSort::Created => Order::by_number("users.created_at", "users.id"),
    }
}

/// The condition that somebody is among the next of a team's members in an order that the memberships stand in too: no more of them
/// than the page needs.
fn among_members(team: TeamId, machines: Option<bool>, order: Order, request: &PageRequest) -> Result<Condition> {
    let of_kind = machines.map(|yes| sql(if yes { "machine = TRUE" } else { "machine = FALSE" }));
    let conditions = [sql("team_id = ").number(team.0)].into_iter().chain(of_kind).collect();
    let those = order.page(sql::<BigInt>("SELECT user_id FROM memberships"), conditions, request)?;
    Ok(sql("users.id IN (").then(those).sql(")"))
}

/// The condition that somebody is among the next of a team's members by name.
///
/// # Errors
/// A cursor of another order.
pub(in crate::store) fn members_by_name(
    team: TeamId,
    machines: Option<bool>,
    request: &PageRequest,
) -> Result<Condition> {
    among_members(team, machines, Order::by_text("name_key", "user_id"), request)
}

/// The same by when they were last seen.
fn members_by_seen(team: TeamId, request: &PageRequest) -> Result<Condition> {
    among_members(team, None, Order::by_number("last_seen_at", "user_id"), request)
}

/// So many found are still sorted; more are listed in the order in which they were made.
const SORTED_AT_MOST: i64 = 200;

/// A search for part of a name or address, among those that conditions leave.
struct Search {
    /// `FROM … WHERE …`.
    from: Statement,
    id: &'static str,
}

impl Search {
    fn of(conn: &Conn, text: &str, conditions: &[Condition]) -> Option<Self> {
        let like = pattern(text)?;
        let text = fold(text);
        let found = match conn {
            Conn::Sqlite(_) if text.chars().count() >= 3 => {
                // The join keeps this order, so that reading ends as soon as enough are found.
                let joined =
                    if conditions.is_empty() { "" } else { " CROSS JOIN users ON users.id = users_search.rowid" };
                let from = sql(format!("FROM users_search{joined} WHERE users_search MATCH "));
                Self { from: from.text(format!("\"{}\"", text.replace('"', "\"\""))), id: "users_search.rowid" }
            }
            _ => {
                Self { from: sql("FROM users WHERE users.search LIKE ").text(like).sql(" ESCAPE '\\'"), id: "users.id" }
            }
        };
        let and = |from: Statement, condition: &Condition| from.sql(" AND ").then(condition.clone());
        Some(Self { from: conditions.iter().fold(found.from, and), ..found })
    }

    /// The ids of the first ones found after this one, in the order of ids.
    fn ids(&self, tx: &mut Tx<'_>, after: Option<i64>, falling: bool, limit: i64) -> Result<Vec<i64>> {
        let Self { from, id } = self;
        let (side, order) = if falling { ("<", "DESC") } else { (">", "ASC") };
        let mut query = sql::<BigInt>(format!("SELECT {id} ")).then(from.clone());
        if limit != SORTED_AT_MOST + 1 && limit != LISTED + 1 {
            query = query.once();
        }
        if let Some(after) = after {
            query = query.sql(format!(" AND {id} {side} ")).number(after);
        }
        let query = query.sql(format!(" ORDER BY {id} {order}")).limit(limit);
        tx.load(query)
    }
}

/// A page of what was found, in the order in which it was made.
fn by_age(tx: &mut Tx<'_>, found: &Search, request: &PageRequest) -> Result<Page<User>> {
    let after = match &request.cursor {
        None => None,
        // The key is the id: so a cursor of a list that is sorted by a time is not taken for one of these.
        Some(Cursor { key: Key::Number(key), id, .. }) if key == id => Some(*id),
        Some(_) => return Err(Error::field("cursor", OTHER_ORDER)),
    };
    let falling = request.descending != request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let ids = found.ids(tx, after, falling, request.limit + 1)?;
    let mut users = super::many(tx, &ids.into_iter().map(UserId).collect::<Vec<_>>())?;
    users.sort_by_key(|user| if falling { -user.id.0 } else { user.id.0 });
    let mut page = Page::build(request, users, |user| (Key::Number(user.id.0), user.id.0));
    page.by_age = true;
    Ok(page)
}

const KINDS: [Kind; 3] = [Kind::Person, Kind::Service, Kind::Agent];

/// How many people, service accounts and agents `sight` allows. Where not everyone is seen, counting stops at one more
/// than the cap.
///
/// # Errors
/// A fault.
pub fn counts(tx: &mut Tx<'_>, sight: &Sight) -> Result<[i64; 3]> {
    let Some(seen) = seen_by(sight) else {
        let rows: Vec<(String, i64)> = tx.load(user_counts::table.select((user_counts::kind, user_counts::n)))?;
        let of = |kind: Kind| rows.iter().filter(|(slug, _)| slug == kind.slug()).map(|(_, n)| n).sum();
        return Ok(KINDS.map(of));
    };
    let mut counts = [0; 3];
    for (count, kind) in counts.iter_mut().zip(KINDS) {
        let of_kind = sql(format!("FROM users WHERE kind = '{}' AND ", kind.slug()));
        *count = count_rows(tx, of_kind.then(seen.clone()))?;
    }
    Ok(counts)
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
    let mut conditions = match wanted.by_email {
        true => matches(tx.conn, wanted.text).into_iter().collect(),
        false => name_matches(tx.conn, wanted.text),
    };
    conditions.push(of_kind(wanted.machines, !conditions.is_empty()));
    conditions.push(sql("users.disabled_at IS NULL"));
    conditions.extend(
        wanted.outside.map(|team| {
            sql("users.id NOT IN (SELECT user_id FROM memberships WHERE team_id = ").number(team.0).sql(")")
        }),
    );
    let found = UserRow::columns().rows().all_of(conditions).sql(" ORDER BY users.display_name_key");
    let rows: Vec<UserRow> = tx.load(found.limit(limit))?;
    rows.into_iter().map(User::try_from).collect()
}

/// That an account is a person, or else a service or agent account. `in_passing`, where other conditions leave few, it is worded so
/// that no index of kinds is gone through instead.
pub(in crate::store) fn of_kind(machines: bool, in_passing: bool) -> Condition {
    sql(match (machines, in_passing) {
        (true, _) => "users.kind <> 'person'",
        (false, false) => "users.kind = 'person'",
        (false, true) => "users.kind || '' = 'person'",
    })
}

/// The conditions that `text` is part of a user's names, and not only of the address; none for no text.
pub(in crate::store) fn name_matches(conn: &Conn, text: &str) -> Vec<Condition> {
    let Some(pattern) = pattern(text) else { return Vec::new() };
    let in_names = sql("(users.display_name_key LIKE ")
        .text(pattern.clone())
        .sql(" ESCAPE '\\' OR users.username_key LIKE ")
        .text(pattern)
        .sql(" ESCAPE '\\')");
    // The index over names and addresses comes first: it leaves few whose names have to be looked at.
    matches(conn, text).into_iter().chain([in_names]).collect()
}
