//! `/api/v1/settings`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use super::Answer;
use super::answer::{changed, tagged};
use super::body::{Body, given};
use super::call::Call;
use super::openapi::{Lists, Sets, Turns};
use crate::model::Error;
use crate::model::settings::Settings;
use crate::service::{agents, settings};

/// What holds for the whole portal.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub struct SettingsAnswer {
    /// Whether only Admins make service and agent accounts, give them teams and homes, and manage their tokens: Admins in the
    /// portal, global-admin tokens and the command line. A token with scopes is none of these.
    only_admins_manage_service_accounts: bool,
    /// What is allowed of access tokens. What the program was started with may be stricter.
    token_policy: TokenPolicyAnswer,
    /// Since when all AI agents are stopped; null while they are not.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    agents_stopped_at: Option<OffsetDateTime>,
    /// After how many days entries of the audit log are removed; null for never.
    #[schema(required)]
    audit_keep_days: Option<i64>,
    /// Counts changes; `ETag` has it too.
    #[schema(example = 1)]
    version: i64,
}

/// What is allowed of access tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenPolicy)]
pub struct TokenPolicyAnswer {
    /// Whether people may have tokens of their own.
    personal_tokens: bool,
    /// The longest life of people's tokens, in days; null for no limit.
    #[schema(required)]
    personal_max_days: Option<i64>,
    /// The longest life of service accounts' tokens, in days; null for no limit.
    #[schema(required)]
    service_max_days: Option<i64>,
    /// The longest life of AI agents' tokens, in days; null for no limit. They always end.
    #[schema(required)]
    agent_max_days: Option<i64>,
    /// Whether a token may live without end, where its type has no longest life.
    allow_never: bool,
    /// The life that forms begin with, in days; or the longest that they offer, where a type of token may not live that long.
    #[schema(required)]
    default_days: Option<i64>,
    /// After how many days without use a token is suspended; null for never.
    #[schema(required)]
    dormant_days: Option<i64>,
}

impl From<Settings> for SettingsAnswer {
    fn from(settings: Settings) -> Self {
        let Settings { only_admins_manage_machines, tokens, agents_stopped_at, audit_keep_days, version } = settings;
        let token_policy = TokenPolicyAnswer {
            personal_tokens: tokens.personal_tokens,
            personal_max_days: tokens.personal_max_days,
            service_max_days: tokens.service_max_days,
            agent_max_days: tokens.agent_max_days,
            allow_never: tokens.allow_never,
            default_days: tokens.default_days,
            dormant_days: tokens.dormant_days,
        };
        Self {
            only_admins_manage_service_accounts: only_admins_manage_machines,
            token_policy,
            agents_stopped_at,
            audit_keep_days,
            version,
        }
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
    /// Changes what is allowed of access tokens.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    token_policy: Option<ChangeTokenPolicy>,
    /// After how many days entries of the audit log are removed; null for never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 30, maximum = 36500)]
    audit_keep_days: Option<Option<i64>>,
}

/// What is to be changed of the policy for access tokens. What is left out stays as it is; null takes a limit away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTokenPolicy {
    /// Whether people may have tokens of their own.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    personal_tokens: Option<bool>,
    /// The longest life of people's tokens, in days.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    personal_max_days: Option<Option<i64>>,
    /// The longest life of service accounts' tokens, in days.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    service_max_days: Option<Option<i64>>,
    /// The longest life of AI agents' tokens, in days.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    agent_max_days: Option<Option<i64>>,
    /// Whether a token may live without end.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    allow_never: Option<bool>,
    /// The life that forms begin with, in days; or the longest that they offer, where a type of token may not live that long.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    default_days: Option<Option<i64>>,
    /// After how many days without use a token is suspended.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36500)]
    dormant_days: Option<Option<i64>>,
}

impl ChangeSettings {
    fn apply(self, settings: &mut Settings) {
        put(&mut settings.only_admins_manage_machines, self.only_admins_manage_service_accounts);
        put(&mut settings.audit_keep_days, self.audit_keep_days);
        let Some(change) = self.token_policy else { return };
        let policy = &mut settings.tokens;
        put(&mut policy.personal_tokens, change.personal_tokens);
        put(&mut policy.personal_max_days, change.personal_max_days);
        put(&mut policy.service_max_days, change.service_max_days);
        put(&mut policy.agent_max_days, change.agent_max_days);
        put(&mut policy.allow_never, change.allow_never);
        put(&mut policy.default_days, change.default_days);
        put(&mut policy.dormant_days, change.dormant_days);
    }
}

fn put<T>(place: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *place = new;
    }
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
    request_body(content = ChangeSettings, example = json!({"only_admins_manage_service_accounts": true, "token_policy": {"service_max_days": 365}})),
    responses((status = 200, description = "The settings as they are now.", body = SettingsAnswer, headers(("ETag" = String, description = "Their version."))), Sets),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (call.if_match(), body.read::<ChangeSettings>());
    call.write(input, |cx, (version, change)| {
        let settings = settings::update(cx, version, |settings| change.apply(settings)).map_err(under_policy)?;
        changed(Some(settings.version), &SettingsAnswer::from(settings))
    })
    .await
}

/// Stop all AI agents
///
/// Every token of an AI agent is refused from the next request on, also those made while they are stopped. Nothing is revoked.
/// Stopping them once more changes nothing.
#[utoipa::path(
    post, path = "/api/v1/settings/agents/stop", tag = "Settings", operation_id = "stopAgents",
    params(("If-Match" = Option<String>, Header, description = "The ETag the settings were read with; stopping hardly needs it.", example = "\"3\"")),
    responses((status = 200, description = "The settings as they are now.", body = SettingsAnswer, headers(("ETag" = String, description = "Their version."))), Turns),
)]
pub async fn stop_agents(call: Call) -> Answer {
    call.write(call.if_match(), |cx, version| {
        let settings = agents::stop(cx, version)?;
        changed(Some(settings.version), &SettingsAnswer::from(settings))
    })
    .await
}

/// Let the AI agents go again
///
/// Their tokens that were good before are good again. All that agents can do comes back, so it takes a global-admin token, and
/// where an agent has such a token itself, an Admin in the portal.
#[utoipa::path(
    post, path = "/api/v1/settings/agents/resume", tag = "Settings", operation_id = "resumeAgents",
    params(("If-Match" = Option<String>, Header, description = "The ETag the settings were read with.", example = "\"3\"")),
    responses((status = 200, description = "The settings as they are now.", body = SettingsAnswer, headers(("ETag" = String, description = "Their version."))), Turns),
)]
pub async fn resume_agents(call: Call) -> Answer {
    call.write(call.if_match(), |cx, version| {
        let settings = agents::resume(cx, version)?;
        changed(Some(settings.version), &SettingsAnswer::from(settings))
    })
    .await
}

/// The body has the policy's fields one level down.
fn under_policy(error: Error) -> Error {
    match error {
        Error::Invalid(mut errors) => {
            for error in errors.iter_mut().filter(|error| error.field != "audit_keep_days") {
                error.field = format!("token_policy/{}", error.field);
            }
            Error::Invalid(errors)
        }
        other => other,
    }
}
