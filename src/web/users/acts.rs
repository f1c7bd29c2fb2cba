//! Acts on one account, each of which asks first and names what will be lost.

mod question;

use std::borrow::Cow;

use actix_web::web::{get, post};

use self::question::question;
use super::link::{self, MadeLink};
use super::{counted, home};
use crate::http::Portal;
use crate::model::ids::{TeamId, UserId};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::users::{self, Created, PersonWanted, Rights, UserInfo};
use crate::service::{Cx, links};
use crate::web::confirm;
use crate::web::tokens::pages::{confirm_password, keeps_form};
use crate::web::{Answer, Fields, Id, Page, Shell, see_other};

/// An act, as the profile offers it.
pub struct Act {
    /// What it is called.
    pub title: &'static str,
    /// What it does.
    pub text: Cow<'static, str>,
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
    /// Make a person of a service or agent account.
    TurnIntoPerson,
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
            Self::TurnIntoPerson => "turn-into-person",
            Self::Delete => "delete",
        }
    }

    /// The account, where the caller may do this to it: who may not is not even asked.
    fn judged(self, cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
        match self {
            Self::Disable => users::disabling(cx, id),
            Self::Enable => users::enabling(cx, id),
            Self::EndSessions => users::ending_sessions(cx, id),
            Self::Link => links::issuing(cx, id),
            Self::TurnIntoService => users::turning_into_service(cx, id),
            Self::TurnIntoPerson => users::turning_into_person(cx, id),
            Self::Delete => users::deleting(cx, id),
        }
    }
}

/// The acts that the caller may do to `info`; `own` where it is their own account, and what they answer for, in words.
pub(super) fn offered(info: &UserInfo, rights: Rights, own: bool, answers_for: Option<String>) -> Vec<Act> {
    let user = &info.user;
    let person = user.kind == Kind::Person;
    let act = |what: What, title, text, button, danger| Act {
        title,
        text: Cow::Borrowed(text),
        href: format!("{}/{}", home(user.id), what.slug()),
        button,
        danger,
    };
    let mut acts = Vec::new();
    acts.extend(answers_for.map(|what| Act {
        title: "Hand over",
        text: Cow::Owned(format!("They are {what}. Give it to somebody else.")),
        href: format!("{}/handover", home(user.id)),
        button: "Hand over",
        danger: false,
    }));
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
        acts.push(act(What::EndSessions, "Sessions", "Logs them out of every browser.", "End all sessions", false));
    }
    if rights.turn && !own {
        acts.push(match person {
            true => act(
                What::TurnIntoService,
                "Service account",
                "Makes it API-only: the password is erased, tokens stay.",
                "Turn into a service account",
                false,
            ),
            false => act(
                What::TurnIntoPerson,
                "Person",
                "Somebody gets an invitation and can log in. Roles and tokens stay.",
                "Turn into a person",
                false,
            ),
        });
    }
    if rights.manage && !own && user.is_enabled() {
        acts.push(act(
            What::Disable,
            "Disable",
            "Ends its sessions and stops its tokens. It can be enabled again.",
            "Disable",
            true,
        ));
    }
    if rights.enable && !own {
        acts.push(act(What::Enable, "Enable", "Its tokens that are still good work again.", "Enable", false));
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
        What::Disable => {
            there(format!("{} is disabled: sessions ended, tokens stopped.", name(&users::disable(cx, id)?)))
        }
        What::Enable => there(format!("{} is enabled.", name(&users::enable(cx, id)?))),
        What::EndSessions => {
            let ended = users::end_sessions(cx, id)?;
            there(format!("{} ended.", counted(ended, "session was", "sessions were")))
        }
        What::TurnIntoService => {
            let team: Option<TeamId> = fields.parse("home_team");
            let team = team.ok_or_else(|| Error::field("home_team", "Choose a home team."))?;
            let user = users::turn_into_service(cx, id, team)?;
            there(format!("{} is a service account now. It cannot log in any more.", name(&user)))
        }
        What::TurnIntoPerson => {
            let typed = |name| fields.get(name).to_owned();
            let wanted = PersonWanted { username: typed("username"), email: typed("email") };
            let Created { invitation, .. } = users::turn_into_person(cx, id, &wanted)?;
            let issued = invitation.ok_or_else(|| Error::internal("a person was made without an invitation"))?;
            Done::Link(Box::new((Shell::of(cx)?, MadeLink::of(cx, issued))))
        }
        What::Delete => {
            let user = users::get(cx, id)?.user;
            users::delete(cx, id, Some(fields.get("username")))?;
            Done::Gone("/users".into(), format!("{} was deleted. Its username is free again.", name(&user)))
        }
        What::Link => {
            let issued = links::issue_for(cx, id)?;
            Done::Link(Box::new((Shell::of(cx)?, MadeLink::of(cx, issued))))
        }
    })
}

async fn ask(portal: &Portal, id: UserId, what: What, fields: &Fields, refused: Option<&Error>) -> Answer {
    let typed = fields.clone();
    let found = portal.read(move |cx| {
        let user = what.judged(cx, id)?;
        let info = users::described(cx, user)?;
        Ok((Shell::of(cx)?, info.user.display_name.clone(), question(cx, &info, what, &typed)?))
    });
    let (shell, name, mut asked) = found.await?;
    asked.action = format!("{}/{}", home(id), what.slug());
    asked.cancel = home(id);
    let page = Page::of(portal, shell, "users", format!("{}: {name}", asked.button));
    confirm::ask(page, asked, refused)
}
