//! The predefined roles and what each holds. The table is that of the specification.

use super::permissions::{Action, PermissionSet, Resource};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them, from the least to the most.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on pages, in the API and in the store.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|role| role.as_str()).collect();
                    format!("{text} is not {}. Choose one of {}.", $what, known.join(", "))
                })
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a user may do everywhere.
    OrgRole: "an organisation role" {
        /// Nothing beyond their own things.
        Member = "Member",
        /// Looks at everything and keeps applications and webhooks.
        Editor = "Editor",
        /// Runs users, teams and tokens.
        Manager = "Manager",
        /// Everything.
        Admin = "Admin",
    }
}

words! {
    /// What a member may do inside one team.
    TeamRole: "a team role" {
        /// Looks.
        Viewer = "Viewer",
        /// Keeps applications and webhooks.
        Editor = "Editor",
        /// Runs the team's service accounts and tokens.
        Maintainer = "Maintainer",
        /// Runs the team.
        Owner = "Owner",
    }
}

impl OrgRole {
    /// What it holds everywhere.
    pub fn holds(self) -> PermissionSet {
        use Resource::{Applications, Audit, Roles, ServiceAccounts, Teams, Tokens, Users, Webhooks};
        match self {
            Self::Admin => PermissionSet::everything().without(PermissionSet::all_of(&[Resource::Own])),
            Self::Manager => PermissionSet::all_of(&[Users, ServiceAccounts, Teams, Tokens, Applications, Webhooks])
                .or(PermissionSet::each(Action::Read, &[Roles, Audit])),
            Self::Editor => PermissionSet::each(Action::Read, &[Users, Teams, Roles, Applications])
                .or(PermissionSet::each(Action::Create, &[Applications, Webhooks]))
                .or(PermissionSet::each(Action::Update, &[Applications, Webhooks])),
            Self::Member => PermissionSet::EMPTY,
        }
    }

    /// One line for pickers.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Admin => "Everything, settings and other Admins included",
            Self::Manager => "Users, service accounts, teams and tokens everywhere",
            Self::Editor => "Reads users and teams; keeps applications and webhooks",
            Self::Member => "Nothing beyond their own things and their teams",
        }
    }
}

impl TeamRole {
    /// What it holds inside the team.
    pub fn holds(self) -> PermissionSet {
        use Resource::{Applications, Audit, ServiceAccounts, Teams, Tokens, Webhooks};
        match self {
            Self::Owner => PermissionSet::all_of(&[ServiceAccounts, Teams, Tokens, Applications, Webhooks])
                .or(PermissionSet::each(Action::Read, &[Audit])),
            Self::Maintainer => PermissionSet::all_of(&[ServiceAccounts, Tokens, Webhooks])
                .or(PermissionSet::each(Action::Read, &[Applications, Teams]))
                .or(PermissionSet::each(Action::Update, &[Applications])),
            Self::Editor => {
                PermissionSet::each(Action::Read, &[Applications, Webhooks, ServiceAccounts, Tokens, Teams])
                    .or(PermissionSet::each(Action::Update, &[Applications, Webhooks]))
            }
            Self::Viewer => {
                PermissionSet::each(Action::Read, &[ServiceAccounts, Teams, Tokens, Applications, Webhooks])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_team_role_holds_what_belongs_to_the_organisation() {
        for role in TeamRole::ALL {
            assert!(role.holds().iter().all(|p| !p.resource.is_organisational()), "{role}");
        }
    }

    #[test]
    fn only_admins_hold_settings_and_change_roles() {
        for role in [OrgRole::Member, OrgRole::Editor, OrgRole::Manager] {
            let beyond = role.holds().and(
                PermissionSet::all_of(&[Resource::Settings, Resource::Roles])
                    .without(PermissionSet::each(Action::Read, &[Resource::Roles])),
            );
            assert!(beyond.is_empty(), "{role} holds {beyond}");
        }
    }
}
