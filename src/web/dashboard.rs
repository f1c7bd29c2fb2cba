//! The first page.

use askama::Template;
use time::OffsetDateTime;

use super::users::want_somebody;
use super::view::{Note, Who, count, relative};
use super::{Answer, Page, Shell, render};
use crate::http::Portal;
use crate::model::Result;
use crate::model::tokens::leak::WhatLeaked;
use crate::model::tokens::{Leak, Token};
use crate::model::users::{AnswersFor, User};
use crate::service::dashboard::{Overview, overview};
use crate::service::users::UserInfo;
use crate::service::{Cx, users};

#[derive(Template)]
#[template(path = "dashboard/index.html")]
struct Dashboard {
    page: Page,
    tiles: Vec<Tile>,
    attention: Vec<Attention>,
}

/// A figure.
struct Tile {
    label: &'static str,
    count: String,
    href: &'static str,
}

/// Something to look at, with the way to do something about it.
struct Attention {
    who: Who,
    what: Note,
    detail: String,
    href: String,
    button: &'static str,
}

/// `GET /`.
pub async fn index(portal: Portal) -> Answer {
    let (shell, tiles, attention) = portal
        .read(|cx| {
            let overview = overview(cx)?;
            Ok((Shell::of(cx)?, tiles(&overview), attention(cx, overview)?))
        })
        .await?;
    render(&Dashboard { page: Page::of(&portal, shell, "dashboard", "Dashboard"), tiles, attention })
}

fn tiles(overview: &Overview) -> Vec<Tile> {
    let tile = |label, n, href| Tile { label, count: count(n), href };
    let [_, people, services, agents] = overview.users;
    let mut tiles =
        vec![tile("People", people, "/users?kind=person"), tile("Service accounts", services, "/users?kind=service")];
    if agents > 0 {
        tiles.push(tile("AI agents", agents, "/users?kind=agent"));
    }
    tiles.extend(overview.teams.map(|n| tile("Teams", n, "/teams")));
    tiles.extend(overview.tokens.map(|n| tile("Active tokens", n, "")));
    tiles
}

fn attention(cx: &mut Cx<'_, '_>, overview: Overview) -> Result<Vec<Attention>> {
    let mut found = Vec::new();
    found.extend(overview.leaked.iter().map(|(token, user, leak)| leaked((token, user), leak, cx.now)));
    found.extend(overview.ending.iter().map(|(token, user)| ending(token, user, cx.now)));
    for info in &overview.idle {
        found.push(idle(cx, info)?);
    }
    found.extend(overview.leavers.iter().map(leaver));
    found.extend(overview.without_sponsor.iter().map(without_sponsor));
    found.extend(overview.without_contact.iter().map(without_contact));
    found.extend(overview.invited.iter().map(|info| invited(&info.user, cx.now)));
    found.extend(overview.endless.iter().map(|(token, user)| endless(token, user)));
    Ok(found)
}

fn caution(text: impl Into<String>) -> Note {
    Note { text: text.into(), tone: "caution" }
}

fn leaked((token, user): (&Token, &User), leak: &Leak, now: OffsetDateTime) -> Attention {
    let what = match leak.what {
        WhatLeaked::Former => "Old secret of a token leaked",
        WhatLeaked::Itself | WhatLeaked::Maker => "Token leaked and revoked",
    };
    let place = if leak.place.is_empty() { String::new() } else { format!(" at {}", leak.place) };
    Attention {
        who: Who::of(user),
        what: Note { text: what.into(), tone: "danger" },
        detail: format!("{} ({}), found {}{place}.", token.name, token.hint, relative(leak.at, now)),
        href: format!("/users/{}/tokens/{}", user.id, token.id),
        button: "See what happened",
    }
}

fn ending(token: &Token, user: &User, now: OffsetDateTime) -> Attention {
    let end = token.expires_at.unwrap_or(now);
    Attention {
        what: caution(format!("Token expires {}", relative(end, now))),
        detail: format!("{} ({}). Make another one before it ends.", token.name, token.hint),
        href: format!("/users/{}/tokens", user.id),
        button: "See its tokens",
        who: Who::of(user),
    }
}

fn endless(token: &Token, user: &User) -> Attention {
    Attention {
        what: caution("Token never expires"),
        detail: format!("{} ({}). One that ends is safer.", token.name, token.hint),
        href: format!("/users/{}/tokens", user.id),
        button: "See its tokens",
        who: Who::of(user),
    }
}

/// What is missing, with the way to it where it is one thing and the caller may do it.
fn idle(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Attention> {
    let rights = users::rights(cx, &info.user)?;
    let (no_team, no_token) = (!info.has_team, info.tokens.usable == 0);
    let suspended = no_token && info.tokens.suspended > 0;
    let page = format!("/users/{}", info.user.id);
    let (detail, href, button) = match (no_team, no_token) {
        (true, true) if suspended => {
            ("It is in no team besides Public, and its tokens are suspended.", page, "See what is missing")
        }
        (false, true) if suspended && rights.see_tokens => {
            ("All its tokens are suspended.", format!("{page}/tokens"), "See its tokens")
        }
        (false, true) if suspended => ("All its tokens are suspended.", page, "See what is missing"),
        (true, false) if rights.assign => {
            ("It is in no team besides Public.", format!("{page}/teams"), "Add to a team")
        }
        (false, true) if rights.make_tokens => {
            ("It has no token that is good.", format!("{page}/tokens/new"), "New token")
        }
        (true, true) => {
            ("It is in no team besides Public, and has no token that is good.", page, "See what is missing")
        }
        (true, _) => ("It is in no team besides Public.", page, "See what is missing"),
        (_, _) => ("It has no token that is good.", page, "See what is missing"),
    };
    Ok(Attention { who: Who::of(&info.user), what: caution("Can do nothing yet"), detail: detail.into(), href, button })
}

fn without_contact(user: &User) -> Attention {
    Attention {
        who: Who::of(user),
        what: caution("Has no contact"),
        detail: "Nobody answers for it.".into(),
        href: format!("/users/{}", user.id),
        button: "Choose a contact",
    }
}

fn without_sponsor(user: &User) -> Attention {
    Attention {
        what: caution("Has no sponsor"),
        detail: "Nobody answers for this agent.".into(),
        button: "Choose a sponsor",
        ..without_contact(user)
    }
}

fn leaver((person, accounts): &(User, AnswersFor)) -> Attention {
    Attention {
        who: Who::of(person),
        what: caution("Left accounts behind"),
        detail: format!("Disabled; {}.", want_somebody(*accounts)),
        href: format!("/users/{}/handover", person.id),
        button: "Hand over",
    }
}

fn invited(user: &User, now: OffsetDateTime) -> Attention {
    Attention {
        who: Who::of(user),
        what: Note { text: "Has not chosen a password".into(), tone: "" },
        detail: format!("Invited {}. An invitation is good for 72 hours.", relative(user.created_at, now)),
        href: format!("/users/{}", user.id),
        button: "See the invitation",
    }
}
