//! An entry as programs are told it: by the API and in exports.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use super::Entry;

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Told {
    /// Its number. Entries are numbered without a gap.
    #[schema(example = 4711)]
    pub seq: i64,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// Who did it, or tried.
    pub actor: ToldActor,
    /// The token that was used, where it was one.
    #[schema(required)]
    pub token: Option<ToldToken>,
    /// What was done: `noun.verb`.
    #[schema(example = "token.create")]
    pub action: String,
    /// What it was done to.
    #[schema(required)]
    pub target: Option<ToldTarget>,
    /// `done` or `refused`.
    #[schema(example = "done")]
    pub outcome: String,
    /// Why it was refused.
    #[schema(required)]
    pub reason: Option<String>,
    /// What was changed, as it was; never a secret.
    #[schema(required, value_type = Option<Object>)]
    pub before: Option<Value>,
    /// What was changed, as it became; never a secret.
    #[schema(required, value_type = Option<Object>)]
    pub after: Option<Value>,
    /// The client's address.
    #[schema(required, example = "192.0.2.7")]
    pub address: Option<String>,
    /// What the client calls itself.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// The request's id in the program's log.
    #[schema(required)]
    pub request_id: Option<String>,
}

/// Who acted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub struct ToldActor {
    /// `person`, `service`, `agent`, `cli`, `system` or `anonymous`.
    #[schema(example = "person")]
    pub kind: String,
    /// The account's id, where it is one.
    #[schema(required)]
    pub id: Option<i64>,
    /// The account's username at that time.
    pub name: String,
}

/// The token that was used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditToken)]
pub struct ToldToken {
    /// Its id.
    pub id: i64,
    /// Its name at that time.
    #[schema(required)]
    pub name: Option<String>,
}

/// What something was done to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditTarget)]
pub struct ToldTarget {
    /// `person`, `service`, `agent`, `team`, `role`, `settings` …
    #[schema(example = "service")]
    pub kind: String,
    /// Its id.
    #[schema(required)]
    pub id: Option<i64>,
    /// Its name at that time.
    #[schema(required)]
    pub name: Option<String>,
}

impl From<Entry> for Told {
    fn from(entry: Entry) -> Self {
        // What is no JSON, which was never written, is told as the text it is.
        let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            seq: entry.seq,
            at: entry.time(),
            actor: ToldActor { kind: entry.actor_kind, id: entry.actor_id, name: entry.actor_name },
            token: entry.token_id.map(|id| ToldToken { id, name: entry.token_name }),
            action: entry.action,
            target: entry.target_kind.map(|kind| ToldTarget { kind, id: entry.target_id, name: entry.target_name }),
            outcome: entry.outcome,
            reason: entry.reason,
            before: entry.before.map(json),
            after: entry.after.map(json),
            address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
        }
    }
}
