//! The one table of routes. What is not here does not exist; the tests read it too.

// A route of `get` takes any method: the server guards each by what its row says, and has GET answer HEAD as well.
use actix_web::web::{delete, patch, post, put, route as get};

use super::health;
use crate::api;
use crate::http::routing::Face::{Api, Health, Page, Static};
use crate::http::routing::Policy::{Public, Session, Token};
use crate::http::routing::{Face, Policy, Route};
use crate::web::users::acts::{What, asking, doing};
use crate::web::{account, assets, dashboard, links, roles, session, settings, teams, users};

type Make = fn() -> actix_web::Route;

/// Every route of the portal.
pub fn table() -> Vec<Route> {
    let row = |method, path, face: Face, policy: Policy, handler: Make| Route { method, path, face, policy, handler };
    vec![
        row("GET", "/healthz", Health, Public, || get().to(health::healthz)),
        row("GET", "/readyz", Health, Public, || get().to(health::readyz)),
        row("GET", "/static/{version}/{file}", Static, Public, || get().to(assets::file)),
        // Coming in and going out.
        row("GET", "/login", Page, Public, || get().to(session::log_in_page)),
        row("POST", "/login", Page, Public, || post().to(session::log_in)),
        row("POST", "/logout", Page, Session, || post().to(session::log_out)),
        row("GET", "/setup/{secret}", Page, Public, || get().to(links::setup_page)),
        row("POST", "/setup/{secret}", Page, Public, || post().to(links::claim)),
        row("GET", "/invitation/{secret}", Page, Public, || get().to(links::invitation_page)),
        row("POST", "/invitation/{secret}", Page, Public, || post().to(links::accept)),
        row("GET", "/reset/{secret}", Page, Public, || get().to(links::reset_page)),
        row("POST", "/reset/{secret}", Page, Public, || post().to(links::reset)),
        row("POST", "/appearance", Page, Public, || post().to(session::appearance)),
        row("GET", "/", Page, Session, || get().to(dashboard::index)),
        // Users.
        row("GET", "/users", Page, Session, || get().to(users::index::list)),
        row("GET", "/users/new", Page, Session, || get().to(users::new::page)),
        row("POST", "/users/new", Page, Session, || post().to(users::new::create)),
        row("GET", "/users/bulk", Page, Session, || get().to(users::bulk::ask)),
        row("POST", "/users/bulk", Page, Session, || post().to(users::bulk::run)),
        row("GET", "/users/service", Page, Session, || get().to(users::wizard::gone)),
        row("POST", "/users/service", Page, Session, || post().to(users::wizard::finish)),
        row("GET", "/users/service/new", Page, Session, || get().to(users::wizard::first)),
        row("GET", "/users/service/new/token", Page, Session, || get().to(users::wizard::second)),
        row("GET", "/users/service/preview", Page, Session, || get().to(users::wizard::preview)),
        row("GET", "/users/{id}", Page, Session, || get().to(users::profile::page)),
        row("POST", "/users/{id}", Page, Session, || post().to(users::profile::update)),
        row("GET", "/users/{id}/teams", Page, Session, || get().to(users::teams::page)),
        row("POST", "/users/{id}/teams", Page, Session, || post().to(users::teams::add)),
        row("POST", "/users/{id}/teams/{team}", Page, Session, || post().to(users::teams::change)),
        row("GET", "/users/{id}/teams/{team}/remove", Page, Session, || get().to(users::teams::ask_remove)),
        row("POST", "/users/{id}/teams/{team}/remove", Page, Session, || post().to(users::teams::remove)),
        row("GET", "/users/{id}/tokens", Page, Session, || get().to(users::tokens::list)),
        row("GET", "/users/{id}/tokens/new", Page, Session, || get().to(users::tokens::new)),
        row("POST", "/users/{id}/tokens/new", Page, Session, || post().to(users::tokens::create)),
        row("GET", "/users/{id}/tokens/{token}", Page, Session, || get().to(users::tokens::page)),
        row("POST", "/users/{id}/tokens/{token}", Page, Session, || post().to(users::tokens::save)),
        row("GET", "/users/{id}/tokens/{token}/revoke", Page, Session, || get().to(users::tokens::ask_revoke)),
        row("POST", "/users/{id}/tokens/{token}/revoke", Page, Session, || post().to(users::tokens::revoke)),
        row("GET", "/users/{id}/activity", Page, Session, || get().to(users::activity::list)),
        row("GET", "/users/{id}/permissions", Page, Session, || get().to(users::permissions::list)),
        row("GET", "/users/{id}/disable", Page, Session, || asking(What::Disable)),
        row("POST", "/users/{id}/disable", Page, Session, || doing(What::Disable)),
        row("GET", "/users/{id}/enable", Page, Session, || asking(What::Enable)),
        row("POST", "/users/{id}/enable", Page, Session, || doing(What::Enable)),
        row("GET", "/users/{id}/end-sessions", Page, Session, || asking(What::EndSessions)),
        row("POST", "/users/{id}/end-sessions", Page, Session, || doing(What::EndSessions)),
        row("GET", "/users/{id}/link", Page, Session, || asking(What::Link)),
        row("POST", "/users/{id}/link", Page, Session, || doing(What::Link)),
        row("GET", "/users/{id}/turn-into-service", Page, Session, || asking(What::TurnIntoService)),
        row("POST", "/users/{id}/turn-into-service", Page, Session, || doing(What::TurnIntoService)),
        row("GET", "/users/{id}/turn-into-person", Page, Session, || asking(What::TurnIntoPerson)),
        row("POST", "/users/{id}/turn-into-person", Page, Session, || doing(What::TurnIntoPerson)),
        row("GET", "/users/{id}/handover", Page, Session, || get().to(users::handover::page)),
        row("POST", "/users/{id}/handover", Page, Session, || post().to(users::handover::hand_over)),
        row("GET", "/users/{id}/delete", Page, Session, || asking(What::Delete)),
        row("POST", "/users/{id}/delete", Page, Session, || doing(What::Delete)),
        // Teams.
        row("GET", "/teams", Page, Session, || get().to(teams::list::index)),
        row("GET", "/teams/new", Page, Session, || get().to(teams::list::new)),
        row("POST", "/teams/new", Page, Session, || post().to(teams::list::create)),
        row("GET", "/teams/{id}", Page, Session, || get().to(teams::members::people)),
        row("GET", "/teams/{id}/service-accounts", Page, Session, || get().to(teams::members::services)),
        row("GET", "/teams/{id}/members/new", Page, Session, || get().to(teams::add::page)),
        row("POST", "/teams/{id}/members/new", Page, Session, || post().to(teams::add::add)),
        row("POST", "/teams/{id}/members/{user}/role", Page, Session, || post().to(teams::members::change_role)),
        row("GET", "/teams/{id}/members/{user}/remove", Page, Session, || get().to(teams::members::ask_remove)),
        row("POST", "/teams/{id}/members/{user}/remove", Page, Session, || post().to(teams::members::remove)),
        row("GET", "/teams/{id}/activity", Page, Session, || get().to(teams::activity::list)),
        row("GET", "/teams/{id}/settings", Page, Session, || get().to(teams::settings::page)),
        row("POST", "/teams/{id}/settings", Page, Session, || post().to(teams::settings::update)),
        row("GET", "/teams/{id}/delete", Page, Session, || get().to(teams::settings::ask_delete)),
        row("POST", "/teams/{id}/delete", Page, Session, || post().to(teams::settings::delete)),
        row("POST", "/teams/{id}/move-homes", Page, Session, || post().to(teams::homes::move_all)),
        // Roles.
        row("GET", "/roles", Page, Session, || get().to(roles::list::index)),
        row("GET", "/roles/new", Page, Session, || get().to(roles::new::page)),
        row("POST", "/roles/new", Page, Session, || post().to(roles::new::create)),
        row("GET", "/roles/organisation/{name}", Page, Session, || get().to(roles::organisation::page)),
        row("GET", "/roles/{id}", Page, Session, || get().to(roles::role::page)),
        row("POST", "/roles/{id}", Page, Session, || post().to(roles::role::update)),
        row("GET", "/roles/{id}/delete", Page, Session, || get().to(roles::delete::ask)),
        row("POST", "/roles/{id}/delete", Page, Session, || post().to(roles::delete::delete)),
        // Settings of the whole portal.
        row("GET", "/settings", Page, Session, || get().to(settings::page)),
        row("POST", "/settings", Page, Session, || post().to(settings::update)),
        // Own account.
        row("GET", "/account", Page, Session, || get().to(account::profile::page)),
        row("POST", "/account", Page, Session, || post().to(account::profile::update)),
        row("GET", "/account/password", Page, Session, || get().to(account::password::page)),
        row("POST", "/account/password", Page, Session, || post().to(account::password::change)),
        row("GET", "/account/sessions", Page, Session, || get().to(account::sessions::list)),
        row("POST", "/account/sessions/end", Page, Session, || post().to(account::sessions::end)),
        row("POST", "/account/sessions/end-others", Page, Session, || post().to(account::sessions::end_others)),
        row("GET", "/account/tokens", Page, Session, || get().to(account::tokens::list)),
        row("GET", "/account/tokens/new", Page, Session, || get().to(account::tokens::ask)),
        row("POST", "/account/tokens/new", Page, Session, || post().to(account::tokens::make)),
        row("GET", "/account/tokens/{token}", Page, Session, || get().to(account::tokens::page)),
        row("POST", "/account/tokens/{token}", Page, Session, || post().to(account::tokens::save)),
        row("GET", "/account/tokens/{token}/revoke", Page, Session, || get().to(account::tokens::ask_revoke)),
        row("POST", "/account/tokens/{token}/revoke", Page, Session, || post().to(account::tokens::revoke)),
        row("GET", "/account/activity", Page, Session, || get().to(account::activity::list)),
        row("GET", "/api/openapi.json", Api, Public, || get().to(api::openapi::json)),
        row("GET", "/api/v1/me", Api, Token, || get().to(api::me::get)),
        row("POST", "/api/v1/users", Api, Token, || post().to(api::users::create)),
        row("GET", "/api/v1/users", Api, Token, || get().to(api::users::list)),
        row("GET", "/api/v1/users/{id}", Api, Token, || get().to(api::users::get)),
        row("PATCH", "/api/v1/users/{id}", Api, Token, || patch().to(api::users::change)),
        row("DELETE", "/api/v1/users/{id}", Api, Token, || delete().to(api::users::delete)),
        row("POST", "/api/v1/users/{id}/end-sessions", Api, Token, || post().to(api::users::acts::end_sessions)),
        row("POST", "/api/v1/users/{id}/revoke-tokens", Api, Token, || post().to(api::users::acts::revoke_tokens)),
        row("POST", "/api/v1/users/{id}/link", Api, Token, || post().to(api::users::acts::link)),
        row("POST", "/api/v1/users/{id}/turn-into-service", Api, Token, || {
            post().to(api::users::acts::turn_into_service)
        }),
        row("POST", "/api/v1/users/{id}/turn-into-person", Api, Token, || {
            post().to(api::users::acts::turn_into_person)
        }),
        row("GET", "/api/v1/users/{id}/handover", Api, Token, || get().to(api::users::handover::get)),
        row("POST", "/api/v1/users/{id}/handover", Api, Token, || post().to(api::users::handover::hand_over)),
        row("GET", "/api/v1/users/{id}/permissions", Api, Token, || get().to(api::permissions::of_user)),
        row("POST", "/api/v1/users/{id}/tokens", Api, Token, || post().to(api::tokens::create)),
        row("GET", "/api/v1/users/{id}/tokens", Api, Token, || get().to(api::tokens::list)),
        row("GET", "/api/v1/users/{id}/tokens/{token_id}", Api, Token, || get().to(api::tokens::get)),
        row("PATCH", "/api/v1/users/{id}/tokens/{token_id}", Api, Token, || patch().to(api::tokens::change)),
        row("DELETE", "/api/v1/users/{id}/tokens/{token_id}", Api, Token, || delete().to(api::tokens::revoke)),
        row("GET", "/api/v1/users/{id}/tokens/{token_id}/permissions", Api, Token, || {
            get().to(api::permissions::of_token)
        }),
        row("POST", "/api/v1/teams", Api, Token, || post().to(api::teams::create)),
        row("GET", "/api/v1/teams", Api, Token, || get().to(api::teams::list)),
        row("GET", "/api/v1/teams/{id}", Api, Token, || get().to(api::teams::get)),
        row("PATCH", "/api/v1/teams/{id}", Api, Token, || patch().to(api::teams::change)),
        row("DELETE", "/api/v1/teams/{id}", Api, Token, || delete().to(api::teams::delete)),
        row("POST", "/api/v1/teams/{id}/move-homes", Api, Token, || post().to(api::teams::move_homes)),
        row("POST", "/api/v1/roles", Api, Token, || post().to(api::roles::create)),
        row("GET", "/api/v1/roles", Api, Token, || get().to(api::roles::list)),
        row("GET", "/api/v1/roles/{id}", Api, Token, || get().to(api::roles::get)),
        row("PATCH", "/api/v1/roles/{id}", Api, Token, || patch().to(api::roles::change)),
        row("DELETE", "/api/v1/roles/{id}", Api, Token, || delete().to(api::roles::delete)),
        row("GET", "/api/v1/roles/{id}/members", Api, Token, || get().to(api::roles::members)),
        row("GET", "/api/v1/teams/{id}/members", Api, Token, || get().to(api::members::list)),
        row("PUT", "/api/v1/teams/{id}/members/{user_id}", Api, Token, || put().to(api::members::set)),
        row("DELETE", "/api/v1/teams/{id}/members/{user_id}", Api, Token, || delete().to(api::members::remove)),
        row("GET", "/api/v1/settings", Api, Token, || get().to(api::settings::get)),
        row("PATCH", "/api/v1/settings", Api, Token, || patch().to(api::settings::change)),
    ]
}
