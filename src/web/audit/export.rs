//! The log as a file.

use actix_web::http::Method;
use actix_web::{HttpRequest, Route, web};

use super::asked::Asked;
use crate::http::Portal;
use crate::http::export::{self, Format};
use crate::service::audit::Export;
use crate::web::{Answer, Fields};

/// `GET /audit/export.csv` and `GET /audit/export.ndjson`: what the filters of the address ask for.
pub fn file(format: Format) -> Route {
    web::route().to(move |portal: Portal, request: HttpRequest| stream(portal, request, format))
}

async fn stream(portal: Portal, request: HttpRequest, format: Format) -> Answer {
    let filter = Asked::of(Fields::of_query(&request)).filter();
    if request.method() == Method::HEAD {
        portal.read(move |cx| Export::of(cx, filter)).await?;
        return Ok(export::head::<Export>(&portal.app, format));
    }
    let begun = portal.write(move |cx| Export::begin(cx, filter, format.as_str())).await?;
    Ok(export::answer(portal.app.clone(), portal.caller.clone(), begun, format))
}
