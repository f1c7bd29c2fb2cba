//! `GET /api/docs`: the API's own document, laid out to be read.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::api::openapi;
use crate::http::Visitor;
use crate::model::Error;
use crate::web::docs::{self, Docs, Kind, Operation, Row, Schema, Section, Words};
use crate::web::{Answer, errors::PageError};

/// The page, for anybody: it tells what `/api/openapi.json` tells.
///
/// # Errors
/// A fault.
pub async fn page(visitor: Visitor) -> Answer {
    static DOCS: OnceLock<Result<Docs, String>> = OnceLock::new();
    let read =
        || serde_json::to_value(openapi::document()).map(|document| gathered(&document)).map_err(|e| e.to_string());
    match DOCS.get_or_init(read) {
        Ok(docs) => docs::page(&visitor, docs),
        Err(error) => Err(PageError(Error::internal(error))),
    }
}

fn gathered(document: &Value) -> Docs {
    let about = document["info"]["description"].as_str().unwrap_or_default();
    let schemas = document["components"]["schemas"].as_object();
    Docs {
        intro: Words::paragraphs(about),
        sections: list(&document["tags"]).map(|tag| section(document, tag)).collect(),
        schemas: schemas.into_iter().flatten().map(|(name, schema)| described(name, schema)).collect(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn section(document: &Value, tag: &Value) -> Section {
    let name = text(tag, "name");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        let of_tag = |operation: &Value| list(&operation["tags"]).any(|other| other == name);
        for method in ["get", "post", "put", "patch", "delete"] {
            if let Some(found) = methods.get(method).filter(|found| of_tag(found)) {
                operations.push(operation(document, (path, method), found));
            }
        }
    }
    Section { name: name.into(), anchor: name.to_lowercase(), text: Words::of(text(tag, "description")), operations }
}

fn operation(document: &Value, (path, method): (&str, &str), found: &Value) -> Operation {
    let body = &found["requestBody"]["content"]["application/json"];
    let answers = found["responses"].as_object();
    let (problems, good): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .flatten()
        .partition(|(_, answer)| answer["content"].get("application/problem+json").is_some());
    Operation {
        anchor: text(found, "operationId").into(),
        method: method.to_uppercase(),
        path: path.into(),
        // `security: [{}]` says that no token is wanted.
        open: found["security"].is_array(),
        summary: text(found, "summary").into(),
        text: Words::paragraphs(text(found, "description")),
        parameters: list(&found["parameters"]).map(|found| parameter(resolved(document, found))).collect(),
        body: body.get("schema").map(kind),
        examples: examples(body),
        answers: good.into_iter().map(|(status, answer)| answered(status, answer)).collect(),
        problems: problems.into_iter().map(|(status, _)| status.clone()).collect(),
    }
}

fn answered(status: &str, answer: &Value) -> (String, Kind, Words) {
    let schema = answer["content"]["application/json"].get("schema");
    (status.into(), schema.map(kind).unwrap_or_default(), Words::of(text(answer, "description")))
}

fn examples(body: &Value) -> Vec<(String, String)> {
    let pretty = |value: &Value| serde_json::to_string(value).unwrap_or_default();
    let one = body.get("example").map(|example| (String::new(), pretty(example)));
    let named = body["examples"].as_object().into_iter().flatten();
    one.into_iter().chain(named.map(|(name, example)| (name.clone(), pretty(&example["value"])))).collect()
}

/// What a reference refers to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let path = value["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    path.and_then(|path| document.pointer(path)).unwrap_or(value)
}

fn parameter(found: &Value) -> Row {
    Row {
        name: text(found, "name").into(),
        place: text(found, "in").into(),
        kind: kind(&found["schema"]),
        required: found["required"] == true,
        text: Words::of(text(found, "description")),
    }
}

fn described(name: &str, schema: &Value) -> Schema {
    // What is put together from several is those it refers to, and fields of its own.
    let parts: Vec<&Value> = match schema.get("allOf") {
        Some(parts) => list(parts).collect(),
        None => vec![schema],
    };
    let included = parts.iter().filter(|part| part.get("$ref").is_some());
    Schema {
        name: name.into(),
        text: Words::of(text(schema, "description")),
        includes: included.map(|part| kind(part)).collect(),
        fields: parts.iter().flat_map(|part| fields(part)).collect(),
        values: list(&schema["enum"]).filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
    }
}

fn fields(schema: &Value) -> Vec<Row> {
    let empty = Map::new();
    let all = schema["properties"].as_object().unwrap_or(&empty);
    let row = |(name, field): (&String, &Value)| Row {
        name: name.clone(),
        place: String::new(),
        kind: kind(field),
        required: list(&schema["required"]).any(|required| required == name),
        text: Words::of(meaning(field)),
    };
    all.iter().map(row).collect()
}

/// What a field means: where it is one of several types, it stands with one of those.
fn meaning(field: &Value) -> &str {
    match text(field, "description") {
        "" => {
            list(&field["oneOf"]).map(|one| text(one, "description")).find(|text| !text.is_empty()).unwrap_or_default()
        }
        known => known,
    }
}

/// A type in words: `list of` and the schema that it leads to, `text or null`, `number`.
fn kind(schema: &Value) -> Kind {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return Kind { words: String::new(), schema: name.into() };
    }
    if let Some(choices) = schema.get("oneOf").or_else(|| schema.get("anyOf")) {
        let kinds: Vec<_> = list(choices).map(kind).collect();
        let plain: Vec<_> = kinds.iter().map(|kind| kind.words.as_str()).filter(|words| !words.is_empty()).collect();
        let schema = kinds.iter().find(|kind| !kind.schema.is_empty()).map(|kind| kind.schema.clone());
        let words = plain.join(" or ");
        return Kind {
            words: if schema.is_some() { format!("{words} or") } else { words },
            schema: schema.unwrap_or_default(),
        };
    }
    let types: Vec<_> = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let items = kind_of_items(schema);
    let words: Vec<_> = types.iter().map(|word| in_words(word, schema, &items)).collect();
    Kind { words: words.join(" or "), schema: items.schema }
}

fn kind_of_items(schema: &Value) -> Kind {
    schema.get("items").map(kind).unwrap_or_default()
}

fn in_words(word: &str, schema: &Value, items: &Kind) -> String {
    match (word, text(schema, "format")) {
        ("string", "date-time") => "time (RFC 3339)".into(),
        ("string", "uuid") => "UUID".into(),
        ("string", _) => "text".into(),
        ("integer" | "number", _) => "number".into(),
        ("boolean", _) => "true or false".into(),
        ("array", _) => format!("list of {}", items.words).trim_end().to_owned(),
        (other, _) => other.into(),
    }
}
