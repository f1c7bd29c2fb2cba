//! Rows as the tables hold them, and how they become model types.

use std::collections::BTreeSet;
use std::str::FromStr;

use diesel::Queryable;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::schema::{applications, sessions, settings, teams, tokens, users};
use super::sql::columns;
use crate::base::clock::from_micros;
use crate::model::applications::{AppScope, Application};
use crate::model::idempotency::Reply;
use crate::model::ids::{ApplicationId, RoleId, SessionId, TeamId, TokenId, UserId};
use crate::model::roles::{Grants, Predefined, TeamRole};
use crate::model::sessions::Session;
use crate::model::settings::Settings;
use crate::model::teams::Team;
use crate::model::tokens::{LastUse, Token, TokenPolicy, TokenType};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};

/// A column that holds a word of the model.
pub(super) fn word<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::internal(format!("the store holds the unknown word {text:?}")))
}

pub(super) fn kind(slug: &str) -> Result<Kind> {
    Kind::from_slug(slug).ok_or_else(|| Error::internal(format!("the store holds the unknown kind {slug:?}")))
}

fn uuid(text: &str) -> Result<Uuid> {
    word(text)
}

/// An account, without what it is found by and without its password's hash.
#[derive(Queryable)]
pub(super) struct UserRow {
    id: i64,
    uuid: String,
    kind: String,
    username: String,
    display_name: String,
    email: String,
    role: String,
    disabled_at: Option<i64>,
    description: String,
    contact_id: Option<i64>,
    home_team_id: Option<i64>,
    created_at: i64,
    updated_at: i64,
    last_seen_at: i64,
    version: i64,
    sponsor_id: Option<i64>,
    has_password: bool,
}

columns!(UserRow of users: id, uuid, kind, username, display_name, email, role, disabled_at, description, contact_id, home_team_id,
    created_at, updated_at, last_seen_at, version, sponsor_id; "users.password_hash IS NOT NULL" as Bool);

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(row: UserRow) -> Result<Self> {
        Ok(Self {
            id: UserId(row.id),
            uuid: uuid(&row.uuid)?,
            kind: kind(&row.kind)?,
            username: row.username,
            display_name: row.display_name,
            email: row.email,
            role: word(&row.role)?,
            disabled_at: row.disabled_at.map(from_micros),
            description: row.description,
            contact: row.contact_id.map(UserId),
            sponsor: row.sponsor_id.map(UserId),
            home_team: row.home_team_id.map(TeamId),
            has_password: row.has_password,
            created_at: from_micros(row.created_at),
            updated_at: from_micros(row.updated_at),
            last_seen_at: (row.last_seen_at > 0).then(|| from_micros(row.last_seen_at)),
            version: row.version,
        })
    }
}

#[derive(Queryable)]
pub(super) struct TeamRow {
    id: i64,
    uuid: String,
    name: String,
    _name_key: String,
    description: String,
    created_at: i64,
    version: i64,
}

#[derive(Queryable)]
pub(super) struct ApplicationRow {
    id: i64,
    uuid: String,
    slug: String,
    name: String,
    _name_key: String,
    description: String,
    home_team_id: i64,
    audience: String,
    created_at: i64,
    version: i64,
}

columns!(ApplicationRow of applications: id, uuid, slug, name, name_key, description, home_team_id, audience, created_at, version);

impl TryFrom<ApplicationRow> for Application {
    type Error = Error;

    fn try_from(row: ApplicationRow) -> Result<Self> {
        Ok(Self {
            id: ApplicationId(row.id),
            uuid: uuid(&row.uuid)?,
            slug: row.slug,
            name: row.name,
            description: row.description,
            home: TeamId(row.home_team_id),
            audience: row.audience,
            created_at: from_micros(row.created_at),
            version: row.version,
        })
    }
}

columns!(TeamRow of teams: id, uuid, name, name_key, description, created_at, version);

impl TryFrom<TeamRow> for Team {
    type Error = Error;

    fn try_from(row: TeamRow) -> Result<Self> {
        Ok(Self {
            id: TeamId(row.id),
            uuid: uuid(&row.uuid)?,
            name: row.name,
            description: row.description,
            created_at: from_micros(row.created_at),
            version: row.version,
        })
    }
}

#[derive(Queryable)]
pub(super) struct RoleRow {
    id: i64,
    name: String,
    _name_key: String,
    description: String,
    permissions: String,
    level: String,
    _created_at: i64,
    version: i64,
}

impl TryFrom<RoleRow> for TeamRole {
    type Error = Error;

    fn try_from(row: RoleRow) -> Result<Self> {
        let id = RoleId(row.id);
        let description = Predefined::of(id).map_or(row.description, |role| role.hint().to_owned());
        let grants = grants(id, &row.permissions, &row.level)?;
        Ok(Self { id, name: row.name, description, grants, version: row.version })
    }
}

/// What a role gives: the program says it of the predefined ones, and the store of the others.
pub(super) fn grants(id: RoleId, permissions: &str, level: &str) -> Result<Grants> {
    match Predefined::of(id) {
        Some(role) => Ok(role.grants()),
        None => Ok(Grants { permissions: word(permissions)?, level: word(level)? }),
    }
}

#[derive(Queryable)]
pub(super) struct TokenRow {
    pub(super) id: i64,
    uuid: String,
    user_id: i64,
    name: String,
    description: String,
    kind: String,
    global_admin: bool,
    scopes: String,
    pub(super) limited: bool,
    hint: String,
    expires_at: Option<i64>,
    created_by: String,
    created_at: i64,
    last_used_at: Option<i64>,
    last_used_address: Option<String>,
    last_used_agent: Option<String>,
    revoked_at: Option<i64>,
    version: i64,
    suspended_at: Option<i64>,
    rotated_at: Option<i64>,
    renewed_at: Option<i64>,
    networks: String,
    active_at: i64,
    suspended_for: Option<String>,
    last_used_for: Option<String>,
}

columns!(TokenRow of tokens: id, uuid, user_id, name, description, kind, global_admin, scopes, limited, hint, expires_at, created_by,
    created_at, last_used_at, last_used_address, last_used_agent, revoked_at, version, suspended_at, rotated_at, renewed_at,
    networks, active_at, suspended_for, last_used_for);

impl TokenRow {
    /// Whether it is an agent's, which one switch stops together.
    pub(super) fn is_agents(&self) -> bool {
        self.kind == TokenType::Agent.as_str()
    }

    /// The token, given its scopes of applications, the teams it is limited to, which count only where it is limited at all, and
    /// whether agents are stopped.
    pub(super) fn with(
        self,
        app_scopes: BTreeSet<AppScope>,
        teams: BTreeSet<TeamId>,
        agents_stopped: bool,
    ) -> Result<Token> {
        let stopped = agents_stopped && self.is_agents();
        let (address, user_agent, purpose) = (self.last_used_address, self.last_used_agent, self.last_used_for);
        Ok(Token {
            id: TokenId(self.id),
            uuid: uuid(&self.uuid)?,
            user: UserId(self.user_id),
            name: self.name,
            description: self.description,
            kind: word(&self.kind)?,
            global_admin: self.global_admin,
            scopes: word(&self.scopes)?,
            app_scopes,
            teams: self.limited.then_some(teams),
            hint: self.hint,
            expires_at: self.expires_at.map(from_micros),
            created_by: self.created_by,
            created_at: from_micros(self.created_at),
            last_use: self.last_used_at.map(|at| LastUse { at: from_micros(at), address, user_agent, purpose }),
            revoked_at: self.revoked_at.map(from_micros),
            suspended_at: self.suspended_at.map(from_micros),
            stopped,
            rotated_at: self.rotated_at.map(from_micros),
            renewed_at: self.renewed_at.map(from_micros),
            networks: word(&self.networks)?,
            active_at: from_micros(self.active_at),
            suspended_for: self.suspended_for.as_deref().map(word).transpose()?,
            version: self.version,
        })
    }
}

#[derive(Queryable)]
pub(super) struct SettingsRow {
    only_admins_manage_machines: bool,
    version: i64,
    personal_tokens: bool,
    personal_max_days: Option<i64>,
    service_max_days: Option<i64>,
    agent_max_days: Option<i64>,
    allow_never: bool,
    default_days: Option<i64>,
    dormant_days: Option<i64>,
    agents_stopped_at: Option<i64>,
    audit_keep_days: Option<i64>,
}

columns!(SettingsRow of settings: only_admins_manage_machines, version, personal_tokens, personal_max_days, service_max_days,
    agent_max_days, allow_never, default_days, dormant_days, agents_stopped_at, audit_keep_days);

impl From<SettingsRow> for Settings {
    fn from(row: SettingsRow) -> Self {
        Self {
            only_admins_manage_machines: row.only_admins_manage_machines,
            tokens: TokenPolicy {
                personal_tokens: row.personal_tokens,
                personal_max_days: row.personal_max_days,
                service_max_days: row.service_max_days,
                agent_max_days: row.agent_max_days,
                allow_never: row.allow_never,
                default_days: row.default_days,
                dormant_days: row.dormant_days,
            },
            agents_stopped_at: row.agents_stopped_at.map(from_micros),
            audit_keep_days: row.audit_keep_days,
            version: row.version,
        }
    }
}

#[derive(Queryable)]
pub(super) struct SessionRow {
    id: i64,
    user_id: i64,
    pub(super) data: String,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    authenticated_at: i64,
    address: Option<String>,
    user_agent: Option<String>,
}

columns!(SessionRow of sessions: id, user_id, data, created_at, last_seen_at, expires_at, authenticated_at, address, user_agent);

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        Self {
            id: SessionId(row.id),
            user: UserId(row.user_id),
            created_at: from_micros(row.created_at),
            last_seen_at: from_micros(row.last_seen_at),
            expires_at: from_micros(row.expires_at),
            authenticated_at: from_micros(row.authenticated_at),
            address: row.address,
            user_agent: row.user_agent,
        }
    }
}

#[derive(Queryable)]
pub(super) struct ReplyRow {
    _key_hash: Vec<u8>,
    _token_id: i64,
    request_hash: Vec<u8>,
    status: i32,
    location: Option<String>,
    version: Option<i64>,
    body: Option<String>,
    _created_at: i64,
}

impl TryFrom<ReplyRow> for (Vec<u8>, Reply) {
    type Error = Error;

    fn try_from(row: ReplyRow) -> Result<Self> {
        let status = row.status.try_into();
        let status = status.map_err(|_| Error::internal(format!("the store holds the status {}", row.status)))?;
        let reply = Reply { status, location: row.location, version: row.version, body: row.body };
        Ok((row.request_hash, reply))
    }
}
