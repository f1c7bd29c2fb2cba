//! What an application lets tokens be used for.

use askama::Template;

use super::{AppHead, home};
use crate::http::Portal;
use crate::model::Error;
use crate::model::applications::Scope;
use crate::model::ids::ApplicationId;
use crate::model::roles::AppLevel;
use crate::service::applications::{self, ApplicationInfo, NewScope};
use crate::web::confirm::{self, Confirm};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, count, form_error};
use crate::web::{Answer, Fields, Id, Ids, Page, Shell, render_judged, see_other};

const SHOWN: &[&str] = &["name", "description", "level"];

#[derive(Template)]
#[template(path = "applications/scopes.html")]
struct Scopes {
    page: Page,
    head: AppHead,
    rows: Vec<ScopeRow>,
    add: Option<ScopeForm>,
}

struct ScopeRow {
    word: String,
    level: &'static str,
    description: String,
    tokens: String,
    change: String,
    remove: String,
}

/// The fields of a scope.
struct ScopeForm {
    action: String,
    error: Option<String>,
    name: Field,
    description: Field,
    level: Field,
    levels: Vec<Choice>,
}

impl ScopeForm {
    fn new(action: String, [name, description, level]: [&str; 3], error: Option<&Error>) -> Self {
        let choice = |word: &AppLevel| {
            let label = match word {
                AppLevel::None => "None",
                AppLevel::Read => "Read: it only looks",
                AppLevel::Write => "Write: it changes things",
                AppLevel::Admin => "Admin: it runs the application",
            };
            Choice::new(word.as_str(), label, level)
        };
        Self {
            action,
            error: error.map(|error| form_error(error, SHOWN)),
            name: Field::new("name", name).judged(error),
            description: Field::new("description", description).judged(error),
            level: Field::new("level", level).judged(error),
            levels: AppLevel::ALL.iter().filter(|level| **level > AppLevel::None).map(choice).collect(),
        }
    }
}

/// `GET /applications/{id}`.
pub async fn page(portal: Portal, Id(id): Id<ApplicationId>) -> Answer {
    again(&portal, id, &Fields::default(), None).await
}

async fn again(portal: &Portal, id: ApplicationId, fields: &Fields, error: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, AppHead::find(cx, id, "Scopes")?)));
    let (shell, (info, rights, head)) = found.await?;
    let level = if fields.has("level") { fields.get("level") } else { AppLevel::Read.as_str() };
    let typed = [fields.get("name"), fields.get("description"), level];
    let scopes = Scopes {
        page: Page::of(portal, shell, "applications", head.name.clone()),
        rows: info.scopes.iter().map(|scope| row(&info, scope, rights.update)).collect(),
        add: rights.update.then(|| ScopeForm::new(format!("{}/scopes", home(id)), typed, error)),
        head,
    };
    render_judged(error, &scopes)
}

fn row(info: &ApplicationInfo, scope: &Scope, may_change: bool) -> ScopeRow {
    let page = format!("{}/scopes/{}", home(info.application.id), scope.name);
    ScopeRow {
        word: scope.of(&info.application).to_string(),
        level: scope.level.as_str(),
        description: scope.description.clone(),
        tokens: count(info.tokens.get(&scope.id).copied().unwrap_or_default()),
        remove: if may_change { format!("{page}/remove") } else { String::new() },
        change: if may_change { page } else { String::new() },
    }
}

/// `POST /applications/{id}/scopes`.
pub async fn add(portal: Portal, Id(id): Id<ApplicationId>, fields: Fields) -> Answer {
    let [name, description, level] = ["name", "description", "level"].map(|name| fields.get(name).to_owned());
    let added = portal.write(move |cx| applications::add_scope(cx, id, &NewScope { name, description, level })).await;
    match added {
        Ok(scope) => {
            portal.session.flash("good", format!("The scope {} is added. No token has it yet.", scope.name))?;
            see_other(home(id))
        }
        Err(error) if keeps_form(&error) => again(&portal, id, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "applications/scope.html")]
struct ScopePage {
    page: Page,
    word: String,
    cancel: String,
    form: ScopeForm,
}

/// `GET /applications/{id}/scopes/{scope}`.
pub async fn one(portal: Portal, Ids(id, scope): Ids<ApplicationId, String>) -> Answer {
    one_again(&portal, (id, scope), None, None).await
}

async fn one_again(
    portal: &Portal,
    (id, scope): (ApplicationId, String),
    typed: Option<&Fields>,
    error: Option<&Error>,
) -> Answer {
    let action = format!("{}/scopes/{scope}", home(id));
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, applications::changing_scope(cx, id, &scope)?)));
    let (shell, (application, scope)) = found.await?;
    let held = |name, stored| typed.map_or(stored, |typed: &Fields| typed.get(name));
    let held = [&*scope.name, held("description", &scope.description), held("level", scope.level.as_str())];
    let word = scope.of(&application).to_string();
    let page = ScopePage {
        page: Page::of(portal, shell, "applications", format!("Scope {word}")),
        form: ScopeForm::new(action, held, error),
        cancel: home(id),
        word,
    };
    render_judged(error, &page)
}

/// `POST /applications/{id}/scopes/{scope}`.
pub async fn change(portal: Portal, Ids(id, scope): Ids<ApplicationId, String>, fields: Fields) -> Answer {
    let [description, level] = ["description", "level"].map(|name| fields.get(name).to_owned());
    let name = scope.clone();
    let changed =
        portal.write(move |cx| applications::change_scope(cx, id, &name, (Some(&description), Some(&level)))).await;
    match changed {
        Ok(scope) => {
            portal.session.flash("good", format!("The scope {} is saved.", scope.name))?;
            see_other(home(id))
        }
        Err(error) if keeps_form(&error) => one_again(&portal, (id, scope), Some(&fields), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// `GET /applications/{id}/scopes/{scope}/remove`.
pub async fn ask_remove(portal: Portal, Ids(id, scope): Ids<ApplicationId, String>) -> Answer {
    let action = format!("{}/scopes/{scope}/remove", home(id));
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, applications::removing_scope(cx, id, &scope)?)));
    let (shell, (application, scope, tokens)) = found.await?;
    let word = scope.of(&application).to_string();
    let losses = match tokens {
        0 => Vec::new(),
        1 => vec![format!("1 token has {word}. It loses it.")],
        n => vec![format!("{} tokens have {word}. They lose it.", count(n))],
    };
    let asked = Confirm {
        title: format!("Remove the scope {word}?"),
        lead: match tokens {
            0 => "No token has it.".into(),
            _ => "It counts no more from the next check on. A scope of the same name that is added later is another one, which no \
                  token has by itself."
                .into(),
        },
        losses,
        action,
        button: "Remove scope".into(),
        danger: true,
        cancel: home(id),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "applications", asked.title.clone()), asked, None)
}

/// `POST /applications/{id}/scopes/{scope}/remove`.
pub async fn remove(portal: Portal, Ids(id, scope): Ids<ApplicationId, String>) -> Answer {
    let scope = portal.write(move |cx| applications::remove_scope(cx, id, &scope)).await?;
    portal.session.flash("good", format!("The scope {} is gone, from every token too.", scope.name))?;
    see_other(home(id))
}
