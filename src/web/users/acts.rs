//! Acts on one account, each of which asks first and names what will be lost.

use actix_web::web::{get, post};

use super::choosing::home_choice;
use super::link::{self, MadeLink};
use super::{counted, home};
use crate::http::Portal;
use crate::model::ids::{TeamId, UserId};
use crate::model::permissions::Action;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::users::{self, Rights, UserInfo};
use crate::service::{Cx, choices, links};
use crate::web::confirm::{self, Confirm, Select, Typed};
use crate::web::tokens::pages::{confirm_password, keeps_form};
use crate::web::view::{Choice, Field};
use crate::web::{Answer, Fields, Id, Page, Shell, see_other};

/// An act, as the profile offers it.
pub struct Act {
    /// What it is called.
    pub title: &'static str,
    /// What it does.
    pub text: &'static str,
    /// Its confirm page.
    pub href: String,
    /// The button.
    pub button: &'static str,
    /// Whether something is destroyed.
    pub danger: bool,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Switch it off.
    Disable,
    /// Switch it on again.
    Enable,
    /// End all its sessions.
    EndSessions,
    /// Hand out a link that sets the password.
    Link,
    /// Make a service account of a person.
    TurnIntoService,
    /// Remove it.
    Delete,
}

impl What {
    fn slug(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::EndSessions => "end-sessions",
            Self::Link => "link",
            Self::TurnIntoService => "turn-into-service",
            Self::Delete => "delete",
        }
    }

    /// The word in the audit log, and the permission.
    fn needs(self) -> (&'static str, Action) {
        match self {
            Self::Disable => ("user.disable", Action::Update),
            Self::Enable => ("user.enable", Action::Update),
            Self::EndSessions => ("user.end_sessions", Action::Update),
            Self::Link => ("user.link", Action::Update),
            Self::TurnIntoService => ("user.turn_into_service", Action::Update),
            Self::Delete => ("user.delete", Action::Delete),
        }
    }
}

/// The acts that the caller may do to `info`; `own` where it is their own account.
pub(super) fn offered(info: &UserInfo, rights: Rights, own: bool) -> Vec<Act> {
    let user = &info.user;
    let person = user.kind == Kind::Person;
    let act = |what: What, title, text, button, danger| Act {
        title,
        text,
        href: format!("{}/{}", home(user.id), what.slug()),
        button,
        danger,
    };
    let mut acts = Vec::new();
    if rights.link && !own {
        acts.push(match user.has_password {
            true => act(
                What::Link,
                "Password reset link",
                "A link with which they choose a new password.",
                "Make a reset link",
                false,
            ),
            false => act(
                What::Link,
                "Invitation link",
                "A new link with which they choose their password. Older ones stop working.",
                "Make an invitation link",
                false,
            ),
        });
    }
    if rights.manage && person {
        acts.push(act(
            What::EndSessions,
            "Sessions",
            "Logs them out of every browser.",
            "End all sessions",
            false,
        ));
    }
    if rights.manage && !own {
        if person {
            acts.push(act(
                What::TurnIntoService,
                "Service account",
                "Makes it API-only: the password is erased, tokens stay.",
                "Turn into a service account",
                false,
            ));
        }
        acts.push(match user.is_enabled() {
            true => act(
                What::Disable,
                "Disable",
                "Ends its sessions and stops its tokens. It can be enabled again.",
                "Disable",
                true,
            ),
            false => act(
                What::Enable,
                "Enable",
                "Its tokens that are still good work again.",
                "Enable",
                false,
            ),
        });
    }
    if rights.delete && !own {
        acts.push(act(
            What::Delete,
            "Delete",
            "Removes the account and revokes everything. The audit log stays.",
            "Delete",
            true,
        ));
    }
    acts
}

/// The route that asks before `what`.
pub fn asking(what: What) -> actix_web::Route {
    get().to(
        move |portal: Portal, Id(id): Id<UserId>| async move { ask(&portal, id, what, &Fields::default(), None).await },
    )
}

/// The route that does `what`.
pub fn doing(what: What) -> actix_web::Route {
    post().to(move |portal: Portal, Id(id): Id<UserId>, fields: Fields| async move {
        match act(&portal, id, what, &fields).await {
            Err(error) if keeps_form(&error) => ask(&portal, id, what, &fields, Some(&error)).await,
            Err(error) => Err(error.into()),
            Ok(Done::Gone(to, told)) => {
                portal.session.flash("good", told)?;
                see_other(to)
            }
            Ok(Done::Link(link)) => {
                let (shell, made) = *link;
                link::show(Page::of(&portal, shell, "users", "The link is ready"), &made, "")
            }
        }
    })
}

/// What was done.
enum Done {
    /// Go there and tell this.
    Gone(String, String),
    /// Show the link.
    Link(Box<(Shell, MadeLink)>),
}

async fn act(portal: &Portal, id: UserId, what: What, fields: &Fields) -> Result<Done> {
    if what == What::Delete {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let fields = fields.clone();
    portal.write(move |cx| run(cx, id, what, &fields)).await
}

fn run(cx: &mut Cx<'_, '_>, id: UserId, what: What, fields: &Fields) -> Result<Done> {
    let there = |told: String| Done::Gone(home(id), told);
    let name = |user: &User| user.display_name.clone();
    Ok(match what {
        What::Disable => there(format!(
            "{} is disabled: sessions ended, tokens stopped.",
            name(&users::disable(cx, id)?)
        )),
        What::Enable => there(format!("{} is enabled.", name(&users::enable(cx, id)?))),
        What::EndSessions => {
            let ended = users::end_sessions(cx, id)?;
            there(format!("{} ended.", counted(ended, "session was", "sessions were")))
        }
        What::TurnIntoService => {
            let team: Option<TeamId> = fields.parse("home_team");
            let team = team.ok_or_else(|| Error::field("home_team", "Choose a home team."))?;
            let user = users::turn_into_service(cx, id, team)?;
            there(format!(
                "{} is a service account now. It cannot log in any more.",
                name(&user)
            ))
        }
        What::Delete => {
            let user = users::get(cx, id)?.user;
            users::delete(cx, id, Some(fields.get("username")))?;
            Done::Gone(
                "/users".into(),
                format!("{} was deleted. Its username is free again.", name(&user)),
            )
        }
        What::Link => {
            let (user, purpose, secret) = links::issue_for(cx, id)?;
            Done::Link(Box::new((Shell::of(cx)?, MadeLink::of(cx, user, purpose, secret))))
        }
    })
}

async fn ask(portal: &Portal, id: UserId, what: What, fields: &Fields, refused: Option<&Error>) -> Answer {
    let typed = fields.clone();
    let found = portal.read(move |cx| {
        let (action, needs) = what.needs();
        let info = users::acting(cx, id, action, needs)?;
        Ok((
            Shell::of(cx)?,
            info.user.display_name.clone(),
            question(cx, &info, what, &typed)?,
        ))
    });
    let (shell, name, mut asked) = found.await?;
    asked.action = format!("{}/{}", home(id), what.slug());
    asked.cancel = home(id);
    let page = Page::of(portal, shell, "users", format!("{}: {name}", asked.button));
    confirm::ask(page, asked, refused)
}

fn question(cx: &mut Cx<'_, '_>, info: &UserInfo, what: What, fields: &Fields) -> Result<Confirm> {
    let user = &info.user;
    let name = &user.display_name;
    let person = user.kind == Kind::Person;
    let plain = |title: String, lead: &str, button: &str| Confirm {
        title,
        lead: lead.into(),
        button: button.into(),
        ..Confirm::default()
    };
    Ok(match what {
        What::Disable => Confirm {
            losses: stopped(cx, info)?,
            danger: true,
            ..plain(
                format!("Disable {name}?"),
                "It can be enabled again at any time.",
                "Disable",
            )
        },
        What::Enable => plain(
            format!("Enable {name}?"),
            "Its tokens that have not expired work again at the next request, with the roles it has.",
            "Enable",
        ),
        What::EndSessions => plain(
            format!("End all sessions of {name}?"),
            "They are logged out of every browser and can log in again. Access tokens go on working.",
            "End all sessions",
        ),
        What::Link if user.has_password => plain(
            format!("Make a password reset link for {name}?"),
            "It works once, for 24 hours, and you see it once: hand it to them yourself. Using it ends all their sessions. Older links stop working now.",
            "Make a reset link",
        ),
        What::Link => plain(
            format!("Make an invitation link for {name}?"),
            "It works once, for 72 hours, and you see it once: hand it to them yourself. Older links stop working now.",
            "Make an invitation link",
        ),
        What::TurnIntoService => Confirm {
            losses: vec![
                "The password is erased, and all sessions and links end.".into(),
                format!("The address {} is replaced by a made-up one.", user.email),
                "It can never log in to the portal again, nor be turned back.".into(),
            ],
            danger: true,
            select: Some(home_select(cx, info, fields)?),
            ..plain(
                format!("Turn {name} into a service account?"),
                "Username, roles, teams and access tokens stay. You become its contact.",
                "Turn into a service account",
            )
        },
        What::Delete => Confirm {
            losses: lost(cx, info)?,
            danger: true,
            typed: Some(Typed {
                word: user.username.clone(),
                field: Field::new("username", fields.get("username")),
            }),
            password: cx
                .actor
                .typed_password_lately(cx.now)
                .is_err()
                .then(|| Field::new("password", "")),
            ..plain(
                format!("Delete {name}?"),
                if person {
                    "This cannot be undone."
                } else {
                    "This cannot be undone. Programs that use it stop working."
                },
                "Delete",
            )
        },
    })
}

/// What stops when an account is switched off.
fn stopped(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Vec<String>> {
    let mut losses = Vec::new();
    if info.user.kind == Kind::Person {
        losses.push("All its sessions end now, and links for its password stop working.".into());
    }
    losses.push(match info.tokens.usable {
        0 => "It has no token that would stop.".into(),
        n => format!(
            "{} at the next request.",
            counted(n.try_into().unwrap_or(usize::MAX), "token stops", "tokens stop")
        ),
    });
    losses.extend(orphans(cx, info)?);
    Ok(losses)
}

/// What is gone when an account is removed.
fn lost(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Vec<String>> {
    let mut losses = vec![match info.tokens.usable {
        0 => "It has no token that is good.".to_owned(),
        n => format!(
            "{} revoked at once.",
            counted(n.try_into().unwrap_or(usize::MAX), "token is", "tokens are")
        ),
    }];
    if info.user.kind == Kind::Person {
        losses.push("All its sessions and links end.".into());
    }
    let teams: Vec<_> = info.teams.iter().map(|team| team.team_name.as_str()).collect();
    if !teams.is_empty() {
        losses.push(format!("It leaves {}.", teams.join(", ")));
    }
    losses.extend(orphans(cx, info)?);
    Ok(losses)
}

/// The service accounts that then want a new contact.
fn orphans(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Option<String>> {
    let orphans = users::contact_for(cx, info.user.id)?;
    let names: Vec<_> = orphans.iter().map(|user| user.username.as_str()).collect();
    Ok((!names.is_empty()).then(|| {
        format!(
            "Service accounts that go on working, but want a new contact: {}.",
            names.join(", ")
        )
    }))
}

/// Where the new service account is to be at home: the first of the person's teams, unless another is chosen.
fn home_select(cx: &mut Cx<'_, '_>, info: &UserInfo, fields: &Fields) -> Result<Select> {
    let homes = choices::homes(cx)?;
    let first = info.teams.first().map_or(TeamId::PUBLIC, |team| team.team);
    let chosen = if fields.has("home_team") {
        fields.get("home_team").to_owned()
    } else {
        first.to_string()
    };
    let options: Vec<Choice> = homes.iter().map(|team| home_choice(team, &chosen)).collect();
    Ok(Select {
        label: "Home team",
        hint: "Its people manage the account.",
        field: Field::new("home_team", chosen),
        options,
    })
}
