//! An organisation role: what it holds, and how many have it.

use super::counted;
use super::role::RolePage;
use crate::http::Portal;
use crate::model::permissions::Resource;
use crate::model::roles::OrgRole;
use crate::service::roles;
use crate::web::grid::Grid;
use crate::web::{Answer, Id, Page, Shell, render};

/// `GET /roles/organisation/{name}`.
pub async fn page(portal: Portal, Id(role): Id<OrgRole>) -> Answer {
    let (shell, info) = portal.read(move |cx| Ok((Shell::of(cx)?, roles::get_organisation(cx, role)?))).await?;
    let resources: Vec<_> = Resource::ALL.into_iter().filter(|resource| *resource != Resource::Own).collect();
    let grid = Grid::show("permissions", &resources, role.holds());
    render(&RolePage {
        name: role.to_string(),
        badge: "Organisation role",
        lead: role.hint().into(),
        grid: Some(
            grid.titled("Permissions", "Held everywhere. Their own profile, sessions and tokens are everyone's."),
        ),
        who: match info.users {
            0 => "Nobody has this role.".into(),
            n => counted(n, "user has this role.", "users have this role."),
        },
        who_href: if info.users == 0 { String::new() } else { format!("/users?role={role}") },
        ..RolePage::of(Page::of(&portal, shell, "roles", role.to_string()))
    })
}
