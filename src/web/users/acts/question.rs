//! What is asked before each act, and what it takes away.

use super::What;
use crate::model::Result;
use crate::model::ids::TeamId;
use crate::model::users::{AnswersFor, Kind, User};
use crate::service::users::{self, UserInfo};
use crate::service::{Cx, choices, handover};
use crate::web::Fields;
use crate::web::confirm::{Confirm, Input, Select, Typed};
use crate::web::users::choosing::home_choice;
use crate::web::users::{counted, home};
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
            first: hand_over_first(cx, info)?,
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
            &format!(
                "It works once, for 24 hours. {} Using it ends all their sessions. Older links stop working now.",
                handed(cx, user)
            ),
            "Make a reset link",
        ),
        What::Link => plain(
            format!("Make an invitation link for {name}?"),
            &format!("It works once, for 72 hours. {} Older links stop working now.", handed(cx, user)),
            "Make an invitation link",
        ),
        What::TurnIntoService => Confirm {
            losses: vec![
                "The password is erased, and all sessions and links end.".into(),
                format!("The address {} is replaced by a made-up one.", user.email),
                "It cannot log in to the portal any more. Turning it back takes another invitation.".into(),
            ]
            .into_iter()
            .chain(left(cx, info)?)
            .collect(),
            danger: true,
            first: hand_over_first(cx, info)?,
            select: Some(home_select(cx, info, fields)?),
            ..plain(
                format!("Turn {name} into a service account?"),
                "Username, roles, teams and access tokens stay. You become its contact.",
                "Turn into a service account",
            )
        },
        What::TurnIntoPerson => into_person(user, info, fields),
        What::Delete => Confirm {
            losses: lost(cx, info)?,
            danger: true,
            first: hand_over_first(cx, info)?,
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

/// How a link reaches its person.
fn handed(cx: &Cx<'_, '_>, user: &User) -> String {
    if cx.app.mails() {
        format!("It is mailed to {}, and you see it once.", user.email)
    } else {
        "You see it once: hand it to them yourself.".into()
    }
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
    losses.extend(left(cx, info)?);
    Ok(losses)
}

/// What is gone when an account is removed.
fn lost(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Vec<String>> {
    let mut losses = vec![match info.tokens.left() {
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
    losses.extend(left(cx, info)?);
    Ok(losses)
}

/// What wants somebody else then.
fn left(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Vec<String>> {
    let left = handover::left_by(cx, info.clone())?;
    let mut told = Vec::new();
    if left.total.total() > 0 {
        let names: Vec<_> = left.accounts.iter().take(NAMED).map(|account| account.user.username.as_str()).collect();
        let rest = usize::try_from(left.total.total()).unwrap_or_default().saturating_sub(names.len());
        let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
        let names = names.join(", ");
        let what = match left.total {
            AnswersFor { agents: 0, .. } => "Service accounts that go on working, but want a new contact",
            AnswersFor { services: 0, .. } => "AI agents that go on working, but want a new contact or sponsor",
            _ => "Service accounts and AI agents that go on working, but want a new contact or sponsor",
        };
        told.push(format!("{what}: {names}{more}."));
    }
    if !left.teams.is_empty() {
        let names: Vec<_> = left.teams.iter().map(|(_, name)| name.as_str()).collect();
        told.push(format!("Nobody else of the team manages {}.", names.join(", ")));
    }
    Ok(told)
}

/// How many accounts a question names.
const NAMED: usize = 5;

/// The way to hand over what would be left, where there is something.
fn hand_over_first(cx: &mut Cx<'_, '_>, info: &UserInfo) -> Result<Option<(String, String)>> {
    let left = handover::left_by(cx, info.clone())?;
    let href = format!("{}/handover", home(info.user.id));
    Ok((!left.is_empty()).then(|| (href, "Hand over first".to_owned())))
}

/// What a service account keeps that becomes a person, what it gives up, and the two names it wants.
fn into_person(user: &User, info: &UserInfo, fields: &Fields) -> Confirm {
    let typed = |name, proposed: &str| Field::new(name, if fields.has(name) { fields.get(name) } else { proposed });
    let input = |label, kind, hint, field| Input { label, kind, hint, field };
    let tokens = match info.tokens.left() {
        0 => "It has no access token that is good.".to_owned(),
        n => format!(
            "{}, now as the person's own, without the scopes self:read and self:update.",
            counted(n.try_into().unwrap_or(usize::MAX), "access token stays", "access tokens stay")
        ),
    };
    Confirm {
        title: format!("Turn {} into a person?", user.display_name),
        lead: "An invitation is made, and you see it once. Whoever has it chooses a password and logs in with the roles this account has. Until then it stays barred.".into(),
        losses: vec![
            format!("Role and teams stay: {}.", roles(info)),
            tokens,
            match user.kind {
                Kind::Agent => "Its home team and its contact go, and its sponsor: people have none.".into(),
                Kind::Service | Kind::Person => "Its home team and its contact go: people have none.".into(),
            },
            "Its made-up address is replaced.".into(),
        ],
        inputs: vec![
            input("Username", "text", "Without the ending of service accounts.", typed("username", users::person_username(user))),
            input("Email", "email", "The person's own address.", typed("email", "")),
        ],
        button: "Turn into a person".into(),
        ..Confirm::default()
    }
}

/// `Editor, Maintainer in Billing`.
fn roles(info: &UserInfo) -> String {
    let teams = info.teams.iter().map(|team| format!("{} in {}", team.role_name, team.team_name));
    std::iter::once(info.user.role.to_string()).chain(teams).collect::<Vec<_>>().join(", ")
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
