//! The OpenAPI document is true (section 7): what every operation may answer with, whatever it is for, is had from each. Every
//! answer of every test is held against the document besides, in `support/contract.rs`.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey::api::openapi::document;
use latchkey::base::config::Config;
use latchkey::http::routing::Route;
use latchkey::server::routes::table;
use latchkey::service::{Caller, Cx};
use reqwest::Method;
use serde_json::json;

use super::idempotency::{Targets, write};
use crate::support::{Api, Database, Reply, TestApp};

fn impatient(config: &mut Config) {
    config.store_patience = Duration::from_millis(50);
}

/// An operation of the document: its method, its path with ids of nothing, and what it may answer with.
struct Operation {
    method: Method,
    path: String,
    /// The path as the table of routes has it.
    pattern: String,
    promised: Vec<String>,
    has_body: bool,
    public: bool,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(document()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "999999" } else { part }).collect();
        for (method, operation) in methods.as_object().unwrap() {
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: filled.join("/"),
                pattern: path.clone(),
                promised: operation["responses"].as_object().unwrap().keys().cloned().collect(),
                has_body: operation["requestBody"].is_object(),
                public: operation["security"] == json!([{}]),
            });
        }
    }
    all
}

impl Operation {
    async fn ask(&self, api: &Api, query: &str, body: Option<(&str, String)>) -> Reply {
        let request = api.request(self.method.clone(), &format!("{}{query}", self.path));
        Reply::of(match body {
            Some((kind, text)) => request.header("content-type", kind).body(text),
            None => request,
        })
        .await
    }

    /// A body that it takes, where it takes one.
    fn body(&self) -> Option<(&'static str, String)> {
        let is_it = |route: &Route| route.method == self.method.as_str() && route.path == self.pattern;
        let route = table().into_iter().find(is_it).unwrap();
        self.has_body.then(|| ("application/json", crate::authz::body(&route).to_string()))
    }

    fn expect(&self, reply: &Reply, status: u16) {
        assert_eq!(reply.status, status, "{} {}: {}", self.method, self.path, reply.body);
    }

    fn promises(&self, status: &str) -> bool {
        self.promised.iter().any(|promised| promised == status)
    }
}

/// Holds every connection to the store until what it gives is dropped: that of the writer, and as many as the pools have besides.
fn hold_all(app: &TestApp) -> Sender<()> {
    let others = if matches!(app.db, Database::Sqlite(_)) { 8 } else { 15 };
    let (release, released) = channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let (ready, held) = channel();
    for n in 0..=others {
        let (app, ready, released) = (app.app.clone(), ready.clone(), released.clone());
        std::thread::spawn(move || {
            let hold = |_: &mut Cx<'_, '_>| {
                ready.send(()).unwrap();
                drop(released.lock().map(|released| released.recv()));
                Ok(())
            };
            // Making a connection may take longer than anybody waits here.
            while if n == 0 { app.write(&Caller::cli(), hold) } else { app.read(&Caller::cli(), hold) }.is_err() {}
        });
    }
    (0..=others).for_each(|_| held.recv().unwrap());
    release
}

both! {
    async fn s7_what_is_wrong_with_any_request_is_told_as_documented(app) {
        let (root, nobody) = (app.root_api(), app.api(""));
        let idle = app.service("Idle", latchkey::model::roles::OrgRole::Member, &[]);
        let idle = app.api(&app.token(idle, ""));
        for operation in operations() {
            if !operation.public {
                operation.expect(&operation.ask(&nobody, "", None).await, 401);
                operation.expect(&operation.ask(&idle, "", None).await, 403);
            }
            if operation.promises("400") {
                let body = operation.has_body.then(|| ("application/json", "{}".to_owned()));
                operation.expect(&operation.ask(&root, "?nonsense=1", body).await, 400);
            }
            if operation.has_body {
                operation.expect(&operation.ask(&root, "", Some(("application/json", "{".into()))).await, 400);
                operation.expect(&operation.ask(&root, "", Some(("text/plain", "{}".into()))).await, 415);
                let large = format!("{{\"a\":\"{}\"}}", "x".repeat(70_000));
                operation.expect(&operation.ask(&root, "", Some(("application/json", large))).await, 413);
            }
        }
    }

    async fn s7_what_is_not_there_is_told_as_documented(app) {
        let root = app.root_api();
        for operation in operations().iter().filter(|operation| operation.promises("404") && operation.pattern.contains('{')) {
            operation.expect(&operation.ask(&root, "", operation.body()).await, 404);
        }
    }

    async fn s7_another_version_is_told_as_documented(app) {
        let root = app.root_api();
        let mut others = Vec::new();
        for (round, operation) in operations().iter().filter(|operation| operation.promises("412")).enumerate() {
            let targets = Targets::make(&app, round);
            let mut request = write(operation.method.as_str(), &operation.pattern, &targets);
            request.if_match = Some("\"999\"");
            let status = request.send(&root, &format!("round-{round}")).await.status;
            if status != 412 {
                others.push(format!("{} {} {status}", operation.method, operation.pattern));
            }
        }
        assert!(others.is_empty(), "{others:#?}");
    }

    async fn s7_a_store_that_is_busy_is_told_as_documented(app, impatient) {
        let root = app.root_api();
        let held = hold_all(&app);
        for operation in operations().iter().filter(|operation| operation.promises("503")) {
            let reply = operation.ask(&root, "", operation.body()).await;
            operation.expect(&reply, 503);
            assert!(!reply.header("retry-after").is_empty(), "{}", operation.path);
        }
        drop(held);
    }
}
