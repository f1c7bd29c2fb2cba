//! The page of one token: what it may do, and changing that.

mod form;
mod leak;
mod power;
mod rotation;

use std::collections::HashMap;

use actix_web::HttpRequest;
use askama::Template;
use time::OffsetDateTime;

use self::form::{Delta, EditForm, deltas};
use self::leak::LeakView;
use self::power::PowerView;
use self::rotation::RotationView;
use super::Whose;
use super::acts::What;
use super::pages::{confirm_password, keeps_form};
use crate::http::Portal;
use crate::model::ids::{TeamId, TokenId};
use crate::model::tokens::uses::Watched;
use crate::model::tokens::{SuspendedFor, Token};
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::applications::{self, Offer};
use crate::service::tokens::{self, Acts, Editing, Power};
use crate::service::users::{self, Rights};
use crate::service::{Cx, teams};
use crate::web::view::{Change, Status, When, Who, form_error};
use crate::web::{Answer, Fields, Page, Shell, errors, render, render_as, see_other};

#[derive(Template)]
#[template(path = "tokens/one.html")]
struct OnePage {
    page: Page,
    back: String,
    who: Who,
    name: String,
    hint: String,
    kind: String,
    global_admin: bool,
    status: Status,
    /// Why it is suspended, where no person did it.
    suspended_for: &'static str,
    expires: Option<When>,
    last_used: Option<When>,
    last_address: String,
    /// By which program, and for what.
    last_program: String,
    last_for: String,
    creator: String,
    created: When,
    description: String,
    /// What can be done to it: where, what it is called, and whether something stops by it.
    acts: Vec<(String, &'static str, bool)>,
    rotation: Option<RotationView>,
    leak: Option<LeakView>,
    error: Option<String>,
    /// Whether the boxes of unused scopes were cleared for somebody to look at.
    dropping: bool,
    stale: bool,
    conflict: Vec<Change>,
    form: Option<EditForm>,
    power: PowerView,
}

/// What the page is made of.
struct Known {
    user: User,
    power: Power,
    rights: Rights,
    acts: Acts,
    editing: Option<Editing>,
    /// What may be ticked of applications: what may be given, and what it has.
    apps: Vec<Offer>,
    uses: Vec<Watched>,
    now: OffsetDateTime,
}

impl Known {
    fn find(cx: &mut Cx<'_, '_>, whose: Whose, token: TokenId) -> Result<Self> {
        let id = whose.id(cx)?;
        let power = tokens::power(cx, id, token)?;
        let user = users::get(cx, id)?.user;
        let rights = users::rights(cx, &user)?;
        let open = rights.change_tokens && !power.info.token.is_over(cx.now);
        let editing = if open { Some(tokens::editing(cx, id, token)?) } else { None };
        let offered = editing.iter().flat_map(|offer: &Editing| &offer.app_scopes);
        let offered = offered.chain(&power.info.token.app_scopes).cloned().collect();
        let apps = applications::described(cx, &offered)?;
        let uses = tokens::scope_use(cx, &power.info.token)?;
        let acts = tokens::acts(cx, &user, &power.info.token)?;
        Ok(Self { user, power, rights, acts, editing, apps, uses, now: cx.now })
    }

    fn token(&self) -> &Token {
        &self.power.info.token
    }
}

/// The page of a token.
///
/// # Errors
/// A refusal, or no such token.
pub async fn page(portal: &Portal, whose: Whose, token: TokenId, asked: &HttpRequest) -> Answer {
    let mut page = found(portal, (whose, token), None, None).await?;
    if Fields::of_query(asked).get("drop") == "unused" {
        page.drop_unused();
    }
    render(&page)
}

impl OnePage {
    /// Clears the boxes of scopes that are not in use, for somebody to look at and to save.
    fn drop_unused(&mut self) {
        let Some(grid) = self.form.as_mut().and_then(|form| form.grid.as_mut()) else { return };
        let unused = grid.rows.iter_mut().flat_map(|row| &mut row.cells).filter(|cell| cell.unused && cell.open);
        for cell in unused {
            cell.on = false;
            self.dropping = true;
        }
    }
}

/// What was `typed` came back because of `error`.
async fn again(portal: &Portal, which: (Whose, TokenId), typed: &Fields, error: &Error) -> Answer {
    let page = found(portal, which, Some(typed), Some(error)).await?;
    render_as(errors::status(error), &page)
}

async fn found(
    portal: &Portal,
    (whose, token): (Whose, TokenId),
    typed: Option<&Fields>,
    error: Option<&Error>,
) -> Result<OnePage> {
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, Known::find(cx, whose, token)?))).await;
    let (shell, known) = found?;
    let page = Page::of(portal, shell, whose.nav(), format!("Token {}", known.token().name));
    Ok(one(page, whose, &known, typed, error))
}

fn one(page: Page, whose: Whose, known: &Known, typed: Option<&Fields>, error: Option<&Error>) -> OnePage {
    let token = known.token();
    let state = token.state(known.now);
    let stale = matches!(error, Some(Error::Stale));
    let apps = known.apps.as_slice();
    let mut form =
        known.editing.as_ref().map(|offer| EditForm::new((token, offer, apps), whose.one(token.id), typed, error));
    if let Some(form) = &mut form {
        form.grid = form.grid.take().map(|grid| grid.used(&known.uses, known.now));
    }
    let last = token.last_use.as_ref();
    OnePage {
        page,
        back: whose.list(),
        who: Who::of(&known.user),
        name: token.name.clone(),
        hint: token.hint.clone(),
        kind: token.kind.to_string(),
        global_admin: token.global_admin,
        status: state.into(),
        suspended_for: match token.suspended_for {
            Some(SuspendedFor::Dormancy) => "nobody used it for as many days as the policy says",
            None => "",
        },
        expires: token.expires_at.map(|end| When::of(end, known.now)),
        last_used: last.map(|last| When::of(last.at, known.now)),
        last_address: last.and_then(|last| last.address.clone()).unwrap_or_default(),
        last_program: last.and_then(|last| last.user_agent.clone()).unwrap_or_default(),
        last_for: last.and_then(|last| last.purpose.clone()).unwrap_or_default(),
        creator: token.created_by.clone(),
        created: When::of(token.created_at, known.now),
        description: token.description.clone(),
        acts: acts(whose, known),
        rotation: RotationView::of(whose, known),
        leak: LeakView::of(known),
        error: error.filter(|_| !stale).map(|error| form_error(error, form::SHOWN)),
        dropping: false,
        stale,
        conflict: match (stale, typed, &form) {
            (true, Some(typed), Some(form)) => form.conflict(token, typed),
            _ => Vec::new(),
        },
        form,
        power: PowerView::of(&known.power),
    }
}

fn acts(whose: Whose, known: &Known) -> Vec<(String, &'static str, bool)> {
    let token = known.token();
    let suspended = token.suspended_at.is_some();
    let act = |what: What| format!("{}/{}", whose.one(token.id), what.slug());
    let all = [
        (known.acts.rotate, act(What::Rotate), "Rotate", false),
        (known.acts.suspend && !suspended, act(What::Suspend), "Suspend", false),
        (known.acts.resume, act(What::Resume), "Resume", false),
        (known.rights.revoke_tokens && token.revoked_at.is_none(), whose.revoke(token.id), "Revoke", true),
    ];
    all.into_iter().filter(|(may, ..)| *may).map(|(_, href, label, danger)| (href, label, danger)).collect()
}

/// Saves what was changed.
///
/// # Errors
/// A refusal, or no such token.
pub async fn save(portal: &Portal, whose: Whose, token: TokenId, fields: Fields) -> Answer {
    match saved(portal, whose, token, &fields).await {
        Ok((name, deltas)) => {
            portal.session.flash("good", told(&name, &deltas))?;
            see_other(whose.one(token))
        }
        Err(error) if keeps_form(&error) => again(portal, (whose, token), &fields, &error).await,
        Err(error) => Err(error.into()),
    }
}

async fn saved(portal: &Portal, whose: Whose, token: TokenId, fields: &Fields) -> Result<(String, Vec<Delta>)> {
    let change = form::read(fields)?;
    if change.global_admin == Some(true) {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let write = portal.write(move |cx| {
        let id = whose.id(cx)?;
        let changed = tokens::change(cx, id, token, &change)?;
        let limits = [&changed.before, &changed.after].map(|token| token.teams.clone().unwrap_or_default());
        let names: HashMap<TeamId, String> = teams::names(cx, limits.into_iter().flatten())?;
        Ok((changed.after.name.clone(), deltas(&changed, &names)))
    });
    write.await
}

/// What the flash says of a change: without JavaScript it is where one reads what was added and taken away.
fn told(name: &str, deltas: &[Delta]) -> String {
    if deltas.is_empty() {
        return format!("{name} is saved. What it may do is as it was.");
    }
    let list: Vec<_> = deltas.iter().map(ToString::to_string).collect();
    format!("{name} is saved: {}, from its next request on. It keeps its secret.", list.join(", "))
}
