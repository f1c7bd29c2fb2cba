//! Permissions, `resource:action`, and sets of them. A token's scopes are drawn from the same words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a permission is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// People, and the list of all users.
    Users,
    /// Service and agent accounts.
    ServiceAccounts,
    /// Teams and their members.
    Teams,
    /// Roles.
    Roles,
    /// Access tokens.
    Tokens,
    /// APIs outside that trust Latchkey's tokens.
    Applications,
    /// Webhooks.
    Webhooks,
    /// The audit log.
    Audit,
    /// Settings of the whole portal.
    Settings,
    /// One's own profile, sessions and tokens.
    Own,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Look.
    Read,
    /// Make.
    Create,
    /// Change.
    Update,
    /// Remove.
    Delete,
}

impl Resource {
    /// All of them, in the order in which pages list them.
    pub const ALL: [Self; 10] = [
        Self::Users,
        Self::ServiceAccounts,
        Self::Teams,
        Self::Roles,
        Self::Tokens,
        Self::Applications,
        Self::Webhooks,
        Self::Audit,
        Self::Settings,
        Self::Own,
    ];

    /// The word in a permission.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::ServiceAccounts => "service_accounts",
            Self::Teams => "teams",
            Self::Roles => "roles",
            Self::Tokens => "tokens",
            Self::Applications => "applications",
            Self::Webhooks => "webhooks",
            Self::Audit => "audit",
            Self::Settings => "settings",
            Self::Own => "self",
        }
    }

    /// The name on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::ServiceAccounts => "Service accounts",
            Self::Teams => "Teams",
            Self::Roles => "Roles",
            Self::Tokens => "Tokens",
            Self::Applications => "Applications",
            Self::Webhooks => "Webhooks",
            Self::Audit => "Audit log",
            Self::Settings => "Settings",
            Self::Own => "Own account",
        }
    }

    /// What can be done with it.
    pub fn actions(self) -> &'static [Action] {
        use Action::{Create, Delete, Read, Update};
        match self {
            Self::Audit => &[Read],
            Self::Settings | Self::Own => &[Read, Update],
            _ => &[Read, Create, Update, Delete],
        }
    }

    /// Whether it belongs to the organisation alone, so that no team role can hold it.
    pub fn is_organisational(self) -> bool {
        matches!(self, Self::Users | Self::Roles | Self::Settings)
    }
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Update, Self::Delete];

    /// The word in a permission.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// One permission, written `resource:action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// About what.
    pub resource: Resource,
    /// Doing what.
    pub action: Action,
}

impl Permission {
    /// `resource:action`.
    pub const fn new(resource: Resource, action: Action) -> Self {
        Self { resource, action }
    }

    /// Every permission that exists, in the order of pages.
    pub fn all() -> impl Iterator<Item = Self> {
        Resource::ALL.into_iter().flat_map(|r| r.actions().iter().map(move |a| Self::new(r, *a)))
    }

    fn bit(self) -> u64 {
        1 << (self.resource as u64 * 4 + self.action as u64)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource.slug(), self.action.slug())
    }
}

/// A word that is no permission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not a scope. Scopes are written resource:action, for example users:read, or slug:scope for an application."
)]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all().find(|p| p.to_string() == text).ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// Everything.
    pub fn everything() -> Self {
        Permission::all().collect()
    }

    /// All actions on each of `resources`.
    pub fn all_of(resources: &[Resource]) -> Self {
        Permission::all().filter(|p| resources.contains(&p.resource)).collect()
    }

    /// `action` on each of `resources`.
    pub fn each(action: Action, resources: &[Resource]) -> Self {
        resources.iter().map(|r| Permission::new(*r, action)).collect()
    }

    /// Whether `permission` is among them.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// In either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// In this and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of pages.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::all().filter(move |p| self.has(*p))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(iter: I) -> Self {
        Self(iter.into_iter().fold(0, |bits, p| bits | p.bit()))
    }
}

impl fmt::Display for PermissionSet {
    /// Separated by blanks, as RFC 6749, section 3.3 writes scopes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(|p| p.to_string()).collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl FromStr for PermissionSet {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_whitespace().map(Permission::from_str).collect()
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        words.iter().map(|word| Permission::from_str(word)).collect::<Result<_, _>>().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_written_and_read_back() {
        for permission in Permission::all() {
            assert_eq!(permission.to_string().parse(), Ok(permission));
        }
        assert!("users:fly".parse::<Permission>().is_err());
        assert!("settings:delete".parse::<Permission>().is_err());
    }

    #[test]
    fn no_two_permissions_share_a_bit() {
        let all: Vec<_> = Permission::all().collect();
        assert_eq!(PermissionSet::everything().iter().count(), all.len());
    }
}
