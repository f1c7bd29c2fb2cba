//! What administrators set for the whole portal: one row.

use diesel::prelude::*;

use time::OffsetDateTime;

use super::db::{Tx, count_rows, failed};
use super::rows::SettingsRow;
use super::schema::settings;
use super::sql::{Statement, sql};
use super::tokens::{good, lasting};
use crate::base::clock::to_micros;
use crate::model::ids::RoleId;
use crate::model::permissions::PermissionSet;
use crate::model::roles::OrgRole;
use crate::model::settings::{Affected, Agents, Settings};
use crate::model::{Error, Result};

/// The settings.
///
/// # Errors
/// A fault.
pub fn get(tx: &mut Tx<'_>) -> Result<Settings> {
    let row = settings::table.select(SettingsRow::columns()).filter(settings::id.eq(1));
    tx.find::<SettingsRow, _>(row)?.map(Settings::from).ok_or_else(missing)
}

/// Writes them, and counts their version up.
///
/// # Errors
/// A fault.
pub fn update(tx: &mut Tx<'_>, new: &Settings) -> Result<Settings> {
    let tokens = &new.tokens;
    diesel::update(settings::table.filter(settings::id.eq(1)))
        .set((
            settings::only_admins_manage_machines.eq(new.only_admins_manage_machines),
            settings::personal_tokens.eq(tokens.personal_tokens),
            settings::personal_max_days.eq(tokens.personal_max_days),
            settings::service_max_days.eq(tokens.service_max_days),
            settings::agent_max_days.eq(tokens.agent_max_days),
            settings::allow_never.eq(tokens.allow_never),
            settings::default_days.eq(tokens.default_days),
            settings::dormant_days.eq(tokens.dormant_days),
            settings::audit_keep_days.eq(new.audit_keep_days),
            settings::version.eq(settings::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx)
}

fn missing() -> Error {
    Error::internal("the store has no settings")
}

/// Whether all AI agents are stopped.
///
/// # Errors
/// A fault.
pub fn agents_are_stopped(tx: &mut Tx<'_>) -> Result<bool> {
    let since = settings::table.filter(settings::id.eq(1)).select(settings::agents_stopped_at);
    Ok(tx.find::<Option<i64>, _>(since)?.ok_or_else(missing)?.is_some())
}

/// Stops all AI agents since a moment, and counts the version up.
///
/// # Errors
/// A fault.
pub fn stop_agents(tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<Settings> {
    diesel::update(settings::table.filter(settings::id.eq(1)))
        .set((settings::agents_stopped_at.eq(to_micros(now)), settings::version.eq(settings::version + 1)))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx)
}

/// Lets all AI agents go again, and counts the version up.
///
/// # Errors
/// A fault.
pub fn resume_agents(tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<Settings> {
    diesel::update(settings::table.filter(settings::id.eq(1)))
        .set((
            settings::agents_stopped_at.eq(None::<i64>),
            settings::agents_resumed_at.eq(to_micros(now)),
            settings::version.eq(settings::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx)
}

/// Whom the switch stops.
///
/// # Errors
/// A fault.
pub fn agents(tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<Agents> {
    let tokens =
        sql("FROM tokens WHERE kind = 'Agent' AND user_id IN (SELECT id FROM users WHERE disabled_at IS NULL) AND ")
            .then(lasting(now));
    Ok(Agents {
        accounts: count_rows(tx, sql("FROM users WHERE kind = 'agent' AND disabled_at IS NULL"))?,
        global_admin: count_rows(tx, tokens.clone().sql(" AND global_admin"))?,
        tokens: count_rows(tx, tokens)?,
    })
}

/// Who holds one of `narrowed` by an organisation role or by one of these team roles.
///
/// # Errors
/// A fault.
pub fn affected(
    tx: &mut Tx<'_>,
    team_roles: &[RoleId],
    narrowed: PermissionSet,
    now: OffsetDateTime,
) -> Result<Affected> {
    let org = |admins: bool| {
        let roles = OrgRole::ALL.iter().filter(|role| !role.holds().and(narrowed).is_empty());
        let roles = roles.filter(|role| admins || **role != OrgRole::Admin);
        roles.map(|role| format!("'{role}'")).collect::<Vec<_>>().join(", ")
    };
    let in_teams = |words: String| sql(words).among(team_roles.iter().map(|role| role.0));
    let holders = "u.id IN (SELECT user_id FROM memberships WHERE role_id";
    let person = "u.kind = 'person' AND u.disabled_at IS NULL AND u.role <> 'Admin'";
    let scopes: Vec<_> = narrowed.iter().map(|scope| format!("t.scopes LIKE '%{scope}%'")).collect();
    let with_token: Statement = sql(" AND EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = u.id AND ")
        .then(good(now))
        .sql(format!(" AND NOT t.global_admin AND ({}))", scopes.join(" OR ")));
    let (everywhere, all) = (org(false), org(true));
    let mut count = |from: Statement| count_rows(tx, from);
    Ok(Affected {
        people: count(
            in_teams(format!("FROM users u WHERE {person} AND (u.role IN ({everywhere}) OR {holders}")).sql("))"),
        )?,
        everywhere: count(sql(format!("FROM users u WHERE {person} AND u.role IN ({everywhere})")))?,
        teams: count(
            in_teams(format!(
                "FROM (SELECT DISTINCT m.team_id FROM memberships m JOIN users u ON u.id = m.user_id \
                 WHERE {person} AND u.role NOT IN ({everywhere}) AND m.role_id"
            ))
            .sql(") AS held"),
        )?,
        machines: count(
            in_teams(format!(
                "FROM users u WHERE u.kind <> 'person' AND u.disabled_at IS NULL AND (\
                 (u.role IN ({all}) AND u.id IN (SELECT user_id FROM memberships)) OR {holders}"
            ))
            .sql("))")
            .then(with_token),
        )?,
    })
}
