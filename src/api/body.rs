//! JSON bodies: their size, their type, their form, and where in them a mistake is.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};

use super::ApiError;
use crate::base::crypto;
use crate::model::FieldError;

/// The largest body.
pub const LIMIT: usize = 64 * 1024;

/// The SHA-256 of the body, left with the request for whoever has to tell it from another.
pub struct Digest(pub [u8; 32]);

/// What was sent. What is wrong with it is told only to callers who are known.
pub struct Body(Result<Bytes, ApiError>);

impl FromRequest for Body {
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Infallible>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let refused = refused_type(request);
        let payload = web::Payload::from_request(request, payload).into_inner();
        let request = request.clone();
        Box::pin(async move {
            let read = match payload {
                Ok(payload) => payload.to_bytes_limited(LIMIT).await,
                Err(_) => return Ok(Self(Err(cut_short()))),
            };
            let bytes = match read {
                Ok(Ok(bytes)) => {
                    request.extensions_mut().insert(Digest(crypto::sha256(&bytes)));
                    Ok(bytes)
                }
                Ok(Err(_)) => Err(cut_short()),
                Err(_) => Err(too_large()),
            };
            Ok(Self(refused.map_or(bytes, Err)))
        })
    }
}

fn cut_short() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "The body ended before all of it had come.")
}

fn too_large() -> ApiError {
    let detail = format!("The body is larger than the {} KiB that are read. Nothing was written.", LIMIT / 1024);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn refused_type(request: &HttpRequest) -> Option<ApiError> {
    let detail = if !matches!(
        request.content_type().to_ascii_lowercase().as_str(),
        "application/json" | "application/merge-patch+json"
    ) {
        "Send the body as JSON, with Content-Type: application/json."
    } else if request.headers().contains_key(header::CONTENT_ENCODING) {
        "Send the body as it is, without Content-Encoding."
    } else {
        return None;
    };
    Some(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

impl Body {
    /// Reads the body as a `T`.
    ///
    /// # Errors
    /// 413, 415, 400 with line and column where it is no JSON, and 422 with a pointer where a field is unknown, missing or
    /// of the wrong type.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        let bytes = self.0?;
        serde_json::from_slice::<IgnoredAny>(&bytes).map_err(|error| malformed(&error))?;
        // Without this an array would pass for an object whose fields come in order.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(mistake(String::new(), "The body must be a JSON object.".into()));
        }
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        serde_path_to_error::deserialize(&mut json).map_err(|error| misread(error.path(), error.inner()))
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let detail = format!("The body is not JSON: {what}, at line {} column {}.", error.line(), error.column());
    ApiError::new(StatusCode::BAD_REQUEST, detail)
}

fn mistake(field: String, detail: String) -> ApiError {
    ApiError::fields(vec![FieldError::new(field, detail)])
}

/// Says where a field is not as it must be.
fn misread(path: &Path, error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let mut place: Vec<String> = path.iter().filter_map(segment).collect();
    let named = |prefix| {
        let rest: &str = text.strip_prefix(prefix)?;
        rest.split_once('`')
    };
    let (field, detail) = if let Some((name, rest)) = named("unknown field `") {
        (Some(name), format!("There is no such field here. Known fields: {}.", listed(rest)))
    } else if let Some((name, _)) = named("missing field `") {
        (Some(name), "This field is missing.".into())
    } else if let Some((name, _)) = named("duplicate field `") {
        (Some(name), "This field is given twice.".into())
    } else {
        (None, wrong_type(text))
    };
    if let Some(name) = field.map(escaped)
        && place.last() != Some(&name)
    {
        place.push(name);
    }
    mistake(place.join("/"), detail)
}

/// The names in serde's `, expected one of ...`.
fn listed(text: &str) -> String {
    let names: Vec<_> = text.split('`').skip(1).step_by(2).collect();
    names.join(", ")
}

fn wrong_type(text: &str) -> String {
    let found = text
        .strip_prefix("invalid type: ")
        .or_else(|| text.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match found {
        Some((found, expected)) => {
            format!("This is {}, but must be {}.", found_in_words(found), wanted_in_words(expected))
        }
        None => match text.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')) {
            Some((_, rest)) => format!("There is no such word here. Choose one of {}.", listed(rest)),
            None if text.contains("untagged enum") => "This has none of the forms that are read here.".into(),
            None => format!("{text}."),
        },
    }
}

/// The most of a text that is told again.
const SHOWN: usize = 60;

/// What was sent, from serde's words for it.
fn found_in_words(found: &str) -> String {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    let value = value.trim_start_matches("point ").trim_matches('`');
    match kind {
        "string" if value.chars().count() > SHOWN => "a text".into(),
        "string" => format!("the text {value}"),
        "integer" | "floating" => format!("the number {value}"),
        "boolean" => value.into(),
        "map" => "an object".into(),
        "sequence" => "a list".into(),
        _ => found.into(),
    }
}

/// What is wanted, from serde's words for it.
fn wanted_in_words(expected: &str) -> &str {
    match expected {
        "i64" | "i32" | "u64" | "u32" | "usize" => "a whole number",
        "f64" => "a number",
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other if other.contains("RFC3339") => "a moment by RFC 3339, as 2026-11-22T10:00:00Z",
        other => other,
    }
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(escaped(key)),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// A name inside a JSON pointer (RFC 6901, section 3).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// For a field that may be left out but not be `null`.
///
/// # Errors
/// Those of the value.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;
    use actix_web::body::MessageBody;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only reading it is tested")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only reading it is tested")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only reading it is tested")]
        count: i64,
    }

    fn problem(text: &str) -> Value {
        let read = Body(Ok(Bytes::copy_from_slice(text.as_bytes()))).read::<Sample>();
        let body = read.unwrap_err().error_response().into_body().try_into_bytes().unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn a_mistake_in_a_field_is_told_by_its_pointer() {
        for (text, pointer) in [
            (r#"{"name":"x","colour":1}"#, "/colour"),
            (r#"{"name":"x","a/b~c":1}"#, "/a~1b~0c"),
            (r#"{"inner":[]}"#, "/name"),
            (r#"{"name":5}"#, "/name"),
            (r#"{"name":null}"#, "/name"),
            (r#"{"name":"x","name":"y"}"#, "/name"),
            (r#"{"name":"x","inner":7}"#, "/inner"),
            (r#"{"name":"x","inner":[{"count":1},{"count":"two"}]}"#, "/inner/1/count"),
            (r#"{"name":"x","inner":[{"count":1,"more":1}]}"#, "/inner/0/more"),
            (r#"{"name":"x","inner":[{}]}"#, "/inner/0/count"),
            (r#"["x"]"#, ""),
            ("5", ""),
        ] {
            let problem = problem(text);
            assert_eq!(problem["status"], 422, "{text}: {problem}");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{text}: {problem}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_line_and_column() {
        for (text, place) in
            [("", "line 1 column 0"), ("{\"name\":\n  x}", "line 2 column 3"), ("{} {}", "line 1 column 4")]
        {
            let problem = problem(text);
            assert_eq!(problem["status"], 400, "{text}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(place), "{problem}");
        }
        assert_eq!(problem(&"[".repeat(1_000))["status"], json!(400));
    }
}
