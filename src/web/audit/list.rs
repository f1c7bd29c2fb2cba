//! The list of entries, by filters.

use actix_web::HttpRequest;
use askama::Template;
use time::OffsetDateTime;

use super::asked::Asked;
use crate::http::Portal;
use crate::model::actor::Sight;
use crate::model::audit::{ActorKind, Outcome};
use crate::model::page::{LISTED, PageRequest};
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::audit::{self, Found};
use crate::web::activity::{self, Entry};
use crate::web::view::{Choice, Field, Pager, When};
use crate::web::{Answer, Fields, Page, Shell, render_judged};

/// The filters that stand below the others, as they are typed.
const TYPED: [&str; 6] = ["actor", "token", "target_kind", "target", "from", "to"];

#[derive(Template)]
#[template(path = "audit/index.html")]
struct Index {
    page: Page,
    /// Whether it is the whole log.
    whole: bool,
    csv: String,
    ndjson: String,
    q: String,
    kinds: Vec<Choice>,
    actions: Vec<Choice>,
    outcomes: Vec<Choice>,
    target_kinds: Vec<Choice>,
    actor: Field,
    token: Field,
    target_kind: Field,
    target: Field,
    from: Field,
    to: Field,
    /// What is wrong with a filter that has no field below.
    error: Option<String>,
    open: bool,
    filtered: bool,
    wrong: bool,
    entries: Vec<Entry>,
    pager: Pager,
}

/// What was found.
struct Looked {
    shell: Shell,
    whole: bool,
    sees_all: bool,
    found: Result<Found>,
    began_again: bool,
    now: OffsetDateTime,
}

/// `GET /audit`.
pub async fn list(portal: Portal, request: HttpRequest) -> Answer {
    let asked = Asked::of(Fields::of_query(&request));
    let wanted = asked.clone();
    let looked = portal.read(move |cx| look(cx, &wanted)).await?;
    let page = Page::of(&portal, looked.shell, "audit", "Audit log").begun_again(looked.began_again);
    let (found, error) = match looked.found {
        Ok(found) => (Some(found), None),
        Err(error) => (None, Some(error)),
    };
    let error = error.as_ref();
    let pager = found.as_ref().map(|found| pager(found, &asked));
    let elsewhere = ["q", "kind", "action", "outcome"].iter().filter_map(|name| error?.of_field(name)).next();
    let template = Index {
        page,
        whole: looked.whole,
        csv: asked.link("/audit/export.csv"),
        ndjson: asked.link("/audit/export.ndjson"),
        q: asked.get("q").to_owned(),
        kinds: kinds(asked.get("kind")),
        actions: actions(asked.get("action")),
        outcomes: Outcome::ALL
            .iter()
            .map(|o| Choice::new(o.as_str(), capital(o.as_str()), asked.get("outcome")))
            .collect(),
        target_kinds: target_kinds(asked.get("target_kind")),
        actor: asked.field("actor", error),
        token: asked.field("token", error),
        target_kind: asked.field("target_kind", error),
        target: asked.field("target", error),
        from: asked.field("from", error),
        to: asked.field("to", error),
        error: elsewhere.map(str::to_owned),
        open: TYPED.iter().any(|name| !asked.get(name).is_empty()),
        filtered: !asked.all().is_empty(),
        wrong: error.is_some(),
        entries: found.map(|found| lines(found, looked.sees_all, looked.now)).unwrap_or_default(),
        pager: pager.unwrap_or(Pager { summary: String::new(), prev: None, next: None }),
    };
    render_judged(error, &template)
}

fn look(cx: &mut Cx<'_, '_>, asked: &Asked) -> Result<Looked> {
    let whole = audit::reading(cx)?;
    let found = asked
        .filter()
        .and_then(|filter| asked.place.find(PageRequest::first(LISTED), |request| audit::page(cx, &filter, request)));
    let (found, began_again) = match found {
        Err(error @ Error::Invalid(_)) => (Err(error), false),
        other => other.map(|(found, again)| (Ok(found), again))?,
    };
    let sees_all = cx.actor.sight() == Sight::All;
    Ok(Looked { shell: Shell::of(cx)?, whole, sees_all, found, began_again, now: cx.now })
}

fn pager(found: &Found, asked: &Asked) -> Pager {
    let mut summary = match found.page.items.len() {
        1 => "1 entry on this page".to_owned(),
        n => format!("{n} entries on this page"),
    };
    if let Some(last) = &found.looked_until {
        summary.push_str(&format!(", searched back to {}", When::of(last.time(), last.time()).exact));
    }
    Pager::of(&found.page, summary, "/audit", &asked.all())
}

/// The lines of a page, each a link to its entry.
fn lines(found: Found, sees_all: bool, now: OffsetDateTime) -> Vec<Entry> {
    let links: Vec<_> = found.page.items.iter().map(|entry| format!("/audit/{}", entry.seq)).collect();
    let mut lines = activity::entries(found.page.items, now);
    for (line, link) in lines.iter_mut().zip(links) {
        line.href = link;
        // Whoever acted may have a page that this person does not see.
        if let Some(who) = line.who.as_mut().filter(|_| !sees_all) {
            who.href.clear();
        }
    }
    lines
}

fn kinds(chosen: &str) -> Vec<Choice> {
    let label = |kind: &ActorKind| match kind {
        ActorKind::Person => "People",
        ActorKind::Service => "Service accounts",
        ActorKind::Agent => "AI agents",
        ActorKind::Cli => "Command line",
        ActorKind::System => "Latchkey itself",
        ActorKind::Anonymous => "Not logged in",
    };
    ActorKind::ALL.iter().map(|kind| Choice::new(kind.as_str(), label(kind), chosen)).collect()
}

/// Each noun with all that is done to it, then what is done to it one by one.
fn actions(chosen: &str) -> Vec<Choice> {
    let (mut choices, mut last) = (Vec::new(), "");
    for action in activity::actions() {
        let noun = action.split('.').next().unwrap_or_default();
        if noun != last {
            choices.push(Choice::new(format!("{noun}.*"), format!("{noun}: everything"), chosen));
            last = noun;
        }
        choices.push(Choice::new(action, action.replace('.', ": ").replace('_', " "), chosen));
    }
    // One that an address names and that is not listed stays chosen.
    if !chosen.is_empty() && choices.iter().all(|choice| !choice.selected) {
        choices.push(Choice::new(chosen, chosen, chosen));
    }
    choices
}

fn target_kinds(chosen: &str) -> Vec<Choice> {
    let all = [
        ("", "Anything"),
        ("person", "Person"),
        ("service", "Service account"),
        ("agent", "AI agent"),
        ("team", "Team"),
        ("role", "Role"),
        ("application", "Application"),
        ("settings", "Settings"),
    ];
    let mut choices: Vec<_> = all.iter().map(|(value, label)| Choice::new(*value, *label, chosen)).collect();
    if choices.iter().all(|choice| !choice.selected) {
        choices.push(Choice::new(chosen, chosen, chosen));
    }
    choices
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
