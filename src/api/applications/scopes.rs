//! `/api/v1/applications/{id}/scopes`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::ScopeAnswer;
use super::id;
use crate::api::answer::{changed, created, nothing};
use crate::api::body::{Body, given};
use crate::api::call::Call;
use crate::api::openapi::{Acts, Finds};
use crate::api::{Answer, ApiError};
use crate::service::applications::{self, NewScope};
use crate::service::by_name;

/// A scope of a new application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeWanted {
    /// Unique in the application. It never changes.
    #[schema(max_length = 40, example = "read")]
    name: String,
    /// How far a team role has to reach for it: `read`, `write` or `admin`.
    #[schema(value_type = ScopeLevel)]
    level: String,
    /// What it allows.
    #[serde(default)]
    #[schema(max_length = 1000, example = "Look at reports")]
    description: Option<String>,
}

impl From<ScopeWanted> for NewScope {
    fn from(new: ScopeWanted) -> Self {
        Self { name: new.name, description: new.description.unwrap_or_default(), level: new.level }
    }
}

/// How far a team role has to reach for a scope.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes the words")]
pub(super) enum ScopeLevel {
    #[schema(rename = "read")]
    Read,
    #[schema(rename = "write")]
    Write,
    #[schema(rename = "admin")]
    Admin,
}

/// A scope as it is to be. What is left out of one that is there stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutScope {
    /// How far a team role has to reach for it; required for a new one.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<ScopeLevel>)]
    level: Option<String>,
    /// What it allows.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
}

fn name(call: &Call) -> Result<String, ApiError> {
    call.id("name", "scope")
}

/// Make a scope, or change it
///
/// Its name stays, since tokens and programs know it by that. Another level counts from the next check on.
#[utoipa::path(
    put, path = "/api/v1/applications/{id}/scopes/{name}", tag = "Applications", operation_id = "putScope",
    params(("id" = i64, Path, description = "The application's id."), ("name" = String, Path, description = "The scope's name.")),
    request_body(content = PutScope, example = json!({"level": "read", "description": "Look at reports"})),
    responses((status = 201, description = "It was made. No token has it yet.", body = ScopeAnswer, headers(("Location" = String, description = "The path of the scope."))),
        (status = 200, description = "It was there, and is now like this.", body = ScopeAnswer), Finds),
)]
pub async fn put(call: Call, body: Body) -> Answer {
    let input = (id(&call), name(&call), body.read::<PutScope>());
    call.write(input, |cx, (id, name, wanted)| {
        let fields = (wanted.description.as_deref(), wanted.level.as_deref());
        let (scope, made) = by_name::put_scope(cx, id, &name, fields)?;
        let info = applications::get(cx, id)?;
        let told = ScopeAnswer::of(&info.application, &scope, info.tokens.get(&scope.id).copied());
        match made {
            true => created(format!("/api/v1/applications/{id}/scopes/{name}"), None, &told),
            false => changed(None, &told),
        }
    })
    .await
}

/// Remove a scope
///
/// From every token that has it too. One of the same name that is made later is another scope.
#[utoipa::path(
    delete, path = "/api/v1/applications/{id}/scopes/{name}", tag = "Applications", operation_id = "removeScope",
    params(("id" = i64, Path, description = "The application's id."), ("name" = String, Path, description = "The scope's name.")),
    responses((status = 204, description = "It is gone."), Acts),
)]
pub async fn remove(call: Call) -> Answer {
    call.write((id(&call), name(&call)), |cx, (id, name)| {
        applications::remove_scope(cx, id, &name)?;
        nothing()
    })
    .await
}
