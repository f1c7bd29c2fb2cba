//! Making a custom role.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;

use super::fields::{RoleForm, Start, read};
use crate::http::Portal;
use crate::model::Error;
use crate::model::ids::RoleId;
use crate::service::roles::{self, NewRole};
use crate::web::form::key_of;
use crate::web::{Answer, Fields, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "roles/new.html")]
struct New {
    page: Page,
    form_key: String,
    fields: RoleForm,
}

/// `GET /roles/new`; with `from`, the id of a role that it begins as a copy of.
pub async fn page(portal: Portal, request: HttpRequest) -> Answer {
    form(&portal, Fields::of_query(&request).parse("from"), None, None).await
}

async fn form(portal: &Portal, from: Option<RoleId>, typed: Option<&Fields>, error: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| {
        roles::creating(cx)?;
        let source = from.map(|id| roles::get(cx, id)).transpose()?;
        Ok((Shell::of(cx)?, source))
    });
    let (shell, source) = found.await?;
    let start = Start::copied(source.as_ref().map(|info| &info.role));
    let template = New {
        page: Page::of(portal, shell, "roles", "Create role"),
        form_key: key_of(typed.unwrap_or(&Fields::default())),
        fields: RoleForm::new(&start, typed, error),
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

/// `POST /roles/new`.
pub async fn create(portal: Portal, fields: Fields) -> Answer {
    let form_key = fields.get("form_key").to_owned();
    let made = match read(&fields) {
        Ok(typed) => {
            let new = NewRole {
                name: typed.name,
                description: typed.description,
                permissions: typed.permissions,
                level: typed.level,
                form_key: Some(form_key),
            };
            portal.write(move |cx| roles::create(cx, new)).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(role) => {
            let told = format!("The role {} is made. Give it to somebody on a team's page.", role.name);
            portal.session.flash("good", told)?;
            see_other(format!("/roles/{}", role.id))
        }
        Err(Error::AlreadyDone(id)) => see_other(format!("/roles/{id}")),
        Err(error) if errors::is_mendable(&error) => form(&portal, None, Some(&fields), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}
