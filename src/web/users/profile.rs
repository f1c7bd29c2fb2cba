//! A user's profile: seeing and changing it, and what else can be done to the account.

use actix_web::http::StatusCode;
use askama::Template;
use time::OffsetDateTime;

use super::acts::{self, Act};
use super::choosing::home_choice;
use super::{UserHead, home};
use crate::http::Portal;
use crate::model::ids::UserId;
use crate::model::roles::OrgRole;
use crate::model::teams::Team;
use crate::model::users::{Kind, User, UserState};
use crate::model::{Error, Result};
use crate::service::users::{self, Rights, UserChange, UserInfo};
use crate::service::{Cx, choices};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, When, Who, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

/// How many people the contact field proposes.
const PROPOSED: i64 = 200;

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
    version: String,
    username: Field,
    display_name: Field,
    email: Field,
    role: Field,
    roles: Vec<Choice>,
    description: Field,
    contact: Field,
    contacts: Vec<Choice>,
    home_team: Field,
    home_teams: Vec<Choice>,
    home_name: String,
    contact_who: Option<Who>,
    created: When,
    last_seen: Option<When>,
    uuid: String,
    acts: Vec<Act>,
}

/// Why a service account cannot do anything yet, with the link that does it.
struct Missing {
    text: &'static str,
    href: String,
    button: &'static str,
}

/// What somebody else changed meanwhile.
struct Change {
    field: &'static str,
    theirs: String,
}

/// What the page is made of.
struct Known {
    info: UserInfo,
    rights: Rights,
    head: UserHead,
    roles: Vec<OrgRole>,
    homes: Vec<Team>,
    home: Option<Team>,
    contact: Option<User>,
    /// Whether the contact's page may be seen.
    sees_contact: bool,
    people: Vec<User>,
    own: bool,
    now: OffsetDateTime,
}

impl Known {
    fn find(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Self> {
        let (info, rights, head) = UserHead::find(cx, id, "Profile")?;
        let machine = info.user.kind != Kind::Person;
        let editing = machine && rights.manage;
        let mut roles = choices::org_roles(cx);
        if !roles.contains(&info.user.role) {
            roles.push(info.user.role);
        }
        let home = users::home(cx, &info.user)?;
        let mut homes = if editing { choices::homes(cx)? } else { Vec::new() };
        if let Some(home) = home.as_ref().filter(|home| !homes.contains(home)) {
            homes.push(home.clone());
        }
        Ok(Self {
            contact: users::named(cx, info.user.contact)?,
            sees_contact: info.user.contact.is_some_and(|person| users::get(cx, person).is_ok()),
            people: if editing {
                users::lookup_people(cx, "", PROPOSED)?
            } else {
                Vec::new()
            },
            own: cx.actor.id() == Some(id),
            now: cx.now,
            roles,
            homes,
            home,
            info,
            rights,
            head,
        })
    }

    /// What the store holds in each field of the form.
    fn stored(&self, name: &str) -> String {
        let user = &self.info.user;
        match name {
            "username" => user.username.clone(),
            "display_name" => user.display_name.clone(),
            "email" => user.email.clone(),
            "role" => user.role.to_string(),
            "description" => user.description.clone(),
            "contact" => self
                .contact
                .as_ref()
                .map(|person| person.username.clone())
                .unwrap_or_default(),
            "home_team" => user.home_team.map(|id| id.to_string()).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// What the store holds where it is not what was typed.
    fn differences(&self, fields: &Fields) -> Vec<Change> {
        let named = [
            ("display_name", "Display name"),
            ("username", "Username"),
            ("email", "Email"),
            ("role", "Organisation role"),
            ("home_team", "Home team"),
            ("contact", "Contact"),
            ("description", "Description"),
        ];
        let differing = named
            .into_iter()
            .filter(|(name, _)| fields.has(name) && fields.get(name).replace("\r\n", "\n").trim() != self.stored(name));
        let change = |(name, field): (&str, &'static str)| Change {
            field,
            theirs: match (name, self.stored(name)) {
                ("home_team", _) => self.home.as_ref().map(|team| team.name.clone()).unwrap_or_default(),
                (_, empty) if empty.is_empty() => "empty".into(),
                (_, value) => value,
            },
        };
        differing.map(change).collect()
    }

    fn contact_who(&self) -> Option<Who> {
        let mut who = Who::of(self.contact.as_ref()?);
        if !self.sees_contact {
            who.href.clear();
        }
        Some(who)
    }

    fn missing(&self) -> Vec<Missing> {
        let base = home(self.info.user.id);
        let mut missing = Vec::new();
        if self.info.state != UserState::Idle {
            return missing;
        }
        let link = |path: &str, may: bool| if may { format!("{base}{path}") } else { String::new() };
        if !self.info.has_team {
            missing.push(Missing {
                text: "It has no role in a team besides Public.",
                href: link("/teams", self.rights.assign),
                button: "Add it to a team",
            });
        }
        if self.info.tokens.usable == 0 {
            missing.push(Missing {
                text: "It has no access token that is good.",
                href: link("/tokens/new", self.rights.make_tokens),
                button: "Make a token",
            });
        }
        missing
    }
}

/// `GET /users/{id}`.
pub async fn page(portal: Portal, Id(id): Id<UserId>) -> Answer {
    again(&portal, id, &Fields::default(), None).await
}

async fn again(portal: &Portal, id: UserId, fields: &Fields, error: Option<&Error>) -> Answer {
    let (shell, known) = portal
        .read(move |cx| Ok((Shell::of(cx)?, Known::find(cx, id)?)))
        .await?;
    let title = known.info.user.display_name.clone();
    let profile = profile(Page::of(portal, shell, "users", title), known, fields, error);
    render_as(error.map_or(StatusCode::OK, errors::status), &profile)
}

fn profile(page: Page, known: Known, fields: &Fields, error: Option<&Error>) -> Profile {
    let user = &known.info.user;
    let stale = matches!(error, Some(Error::Stale));
    let field = |name| {
        let value = if fields.has(name) {
            fields.get(name).to_owned()
        } else {
            known.stored(name)
        };
        Field::new(name, value).judged(error)
    };
    let (role, home_team) = (field("role"), field("home_team"));
    let shown = [
        "username",
        "display_name",
        "email",
        "role",
        "description",
        "contact",
        "home_team",
    ];
    Profile {
        page,
        action: home(user.id),
        error: error.filter(|_| !stale).map(|error| form_error(error, &shown)),
        missing: known.missing(),
        stale,
        conflict: if stale { known.differences(fields) } else { Vec::new() },
        person: user.kind == Kind::Person,
        may_edit: known.rights.update,
        may_manage: known.rights.manage,
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
        contacts: known
            .people
            .iter()
            .map(|person| Choice::new(&person.username, &person.display_name, ""))
            .collect(),
        home_teams: known
            .homes
            .iter()
            .map(|team| home_choice(team, &home_team.value))
            .collect(),
        home_team,
        home_name: known.home.as_ref().map(|team| team.name.clone()).unwrap_or_default(),
        contact_who: known.contact_who(),
        created: When::of(user.created_at, known.now),
        last_seen: user.last_seen_at.map(|at| When::of(at, known.now)),
        uuid: user.uuid.to_string(),
        acts: acts::offered(&known.info, known.rights, known.own),
        head: known.head,
    }
}

/// `POST /users/{id}`.
pub async fn update(portal: Portal, Id(id): Id<UserId>, fields: Fields) -> Answer {
    let typed = fields.clone();
    let saved = portal.write(move |cx| {
        let change = change(cx, id, &typed)?;
        users::update(cx, id, change)
    });
    match saved.await {
        Ok(user) => {
            portal
                .session
                .flash("good", format!("{} was saved.", user.display_name))?;
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
        Some(id) => Some(
            id.parse()
                .map_err(|_| Error::field("home_team", "Choose a home team."))?,
        ),
    };
    let contact = match sent("contact") {
        None => None,
        Some(name) => Some(contact(cx, id, name.trim())?),
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
        home_team,
        name_field: None,
    })
}

fn contact(cx: &mut Cx<'_, '_>, id: UserId, name: &str) -> Result<Option<UserId>> {
    if name.is_empty() {
        return Ok(None);
    }
    let present = users::get(cx, id)?.user.contact;
    if users::named(cx, present)?.is_some_and(|person| person.username == name) {
        return Ok(present);
    }
    let found = users::by_username(cx, name)?;
    found.map(Some).ok_or_else(|| {
        Error::field(
            "contact",
            "There is no such person, or none that you may see. Type their username.",
        )
    })
}
