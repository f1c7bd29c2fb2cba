//! `/api/v1/settings`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::answer::{changed, tagged};
use super::body::{Body, given};
use super::call::Call;
use super::openapi::{Changes, Lists};
use crate::model::settings::Settings;
use crate::service::settings;

/// What holds for the whole portal.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsAnswer {
    /// Whether only Admins make service and agent accounts, give them teams and homes, and manage their tokens: Admins in the
    /// portal, global-admin tokens and the command line. A token with scopes is none of these.
    only_admins_manage_service_accounts: bool,
    /// Counts changes; `ETag` has it too.
    #[schema(example = 1)]
    version: i64,
}

impl From<Settings> for SettingsAnswer {
    fn from(Settings { only_admins_manage_machines, version }: Settings) -> Self {
        Self { only_admins_manage_service_accounts: only_admins_manage_machines, version }
    }
}

/// What is to be changed of the settings. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSettings {
    /// Leaves service accounts to Admins, or no longer.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    only_admins_manage_service_accounts: Option<bool>,
}

/// Get the settings
#[utoipa::path(
    get, path = "/api/v1/settings", tag = "Settings", operation_id = "getSettings",
    responses((status = 200, description = "The settings.", body = SettingsAnswer, headers(("ETag" = String, description = "Their version."))), Lists),
)]
pub async fn get(call: Call) -> Answer {
    let found = call.read(Ok(()), |cx, ()| settings::get(cx));
    let settings = SettingsAnswer::from(found.await?);
    tagged(settings.version, settings)
}

/// Change the settings
///
/// They count from the next request on.
#[utoipa::path(
    patch, path = "/api/v1/settings", tag = "Settings", operation_id = "changeSettings",
    params(("If-Match" = Option<String>, Header, description = "The ETag they were read with: changes nothing where somebody else changed them since.", example = "\"3\"")),
    request_body(content = ChangeSettings, example = json!({"only_admins_manage_service_accounts": true})),
    responses((status = 200, description = "The settings as they are now.", body = SettingsAnswer, headers(("ETag" = String, description = "Their version."))), Changes),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (call.if_match(), body.read::<ChangeSettings>());
    call.write(input, |cx, (version, change)| {
        let settings = settings::update(cx, change.only_admins_manage_service_accounts, version)?;
        changed(Some(settings.version), &SettingsAnswer::from(settings))
    })
    .await
}
