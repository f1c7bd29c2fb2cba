//! What administrators set for the whole portal.

use time::OffsetDateTime;

use super::audit::{KEEP_AT_LEAST, KEEP_AT_MOST};
use super::tokens::TokenPolicy;
use super::{Error, Result};

/// The settings that are kept in the store and take effect at the next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether only Admins make service and agent accounts, assign them to teams and manage their tokens (rule 8 of the
    /// specification's section 5).
    pub only_admins_manage_machines: bool,
    /// What is allowed of tokens.
    pub tokens: TokenPolicy,
    /// Since when all AI agents are stopped, where they are.
    pub agents_stopped_at: Option<OffsetDateTime>,
    /// After how many days entries of the audit log are removed; never without it.
    pub audit_keep_days: Option<i64>,
    /// Counts changes.
    pub version: i64,
}

/// Whom the switch stops that stops all AI agents. Counting stops after 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agents {
    /// Enabled agents.
    pub accounts: i64,
    /// Their tokens that are good, or would be if they were not stopped.
    pub tokens: i64,
    /// How many of those act as an Admin.
    pub global_admin: i64,
}

impl Settings {
    /// Whether all of it can be meant.
    ///
    /// # Errors
    /// What is wrong, at its field.
    pub fn check(&self) -> Result<()> {
        self.tokens.check()?;
        if self.audit_keep_days.is_some_and(|days| !(KEEP_AT_LEAST..=KEEP_AT_MOST).contains(&days)) {
            let told = format!("Choose from {KEEP_AT_LEAST} to {KEEP_AT_MOST} days, or leave it empty.");
            return Err(Error::field("audit_keep_days", told));
        }
        Ok(())
    }
}

/// Who holds by a role what rule 8 leaves to Admins. Counting stops after 10,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// Enabled people who are no Admins.
    pub people: i64,
    /// Those of them who hold it everywhere, as Managers.
    pub everywhere: i64,
    /// The teams in which the others hold it.
    pub teams: i64,
    /// Enabled service and agent accounts that hold it and have a good token with a scope for it.
    pub machines: i64,
}
