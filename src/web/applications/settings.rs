//! An application's name, description, audience and home, and its end.

use askama::Template;

use super::{AppHead, Homes, home};
use crate::http::Portal;
use crate::model::ids::ApplicationId;
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::applications::{self, ApplicationInfo, Change as Wanted};
use crate::web::confirm::{self, Confirm};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Change, Choice, Field, count, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, render_judged, see_other};

const SHOWN: &[&str] = &["name", "description", "audience", "home"];

#[derive(Template)]
#[template(path = "applications/settings.html")]
struct Settings {
    page: Page,
    head: AppHead,
    action: String,
    error: Option<String>,
    conflict: Vec<Change>,
    version: String,
    name: Field,
    description: Field,
    audience: Field,
    home: Field,
    homes: Vec<Choice>,
    typed: bool,
    may_edit: bool,
    delete: String,
}

/// `GET /applications/{id}/settings`.
pub async fn page(portal: Portal, Id(id): Id<ApplicationId>) -> Answer {
    form(&portal, id, None, None).await
}

async fn form(portal: &Portal, id: ApplicationId, typed: Option<&Fields>, error: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| {
        let found = AppHead::find(cx, id, "Settings")?;
        applications::settings(cx, id)?;
        Ok((Shell::of(cx)?, found, Homes::of(cx)?))
    });
    let (shell, (info, rights, head), offered) = found.await?;
    let now = &info.application;
    let stale = matches!(error, Some(Error::Stale));
    let field = |name, now: &str| Field::new(name, typed.map_or(now, |typed| typed.get(name))).judged(error);
    let present = info.home.as_deref().unwrap_or(UNSEEN);
    let (home_field, homes, typed_home) =
        offered.field(typed.filter(|typed| typed.has("home")).map(|typed| typed.get("home")), Some(present), error);
    let conflict = typed.filter(|_| stale).map(|typed| changes(&info, typed)).unwrap_or_default();
    let settings = Settings {
        page: Page::of(portal, shell, "applications", format!("Settings of {}", now.name)),
        action: format!("{}/settings", home(id)),
        error: error.filter(|_| conflict.is_empty()).map(|error| form_error(error, SHOWN)),
        conflict,
        // A form that came back for another reason still stands on what was read at first.
        version: match typed.map(|typed| typed.get("version")) {
            Some(read) if !read.is_empty() && !stale => read.to_owned(),
            _ => now.version.to_string(),
        },
        name: field("name", &now.name),
        description: field("description", &now.description),
        audience: field("audience", &now.audience),
        home: home_field,
        homes,
        typed: typed_home,
        may_edit: rights.update,
        delete: if rights.delete { format!("{}/delete", home(id)) } else { String::new() },
        head,
    };
    render_judged(error, &settings)
}

/// How a home is called whose name may not be told.
const UNSEEN: &str = "a team that you may not see";

/// What the store holds now beside what was typed.
fn changes(info: &ApplicationInfo, typed: &Fields) -> Vec<Change> {
    let now = &info.application;
    let home = info.home.as_deref().unwrap_or(UNSEEN);
    [
        ("Name", "name", now.name.as_str()),
        ("Description", "description", &now.description),
        ("Audience", "audience", &now.audience),
        ("Home team", "home", home),
    ]
    .into_iter()
    .filter(|(_, name, now)| typed.get(name).replace("\r\n", "\n").trim() != *now)
    .map(|(field, _, now)| Change::new(field, now))
    .collect()
}

/// `POST /applications/{id}/settings`.
pub async fn update(portal: Portal, Id(id): Id<ApplicationId>, fields: Fields) -> Answer {
    let sent = fields.clone();
    match portal.write(move |cx| saved(cx, id, &sent)).await {
        Ok(seen) => {
            portal.session.flash("good", "Saved.")?;
            see_other(if seen { format!("{}/settings", home(id)) } else { "/applications".into() })
        }
        Err(error) if keeps_form(&error) => form(&portal, id, Some(&fields), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Saves it. Whether the person may still change it, where it has another home.
fn saved(cx: &mut Cx<'_, '_>, id: ApplicationId, fields: &Fields) -> Result<bool> {
    let sent = |name| fields.has(name).then(|| fields.get(name).to_owned());
    let wanted = fields.get("home").trim();
    let change = Wanted {
        // A form without its version is treated as one that is out of date.
        version: Some(fields.parse("version").unwrap_or(0)),
        name: sent("name"),
        description: sent("description"),
        audience: sent("audience"),
        home: if wanted == UNSEEN { None } else { applications::named(cx, "home", wanted)? },
    };
    applications::update(cx, id, &change)?;
    Ok(applications::settings(cx, id).is_ok())
}

/// `GET /applications/{id}/delete`.
pub async fn ask_delete(portal: Portal, Id(id): Id<ApplicationId>) -> Answer {
    let found = portal.read(move |cx| {
        let (application, tokens) = applications::deleting(cx, id)?;
        let info = applications::get(cx, id)?;
        Ok((Shell::of(cx)?, application, tokens, info))
    });
    let (shell, application, tokens, info) = found.await?;
    let asked = Confirm {
        title: format!("Delete {}?", application.name),
        lead: "The application is gone for good. From the next check on no token is good for it. What is lost:".into(),
        losses: losses(&info, tokens),
        action: format!("{}/delete", home(id)),
        button: "Delete application".into(),
        danger: true,
        cancel: format!("{}/settings", home(id)),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "applications", asked.title.clone()), asked, None)
}

fn losses(info: &ApplicationInfo, tokens: i64) -> Vec<String> {
    let scopes = match info.scopes.len() {
        0 => None,
        1 => Some("Its scope, with what it allows".to_owned()),
        n => Some(format!("Its {n} scopes, with what they allow")),
    };
    let given = match tokens {
        0 => None,
        1 => Some("The scope of it that a token has".to_owned()),
        n => Some(format!("What tokens have of it: {} scopes, counted on each token", count(n))),
    };
    let access = match info.teams.len() + info.hidden_teams {
        0 => None,
        1 => Some("The access of 1 team".to_owned()),
        n => Some(format!("The access of {n} teams")),
    };
    let checks = Some(format!("Its credential, and the address /auth/verify/{}", info.application.slug));
    [scopes, given, access, checks].into_iter().flatten().collect()
}

/// `POST /applications/{id}/delete`.
pub async fn delete(portal: Portal, Id(id): Id<ApplicationId>) -> Answer {
    let application = portal.write(move |cx| applications::delete(cx, id, None)).await?;
    portal.session.flash("good", format!("{} is deleted.", application.name))?;
    see_other("/applications")
}
