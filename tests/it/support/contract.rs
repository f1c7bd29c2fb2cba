//! The OpenAPI document as a contract: every answer of the API that a test sees is held against it, and noted, so that
//! `scripts/openapi-seen.mjs` can tell what is documented and was never seen.

use std::collections::{BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value};

/// What the document says of one answer: the schema of its body by the content type, none for an answer without one.
type Bodies = HashMap<String, Validator>;

struct Operation {
    method: String,
    parts: Vec<String>,
    path: String,
    answers: HashMap<u16, Bodies>,
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations);
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(latchkey::api::openapi::document()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().iter();
            all.push(Operation {
                method: method.to_uppercase(),
                parts: path.split('/').map(str::to_owned).collect(),
                path: path.clone(),
                answers: answers.map(|(status, answer)| (status.parse().unwrap(), bodies(&document, answer))).collect(),
            });
        }
    }
    all
}

fn bodies(document: &Value, answer: &Value) -> Bodies {
    let content = answer["content"].as_object().into_iter().flatten();
    let validator = |media: &Value| {
        jsonschema::draft202012::new(&strict(document, &media["schema"], true))
            .unwrap_or_else(|error| panic!("{error}"))
    };
    content.map(|(kind, media)| (kind.clone(), validator(media))).collect()
}

/// The schema with its references put in their places, and closed: a field that it does not tell of is a mistake.
fn strict(document: &Value, schema: &Value, close: bool) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        return strict(document, target, close);
    }
    let mut result = Map::new();
    for (key, value) in fields {
        let kept = match (key.as_str(), value) {
            ("allOf", Value::Array(parts)) => parts.iter().map(|part| strict(document, part, false)).collect(),
            ("oneOf" | "anyOf", Value::Array(parts)) => {
                parts.iter().map(|part| strict(document, part, close)).collect()
            }
            ("properties", Value::Object(properties)) => {
                let closed = properties.iter().map(|(name, schema)| (name.clone(), strict(document, schema, true)));
                Value::Object(closed.collect())
            }
            ("items", items) => strict(document, items, true),
            _ => value.clone(),
        };
        result.insert(key.clone(), kept);
    }
    if close && (result.contains_key("properties") || result.contains_key("allOf")) {
        result.insert("unevaluatedProperties".into(), false.into());
    }
    Value::Object(result)
}

impl Operation {
    fn is_at(&self, method: &str, path: &str) -> bool {
        let parts: Vec<_> = path.split('/').collect();
        let fits = |(known, part): (&String, &&str)| known.starts_with('{') || known == part;
        self.method == method && self.parts.len() == parts.len() && self.parts.iter().zip(&parts).all(fits)
    }
}

/// Holds an answer against the document. Addresses that it does not tell of are no business of its.
pub fn hold(method: &str, path: &str, status: u16, kind: &str, body: &str) {
    // A path of fixed parts goes before one with a parameter in their place.
    let mut fitting: Vec<_> = OPERATIONS.iter().filter(|operation| operation.is_at(method, path)).collect();
    fitting.sort_by_key(|operation| operation.path.matches('{').count());
    let Some(operation) = fitting.first() else { return };
    let what = format!("{} {} {status}", operation.method, operation.path);
    let Some(bodies) = operation.answers.get(&status) else {
        panic!("the OpenAPI document does not tell that {what} can be answered: {body}");
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match bodies.get(kind) {
        Some(validator) if ["application/json", "application/problem+json"].contains(&kind) => {
            let value: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{what} is no JSON: {error}"));
            let wrong: Vec<_> =
                validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
            assert!(wrong.is_empty(), "{what} is not as the OpenAPI document has it: {wrong:#?} in {value:#}");
        }
        Some(_) => {}
        None => assert!(
            bodies.is_empty() && body.is_empty(),
            "{what} answers with {kind:?}, which the OpenAPI document does not tell of"
        ),
    }
    note(what);
}

fn note(what: String) {
    let mut seen = SEEN.lock().unwrap();
    if seen.insert(what.clone()) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openapi-seen.txt");
        let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
        writeln!(file, "{what}").unwrap();
    }
}
