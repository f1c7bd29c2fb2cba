//! The OpenAPI document.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use latchkey::api::openapi::document;
use latchkey::http::routing::Face;
use latchkey::server::routes::table;
use serde_json::Value;

/// The document as a file, so that a change of the API shows in review.
#[test]
fn the_document_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/openapi.json");
    let now = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("LATCHKEY_TEST_BLESS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, now, "the API changed: look at it, then run the tests once with LATCHKEY_TEST_BLESS=1");
}

#[test]
fn it_describes_every_route_of_the_table_and_no_other() {
    let document = serde_json::to_value(document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let routes = table().into_iter().filter(|route| route.face == Face::Api && route.path.starts_with("/api/v1/"));
    let mounted: BTreeSet<_> = routes.map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, mounted);
}

#[test]
fn every_operation_has_a_name_a_summary_and_its_problems_and_every_reference_leads_somewhere() {
    let document = serde_json::to_value(document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["info"]["license"]["identifier"], "MIT OR Apache-2.0");
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} stands there twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            let problems: &[&str] =
                if wants_token(operation) { &["401", "403", "503"] } else { &["400", "429", "503"] };
            for status in problems {
                let content = &operation["responses"][status]["content"]["application/problem+json"];
                assert!(content.is_object(), "{method} {path} does not tell of {status}");
            }
        }
    }
    let mut references = Vec::new();
    gather(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_write_tells_of_the_idempotency_key() {
    let document = serde_json::to_value(document()).unwrap();
    let key = serde_json::json!({ "$ref": "#/components/parameters/Idempotency-Key" });
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().is_some_and(|all| all.contains(&key));
            let successes =
                operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
            let replayed =
                successes.map(|(_, response)| &response["headers"]["Idempotent-Replayed"]).all(Value::is_object);
            // A key belongs to the token that sends it.
            let keyed = method != "get" && wants_token(operation);
            assert_eq!((parameters, replayed), (keyed, keyed), "{method} {path}");
            assert!(method == "get" || operation["responses"]["422"].is_object(), "{method} {path}");
        }
    }
}

/// Whether an operation wants a token, as all do but those that say otherwise.
fn wants_token(operation: &Value) -> bool {
    operation["security"].is_null()
}

fn gather(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| gather(field, references));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, references)),
        _ => {}
    }
}

both! {
    async fn anybody_may_read_it(app) {
        let reply = app.api("").get("/api/openapi.json").await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        assert_eq!(reply.body, serde_json::to_value(document()).unwrap());
    }
}
