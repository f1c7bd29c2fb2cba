//! What is told of a token.

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::Result;
use crate::model::permissions::Permission;
use crate::model::tokens::leak::WhatLeaked;
use crate::model::tokens::uses::Watched;
use crate::model::tokens::{LastUse, Leak, OldSecret, SuspendedFor, TokenState, TokenType};
use crate::service::tokens::TokenInfo;
use crate::service::{Cx, teams};

/// An access token without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenAnswer {
    /// Its id.
    #[schema(example = 7)]
    pub id: i64,
    /// Its id outside.
    uuid: Uuid,
    /// Its name.
    #[schema(example = "pipeline")]
    name: String,
    /// What it is for.
    description: String,
    /// From the account's kind.
    #[serde(rename = "type")]
    kind: TokenType,
    /// How it begins and its last four characters.
    #[schema(example = "lk_svc_…q9Dk")]
    hint: String,
    /// What it may be used for.
    #[schema(example = json!(["users:read", "reports:read"]))]
    scopes: Vec<String>,
    /// Its scopes and what its account may do at this moment.
    #[schema(example = json!(["users:read"]))]
    effective_scopes: Vec<String>,
    /// The teams it is limited to, those that the caller may know of; null where it is not limited.
    #[schema(required)]
    teams: Option<Vec<String>>,
    /// The networks from which it may be used; empty for anywhere.
    #[schema(example = json!(["10.20.0.0/16"]))]
    networks: Vec<String>,
    /// Whether it acts as an Admin.
    global_admin: bool,
    /// When it ends; null for never.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    expires_at: Option<OffsetDateTime>,
    /// When it was made.
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    /// Who made it.
    created_by: String,
    /// When it was last used, to the minute.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    last_used_at: Option<OffsetDateTime>,
    /// From where it was last used.
    #[schema(required)]
    last_used_address: Option<String>,
    /// By which program it was last used, in that program's own words.
    #[schema(required)]
    last_used_agent: Option<String>,
    /// For what it was last used: an operation of this API, by its route.
    #[schema(required, example = "GET /api/v1/users/{id}")]
    last_used_for: Option<String>,
    /// When it last got another secret.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    rotated_at: Option<OffsetDateTime>,
    /// The secret that the last rotation replaced; null where it was never rotated.
    #[schema(required)]
    old_secret: Option<OldSecretAnswer>,
    /// Where it was found, or a token that it was made with; null where nobody reported that.
    #[schema(required)]
    leak: Option<LeakAnswer>,
    /// How it stands.
    state: State,
    /// Why it is suspended, where no person did it: `dormancy` for one that nobody used for long.
    #[schema(required)]
    suspended_for: Option<SuspendedFor>,
    /// Counts changes; `ETag` has it too.
    #[schema(example = 1)]
    pub version: i64,
}

/// A token, and the use of its scopes.
#[derive(Serialize, ToSchema)]
pub struct TokenDetails {
    /// What is told of it elsewhere.
    #[serde(flatten)]
    pub(super) token: TokenAnswer,
    /// Its scopes, and whether each was used in the last 90 days.
    pub(super) scope_use: Vec<ScopeUse>,
}

/// Whether a scope is in use.
#[derive(Serialize, ToSchema)]
pub struct ScopeUse {
    /// The scope.
    #[schema(value_type = String, example = "users:read")]
    scope: Permission,
    /// Whether a request relied on it in the last 90 days.
    used: bool,
    /// When one last did, to the day.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    last_used_at: Option<OffsetDateTime>,
    /// Since when that is noted: nothing is known of uses before.
    #[serde(with = "rfc3339")]
    watched_since: OffsetDateTime,
}

impl ScopeUse {
    pub(super) fn of(watched: Watched, now: OffsetDateTime) -> Self {
        let used = watched.is_in_use(now);
        Self { scope: watched.scope, used, last_used_at: watched.last_used_at, watched_since: watched.since }
    }
}

/// That a token was found where none belongs.
#[derive(Serialize, ToSchema)]
#[schema(as = Leak)]
pub struct LeakAnswer {
    /// When that was reported.
    #[serde(with = "rfc3339")]
    at: OffsetDateTime,
    /// What was found: the token itself, a secret that it had before and no longer has, or a token that it was made with.
    found: WhatLeaked,
    /// Where, in the words of whoever found it; empty where they said nothing.
    found_at: String,
}

impl From<Leak> for LeakAnswer {
    fn from(leak: Leak) -> Self {
        Self { at: leak.at, found: leak.what, found_at: leak.place }
    }
}

/// A secret that a rotation replaced.
#[derive(Serialize, ToSchema)]
#[schema(as = OldSecret)]
pub struct OldSecretAnswer {
    /// How it begins and its last four characters.
    #[schema(example = "lk_svc_…q9Dk")]
    hint: String,
    /// Until when it is good.
    #[serde(with = "rfc3339")]
    ends_at: OffsetDateTime,
    /// When it was last used, to the minute.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    last_used_at: Option<OffsetDateTime>,
    /// From where it was last used.
    #[schema(required)]
    last_used_address: Option<String>,
}

impl From<OldSecret> for OldSecretAnswer {
    fn from(old: OldSecret) -> Self {
        let (last_used_at, last_used_address) = used(old.last_use);
        Self { hint: old.hint, ends_at: old.ends_at, last_used_at, last_used_address }
    }
}

fn used(last: Option<LastUse>) -> (Option<OffsetDateTime>, Option<String>) {
    last.map_or((None, None), |last| (Some(last.at), last.address))
}

/// How a token stands.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Good.
    Active,
    /// Good, for 20 days at most.
    Expiring,
    /// Stopped until somebody resumes it.
    Suspended,
    /// An agent's, while all agents are stopped.
    Stopped,
    /// Its time is over.
    Expired,
    /// Ended for good.
    Revoked,
}

impl From<TokenState> for State {
    fn from(state: TokenState) -> Self {
        match state {
            TokenState::Active => Self::Active,
            TokenState::Expiring => Self::Expiring,
            TokenState::Suspended => Self::Suspended,
            TokenState::Stopped => Self::Stopped,
            TokenState::Expired => Self::Expired,
            TokenState::Revoked => Self::Revoked,
        }
    }
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    /// What is kept of it.
    #[serde(flatten)]
    pub(super) metadata: TokenAnswer,
    /// The token itself. It is told this once and never again: not where the answer is replayed by its `Idempotency-Key`.
    #[schema(required = false, example = "lk_svc_…")]
    pub(super) token: String,
}

impl TokenAnswer {
    /// A token.
    ///
    /// # Errors
    /// A fault.
    pub fn of(cx: &mut Cx<'_, '_>, TokenInfo { token, effective, rotation, leak }: TokenInfo) -> Result<Self> {
        let teams = match &token.teams {
            Some(ids) => {
                let mut names: Vec<_> = teams::names(cx, ids.iter().copied())?.into_values().collect();
                names.sort_unstable();
                Some(names)
            }
            None => None,
        };
        let (last_used_agent, last_used_for) =
            token.last_use.clone().map_or((None, None), |last| (last.user_agent, last.purpose));
        let (last_used_at, last_used_address) = used(token.last_use.clone());
        let scopes = token.words();
        Ok(Self {
            id: token.id.0,
            uuid: token.uuid,
            state: token.state(cx.now).into(),
            name: token.name,
            description: token.description,
            kind: token.kind,
            hint: token.hint,
            scopes,
            effective_scopes: effective.words(),
            teams,
            networks: token.networks.iter().collect(),
            global_admin: token.global_admin,
            expires_at: token.expires_at,
            created_at: token.created_at,
            created_by: token.created_by,
            last_used_at,
            last_used_address,
            last_used_agent,
            last_used_for,
            rotated_at: token.rotated_at,
            old_secret: rotation.map(|rotation| rotation.old.into()),
            leak: leak.map(LeakAnswer::from),
            suspended_for: token.suspended_for,
            version: token.version,
        })
    }
}
