//! The list of users.

mod asked;

use actix_web::HttpRequest;
use askama::Template;
use time::OffsetDateTime;

use self::asked::Asked;
use crate::http::Portal;
use crate::http::session::Flash;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::{self, LISTED, PageRequest};
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, UserState};
use crate::model::{Error, Result};
use crate::service::users::{self, Rights, UserInfo};
use crate::service::{Cx, teams};
use crate::web::listing;
use crate::web::view::{Choice, Note, Pager, Sort, Status, When, Who, count};
use crate::web::{Answer, Fields, Page, Shell, render_judged};

/// How many teams a row names.
const NAMED: usize = 2;

#[derive(Template)]
#[template(path = "users/index.html")]
struct Index {
    page: Page,
    /// Why nothing is listed: a filter that means nothing.
    error: Option<String>,
    /// The list without that filter.
    again: String,
    may_create: bool,
    may_add_service: bool,
    may_bulk: bool,
    q: String,
    kept: Vec<(String, String)>,
    kinds: Vec<Segment>,
    statuses: Vec<Choice>,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    filtered: bool,
    heads: Heads,
    pager: Pager,
    rows: Vec<Row>,
}

struct Segment {
    label: &'static str,
    count: String,
    href: String,
    current: bool,
}

struct Heads {
    user: Sort,
    last_seen: Sort,
}

struct Row {
    id: i64,
    who: Who,
    role: &'static str,
    teams: Vec<String>,
    more_teams: usize,
    tokens: Note,
    status: Status,
    last_seen: Option<When>,
    may_enable: bool,
    may_disable: bool,
    may_delete: bool,
    may_tokens: bool,
    may_revoke: bool,
}

/// What was found.
struct Found {
    shell: Shell,
    me: Option<UserId>,
    counts: [i64; 4],
    teams: Vec<(TeamId, String)>,
    list: page::Page<UserInfo>,
    rights: Vec<Rights>,
    may_create: bool,
    may_add_service: bool,
    now: OffsetDateTime,
    began_again: bool,
}

/// `GET /users`.
pub async fn list(portal: Portal, request: HttpRequest) -> Answer {
    let asked = Asked::of(&Fields::of_query(&request));
    let wanted = asked.clone();
    let found = portal.read(move |cx| find(cx, &wanted)).await?;
    let mut page = Page::of(&portal, found.shell, "users", "Users");
    if found.began_again {
        page.flash = Some(Flash { kind: "caution".into(), text: listing::GONE.into() });
    }
    let listed = found.list.items.iter().zip(&found.rights);
    let rows: Vec<Row> = listed.map(|(info, rights)| row(info, *rights, found.me, found.now)).collect();
    let filter = &asked.filter;
    let states = UserState::ALL.iter().map(|state| (state.slug(), state.as_str()));
    let roles = OrgRole::ALL.iter().map(|role| (role.as_str(), role.as_str()));
    let error = listing::invalid(&asked.wrong);
    let error = error.as_ref();
    let template = Index {
        page,
        error: error.map(listing::told),
        again: asked.listing.address(),
        may_create: found.may_create,
        may_add_service: found.may_add_service,
        may_bulk: rows.iter().any(|row| row.may_disable || row.may_revoke),
        q: filter.search.clone(),
        kept: asked.listing.sent(&["kind", "sort"]),
        kinds: kinds(&asked, found.counts),
        statuses: words(states, filter.state.map(UserState::slug)),
        roles: words(roles, filter.role.map(OrgRole::as_str)),
        teams: team_choices(&found.teams, filter.team),
        filtered: !filter.is_empty(),
        heads: Heads { user: asked.head("User", "name", false), last_seen: asked.head("Last seen", "last_seen", true) },
        pager: Pager::of(
            &found.list,
            summary(&asked, (rows.len(), found.list.by_age), found.counts),
            "/users",
            &asked.listing.all(),
        ),
        rows,
    };
    render_judged(error, &template)
}

fn find(cx: &mut Cx<'_, '_>, asked: &Asked) -> Result<Found> {
    let shell = Shell::of(cx)?;
    let request = PageRequest { limit: LISTED, cursor: asked.listing.cursor.clone(), descending: asked.descending };
    let mut began_again = asked.listing.bad_cursor;
    let list = match users::page(cx, &asked.filter, asked.sort, &request) {
        _ if !asked.wrong.is_empty() => page::Page::empty(),
        Err(Error::Invalid(_)) => {
            began_again = true;
            let first = PageRequest { cursor: None, ..request };
            users::page(cx, &asked.filter, asked.sort, &first)?
        }
        other => other?,
    };
    let mut known = teams::first_names(cx)?;
    if let Some(team) = asked.filter.team
        && !known.iter().any(|(id, _)| *id == team)
    {
        known.extend(teams::names(cx, [team])?);
    }
    let rights = list.items.iter().map(|info| users::row_rights(cx, &info.user)).collect::<Result<_>>()?;
    Ok(Found {
        shell,
        me: cx.actor.id(),
        counts: users::counts(cx)?,
        teams: known,
        rights,
        list,
        may_create: users::creating(cx).is_ok(),
        may_add_service: users::may_create_somewhere(cx).is_ok(),
        now: cx.now,
        began_again,
    })
}

fn row(info: &UserInfo, rights: Rights, me: Option<UserId>, now: OffsetDateTime) -> Row {
    let user = &info.user;
    let other = me != Some(user.id);
    let named = info.teams.iter().take(NAMED);
    Row {
        id: user.id.0,
        who: Who::of(user),
        role: user.role.as_str(),
        teams: named.map(|team| team.team_name.clone()).collect(),
        more_teams: info.teams.len().saturating_sub(NAMED),
        tokens: Note::tokens(&info.tokens, user.kind, now),
        status: info.state.into(),
        last_seen: user.last_seen_at.map(|at| When::of(at, now)),
        may_disable: rights.manage && other && user.is_enabled(),
        may_enable: rights.enable && other,
        may_delete: rights.delete && other,
        may_tokens: rights.see_tokens,
        may_revoke: rights.revoke_tokens,
    }
}

fn kinds(asked: &Asked, counts: [i64; 4]) -> Vec<Segment> {
    let all = [
        ("All", None),
        ("People", Some(Kind::Person)),
        ("Service", Some(Kind::Service)),
        ("AI agents", Some(Kind::Agent)),
    ];
    let segment = |((label, kind), n): ((&'static str, Option<Kind>), i64)| Segment {
        label,
        count: count(n),
        href: asked.listing.link("kind", kind.map_or("", Kind::slug)),
        current: asked.filter.kind == kind,
    };
    all.into_iter().zip(counts).map(segment).collect()
}

fn words(all: impl Iterator<Item = (&'static str, &'static str)>, chosen: Option<&str>) -> Vec<Choice> {
    all.map(|(value, label)| Choice::new(value, label, chosen.unwrap_or_default())).collect()
}

fn team_choices(teams: &[(TeamId, String)], chosen: Option<TeamId>) -> Vec<Choice> {
    let chosen = chosen.map(|id| id.to_string()).unwrap_or_default();
    let teams = teams.iter().filter(|(id, _)| !id.is_public());
    teams.map(|(id, name)| Choice::new(id.to_string(), name, &chosen)).collect()
}

/// How much is shown of how much; of a search it is not counted how much there is.
fn summary(asked: &Asked, (shown, by_age): (usize, bool), [all, people, services, agents]: [i64; 4]) -> String {
    if by_age {
        return format!(
            "{shown} of very many, in the order in which they were made. Search for more to have them sorted."
        );
    }
    if asked.is_narrowed() {
        return super::counted(shown, "user on this page", "users on this page");
    }
    let total = match asked.filter.kind {
        None => all,
        Some(Kind::Person) => people,
        Some(Kind::Service) => services,
        Some(Kind::Agent) => agents,
    };
    format!("{shown} of {} {}", count(total), if total == 1 { "user" } else { "users" })
}
