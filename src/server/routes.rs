//! The one table of routes. What is not here does not exist; the tests read it too.

// A route of `get` takes any method: the server guards each by what its row says, and has GET answer HEAD as well.
use actix_web::web::{delete, patch, post, put, route as get};

use super::{docs, health};
use crate::api;
use crate::http::export::Format;
use crate::http::routing::Face::{Api, Check, Health, Oauth, Page, Static};
use crate::http::routing::Policy::{Client, Public, Session, Token};
use crate::http::routing::{ANY, Face, Policy, Route};
use crate::model::users::Kind;
use crate::oauth::{introspect, metadata, revoke, verify};
use crate::web::applications::credential::{self, What as Credential};
use crate::web::settings::agents::Switch;
use crate::web::tokens::acts::What as TokenAct;
use crate::web::tokens::index as inventory;
use crate::web::users::acts::{What, asking, doing};
use crate::web::{
    account, applications, assets, audit, dashboard, forgotten, links, roles, session, settings, teams, users,
};

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
        row("GET", "/forgotten", Page, Public, || get().to(forgotten::page)),
        row("POST", "/forgotten", Page, Public, || post().to(forgotten::ask)),
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
        row("POST", "/users/service", Page, Session, || users::wizard::finish(Kind::Service)),
        row("GET", "/users/service/new", Page, Session, || users::wizard::first(Kind::Service)),
        row("GET", "/users/service/new/token", Page, Session, || users::wizard::second(Kind::Service)),
        row("GET", "/users/service/preview", Page, Session, || get().to(users::wizard::preview)),
        row("GET", "/users/agent", Page, Session, || get().to(users::wizard::gone)),
        row("POST", "/users/agent", Page, Session, || users::wizard::finish(Kind::Agent)),
        row("GET", "/users/agent/new", Page, Session, || users::wizard::first(Kind::Agent)),
        row("GET", "/users/agent/new/token", Page, Session, || users::wizard::second(Kind::Agent)),
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
        row("GET", "/users/{id}/tokens/{token}/rotate", Page, Session, || users::tokens::asking(TokenAct::Rotate)),
        row("POST", "/users/{id}/tokens/{token}/rotate", Page, Session, || users::tokens::doing(TokenAct::Rotate)),
        row("GET", "/users/{id}/tokens/{token}/finish", Page, Session, || users::tokens::asking(TokenAct::Finish)),
        row("POST", "/users/{id}/tokens/{token}/finish", Page, Session, || users::tokens::doing(TokenAct::Finish)),
        row("GET", "/users/{id}/tokens/{token}/suspend", Page, Session, || users::tokens::asking(TokenAct::Suspend)),
        row("POST", "/users/{id}/tokens/{token}/suspend", Page, Session, || users::tokens::doing(TokenAct::Suspend)),
        row("GET", "/users/{id}/tokens/{token}/resume", Page, Session, || users::tokens::asking(TokenAct::Resume)),
        row("POST", "/users/{id}/tokens/{token}/resume", Page, Session, || users::tokens::doing(TokenAct::Resume)),
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
        // All tokens.
        row("GET", "/tokens", Page, Session, || get().to(inventory::list)),
        row("GET", "/tokens/export.csv", Page, Session, || get().to(inventory::export::file)),
        row("POST", "/tokens/find", Page, Session, || post().to(inventory::find::find)),
        row("GET", "/tokens/cap", Page, Session, || get().to(inventory::cap::ask)),
        row("POST", "/tokens/cap", Page, Session, || post().to(inventory::cap::run)),
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
        row("GET", "/teams/{id}/applications", Page, Session, || get().to(teams::applications::list)),
        row("GET", "/teams/{id}/activity", Page, Session, || get().to(teams::activity::list)),
        row("GET", "/teams/{id}/settings", Page, Session, || get().to(teams::settings::page)),
        row("POST", "/teams/{id}/settings", Page, Session, || post().to(teams::settings::update)),
        row("GET", "/teams/{id}/delete", Page, Session, || get().to(teams::settings::ask_delete)),
        row("POST", "/teams/{id}/delete", Page, Session, || post().to(teams::settings::delete)),
        row("POST", "/teams/{id}/move-homes", Page, Session, || post().to(teams::homes::move_all)),
        // Applications.
        row("GET", "/applications", Page, Session, || get().to(applications::list::index)),
        row("GET", "/applications/new", Page, Session, || get().to(applications::new::page)),
        row("POST", "/applications/new", Page, Session, || post().to(applications::new::create)),
        row("GET", "/applications/{id}", Page, Session, || get().to(applications::scopes::page)),
        row("POST", "/applications/{id}/scopes", Page, Session, || post().to(applications::scopes::add)),
        row("GET", "/applications/{id}/scopes/{scope}", Page, Session, || get().to(applications::scopes::one)),
        row("POST", "/applications/{id}/scopes/{scope}", Page, Session, || post().to(applications::scopes::change)),
        row("GET", "/applications/{id}/scopes/{scope}/remove", Page, Session, || {
            get().to(applications::scopes::ask_remove)
        }),
        row("POST", "/applications/{id}/scopes/{scope}/remove", Page, Session, || {
            post().to(applications::scopes::remove)
        }),
        row("GET", "/applications/{id}/teams", Page, Session, || get().to(applications::teams::page)),
        row("POST", "/applications/{id}/teams", Page, Session, || post().to(applications::teams::add)),
        row("GET", "/applications/{id}/teams/{team}/remove", Page, Session, || {
            get().to(applications::teams::ask_remove)
        }),
        row("POST", "/applications/{id}/teams/{team}/remove", Page, Session, || post().to(applications::teams::remove)),
        row("GET", "/applications/{id}/checking", Page, Session, || get().to(applications::checking::page)),
        row("GET", "/applications/{id}/credential/issue", Page, Session, || credential::asking(Credential::Issue)),
        row("POST", "/applications/{id}/credential/issue", Page, Session, || credential::doing(Credential::Issue)),
        row("GET", "/applications/{id}/credential/finish", Page, Session, || credential::asking(Credential::Finish)),
        row("POST", "/applications/{id}/credential/finish", Page, Session, || credential::doing(Credential::Finish)),
        row("GET", "/applications/{id}/credential/remove", Page, Session, || credential::asking(Credential::Remove)),
        row("POST", "/applications/{id}/credential/remove", Page, Session, || credential::doing(Credential::Remove)),
        row("GET", "/applications/{id}/settings", Page, Session, || get().to(applications::settings::page)),
        row("POST", "/applications/{id}/settings", Page, Session, || post().to(applications::settings::update)),
        row("GET", "/applications/{id}/delete", Page, Session, || get().to(applications::settings::ask_delete)),
        row("POST", "/applications/{id}/delete", Page, Session, || post().to(applications::settings::delete)),
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
        row("POST", "/settings", Page, Session, || post().to(settings::machines::update)),
        row("GET", "/settings/agents/stop", Page, Session, || settings::agents::asking(Switch::Stop)),
        row("POST", "/settings/agents/stop", Page, Session, || settings::agents::throwing(Switch::Stop)),
        row("GET", "/settings/agents/resume", Page, Session, || settings::agents::asking(Switch::Resume)),
        row("POST", "/settings/agents/resume", Page, Session, || settings::agents::throwing(Switch::Resume)),
        row("POST", "/settings/tokens", Page, Session, || post().to(settings::tokens::update)),
        row("POST", "/settings/audit", Page, Session, || post().to(settings::audit::update)),
        // The audit log.
        row("GET", "/audit", Page, Session, || get().to(audit::list::list)),
        row("GET", "/audit/export.csv", Page, Session, || audit::export::file(Format::Csv)),
        row("GET", "/audit/export.ndjson", Page, Session, || audit::export::file(Format::Ndjson)),
        row("GET", "/audit/{seq}", Page, Session, || get().to(audit::entry::page)),
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
        row("GET", "/account/tokens/{token}/rotate", Page, Session, || account::tokens::asking(TokenAct::Rotate)),
        row("POST", "/account/tokens/{token}/rotate", Page, Session, || account::tokens::doing(TokenAct::Rotate)),
        row("GET", "/account/tokens/{token}/finish", Page, Session, || account::tokens::asking(TokenAct::Finish)),
        row("POST", "/account/tokens/{token}/finish", Page, Session, || account::tokens::doing(TokenAct::Finish)),
        row("GET", "/account/tokens/{token}/suspend", Page, Session, || account::tokens::asking(TokenAct::Suspend)),
        row("POST", "/account/tokens/{token}/suspend", Page, Session, || account::tokens::doing(TokenAct::Suspend)),
        row("GET", "/account/tokens/{token}/resume", Page, Session, || account::tokens::asking(TokenAct::Resume)),
        row("POST", "/account/tokens/{token}/resume", Page, Session, || account::tokens::doing(TokenAct::Resume)),
        row("GET", "/account/activity", Page, Session, || get().to(account::activity::list)),
        row("GET", "/api/docs", Page, Public, || get().to(docs::page)),
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
        row("GET", "/api/v1/tokens", Api, Token, || get().to(api::tokens::inventory::list)),
        row("POST", "/api/v1/tokens/lookup", Api, Token, || post().to(api::tokens::inventory::look_up)),
        row("POST", "/api/v1/tokens/cap", Api, Token, || post().to(api::tokens::inventory::cap)),
        row("POST", "/api/v1/users/{id}/tokens", Api, Token, || post().to(api::tokens::create)),
        row("GET", "/api/v1/users/{id}/tokens", Api, Token, || get().to(api::tokens::list)),
        row("GET", "/api/v1/users/{id}/tokens/{token_id}", Api, Token, || get().to(api::tokens::get)),
        row("PATCH", "/api/v1/users/{id}/tokens/{token_id}", Api, Token, || patch().to(api::tokens::change)),
        row("DELETE", "/api/v1/users/{id}/tokens/{token_id}", Api, Token, || delete().to(api::tokens::revoke)),
        row("GET", "/api/v1/users/{id}/tokens/{token_id}/permissions", Api, Token, || {
            get().to(api::permissions::of_token)
        }),
        row("POST", "/api/v1/users/{id}/tokens/{token_id}/rotate", Api, Token, || post().to(api::tokens::acts::rotate)),
        row("POST", "/api/v1/users/{id}/tokens/{token_id}/finish", Api, Token, || post().to(api::tokens::acts::finish)),
        row("POST", "/api/v1/users/{id}/tokens/{token_id}/suspend", Api, Token, || {
            post().to(api::tokens::acts::suspend)
        }),
        row("POST", "/api/v1/users/{id}/tokens/{token_id}/resume", Api, Token, || post().to(api::tokens::acts::resume)),
        // For applications, and for the proxies before them.
        row(ANY, "/auth/verify/{application}{rest:(/.*)?}", Check, Public, || get().to(verify::verify)),
        row("POST", "/oauth/introspect", Check, Client, || post().to(introspect::introspect)),
        row("POST", "/oauth/revoke", Oauth, Client, || post().to(revoke::revoke)),
        row("GET", "/.well-known/oauth-authorization-server", Oauth, Public, || get().to(metadata::json)),
        row("GET", "/metrics", Health, Public, || get().to(health::metrics)),
        row("POST", "/api/v1/leaks", Api, Public, || post().to(api::leaks::report)),
        row("GET", "/.well-known/latchkey/token-patterns.json", Api, Public, || get().to(api::patterns::json)),
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
        row("POST", "/api/v1/applications", Api, Token, || post().to(api::applications::create)),
        row("GET", "/api/v1/applications", Api, Token, || get().to(api::applications::list)),
        row("GET", "/api/v1/applications/{id}", Api, Token, || get().to(api::applications::get)),
        row("PATCH", "/api/v1/applications/{id}", Api, Token, || patch().to(api::applications::change)),
        row("DELETE", "/api/v1/applications/{id}", Api, Token, || delete().to(api::applications::delete)),
        row("PUT", "/api/v1/applications/{id}/scopes/{name}", Api, Token, || put().to(api::applications::scopes::put)),
        row("DELETE", "/api/v1/applications/{id}/scopes/{name}", Api, Token, || {
            delete().to(api::applications::scopes::remove)
        }),
        row("GET", "/api/v1/applications/{id}/teams", Api, Token, || get().to(api::applications::teams::list)),
        row("PUT", "/api/v1/applications/{id}/teams/{team_id}", Api, Token, || {
            put().to(api::applications::teams::open)
        }),
        row("DELETE", "/api/v1/applications/{id}/teams/{team_id}", Api, Token, || {
            delete().to(api::applications::teams::close)
        }),
        row("GET", "/api/v1/applications/{id}/credential", Api, Token, || get().to(api::applications::credential::get)),
        row("POST", "/api/v1/applications/{id}/credential", Api, Token, || {
            post().to(api::applications::credential::issue)
        }),
        row("DELETE", "/api/v1/applications/{id}/credential", Api, Token, || {
            delete().to(api::applications::credential::remove)
        }),
        row("POST", "/api/v1/applications/{id}/credential/finish", Api, Token, || {
            post().to(api::applications::credential::finish)
        }),
        row("GET", "/api/v1/teams/{id}/members", Api, Token, || get().to(api::members::list)),
        row("PUT", "/api/v1/teams/{id}/members/{user_id}", Api, Token, || put().to(api::members::set)),
        row("DELETE", "/api/v1/teams/{id}/members/{user_id}", Api, Token, || delete().to(api::members::remove)),
        row("GET", "/api/v1/audit", Api, Token, || get().to(api::audit::list)),
        row("GET", "/api/v1/audit/export", Api, Token, || get().to(api::audit::export)),
        row("GET", "/api/v1/audit/{seq}", Api, Token, || get().to(api::audit::get)),
        row("GET", "/api/v1/settings", Api, Token, || get().to(api::settings::get)),
        row("POST", "/api/v1/settings/agents/stop", Api, Token, || post().to(api::settings::stop_agents)),
        row("POST", "/api/v1/settings/agents/resume", Api, Token, || post().to(api::settings::resume_agents)),
        row("PATCH", "/api/v1/settings", Api, Token, || patch().to(api::settings::change)),
    ]
}
