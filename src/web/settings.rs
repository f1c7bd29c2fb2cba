//! Settings of the whole portal.

use actix_web::http::StatusCode;
use askama::Template;

use crate::http::Portal;
use crate::model::Error;
use crate::model::settings::{Affected, Settings};
use crate::service::settings;
use crate::web::view::{count, form_error};
use crate::web::{Answer, Fields, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "settings/index.html")]
struct Index {
    page: Page,
    error: Option<String>,
    may_change: bool,
    version: i64,
    only_admins: bool,
    /// What is in force, whatever was ticked in a form that came back.
    in_force: bool,
    affected: Vec<String>,
}

/// `GET /settings`.
pub async fn page(portal: Portal) -> Answer {
    form(&portal, None, None).await
}

/// `typed` is what came back, and why.
async fn form(portal: &Portal, typed: Option<&Fields>, error: Option<&Error>) -> Answer {
    let found = portal
        .read(|cx| Ok((Shell::of(cx)?, settings::get(cx)?, settings::affected(cx)?, settings::may_change(cx))))
        .await?;
    let (shell, Settings { only_admins_manage_machines: in_force, version }, affected, may_change) = found;
    let template = Index {
        page: Page::of(portal, shell, "settings", "Settings"),
        error: error.map(|error| match error {
            Error::Stale => "Not saved: somebody else changed the settings while this page was open. They are shown as they are now, with what you had chosen.".into(),
            other => form_error(other, &[]),
        }),
        may_change,
        version,
        only_admins: typed.map_or(in_force, |typed| typed.has("only_admins")),
        in_force,
        affected: whom(&affected),
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

/// Who manages service accounts without being an Admin.
fn whom(affected: &Affected) -> Vec<String> {
    let counted = |n: i64, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{} {many}", count(n))),
    };
    let in_teams = counted(affected.teams, "team", "teams").unwrap_or_default();
    let members = counted(affected.people - affected.everywhere, "person", "people");
    let managers = counted(affected.everywhere, "Manager", "Managers");
    let machines = counted(affected.machines, "service account", "service accounts");
    [
        members.map(|people| format!("{people} in {in_teams}, by a team role")),
        managers.map(|managers| format!("{managers}, everywhere")),
        machines.map(|machines| format!("{machines} with a token for it: such programs are then refused")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `POST /settings`.
pub async fn update(portal: Portal, fields: Fields) -> Answer {
    let only_admins = fields.has("only_admins");
    // A form without its version is treated as one that is out of date.
    let version = fields.parse("version").unwrap_or(0);
    match portal.write(move |cx| settings::update(cx, Some(only_admins), Some(version))).await {
        Ok(_) => {
            let told = match only_admins {
                true => "Saved. Only administrators manage service accounts now.",
                false => "Saved. Service accounts are managed by whoever has the permission.",
            };
            portal.session.flash("good", told)?;
            see_other("/settings")
        }
        Err(error) if errors::is_mendable(&error) => form(&portal, Some(&fields), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}
