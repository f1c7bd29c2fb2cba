//! Problems (RFC 9457): every answer of the API that is no success.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::effects::Unseen;
use crate::model::{Error, FieldError};
use crate::service::Credential;

const REALM: &str = "Bearer realm=\"Latchkey\"";

/// What went wrong, as `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    /// The status.
    #[schema(example = 422)]
    status: u16,
    /// What happened, why, and what to do.
    #[schema(example = "Nothing was written, because one field has to be mended.")]
    detail: String,
    /// What is wrong with which field or query parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Mistake>,
    /// The permission that a 403 is about, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "service_accounts:create")]
    missing_permission: Option<String>,
    /// The ids of the accounts that a 409 is about, where it is about some: up to 200 that the caller may see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!([123]))]
    accounts: Vec<i64>,
    /// What a change of a role would do to those who have it, where a 409 is about that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["3 service accounts gain tokens:create in Billing"]))]
    effects: Vec<String>,
    /// Stands for exactly these effects: sent as `effect` with the same change, it says that they were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "6d1f0c2ab7e94c58a3e1d7720c4f9b16")]
    effect: Option<String>,
}

/// What is wrong with one field of the body, or with one query parameter.
#[derive(Debug, Serialize, ToSchema)]
pub struct Mistake {
    /// The place in the body, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/teams/1/role")]
    pointer: Option<String>,
    /// The query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "limit")]
    parameter: Option<String>,
    /// What is wrong and what to do.
    #[schema(example = "Boss is not a team role. Choose one of Viewer, Editor, Maintainer, Owner.")]
    detail: String,
}

/// An answer of the API that is no success.
#[derive(Debug)]
pub struct ApiError {
    problem: Box<Problem>,
    status: StatusCode,
    header: Option<(HeaderName, String)>,
}

impl ApiError {
    /// A problem that is told by its status and one or two sentences.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            problem: Box::new(Problem {
                kind: "about:blank",
                title: status.canonical_reason().unwrap_or("Error"),
                status: status.as_u16(),
                detail: detail.into(),
                errors: Vec::new(),
                missing_permission: None,
                accounts: Vec::new(),
                effects: Vec::new(),
                effect: None,
            }),
            status,
            header: None,
        }
    }

    /// Mistakes in the fields of a body. A field is spelt as in the service: `name`, `teams/1/role`.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let pointed = errors.into_iter().map(|error| Mistake {
            pointer: Some(match error.field.as_str() {
                "" => String::new(),
                field => format!("/{field}"),
            }),
            parameter: None,
            detail: error.message,
        });
        let errors: Vec<_> = pointed.collect();
        let what = counted(errors.len(), "field has", "fields have");
        let detail = format!("Nothing was written, because {what} to be mended.");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail).with(errors)
    }

    /// Mistakes in query parameters.
    pub fn query(errors: Vec<FieldError>) -> Self {
        let named = errors.into_iter().map(|error| Mistake {
            pointer: None,
            parameter: Some(error.field),
            detail: error.message,
        });
        let errors: Vec<_> = named.collect();
        let what = counted(errors.len(), "query parameter has", "query parameters have");
        Self::new(StatusCode::BAD_REQUEST, format!("{what} to be mended.")).with(errors)
    }

    /// What a use case answers to a caller with this credential.
    pub fn of(error: Error, credential: &Credential) -> Self {
        let detail = error.to_string();
        match error {
            Error::Invalid(errors) => Self::fields(errors),
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, detail),
            Error::Forbidden(refusal) => {
                let missing = refusal.missing.map(|permission| permission.to_string());
                let mut forbidden = Self::new(StatusCode::FORBIDDEN, detail);
                forbidden.header = missing.as_ref().map(|scope| {
                    let challenge = format!("{REALM}, error=\"insufficient_scope\", scope=\"{scope}\"");
                    (header::WWW_AUTHENTICATE, challenge)
                });
                forbidden.problem.missing_permission = missing;
                forbidden
            }
            Error::Unauthenticated(why) => Self::unauthenticated(why, matches!(credential, Credential::Bearer(_))),
            Error::Unseen(unseen) => Self::unseen(*unseen),
            Error::PasswordNeeded => Self::new(StatusCode::FORBIDDEN, detail),
            Error::Stale => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "Nothing was written, because this was changed since you read it. Read it again and repeat your change.",
            ),
            Error::AlreadyDone(_) | Error::Conflict(_) => Self::new(StatusCode::CONFLICT, detail),
            Error::Kept { by, .. } => {
                let mut kept = Self::new(StatusCode::CONFLICT, detail);
                kept.problem.accounts = by.into_iter().map(|user| user.0).collect();
                kept
            }
            Error::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            Error::Busy(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).and_header(header::RETRY_AFTER, "1".into())
            }
            Error::TooMany { seconds, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, detail).and_header(header::RETRY_AFTER, seconds.to_string())
            }
            Error::Internal(fault) => {
                tracing::error!(fault, "the API failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        }
    }

    /// A change that is not made before what it does was looked at.
    fn unseen(Unseen { effects, digest, .. }: Unseen) -> Self {
        let detail = "Nothing was written, because the role is in use. Look at what the change does, and send it again with \
                      this effect.";
        let mut asked = Self::new(StatusCode::CONFLICT, detail);
        asked.problem.effects = effects;
        asked.problem.effect = Some(digest);
        asked
    }

    /// RFC 6750, section 3.1: whoever sent no token is told no error code.
    fn unauthenticated(why: &'static str, sent: bool) -> Self {
        let challenge = if sent {
            format!("{REALM}, error=\"invalid_token\", error_description=\"{why}\"")
        } else {
            REALM.to_owned()
        };
        Self::new(StatusCode::UNAUTHORIZED, why).and_header(header::WWW_AUTHENTICATE, challenge)
    }

    fn with(mut self, errors: Vec<Mistake>) -> Self {
        self.problem.errors = errors;
        self
    }

    fn and_header(mut self, name: HeaderName, value: String) -> Self {
        self.header = Some((name, value));
        self
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("one {one}"),
        _ => format!("{number} {many}"),
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        if let Some((name, value)) = &self.header {
            answer.insert_header((name, value.as_str()));
        }
        answer.content_type("application/problem+json");
        answer.body(serde_json::to_vec(&self.problem).unwrap_or_default())
    }
}

/// There is nothing at this path of the API.
///
/// # Errors
/// 404 always.
pub async fn nowhere() -> super::Answer {
    Err(ApiError::new(
        StatusCode::NOT_FOUND,
        "The API has nothing at this path. /api/openapi.json lists what there is.",
    ))
}

/// The path has no such method; `allow` lists those it has.
///
/// # Errors
/// 405 always.
pub fn wrong_method(allow: String) -> super::Answer {
    let detail = format!("This path of the API answers {allow} only.");
    Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, detail).and_header(header::ALLOW, allow))
}
