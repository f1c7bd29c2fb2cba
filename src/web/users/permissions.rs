//! What a user may do, where, and which role gives it.

use askama::Template;

use super::UserHead;
use crate::http::Portal;
use crate::model::ids::UserId;
use crate::model::permissions::{Action, PermissionSet, Resource};
use crate::model::roles::AppLevel;
use crate::model::users::Kind;
use crate::service::applications::{self, Usable};
use crate::service::users::{self, At, Effective, Granted};
use crate::web::{Answer, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "users/permissions.html")]
struct Permissions {
    page: Page,
    head: UserHead,
    notices: Vec<String>,
    places: Vec<PlaceView>,
    hidden: String,
    applications: Vec<UseRow>,
}

/// A scope of an application that the account may use.
struct UseRow {
    word: String,
    level: &'static str,
    through: Vec<(String, String)>,
    hidden: String,
}

/// What a role gives at a place.
struct PlaceView {
    id: usize,
    title: String,
    role: String,
    note: &'static str,
    level: &'static str,
    rows: Vec<ResourceRow>,
}

/// What may be done with a resource.
struct ResourceRow {
    label: &'static str,
    words: String,
    slugs: Vec<String>,
}

/// `GET /users/{id}/permissions`.
pub async fn list(portal: Portal, Id(id): Id<UserId>) -> Answer {
    let found = portal.read(move |cx| {
        let (_, _, head) = UserHead::find(cx, id, "Effective permissions")?;
        Ok((Shell::of(cx)?, head, users::effective(cx, id)?, applications::of_account(cx, id)?))
    });
    let (shell, head, effective, used) = found.await?;
    let title = format!("Effective permissions of {}", head.who.name);
    render(&Permissions {
        page: Page::of(&portal, shell, "users", title),
        notices: notices(&effective),
        places: effective.granted.iter().enumerate().map(place).collect(),
        hidden: match effective.hidden_teams {
            0 => String::new(),
            1 => "It has a role in 1 team more, which you may not see.".into(),
            n => format!("It has roles in {n} teams more, which you may not see."),
        },
        applications: used.iter().map(use_row).collect(),
        head,
    })
}

fn use_row(used: &Usable) -> UseRow {
    UseRow {
        word: used.scope.to_string(),
        level: used.scope.level.as_str(),
        through: used.through.iter().map(|one| (one.team_name.clone(), one.role_name.clone())).collect(),
        hidden: match used.hidden_teams {
            0 => String::new(),
            1 => "and 1 team that you may not see".into(),
            n => format!("and {n} teams that you may not see"),
        },
    }
}

/// What keeps any of it from counting.
fn notices(effective: &Effective) -> Vec<String> {
    let user = &effective.user;
    let mut notices = Vec::new();
    if !user.is_enabled() {
        notices.push("The account is disabled: none of this counts until it is enabled.".into());
    }
    match effective.waiting {
        Some(role) => notices.push(format!(
            "It has the organisation role {role}, which counts as soon as it has a role in a team. Until then it can do nothing."
        )),
        None if user.kind != Kind::Person && effective.granted.is_empty() => notices.push(
            "It has no role in a team besides Public, and without one a service account can do nothing.".into(),
        ),
        None => {}
    }
    notices
}

fn place((id, granted): (usize, &Granted)) -> PlaceView {
    let title = match &granted.at {
        At::Everywhere => "Everywhere".to_owned(),
        At::Team(_, name) => name.clone(),
        At::Own => "Own account".to_owned(),
    };
    PlaceView {
        id,
        title,
        role: granted.role.name().unwrap_or_default().to_owned(),
        note: granted.role.kind(),
        level: level(&granted.at, granted.grants.level),
        rows: rows(granted.grants.permissions),
    }
}

/// How far a role reaches into applications; what an organisation role has there counts for giving alone (rule 6).
fn level(at: &At, level: AppLevel) -> &'static str {
    match (at, level) {
        (At::Everywhere, AppLevel::None) | (At::Own, _) => "",
        (At::Everywhere, _) => "Applications: may give any level, and uses none by this role.",
        (At::Team(..), AppLevel::None) => "Applications of the team: none of their scopes.",
        (At::Team(..), AppLevel::Read) => "Applications of the team: scopes that read.",
        (At::Team(..), AppLevel::Write) => "Applications of the team: scopes that read and write.",
        (At::Team(..), AppLevel::Admin) => "Applications of the team: all of their scopes.",
    }
}

fn rows(permissions: PermissionSet) -> Vec<ResourceRow> {
    let row = |resource: Resource| {
        let held: Vec<_> = permissions.iter().filter(|permission| permission.resource == resource).collect();
        ResourceRow {
            label: resource.label(),
            words: words(&held.iter().map(|permission| permission.action).collect::<Vec<_>>()),
            slugs: held.iter().map(ToString::to_string).collect(),
        }
    };
    Resource::ALL.into_iter().map(row).filter(|row| !row.slugs.is_empty()).collect()
}

/// `see, make and change`.
fn words(actions: &[Action]) -> String {
    let word = |action: &Action| match action {
        Action::Read => "see",
        Action::Create => "make",
        Action::Update => "change",
        Action::Delete => "delete",
    };
    let words: Vec<_> = actions.iter().map(word).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_done_is_said_in_words() {
        assert_eq!(words(&[Action::Read]), "see");
        assert_eq!(words(&Action::ALL), "see, make, change and delete");
        let rows = rows("teams:read teams:update self:read".parse().unwrap());
        assert_eq!(
            rows.iter().map(|row| (row.label, row.words.as_str())).collect::<Vec<_>>(),
            [("Teams", "see and change"), ("Own account", "see")]
        );
    }
}
