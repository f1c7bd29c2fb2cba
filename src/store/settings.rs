//! What administrators set for the whole portal: one row.

use diesel::prelude::*;

use super::db::{Tx, failed};
use super::schema::settings;
use crate::model::Result;
use crate::model::settings::Settings;

/// The settings.
///
/// # Errors
/// A fault.
pub fn get(tx: &mut Tx<'_>) -> Result<Settings> {
    let row =
        settings::table.filter(settings::id.eq(1)).select((settings::only_admins_manage_machines, settings::version));
    let (only_admins_manage_machines, version) = row.get_result::<(bool, i64)>(tx.conn).map_err(failed)?;
    Ok(Settings { only_admins_manage_machines, version })
}

/// Writes them, and counts their version up.
///
/// # Errors
/// A fault.
pub fn update(tx: &mut Tx<'_>, new: &Settings) -> Result<Settings> {
    diesel::update(settings::table.filter(settings::id.eq(1)))
        .set((
            settings::only_admins_manage_machines.eq(new.only_admins_manage_machines),
            settings::version.eq(settings::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx)
}
