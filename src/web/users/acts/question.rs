//! What is asked before each act, and what it takes away.

use super::What;
use crate::model::Result;
use crate::model::ids::TeamId;
use crate::model::users::Kind;
use crate::service::users::{self, UserInfo};
use crate::service::{Cx, choices};
use crate::web::Fields;
use crate::web::confirm::{Confirm, Select, Typed};
use crate::web::users::choosing::home_choice;
use crate::web::users::counted;
use crate::web::view::{Choice, Field};

/// The question before `what` is done to `info`, without its addresses.
pub(super) fn question(cx: &mut Cx<'_, '_>, info: &UserInfo, what: What, fields: &Fields) -> Result<Confirm> {
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
            ..plain(format!("Disable {name}?"), "It can be enabled again at any time.", "Disable")
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
            typed: Some(Typed { word: user.username.clone(), field: Field::new("username", fields.get("username")) }),
            password: cx.actor.typed_password_lately(cx.now).is_err().then(|| Field::new("password", "")),
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
        n => format!("{} revoked at once.", counted(n.try_into().unwrap_or(usize::MAX), "token is", "tokens are")),
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
    Ok((!names.is_empty())
        .then(|| format!("Service accounts that go on working, but want a new contact: {}.", names.join(", "))))
}

/// Where the new service account is to be at home: the first of the person's teams, unless another is chosen.
fn home_select(cx: &mut Cx<'_, '_>, info: &UserInfo, fields: &Fields) -> Result<Select> {
    let homes = choices::homes(cx)?;
    let first = info.teams.first().map_or(TeamId::PUBLIC, |team| team.team);
    let chosen = if fields.has("home_team") { fields.get("home_team").to_owned() } else { first.to_string() };
    let options: Vec<Choice> = homes.iter().map(|team| home_choice(team, &chosen)).collect();
    Ok(Select {
        label: "Home team",
        hint: "Its people manage the account.",
        field: Field::new("home_team", chosen),
        options,
    })
}
