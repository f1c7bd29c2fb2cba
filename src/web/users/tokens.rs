//! A user's access tokens.

use actix_web::HttpRequest;
use actix_web::web::{get, post};
use askama::Template;

use super::UserHead;
use crate::http::Portal;
use crate::model::ids::{TokenId, UserId};
use crate::web::tokens::acts::{self, What};
use crate::web::tokens::{TokenRow, Whose, edit, pages};
use crate::web::{Answer, Fields, Id, Ids, Page, Shell, render};

#[derive(Template)]
#[template(path = "users/tokens.html")]
struct Tokens {
    page: Page,
    head: UserHead,
    new_href: String,
    rows: Vec<TokenRow>,
}

/// `GET /users/{id}/tokens`.
pub async fn list(portal: Portal, Id(id): Id<UserId>) -> Answer {
    let found = portal.read(move |cx| {
        let (.., head) = UserHead::find(cx, id, "Access tokens")?;
        Ok((Shell::of(cx)?, head, pages::rows(cx, Whose::User(id))?))
    });
    let (shell, head, (rows, new_href)) = found.await?;
    let title = format!("Access tokens of {}", head.who.name);
    render(&Tokens { page: Page::of(&portal, shell, "users", title), head, new_href, rows })
}

/// `GET /users/{id}/tokens/new`.
pub async fn new(portal: Portal, Id(id): Id<UserId>) -> Answer {
    pages::ask(&portal, Whose::User(id)).await
}

/// `POST /users/{id}/tokens/new`.
pub async fn create(portal: Portal, Id(id): Id<UserId>, fields: Fields) -> Answer {
    pages::make(&portal, Whose::User(id), fields).await
}

/// `GET /users/{id}/tokens/{token}`.
pub async fn page(portal: Portal, asked: HttpRequest, Ids(id, token): Ids<UserId, TokenId>) -> Answer {
    edit::page(&portal, Whose::User(id), token, &asked).await
}

/// `POST /users/{id}/tokens/{token}`.
pub async fn save(portal: Portal, Ids(id, token): Ids<UserId, TokenId>, fields: Fields) -> Answer {
    edit::save(&portal, Whose::User(id), token, fields).await
}

/// `GET /users/{id}/tokens/{token}/revoke`.
pub async fn ask_revoke(portal: Portal, Ids(id, token): Ids<UserId, TokenId>) -> Answer {
    pages::ask_revoke(&portal, Whose::User(id), token).await
}

/// `POST /users/{id}/tokens/{token}/revoke`.
pub async fn revoke(portal: Portal, Ids(id, token): Ids<UserId, TokenId>) -> Answer {
    pages::revoke(&portal, Whose::User(id), token).await
}

/// The route that asks before `what`.
pub fn asking(what: What) -> actix_web::Route {
    get().to(move |portal: Portal, Ids(id, token): Ids<UserId, TokenId>| async move {
        acts::ask(&portal, (Whose::User(id), token), what).await
    })
}

/// The route that does `what`.
pub fn doing(what: What) -> actix_web::Route {
    post().to(move |portal: Portal, Ids(id, token): Ids<UserId, TokenId>, fields: Fields| async move {
        acts::act(&portal, (Whose::User(id), token), what, fields).await
    })
}
