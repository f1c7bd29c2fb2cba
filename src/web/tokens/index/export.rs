//! The inventory as a file.

use actix_web::HttpRequest;
use actix_web::http::Method;

use super::asked::Asked;
use crate::http::Portal;
use crate::http::export::{self, Format};
use crate::service::tokens::Export;
use crate::web::listing::invalid;
use crate::web::{Answer, Fields};

/// `GET /tokens/export.csv`: what the filters of the address ask for, by when it was made.
pub async fn file(portal: Portal, request: HttpRequest) -> Answer {
    let asked = Asked::of(&Fields::of_query(&request));
    let Asked { filter, account, descending, wrong, .. } = asked;
    let filter = invalid(&wrong).map_or(Ok(filter), Err);
    if request.method() == Method::HEAD {
        portal.read(move |cx| Export::of(cx, filter, &account, descending)).await?;
        return Ok(export::head::<Export>(&portal.app, Format::Csv));
    }
    let begun = portal.write(move |cx| Export::begin(cx, filter, &account, descending));
    let begun = begun.await?;
    Ok(export::answer(portal.app.clone(), portal.caller.clone(), begun, Format::Csv))
}
