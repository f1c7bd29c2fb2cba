//! Whether service accounts are left to administrators.

use super::{Back, Card, answer, version};
use crate::http::Portal;
use crate::model::settings::{Affected, Settings};
use crate::service::settings;
use crate::web::view::count;
use crate::web::{Answer, Fields};

/// The card.
pub(super) struct MachinesCard {
    pub error: Option<String>,
    pub only_admins: bool,
    /// What is in force, whatever was ticked in a form that came back.
    pub in_force: bool,
    pub affected: Vec<String>,
}

impl MachinesCard {
    pub fn new(kept: &Settings, affected: &Affected, back: Option<Back<'_>>) -> Self {
        let in_force = kept.only_admins_manage_machines;
        Self {
            error: back.map(|back| back.told(&[])),
            only_admins: back.map_or(in_force, |back| back.typed.has("only_admins")),
            in_force,
            affected: whom(affected),
        }
    }
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
    let (only_admins, version) = (fields.has("only_admins"), version(&fields));
    let change = move |cx: &mut crate::service::Cx<'_, '_>| {
        settings::update(cx, version, |settings| settings.only_admins_manage_machines = only_admins)
    };
    let saved = portal.write(change).await.map(|_| {
        let told = match only_admins {
            true => "Saved. Only administrators manage service accounts now.",
            false => "Saved. Service accounts are managed by whoever has the permission.",
        };
        told.to_owned()
    });
    answer(portal, Card::Machines, &fields, saved).await
}
