//! *Access Tokens*: the inventory of every token that one may see.

mod asked;
pub mod cap;
pub mod export;
pub mod find;

use actix_web::HttpRequest;
use askama::Template;
use time::OffsetDateTime;

use self::asked::Asked;
use super::{TokenRow, Whose};
use crate::http::Portal;
use crate::http::session::Flash;
use crate::model::ids::TeamId;
use crate::model::page::{self, LISTED, PageRequest};
use crate::model::tokens::{Ending, TokenSort, TokenState, Usage};
use crate::model::{Error, Result};
use crate::service::tokens::{self, Listed};
use crate::service::{Cx, settings, teams};
use crate::web::listing;
use crate::web::view::{Choice, Field, Pager, Sort, Who};
use crate::web::{Answer, Fields, Page, Shell, render_judged};

#[derive(Template)]
#[template(path = "tokens/index.html")]
struct Index {
    page: Page,
    /// What is wrong with a filter that has no field of its own.
    error: Option<String>,
    /// Whether nothing was looked for.
    wrong: bool,
    /// The list without the filter that was wrong; empty where its field shows it.
    again: String,
    title: &'static str,
    q: String,
    kept: Vec<(String, String)>,
    kinds: Vec<(&'static str, String, bool)>,
    states: Vec<Choice>,
    endings: Vec<Choice>,
    usages: Vec<Choice>,
    teams: Vec<Choice>,
    account: Field,
    /// Of whom or what else the list is, each with where it leads without that.
    chips: Vec<(String, String)>,
    filtered: bool,
    export: String,
    /// Where those that break the policy are capped; empty where that is not asked for, or may not be done.
    cap: String,
    heads: Heads,
    pager: Pager,
    rows: Vec<(Who, TokenRow)>,
}

struct Heads {
    name: Sort,
    expires: Sort,
    last_used: Sort,
    created: Sort,
}

struct Found {
    shell: Shell,
    list: page::Page<Listed>,
    teams: Vec<(TeamId, String)>,
    dormant_days: i64,
    may_cap: bool,
    began_again: bool,
    /// Why nothing is listed: a filter that means nothing.
    error: Option<Error>,
    now: OffsetDateTime,
}

/// `GET /tokens`.
pub async fn list(portal: Portal, request: HttpRequest) -> Answer {
    let asked = Asked::of(&Fields::of_query(&request));
    let wanted = asked.clone();
    let found = portal.read(move |cx| find(cx, wanted)).await?;
    let mut page = Page::of(&portal, found.shell, "tokens", "Access Tokens");
    if found.began_again {
        page.flash = Some(Flash { kind: "caution".into(), text: listing::GONE.into() });
    }
    let (filter, address) = (&asked.filter, &asked.listing);
    let rows: Vec<_> = found.list.items.iter().map(|listed| row(listed, found.now)).collect();
    let beyond = filter.ending == Some(Ending::BeyondPolicy) && !rows.is_empty() && found.may_cap;
    let states = TokenState::ALL.iter().map(|state| (state.as_str().to_lowercase(), state.as_str()));
    let chosen = filter.state.map(|state| state.as_str().to_lowercase()).unwrap_or_default();
    let error = found.error.as_ref();
    let elsewhere = error.filter(|error| error.of_field("account").is_none());
    let template = Index {
        page,
        error: elsewhere.map(listing::told),
        again: if elsewhere.is_some() { address.address() } else { String::new() },
        wrong: error.is_some(),
        title: asked.title(),
        q: filter.search.clone(),
        kept: address.sent(&["type", "power", "token", "sort"]),
        kinds: asked.kinds(),
        states: states.map(|(value, label)| Choice::new(value, label, &chosen)).collect(),
        endings: endings(filter.ending),
        usages: usages(filter.usage, found.dormant_days),
        teams: team_choices(&found.teams, filter.team),
        account: Field::new("account", &asked.account).judged(error),
        chips: chips(&asked),
        filtered: asked.is_narrowed(),
        export: format!("/tokens/export.csv{}", crate::web::form::query(&address.all())),
        cap: if beyond { "/tokens/cap".into() } else { String::new() },
        heads: Heads {
            name: asked.head("Token", TokenSort::Name, false),
            expires: asked.head("Expires", TokenSort::Expires, false),
            last_used: asked.head("Last used", TokenSort::LastUsed, true),
            created: asked.head("Made", TokenSort::Created, true),
        },
        pager: Pager::of(&found.list, summary(rows.len()), "/tokens", &address.all()),
        rows,
    };
    render_judged(found.error.as_ref(), &template)
}

fn find(cx: &mut Cx<'_, '_>, mut asked: Asked) -> Result<Found> {
    let shell = Shell::of(cx)?;
    let request = PageRequest { limit: LISTED, cursor: asked.listing.cursor.take(), descending: asked.descending };
    let mut began_again = asked.listing.bad_cursor;
    let mut error = listing::invalid(&asked.wrong);
    if error.is_none() && !asked.account.is_empty() {
        match tokens::account_named(cx, &asked.account) {
            Ok(id) => asked.filter.account = Some(id),
            Err(wrong @ Error::Invalid(_)) => error = Some(wrong),
            Err(fault) => return Err(fault),
        }
    }
    let mut list = match tokens::list(cx, &asked.filter, asked.sort, &request) {
        Err(Error::Invalid(_)) => {
            began_again = true;
            tokens::list(cx, &asked.filter, asked.sort, &PageRequest { cursor: None, ..request })?
        }
        other => other?,
    };
    if error.is_some() {
        list = page::Page::empty();
    }
    Ok(Found {
        shell,
        list,
        teams: known_teams(cx, asked.filter.team)?,
        dormant_days: settings::token_policy(cx)?.dormant_after(),
        may_cap: settings::may_change(cx),
        began_again,
        error,
        now: cx.now,
    })
}

/// The teams to choose from, the chosen one among them.
fn known_teams(cx: &mut Cx<'_, '_>, chosen: Option<TeamId>) -> Result<Vec<(TeamId, String)>> {
    let known = teams::page(cx, "", &PageRequest::first(page::MAX_LIMIT))?.items.into_iter();
    let mut known: Vec<_> = known.map(|info| (info.team.id, info.team.name)).collect();
    if let Some(team) = chosen
        && !known.iter().any(|(id, _)| *id == team)
    {
        known.extend(teams::names(cx, [team])?);
    }
    known.retain(|(id, _)| !id.is_public());
    Ok(known)
}

fn row(listed: &Listed, now: OffsetDateTime) -> (Who, TokenRow) {
    (Who::of(&listed.user), TokenRow::of(&listed.info, Whose::User(listed.user.id), listed.rights, now))
}

fn endings(chosen: Option<Ending>) -> Vec<Choice> {
    let label = |ending: &Ending| match ending {
        Ending::Never => "Never expires",
        Ending::BeyondPolicy => "Breaks the policy",
    };
    let chosen = chosen.map_or("", Ending::as_str);
    Ending::ALL.iter().map(|ending| Choice::new(ending.as_str(), label(ending), chosen)).collect()
}

fn usages(chosen: Option<Usage>, days: i64) -> Vec<Choice> {
    let label = |usage: &Usage| match usage {
        Usage::Never => "Never used".to_owned(),
        Usage::Dormant => format!("Not used for {days} days"),
    };
    let chosen = chosen.map_or("", Usage::as_str);
    Usage::ALL.iter().map(|usage| Choice::new(usage.as_str(), label(usage), chosen)).collect()
}

fn team_choices(teams: &[(TeamId, String)], chosen: Option<TeamId>) -> Vec<Choice> {
    let chosen = chosen.map(|id| id.to_string()).unwrap_or_default();
    teams.iter().map(|(id, name)| Choice::new(id.to_string(), name, &chosen)).collect()
}

fn chips(asked: &Asked) -> Vec<(String, String)> {
    let link = |name| asked.listing.link(name, "");
    let pasted = asked.filter.id.map(|_| ("The token that you pasted".to_owned(), link("token")));
    let global = asked.filter.global_admin.then(|| ("Global admin".to_owned(), link("power")));
    pasted.into_iter().chain(global).collect()
}

fn summary(shown: usize) -> String {
    crate::web::users::counted(shown, "token on this page", "tokens on this page")
}
