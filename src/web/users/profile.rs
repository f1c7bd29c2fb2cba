//! A user's profile: seeing and changing it, and what else can be done to the account.

mod known;

use actix_web::http::StatusCode;
use askama::Template;

use self::known::{Change, Known, Missing};
use super::acts::{self, Act};
use super::choosing::{NO_SUCH_PERSON, home_choice};
use super::{UserHead, home};
use crate::http::Portal;
use crate::model::ids::UserId;
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::users::{self, UserChange};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, When, Who, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "users/profile.html")]
struct Profile {
    page: Page,
    head: UserHead,
    action: String,
    error: Option<String>,
    missing: Vec<Missing>,
    stale: bool,
    conflict: Vec<Change>,
    person: bool,
    may_edit: bool,
    may_manage: bool,
    may_rehome: bool,
    version: String,
    username: Field,
    display_name: Field,
    email: Field,
    role: Field,
    roles: Vec<Choice>,
    description: Field,
    contact: Field,
    sponsor: Field,
    sponsor_hidden: bool,
    agent: bool,
    contacts: Vec<Choice>,
    home_team: Field,
    home_teams: Vec<Choice>,
    home_name: String,
    contact_who: Option<Who>,
    sponsor_who: Option<Who>,
    created: When,
    last_seen: Option<When>,
    uuid: String,
    left_behind: String,
    acts: Vec<Act>,
}

/// `GET /users/{id}`.
pub async fn page(portal: Portal, Id(id): Id<UserId>) -> Answer {
    again(&portal, id, &Fields::default(), None).await
}

async fn again(portal: &Portal, id: UserId, fields: &Fields, error: Option<&Error>) -> Answer {
    let (shell, known) = portal.read(move |cx| Ok((Shell::of(cx)?, Known::find(cx, id)?))).await?;
    let title = known.info.user.display_name.clone();
    let profile = profile(Page::of(portal, shell, "users", title), known, fields, error);
    render_as(error.map_or(StatusCode::OK, errors::status), &profile)
}

const OWN_ADDRESS: &str =
    "Changing your own email address needs your password again. Do it under Own account, which asks for it.";

fn profile(page: Page, known: Known, fields: &Fields, error: Option<&Error>) -> Profile {
    let user = &known.info.user;
    let stale = matches!(error, Some(Error::Stale));
    let field = |name| {
        let value = if fields.has(name) { fields.get(name).to_owned() } else { known.stored(name) };
        Field::new(name, value).judged(error)
    };
    let (role, home_team) = (field("role"), field("home_team"));
    let [contact_who, sponsor_who] = known.answering();
    let shown = ["username", "display_name", "email", "role", "description", "contact", "sponsor", "home_team"];
    Profile {
        page,
        action: home(user.id),
        error: error.filter(|_| !stale).map(|error| match error {
            Error::PasswordNeeded => OWN_ADDRESS.into(),
            other => form_error(other, &shown),
        }),
        missing: known.missing(),
        stale,
        conflict: if stale { known.differences(fields) } else { Vec::new() },
        person: user.kind == Kind::Person,
        may_edit: known.rights.update,
        may_manage: known.rights.manage,
        may_rehome: known.rights.rehome,
        // A form that came back for another reason still stands on what was read at first.
        version: match fields.get("version") {
            typed if !typed.is_empty() && !stale => typed.to_owned(),
            _ => user.version.to_string(),
        },
        username: field("username"),
        display_name: field("display_name"),
        email: field("email"),
        roles: Choice::words(&known.roles, &role.value),
        role,
        description: field("description"),
        contact: field("contact"),
        sponsor: field("sponsor"),
        sponsor_hidden: known.sponsor_hidden(),
        agent: user.kind == Kind::Agent,
        contacts: known.people.iter().map(|person| Choice::new(&person.username, &person.display_name, "")).collect(),
        home_teams: known.homes.iter().map(|team| home_choice(team, &home_team.value)).collect(),
        home_team,
        home_name: known.home.as_ref().map(|team| team.name.clone()).unwrap_or_default(),
        contact_who,
        sponsor_who,
        created: When::of(user.created_at, known.now),
        last_seen: user.last_seen_at.map(|at| When::of(at, known.now)),
        uuid: user.uuid.to_string(),
        left_behind: known.answers_for().filter(|_| !user.is_enabled()).unwrap_or_default(),
        acts: acts::offered(&known.info, known.rights, known.own, known.answers_for()),
        head: known.head,
    }
}

/// `POST /users/{id}`.
pub async fn update(portal: Portal, Id(id): Id<UserId>, fields: Fields) -> Answer {
    let typed = fields.clone();
    let saved = portal.write(move |cx| {
        let change = change(cx, id, &typed)?;
        let before = users::get(cx, id)?.user.email;
        users::update(cx, id, change).map(|user| (user, before))
    });
    match saved.await {
        Ok((user, before)) => {
            let moved = if user.email == before {
                ""
            } else {
                " Links to choose a password that were made before no longer work."
            };
            portal.session.flash("good", format!("{} was saved.{moved}", user.display_name))?;
            see_other(home(id))
        }
        Err(error) if keeps_form(&error) => again(&portal, id, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// What the form asks for. What it did not send stays.
fn change(cx: &mut Cx<'_, '_>, id: UserId, fields: &Fields) -> Result<UserChange> {
    let sent = |name| fields.has(name).then(|| fields.get(name).to_owned());
    let role = match sent("role") {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| Error::field("role", "Choose a role."))?),
    };
    let home_team = match sent("home_team") {
        None => None,
        Some(id) => Some(id.parse().map_err(|_| Error::field("home_team", "Choose a home team."))?),
    };
    let contact = match sent("contact") {
        None => None,
        Some(name) => {
            let present = users::get(cx, id)?.user.contact;
            Some(person(cx, "contact", present, name.trim())?)
        }
    };
    let sponsor = match sent("sponsor") {
        None => None,
        Some(name) => sponsor(cx, id, name.trim())?,
    };
    Ok(UserChange {
        // Without the version that was read, nothing is known of what was changed meanwhile.
        version: Some(fields.parse("version").unwrap_or(-1)),
        username: sent("username"),
        display_name: sent("display_name"),
        email: sent("email"),
        role,
        description: sent("description"),
        contact,
        sponsor,
        home_team,
        name_field: None,
    })
}

/// Who is typed as sponsor; nobody where the present one, out of sight, was left as they are.
fn sponsor(cx: &mut Cx<'_, '_>, id: UserId, name: &str) -> Result<Option<UserId>> {
    let present = users::get(cx, id)?.user.sponsor;
    let seen = known::in_sight(cx, present)?;
    match (name, seen) {
        ("", None) if present.is_some() => Ok(None),
        ("", _) => Err(Error::field("sponsor", "An AI agent has a sponsor. Type the username of a person.")),
        (name, Some(person)) if person.username == name => Ok(present),
        (name, _) => match users::by_username(cx, name)? {
            Some(id) => Ok(Some(id)),
            None => Err(Error::Invalid(vec![users::sponsor_unfit()])),
        },
    }
}

/// The person of this username, who may stay whoever it is at `present`; nobody where nothing was typed.
fn person(cx: &mut Cx<'_, '_>, field: &str, present: Option<UserId>, name: &str) -> Result<Option<UserId>> {
    if name.is_empty() {
        return Ok(None);
    }
    if users::named(cx, present)?.is_some_and(|person| person.username == name) {
        return Ok(present);
    }
    let found = users::by_username(cx, name)?;
    found.map(Some).ok_or_else(|| Error::field(field, NO_SUCH_PERSON))
}
