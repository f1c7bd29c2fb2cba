//! The one table of routes. What is not here does not exist; the tests read it too.

use actix_web::web::{delete, get, patch, post, put};

use super::health;
use crate::http::routing::Face::{Api, Health, Page, Static};
use crate::http::routing::Policy::{Public, Session, Token};
use crate::http::routing::{Face, Policy, Route};

type Make = fn() -> actix_web::Route;

/// Every route of the portal.
pub fn table() -> Vec<Route> {
    let row = |method, path, face: Face, policy: Policy, handler: Make| Route {
        method,
        path,
        face,
        policy,
        handler,
    };
    vec![
        row("GET", "/healthz", Health, Public, || get().to(health::healthz)),
        row("GET", "/readyz", Health, Public, || get().to(health::readyz)),
    ]
}
