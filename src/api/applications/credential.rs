//! `/api/v1/applications/{id}/credential`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use super::id;
use crate::api::Answer;
use crate::api::answer::{changed, created, nothing, ok};
use crate::api::body::Body;
use crate::api::call::Call;
use crate::api::openapi::{Acts, Alters, Reads};
use crate::api::tokens::acts::OverlapWord;
use crate::model::ids::ApplicationId;
use crate::model::tokens::Overlap;
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::applications::{self, Secret};

/// How a secret is made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueSecret {
    /// How long the secret that is replaced stays good: `none`, `1h`, `24h` or `7d`.
    #[serde(default)]
    #[schema(value_type = OverlapWord, default = "none", example = "24h")]
    overlap: Option<String>,
}

/// By what an application asks about tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = Credential)]
pub struct CredentialAnswer {
    /// Its user name where it asks by HTTP Basic: the application's `uuid`.
    client_id: Uuid,
    /// The secret in force; null where there is none.
    #[schema(required)]
    secret: Option<SecretAnswer>,
    /// The one that the last rotation replaced, while it is good.
    #[schema(required)]
    old_secret: Option<SecretAnswer>,
}

/// What is told of a secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientSecret)]
pub struct SecretAnswer {
    /// How it begins and ends.
    #[schema(example = "lk_app_…x3Zq")]
    hint: String,
    /// Who made it.
    created_by: String,
    /// When it was made.
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    /// When it ends; null for the one in force.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    ends_at: Option<OffsetDateTime>,
    /// When it was last used.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    last_used_at: Option<OffsetDateTime>,
}

impl From<Secret> for SecretAnswer {
    fn from(secret: Secret) -> Self {
        let Secret { hint, created_by, created_at, ends_at, last_used_at } = secret;
        Self { hint, created_by, created_at, ends_at, last_used_at }
    }
}

/// A credential with its new secret.
#[derive(Serialize, ToSchema)]
pub struct CreatedCredential {
    /// What is told of it later, too.
    #[serde(flatten)]
    credential: CredentialAnswer,
    /// The secret. It is told this once and never again: not where the answer is replayed by its `Idempotency-Key`.
    #[schema(required = false, example = "lk_app_…")]
    client_secret: String,
}

fn told(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<CredentialAnswer> {
    let found = applications::credential(cx, id)?;
    Ok(CredentialAnswer {
        client_id: applications::find(cx, id)?.uuid,
        secret: found.secret.map(Into::into),
        old_secret: found.old.map(Into::into),
    })
}

/// Get the credential
#[utoipa::path(
    get, path = "/api/v1/applications/{id}/credential", tag = "Applications", operation_id = "getCredential",
    params(("id" = i64, Path, description = "The application's id.")),
    responses((status = 200, description = "The credential, without its secret.", body = CredentialAnswer), Reads),
)]
pub async fn get(call: Call) -> Answer {
    ok(call.read(id(&call), told).await?)
}

/// Make or rotate the secret
///
/// The new secret is told this once. One that was there stays good for the overlap; one that a rotation replaced before ends now.
#[utoipa::path(
    post, path = "/api/v1/applications/{id}/credential", tag = "Applications", operation_id = "issueSecret",
    params(("id" = i64, Path, description = "The application's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag the application was read with.", example = "\"3\"")),
    request_body(content = IssueSecret, example = json!({"overlap": "24h"})),
    responses((status = 201, description = "The credential with its new secret. The answer is not to be stored.", body = CreatedCredential,
        headers(("Location" = String, description = "The path of the credential."), ("ETag" = String, description = "The application's version."))), Alters),
)]
pub async fn issue(call: Call, body: Body) -> Answer {
    let input = (id(&call), call.if_match(), body.read::<IssueSecret>());
    call.write(input, |cx, (id, version, wanted)| {
        applications::may_issue(cx, id)?;
        let overlap = wanted.overlap.as_deref().unwrap_or(Overlap::None.as_str()).parse::<Overlap>();
        let overlap = overlap.map_err(|_| Error::field("overlap", "Choose one of none, 1h, 24h and 7d."))?;
        let issued = applications::issue(cx, id, overlap, (version, None))?;
        let credential = told(cx, id)?;
        let version = applications::find(cx, id)?.version;
        let answer = created(format!("/api/v1/applications/{id}/credential"), Some(version), &credential)?;
        answer.telling_once(&CreatedCredential { credential, client_secret: issued.plain.reveal().to_owned() })
    })
    .await
}

/// End a rotation
///
/// The secret that the last rotation replaced is refused from the next check on. Nothing where it is no longer good.
#[utoipa::path(
    post, path = "/api/v1/applications/{id}/credential/finish", tag = "Applications", operation_id = "finishSecretRotation",
    params(("id" = i64, Path, description = "The application's id.")),
    responses((status = 200, description = "The credential as it is now.", body = CredentialAnswer), Acts),
)]
pub async fn finish(call: Call) -> Answer {
    call.write(id(&call), |cx, id| {
        applications::finish(cx, id)?;
        changed(None, &told(cx, id)?)
    })
    .await
}

/// Remove the credential
///
/// The application asks about no token any more, from the next check on.
#[utoipa::path(
    delete, path = "/api/v1/applications/{id}/credential", tag = "Applications", operation_id = "removeCredential",
    params(("id" = i64, Path, description = "The application's id.")),
    responses((status = 204, description = "There is no secret any more."), Acts),
)]
pub async fn remove(call: Call) -> Answer {
    call.write(id(&call), |cx, id| {
        applications::end(cx, id)?;
        nothing()
    })
    .await
}
