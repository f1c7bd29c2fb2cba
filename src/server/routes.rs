//! The one table of routes. What is not here does not exist; the tests read it too.

use actix_web::web::{delete, get, patch, post, put};

use super::health;
use crate::http::routing::Face::{Api, Health, Page, Static};
use crate::http::routing::Policy::{Public, Session, Token};
use crate::http::routing::{Face, Policy, Route};
use crate::web::{account, assets, dashboard, session, teams};

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
        row("GET", "/static/{version}/{file}", Static, Public, || get().to(assets::file)),
        // Coming in and going out.
        row("GET", "/login", Page, Public, || get().to(session::log_in_page)),
        row("POST", "/login", Page, Public, || post().to(session::log_in)),
        row("POST", "/logout", Page, Session, || post().to(session::log_out)),
        row("GET", "/setup/{secret}", Page, Public, || get().to(session::setup_page)),
        row("POST", "/setup/{secret}", Page, Public, || post().to(session::claim)),
        row("GET", "/invitation/{secret}", Page, Public, || {
            get().to(session::invitation_page)
        }),
        row("POST", "/invitation/{secret}", Page, Public, || post().to(session::accept)),
        row("GET", "/reset/{secret}", Page, Public, || get().to(session::reset_page)),
        row("POST", "/reset/{secret}", Page, Public, || post().to(session::reset)),
        row("POST", "/appearance", Page, Public, || post().to(session::appearance)),
        row("GET", "/", Page, Session, || get().to(dashboard::index)),
        // Teams.
        row("GET", "/teams", Page, Session, || get().to(teams::list::index)),
        row("GET", "/teams/new", Page, Session, || get().to(teams::list::new)),
        row("POST", "/teams/new", Page, Session, || post().to(teams::list::create)),
        row("GET", "/teams/{id}", Page, Session, || get().to(teams::members::people)),
        row("GET", "/teams/{id}/service-accounts", Page, Session, || {
            get().to(teams::members::services)
        }),
        row("GET", "/teams/{id}/members/new", Page, Session, || get().to(teams::add::page)),
        row("POST", "/teams/{id}/members/new", Page, Session, || post().to(teams::add::add)),
        row("POST", "/teams/{id}/members/{user}/role", Page, Session, || {
            post().to(teams::members::change_role)
        }),
        row("GET", "/teams/{id}/members/{user}/remove", Page, Session, || {
            get().to(teams::members::ask_remove)
        }),
        row("POST", "/teams/{id}/members/{user}/remove", Page, Session, || {
            post().to(teams::members::remove)
        }),
        row("GET", "/teams/{id}/settings", Page, Session, || get().to(teams::settings::page)),
        row("POST", "/teams/{id}/settings", Page, Session, || {
            post().to(teams::settings::update)
        }),
        row("GET", "/teams/{id}/delete", Page, Session, || {
            get().to(teams::settings::ask_delete)
        }),
        row("POST", "/teams/{id}/delete", Page, Session, || {
            post().to(teams::settings::delete)
        }),
        // Own account.
        row("GET", "/account", Page, Session, || get().to(account::profile::page)),
        row("POST", "/account", Page, Session, || post().to(account::profile::update)),
        row("GET", "/account/password", Page, Session, || get().to(account::password::page)),
        row("POST", "/account/password", Page, Session, || {
            post().to(account::password::change)
        }),
        row("GET", "/account/sessions", Page, Session, || get().to(account::sessions::list)),
        row("POST", "/account/sessions/end", Page, Session, || {
            post().to(account::sessions::end)
        }),
        row("POST", "/account/sessions/end-others", Page, Session, || {
            post().to(account::sessions::end_others)
        }),
        row("GET", "/account/activity", Page, Session, || get().to(account::activity::list)),
    ]
}
