//! REST v1: JSON for programs. A handler reads what was sent, calls one use case and renders the answer.

pub mod answer;
pub mod applications;
pub mod audit;
pub mod body;
pub mod call;
pub mod errors;
pub mod idempotency;
pub mod leaks;
pub mod me;
pub mod members;
pub mod openapi;
pub mod patterns;
pub mod permissions;
pub mod query;
pub mod roles;
pub mod settings;
pub mod teams;
pub mod tokens;
pub mod users;

use actix_web::HttpResponse;

pub use errors::ApiError;

/// What a handler answers.
pub type Answer = Result<HttpResponse, ApiError>;
