//! The inventory as a file.

use actix_web::HttpRequest;

use super::asked::Asked;
use crate::http::Portal;
use crate::http::export::{self, Format};
use crate::service::tokens::Export;
use crate::web::{Answer, Fields};

/// `GET /tokens/export.csv`: what the filters of the address ask for, by when it was made.
pub async fn file(portal: Portal, request: HttpRequest) -> Answer {
    let Asked { filter, account, descending, .. } = Asked::of(&Fields::of_query(&request));
    let begun = portal.write(move |cx| Export::begin(cx, filter, &account, descending));
    let begun = begun.await?;
    Ok(export::answer(portal.app.clone(), portal.caller.clone(), begun, Format::Csv))
}
