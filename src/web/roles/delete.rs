//! The end of a custom role.

use crate::http::Portal;
use crate::model::ids::RoleId;
use crate::service::roles;
use crate::web::confirm::{self, Confirm};
use crate::web::{Answer, Id, Page, Shell, see_other};

/// `GET /roles/{id}/delete`.
pub async fn ask(portal: Portal, Id(id): Id<RoleId>) -> Answer {
    let (shell, role) = portal.read(move |cx| Ok((Shell::of(cx)?, roles::deleting(cx, id)?))).await?;
    let question = Confirm {
        title: format!("Delete {}?", role.name),
        lead: "The role is gone for good. Nobody has it, so nobody loses anything.".into(),
        action: format!("/roles/{id}/delete"),
        button: "Delete role".into(),
        danger: true,
        cancel: format!("/roles/{id}"),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "roles", "Delete role"), question, None)
}

/// `POST /roles/{id}/delete`.
pub async fn delete(portal: Portal, Id(id): Id<RoleId>) -> Answer {
    let role = portal.write(move |cx| roles::delete(cx, id)).await?;
    portal.session.flash("good", format!("The role {} is deleted.", role.name))?;
    see_other("/roles")
}
