//! The list of roles.

use actix_web::HttpRequest;
use askama::Template;

use super::counted;
use crate::http::Portal;
use crate::model::page::{LISTED, PageRequest};
use crate::service::roles::{self, OrgRoleInfo, RoleInfo};
use crate::web::listing::Place;
use crate::web::view::Pager;
use crate::web::{Answer, Fields, Page, Shell, render};

#[derive(Template)]
#[template(path = "roles/index.html")]
struct Index {
    page: Page,
    may_create: bool,
    first: bool,
    organisation: Vec<RoleLine>,
    teams: Vec<RoleLine>,
    pager: Pager,
}

struct RoleLine {
    name: String,
    href: String,
    description: String,
    level: String,
    who: String,
    who_href: String,
    custom: bool,
}

impl From<OrgRoleInfo> for RoleLine {
    fn from(OrgRoleInfo { role, users }: OrgRoleInfo) -> Self {
        Self {
            name: role.to_string(),
            href: format!("/roles/organisation/{role}"),
            description: role.hint().into(),
            level: String::new(),
            who: counted(users, "user", "users"),
            who_href: if users == 0 { String::new() } else { format!("/users?role={role}") },
            custom: false,
        }
    }
}

impl From<RoleInfo> for RoleLine {
    fn from(RoleInfo { role, members }: RoleInfo) -> Self {
        let href = format!("/roles/{}", role.id);
        Self {
            custom: !role.is_predefined(),
            who: counted(members, "member", "members"),
            who_href: if members == 0 { String::new() } else { format!("{href}#who") },
            level: role.grants.level.to_string(),
            name: role.name,
            description: role.description,
            href,
        }
    }
}

/// `GET /roles`.
pub async fn index(portal: Portal, request: HttpRequest) -> Answer {
    let place = Place::of(&Fields::of_query(&request));
    let first = place.is_first();
    let found = portal.read(move |cx| {
        let organisation = roles::organisation(cx)?;
        let found = place.find(PageRequest::first(LISTED), |request| roles::page(cx, request))?;
        Ok((Shell::of(cx)?, roles::rights(cx), organisation, found))
    });
    let (shell, rights, organisation, (found, again)) = found.await?;
    let summary = counted(found.items.len().try_into().unwrap_or_default(), "team role", "team roles");
    render(&Index {
        page: Page::of(&portal, shell, "roles", "Roles").begun_again(again),
        may_create: rights.create,
        first: first || again,
        organisation: organisation.into_iter().map(RoleLine::from).collect(),
        pager: Pager::of(&found, summary, "/roles", &[]),
        teams: found.items.into_iter().map(RoleLine::from).collect(),
    })
}
