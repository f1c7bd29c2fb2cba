//! Acts on one token, each of which asks first: another secret, ending the old one, suspending and resuming.

use time::OffsetDateTime;

use super::Whose;
use super::once::{self, Made};
use super::pages::{confirm_password, keeps_form};
use crate::http::Portal;
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::{LastUse, OldSecret, Overlap, Token};
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::tokens::{self, Rotate};
use crate::service::{Cx, users};
use crate::web::confirm::{self, Confirm, Select};
use crate::web::view::{Choice, Field, When, long_day, relative};
use crate::web::{Answer, Fields, Page, Shell, form, see_other};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Give it another secret.
    Rotate,
    /// End the secret that it had before.
    Finish,
    /// Stop it until it is resumed.
    Suspend,
    /// Have it work again.
    Resume,
}

impl What {
    /// The last part of its address.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Finish => "finish",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
        }
    }

    /// The token, where the caller may do this to it: who may not is not even asked.
    fn judged(self, cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<(User, Token)> {
        match self {
            Self::Rotate => tokens::rotating(cx, user, token, None),
            Self::Finish => tokens::finishing(cx, user, token),
            Self::Suspend => tokens::suspending(cx, user, token),
            Self::Resume => tokens::resuming(cx, user, token, None),
        }
    }
}

/// What the question is made of.
struct Known {
    token: Token,
    /// The secret before, while it is good.
    old: Option<OldSecret>,
    /// When the token ends if it is rotated now.
    end: Option<OffsetDateTime>,
    ask_password: bool,
    now: OffsetDateTime,
}

impl Known {
    fn find(cx: &mut Cx<'_, '_>, (whose, token): (Whose, TokenId), what: What) -> Result<Self> {
        let id = whose.id(cx)?;
        let (user, token) = what.judged(cx, id, token)?;
        let rotation = tokens::told_of(cx, &user, token.clone())?.rotation;
        let old = rotation.map(|rotation| rotation.old).filter(|old| old.ends_at > cx.now);
        if what == What::Finish && old.is_none() {
            return Err(Error::Conflict(format!("{} has one secret only: no other one is good any more.", token.name)));
        }
        Ok(Self {
            end: tokens::ends(cx, &token)?,
            ask_password: token.global_admin && cx.actor.typed_password_lately(cx.now).is_err(),
            now: cx.now,
            token,
            old,
        })
    }
}

/// Asks before `what`.
///
/// # Errors
/// A refusal, or no such token.
pub async fn ask(portal: &Portal, token: (Whose, TokenId), what: What) -> Answer {
    again(portal, token, what, &Fields::default(), None).await
}

async fn again(
    portal: &Portal,
    (whose, token): (Whose, TokenId),
    what: What,
    fields: &Fields,
    refused: Option<&Error>,
) -> Answer {
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, Known::find(cx, (whose, token), what)?)));
    let (shell, known) = found.await?;
    let mut asked = question(&known, what, fields);
    asked.hidden.push(("version".into(), stands_on(&known.token, fields, refused)));
    asked.action = format!("{}/{}", whose.one(token), what.slug());
    asked.cancel = whose.one(token);
    let page = Page::of(portal, shell, whose.nav(), asked.title.clone());
    confirm::ask(page, asked, refused)
}

/// The version that the question stands on: the one that was read at first, unless what came since has just been told.
fn stands_on(token: &Token, fields: &Fields, refused: Option<&Error>) -> String {
    match fields.get("version") {
        read if !read.is_empty() && !matches!(refused, Some(Error::Stale)) => read.to_owned(),
        _ => token.version.to_string(),
    }
}

fn question(known: &Known, what: What, fields: &Fields) -> Confirm {
    let Known { token, now, .. } = known;
    let name = &token.name;
    let password = known.ask_password.then(|| Field::new("password", ""));
    match what {
        What::Rotate => rotate_question(known, fields),
        What::Finish => {
            let hint = known.old.as_ref().map_or("", |old| old.hint.as_str());
            let last = known.old.as_ref().and_then(|old| old.last_use.as_ref());
            Confirm {
                title: format!("End the old secret of {name} now?"),
                lead: format!(
                    "Programs that send {hint} are refused from their next request on. The new secret goes on working."
                ),
                losses: vec![used("The old secret", last, *now)],
                button: "End the old secret".into(),
                danger: true,
                ..Confirm::default()
            }
        }
        What::Suspend => Confirm {
            title: format!("Suspend {name}?"),
            lead: "Programs that send it are refused from their next request on, until somebody resumes it.".into(),
            losses: vec![used("It", token.last_use.as_ref(), *now)],
            button: "Suspend token".into(),
            danger: true,
            ..Confirm::default()
        },
        What::Resume => Confirm {
            title: format!("Resume {name}?"),
            lead: "It works again from the next request on, by the same secret and with the scopes that it has.".into(),
            button: "Resume token".into(),
            password,
            ..Confirm::default()
        },
    }
}

fn rotate_question(known: &Known, fields: &Fields) -> Confirm {
    let Known { token, now, .. } = known;
    let end = known.end.map_or("It never expires.".into(), |end| {
        format!("It expires {} then, on {}.", relative(end, *now), long_day(end))
    });
    let older = known
        .old
        .as_ref()
        .map(|old| format!("The secret before, {}, ends now. {}", old.hint, used("It", old.last_use.as_ref(), *now)));
    Confirm {
        title: format!("Rotate {}?", token.name),
        lead: format!("It gets another secret, which is shown once. Name, scopes and teams stay. {end}"),
        losses: older.into_iter().collect(),
        hidden: vec![("form_key".into(), form::key_of(fields))],
        select: Some(overlap(fields, token)),
        password: known.ask_password.then(|| Field::new("password", "")),
        button: "Rotate token".into(),
        ..Confirm::default()
    }
}

fn overlap(fields: &Fields, token: &Token) -> Select {
    let chosen = if fields.has("overlap") { fields.get("overlap") } else { Overlap::Day.as_str() };
    Select {
        label: "The present secret goes on working",
        hint: match token.expires_at {
            Some(_) => "Time to put the new one in place. It never works longer than it would have.",
            None => "Time to put the new one in place.",
        },
        field: Field::new("overlap", chosen),
        options: overlap_choices(chosen),
    }
}

/// How long the secret before may go on working, of which `chosen` is chosen.
pub fn overlap_choices(chosen: &str) -> Vec<Choice> {
    let option = |overlap: &Overlap| {
        let label = match overlap {
            Overlap::None => "It ends at once",
            Overlap::Hour => "For 1 hour",
            Overlap::Day => "For 24 hours",
            Overlap::Week => "For 7 days",
        };
        Choice::new(overlap.as_str(), label, chosen)
    };
    Overlap::ALL.iter().map(option).collect()
}

/// `It was last used 3 min ago from 10.0.0.7.`
fn used(what: &str, last: Option<&LastUse>, now: OffsetDateTime) -> String {
    match last.map(|last| (relative(last.at, now), last.address.as_deref())) {
        None => format!("{what} has never been used."),
        Some((when, None)) => format!("{what} was last used {when}."),
        Some((when, Some(address))) => format!("{what} was last used {when} from {address}."),
    }
}

/// What was done.
enum Done {
    /// It is told on the token's page.
    Told(String),
    /// There is a secret to be shown.
    Shown(Box<Shown>),
}

struct Shown {
    shell: Shell,
    made: Made,
    /// Until when the secret before is good.
    until: Option<OffsetDateTime>,
}

/// Does it.
///
/// # Errors
/// A refusal, or no such token.
pub async fn act(portal: &Portal, token: (Whose, TokenId), what: What, fields: Fields) -> Answer {
    let page = token.0.one(token.1);
    match run(portal, token, what, &fields).await {
        Ok(Done::Told(told)) => {
            portal.session.flash("good", told)?;
            see_other(page)
        }
        Ok(Done::Shown(shown)) => {
            let Shown { shell, made, until } = *shown;
            let title = match until {
                Some(until) => {
                    format!("The new secret is ready. The old one works until {}.", When::of(until, made.now).exact)
                }
                None => "The new secret is ready. The old one works no longer.".into(),
            };
            let shell = Page::of(portal, shell, token.0.nav(), "The new secret is ready");
            once::show(shell, made, title, (String::new(), page))
        }
        Err(Error::AlreadyDone(_)) => {
            portal.session.flash(
                "caution",
                "This token was rotated already: the form was sent twice. The new secret was shown in the first answer. If you did not save it, rotate once more.",
            )?;
            see_other(page)
        }
        Err(error) if keeps_form(&error) => again(portal, token, what, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn run(portal: &Portal, (whose, token): (Whose, TokenId), what: What, fields: &Fields) -> Result<Done> {
    if matches!(what, What::Rotate | What::Resume) {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let fields = fields.clone();
    let done = portal.write(move |cx| {
        let id = whose.id(cx)?;
        // Without the version that was read, nothing is known of what was changed meanwhile.
        let version = Some(fields.parse("version").unwrap_or(-1));
        let told = match what {
            What::Rotate => return rotate(cx, (id, token), version, &fields),
            What::Finish => {
                format!("The old secret of {} works no longer.", tokens::finish(cx, id, token, version)?.name)
            }
            What::Suspend => format!("{} is suspended.", tokens::suspend(cx, id, token, version)?.name),
            What::Resume => format!("{} works again.", tokens::resume(cx, id, token, version)?.name),
        };
        Ok(Done::Told(told))
    });
    done.await
}

fn rotate(
    cx: &mut Cx<'_, '_>,
    (user, token): (UserId, TokenId),
    version: Option<i64>,
    fields: &Fields,
) -> Result<Done> {
    let wanted = Rotate {
        version,
        overlap: fields.parse("overlap").ok_or_else(|| Error::field("overlap", "Choose one of these."))?,
        form_key: Some(fields.get("form_key").to_owned()),
    };
    let minted = tokens::rotate(cx, user, token, &wanted)?;
    let user = users::get(cx, user)?.user;
    let rotation = tokens::told_of(cx, &user, minted.token.clone())?.rotation;
    let until = rotation.map(|rotation| rotation.old.ends_at).filter(|end| *end > cx.now);
    Ok(Done::Shown(Box::new(Shown { shell: Shell::of(cx)?, made: Made::of(cx, user, minted)?, until })))
}
