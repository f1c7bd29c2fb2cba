//! What administrators set for the whole portal.

/// The settings that are kept in the store and take effect at the next request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether only Admins make service and agent accounts, assign them to teams and manage their tokens (rule 8 of the
    /// specification's section 5).
    pub only_admins_manage_machines: bool,
    /// Counts changes.
    pub version: i64,
}
