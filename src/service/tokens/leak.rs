//! Tokens that were found where none belongs: whoever has one may end it.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::told;
use crate::base::crypto;
use crate::base::secret::Secret;
use crate::model::Result;
use crate::model::audit::Event;
use crate::model::events::Notice;
use crate::model::tokens::leak::{self, Leak, WhatLeaked};
use crate::model::tokens::{HashedToken, Token};
use crate::model::users::User;
use crate::service::app::{App, Caller, Cx, account};
use crate::service::throttle;
use crate::store;
use crate::store::leaks::Exposed;

/// A token that was found, and where.
pub struct Report {
    /// What was found, as it stood there.
    pub token: Secret,
    /// Where, in the finder's words.
    pub place: String,
}

/// Ends a token that somebody found, and all that were made with it. Possession suffices, so nobody is asked who they are, and
/// nobody is told whether the token is known here.
///
/// # Errors
/// [`TooMany`](crate::model::Error::TooMany) from one address, or a fault.
pub fn report(app: &App, caller: &Caller, report: &Report) -> Result<()> {
    throttle::leak(app, caller)?;
    app.write(caller, |cx| {
        cx.attempt("token.leak");
        found(cx, report)
    })
}

/// What is not known goes the same way as far as the look-up, mistyped or not.
fn found(cx: &mut Cx<'_, '_>, report: &Report) -> Result<()> {
    let text = report.token.reveal().trim();
    let hash = HashedToken(crypto::sha256(text.as_bytes()));
    let Some(Exposed { token, over_since, passed_on }) = store::leaks::exposed(cx.tx, &hash, cx.now)? else {
        tracing::info!("a token was reported as leaked that is not known here");
        return Ok(());
    };
    // A secret that is over ends nothing that its successor is for, but whoever had it may have made tokens while it was good; and
    // who got the successor with it has that one.
    let over_since = over_since.filter(|_| !passed_on);
    let family = store::leaks::made_by(cx.tx, token.id, over_since)?;
    let ends = over_since.is_none() && token.revoked_at.is_none();
    let noted = store::leaks::of(cx.tx, [&token])?.contains_key(&token.id);
    if noted && !ends && family.is_empty() {
        return Ok(());
    }
    let place = leak::place(&report.place, text);
    let what = if over_since.is_some() { WhatLeaked::Former } else { WhatLeaked::Itself };
    let posted = Leak { at: cx.now, place: place.clone(), what };
    one(cx, &token, &posted, (ends, over_since, None))?;
    for made in &family {
        let by_maker = Leak { at: cx.now, place: place.clone(), what: WhatLeaked::Maker };
        one(cx, made, &by_maker, (true, None, Some(&token)))?;
    }
    tracing::warn!(token = %token.id, revoked = family.len() + usize::from(ends), "a token was reported as leaked");
    Ok(())
}

/// Writes down that one token was found, or was made with one that was, and ends it where `ends` says so.
fn one(
    cx: &mut Cx<'_, '_>,
    token: &Token,
    leak: &Leak,
    (ends, over_since, maker): (bool, Option<OffsetDateTime>, Option<&Token>),
) -> Result<()> {
    let user = store::users::get(cx.tx, token.user)?;
    let links = store::leaks::end_links(cx.tx, token.id, over_since.unwrap_or(cx.now))?;
    let before = told(cx, token)?;
    if ends {
        store::tokens::revoke(cx.tx, token.id, cx.now)?;
    }
    store::leaks::note(cx.tx, token.id, leak)?;
    let mut after = json!({ "found_at": leak.place, "what_was_found": words(leak.what), "revoked": ends });
    if let Some(maker) = maker {
        after["leaked_token_id"] = maker.id.0.into();
    }
    if links > 0 {
        after["links_ended"] = links.into();
    }
    cx.record(Event::done("token.leak", Some(account(&user))).change(Some(before), Some(after)))?;
    let data = message(&user, token, leak, ends);
    cx.notify(Notice { event: "token.leaked", user: user.id, token: Some(token.id), data })
}

fn words(what: WhatLeaked) -> &'static str {
    match what {
        WhatLeaked::Itself => "the token",
        WhatLeaked::Former => "a secret that it had before",
        WhatLeaked::Maker => "a token that it was made with",
    }
}

/// What whoever answers for the account is told. Who that is, is found out when it is delivered: people come and go.
fn message(user: &User, token: &Token, leak: &Leak, revoked: bool) -> Value {
    json!({
        "user": { "id": user.id, "username": user.username, "kind": user.kind.slug() },
        "contact": user.contact,
        "home_team": user.home_team,
        "token": { "id": token.id, "uuid": token.uuid, "name": token.name, "hint": token.hint },
        "found": leak.what,
        "found_at": leak.place,
        "revoked": revoked,
    })
}
