//! Builds the actix application from the table of routes, and runs it.

mod docs;
pub mod health;
pub mod routes;

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as Actix, HttpServer, Resource, guard, web};
use tracing_actix_web::TracingLogger;

use crate::http::routing::{ANY, Face, Route};
use crate::http::{Data, guard as origin_guard, headers, session, trace::RouteSpan};
use crate::{api, oauth, web as pages};

/// How long requests under way may take once the portal is told to stop, in seconds.
const GRACE: u64 = 20;
const WORKERS: usize = 2;

/// Serves `app` on `listener` until it is told to stop.
///
/// # Errors
/// The listener cannot be used.
pub fn run(app: Data, listener: TcpListener) -> std::io::Result<Server> {
    app.checks.warm();
    let server = HttpServer::new(move || {
        let app = app.clone();
        let others = web::scope("")
            .configure({
                let app = app.clone();
                move |config| mount(config, &app, |route| !is_check(route))
            })
            .default_service(web::to(pages::errors::nowhere))
            .wrap(from_fn(headers::secure))
            .wrap(Compress::default())
            .wrap(TracingLogger::<RouteSpan>::new());
        // Checks of tokens come first and go through nothing: each of these costs as much as half a check, and what they add to an
        // answer `http::checks` does too.
        let checks = {
            let app = app.clone();
            move |config: &mut web::ServiceConfig| mount(config, &app, is_check)
        };
        Actix::new().app_data(app).app_data(pages::form::config()).configure(checks).service(others)
    });
    Ok(server.workers(WORKERS).shutdown_timeout(GRACE).listen(listener)?.run())
}

/// Whether it is asked as often as the APIs that trust our tokens are called.
fn is_check(route: &Route) -> bool {
    route.face == Face::Check
}

fn mount(config: &mut web::ServiceConfig, app: &Data, which: fn(&Route) -> bool) {
    let table: Vec<_> = routes::table().into_iter().filter(which).collect();
    let mut mounted: Vec<&str> = Vec::new();
    for route in &table {
        if !mounted.contains(&route.path) {
            mounted.push(route.path);
            let here: Vec<&Route> = table.iter().filter(|other| other.path == route.path).collect();
            register(config, app, route, &here);
        }
    }
    // What is in no row of the table is a page that says so, but a problem under /api.
    if table.iter().any(|route| route.face == Face::Api) {
        config.service(web::resource("/api{rest:(/.*)?}").to(api::errors::nowhere));
    }
}

/// Registers all methods of one path behind what its face demands, so that no route can stand outside its guard.
fn register(config: &mut web::ServiceConfig, app: &Data, first: &Route, here: &[&Route]) {
    let mut resource: Resource = web::resource(first.path);
    for route in here {
        let method = actix_web::http::Method::from_bytes(route.method.as_bytes()).unwrap_or_default();
        // A GET route answers HEAD as well (RFC 9110, section 9.3.2).
        resource = if route.method == ANY {
            resource.route((route.handler)())
        } else if route.method == "GET" {
            resource.route((route.handler)().guard(guard::Any(guard::Get()).or(guard::Head())))
        } else {
            resource.route((route.handler)().guard(guard::Method(method)))
        };
    }
    let allow = allowed(here);
    match first.face {
        Face::Page => config.service(
            resource
                .default_service(web::to(move |request| pages::errors::wrong_method(request, allow.clone())))
                .wrap(from_fn(origin_guard::same_origin))
                .wrap(from_fn(pages::secrets::keep_out))
                .wrap(from_fn(pages::errors::render))
                .wrap(session::middleware(app)),
        ),
        Face::Api => {
            let wrong = move || std::future::ready(api::errors::wrong_method(allow.clone()));
            config.service(resource.default_service(web::to(wrong)))
        }
        Face::Oauth | Face::Check => {
            let wrong = move |app: Data| std::future::ready(oauth::error::wrong_method(&app, &allow));
            config.service(resource.default_service(web::to(wrong)))
        }
        Face::Static | Face::Health => config.service(resource),
    };
}

/// The methods of a path, as the header `Allow` lists them (RFC 9110, section 10.2.1).
fn allowed(here: &[&Route]) -> String {
    let mut methods: Vec<_> = here.iter().map(|route| route.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.join(", ")
}
