//! The integer ids of the store, one type each so that none is taken for another.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A user of any kind. Never used twice.
    UserId,
    /// A team. Never used twice.
    TeamId,
    /// An access token.
    TokenId,
    /// A log-in session of the portal.
    SessionId,
    /// A team role.
    RoleId,
    /// An application. Never used twice.
    ApplicationId,
    /// A scope of an application. Never used twice.
    ScopeId,
}

impl RoleId {
    /// The predefined role Viewer.
    pub const VIEWER: Self = Self(1);
    /// The predefined role Editor.
    pub const EDITOR: Self = Self(2);
    /// The predefined role Maintainer.
    pub const MAINTAINER: Self = Self(3);
    /// The predefined role Owner.
    pub const OWNER: Self = Self(4);
}

impl TeamId {
    /// The team that always exists, in which everyone is and which gives nothing.
    pub const PUBLIC: Self = Self(1);

    /// Whether this is `Public`.
    pub fn is_public(self) -> bool {
        self == Self::PUBLIC
    }
}
