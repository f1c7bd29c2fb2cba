//! One's own access tokens: the shared pages of [`crate::web::tokens`], under the own account.

use actix_web::HttpRequest;
use actix_web::web::{get, post};
use askama::Template;

use super::Own;
use crate::http::Portal;
use crate::model::ids::TokenId;
use crate::web::tokens::acts::{self, What};
use crate::web::tokens::{TokenRow, Whose, edit, pages};
use crate::web::view::{Tab, Who};
use crate::web::{Answer, Fields, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "account/tokens.html")]
struct Tokens {
    page: Page,
    who: Who,
    tabs: Vec<Tab>,
    new_href: String,
    rows: Vec<TokenRow>,
}

/// `GET /account/tokens`.
pub async fn list(portal: Portal) -> Answer {
    let (shell, own, (rows, new_href)) =
        portal.read(|cx| Ok((Shell::of(cx)?, Own::of(cx, "Access tokens")?, pages::rows(cx, Whose::Own)?))).await?;
    render(&Tokens {
        page: Page::of(&portal, shell, "", "Access tokens"),
        who: own.who,
        tabs: own.tabs,
        new_href,
        rows,
    })
}

/// `GET /account/tokens/new`.
pub async fn ask(portal: Portal) -> Answer {
    pages::ask(&portal, Whose::Own).await
}

/// `POST /account/tokens/new`: the answer shows the token once.
pub async fn make(portal: Portal, fields: Fields) -> Answer {
    pages::make(&portal, Whose::Own, fields).await
}

/// `GET /account/tokens/{token}`.
pub async fn page(portal: Portal, asked: HttpRequest, Id(token): Id<TokenId>) -> Answer {
    edit::page(&portal, Whose::Own, token, &asked).await
}

/// `POST /account/tokens/{token}`.
pub async fn save(portal: Portal, Id(token): Id<TokenId>, fields: Fields) -> Answer {
    edit::save(&portal, Whose::Own, token, fields).await
}

/// `GET /account/tokens/{token}/revoke`.
pub async fn ask_revoke(portal: Portal, Id(token): Id<TokenId>) -> Answer {
    pages::ask_revoke(&portal, Whose::Own, token).await
}

/// `POST /account/tokens/{token}/revoke`.
pub async fn revoke(portal: Portal, Id(token): Id<TokenId>) -> Answer {
    pages::revoke(&portal, Whose::Own, token).await
}

/// The route that asks before `what`.
pub fn asking(what: What) -> actix_web::Route {
    get().to(move |portal: Portal, Id(token): Id<TokenId>| async move {
        acts::ask(&portal, (Whose::Own, token), what).await
    })
}

/// The route that does `what`.
pub fn doing(what: What) -> actix_web::Route {
    post().to(move |portal: Portal, Id(token): Id<TokenId>, fields: Fields| async move {
        acts::act(&portal, (Whose::Own, token), what, fields).await
    })
}
