//! The secret by which an application asks about tokens: making and rotating it, which shows it once, and ending it.

use actix_web::Route;
use actix_web::web::{get, post};
use askama::Template;
use time::OffsetDateTime;

use super::checking::snippets;
use super::home;
use crate::http::Portal;
use crate::model::ids::ApplicationId;
use crate::model::tokens::Overlap;
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::applications::{self, ApplicationInfo, Credential, Issued};
use crate::web::confirm::{self, Confirm, Select};
use crate::web::tokens::acts::overlap_choices;
use crate::web::tokens::once::{Snippet, data_link};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Field, When, relative};
use crate::web::{Answer, Fields, Id, Page, Shell, form, render, see_other};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Make a secret, in place of the one that is there.
    Issue,
    /// End the one that was there before.
    Finish,
    /// Take all of them away.
    Remove,
}

impl What {
    fn slug(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Finish => "finish",
            Self::Remove => "remove",
        }
    }
}

/// Asks first.
pub fn asking(what: What) -> Route {
    get().to(move |portal: Portal, Id(id): Id<ApplicationId>| async move {
        again(&portal, id, what, &Fields::default(), None).await
    })
}

async fn again(portal: &Portal, id: ApplicationId, what: What, fields: &Fields, refused: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| {
        let application = applications::may_issue(cx, id)?;
        Ok((Shell::of(cx)?, application, applications::credential(cx, id)?, cx.now))
    });
    let (shell, application, credential, now) = found.await?;
    let mut asked = question(&application.name, what, &credential, fields, now)?;
    let version = match fields.get("version") {
        read if !read.is_empty() && !matches!(refused, Some(Error::Stale)) => read.to_owned(),
        _ => application.version.to_string(),
    };
    asked.hidden.push(("version".into(), version));
    asked.action = format!("{}/credential/{}", home(id), what.slug());
    asked.cancel = format!("{}/checking", home(id));
    confirm::ask(Page::of(portal, shell, "applications", asked.title.clone()), asked, refused)
}

fn question(name: &str, what: What, credential: &Credential, fields: &Fields, now: OffsetDateTime) -> Result<Confirm> {
    let used = |at: Option<OffsetDateTime>| match at {
        Some(at) => format!("It was last used {}.", relative(at, now)),
        None => "It has not been used yet.".into(),
    };
    let hidden = vec![("form_key".to_owned(), form::key_of(fields))];
    Ok(match (what, &credential.secret, &credential.old) {
        (What::Issue, None, _) => Confirm {
            title: format!("Make a secret for {name}?"),
            lead: "By its client id and this secret the application asks whether a token is good. The secret is shown once.".into(),
            hidden: [hidden, vec![("overlap".into(), Overlap::None.as_str().into())]].concat(),
            button: "Make secret".into(),
            ..Confirm::default()
        },
        (What::Issue, Some(_), old) => Confirm {
            title: format!("Rotate the secret of {name}?"),
            lead: "It gets another secret, which is shown once. The client id stays.".into(),
            losses: old.iter().map(|old| format!("The secret before, {}, ends now. {}", old.hint, used(old.last_used_at))).collect(),
            hidden,
            select: Some(overlap(fields)),
            button: "Rotate secret".into(),
            ..Confirm::default()
        },
        (What::Finish, _, Some(old)) => Confirm {
            title: format!("End the old secret of {name} now?"),
            lead: format!("Whoever asks by {} is refused from the next check on. The new secret goes on working.", old.hint),
            losses: vec![used(old.last_used_at)],
            button: "End the old secret".into(),
            danger: true,
            ..Confirm::default()
        },
        (What::Finish, _, None) => {
            return Err(Error::Conflict(format!("{name} has one secret only: no other one is good any more.")));
        }
        (What::Remove, None, _) => return Err(Error::Conflict(format!("{name} has no secret. There is nothing to remove."))),
        (What::Remove, Some(secret), _) => Confirm {
            title: format!("Remove the credential of {name}?"),
            lead: "From the next check on the application cannot ask about tokens any more, until somebody makes another secret.".into(),
            losses: vec![format!("The secret {}. {}", secret.hint, used(secret.last_used_at))],
            button: "Remove credential".into(),
            danger: true,
            ..Confirm::default()
        },
    })
}

fn overlap(fields: &Fields) -> Select {
    let chosen = if fields.has("overlap") { fields.get("overlap") } else { Overlap::Day.as_str() };
    Select {
        label: "The present secret goes on working",
        hint: "Time to put the new one in place.",
        field: Field::new("overlap", chosen),
        options: overlap_choices(chosen),
    }
}

/// Does it.
pub fn doing(what: What) -> Route {
    post().to(move |portal: Portal, Id(id): Id<ApplicationId>, fields: Fields| async move {
        let checking = format!("{}/checking", home(id));
        let sent = fields.clone();
        match portal.write(move |cx| done(cx, id, what, &sent)).await {
            Ok(Done::Told(told)) => {
                portal.session.flash("good", told)?;
                see_other(checking)
            }
            Ok(Done::Shown(shown)) => show(&portal, *shown, checking),
            Err(Error::AlreadyDone(_)) => {
                portal.session.flash(
                    "caution",
                    "This secret was made already: the form was sent twice. It was shown in the first answer. If you did not save it, rotate once more.",
                )?;
                see_other(checking)
            }
            Err(error) if keeps_form(&error) => again(&portal, id, what, &fields, Some(&error)).await,
            Err(error) => Err(error.into()),
        }
    })
}

/// What was done.
enum Done {
    /// It is told on the page.
    Told(&'static str),
    /// There is a secret to be shown.
    Shown(Box<Shown>),
}

struct Shown {
    shell: Shell,
    issued: Issued,
    info: ApplicationInfo,
    origin: String,
    now: OffsetDateTime,
}

fn done(cx: &mut Cx<'_, '_>, id: ApplicationId, what: What, fields: &Fields) -> Result<Done> {
    match what {
        What::Issue => {
            let overlap = fields.parse("overlap").ok_or_else(|| Error::field("overlap", "Choose one of these."))?;
            // Without the version that was read, nothing is known of what was changed meanwhile.
            let version = Some(fields.parse("version").unwrap_or(-1));
            let issued = applications::issue(cx, id, overlap, (version, Some(fields.get("form_key"))))?;
            let (info, origin) = (applications::get(cx, id)?, cx.app.config.origin());
            Ok(Done::Shown(Box::new(Shown { shell: Shell::of(cx)?, issued, info, origin, now: cx.now })))
        }
        What::Finish => applications::finish(cx, id).map(|()| Done::Told("The old secret works no longer.")),
        What::Remove => {
            applications::end(cx, id).map(|_| Done::Told("The credential is gone: no secret is good any more."))
        }
    }
}

#[derive(Template)]
#[template(path = "applications/once.html")]
struct OncePage {
    page: Page,
    name: String,
    slug: String,
    title: String,
    client_id: String,
    secret: String,
    file: String,
    data: String,
    snippets: Vec<Snippet>,
    done: String,
}

fn show(portal: &Portal, shown: Shown, done: String) -> Answer {
    let Shown { shell, issued, info, origin, now } = shown;
    let secret = issued.plain.reveal().to_owned();
    render(&OncePage {
        page: Page::of(portal, shell, "applications", "The secret is ready"),
        title: match issued.old_until {
            Some(until) => {
                format!("The new secret is ready. The old one works until {}.", When::of(until, now).exact)
            }
            None => "The secret is ready".into(),
        },
        client_id: issued.application.uuid.to_string(),
        file: format!("{}-client-secret.txt", issued.application.slug),
        data: data_link(&secret),
        secret,
        snippets: snippets(&info, &origin).into_iter().rev().collect(),
        name: issued.application.name,
        slug: issued.application.slug,
        done,
    })
}
