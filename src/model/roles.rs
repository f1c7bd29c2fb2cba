//! Roles and what each holds: organisation roles, and team roles, predefined and custom. The table is that of the
//! specification.

use super::ids::RoleId;
use super::permissions::{Action, Permission, PermissionSet, Resource};

macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident: $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        // By hand, because the derived one tells the variants' names and not the words.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some(concat!($($doc),*).trim()))
                    .enum_values(Some(Self::ALL.iter().map(|word| word.as_str())))
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }

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
    /// How far into a team's applications a role reaches.
    AppLevel: "an application level" {
        /// Not at all.
        None = "none",
        /// Scopes that look.
        Read = "read",
        /// Scopes that change.
        Write = "write",
        /// All scopes.
        Admin = "admin",
    }
}

impl AppLevel {
    /// What a token's scopes leave of it: a token that may not look at applications has nothing to give there either.
    #[must_use]
    pub fn limited(self, scopes: PermissionSet) -> Self {
        let has = |action| scopes.has(Permission::new(Resource::Applications, action));
        let reach = if has(Action::Create) || has(Action::Delete) {
            Self::Admin
        } else if has(Action::Update) {
            Self::Write
        } else if has(Action::Read) {
            Self::Read
        } else {
            Self::None
        };
        self.min(reach)
    }
}

/// What a role gives at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grants {
    /// The permissions.
    pub permissions: PermissionSet,
    /// How far it reaches into applications.
    pub level: AppLevel,
}

impl Grants {
    /// Nothing.
    pub const NOTHING: Self = Self { permissions: PermissionSet::EMPTY, level: AppLevel::None };

    /// Whether it gives all that `other` gives.
    pub fn cover(self, other: Self) -> bool {
        other.permissions.without(self.permissions).is_empty() && other.level <= self.level
    }
}

/// A team role: what a member with it may do inside that team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamRole {
    /// Its id. The predefined ones have the first four.
    pub id: RoleId,
    /// Unique without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it gives.
    pub grants: Grants,
    /// Counts changes.
    pub version: i64,
}

impl TeamRole {
    /// What a team role can be about: not what belongs to the organisation, nor what everyone has of their own.
    pub fn resources() -> Vec<Resource> {
        let fits = |resource: &Resource| !resource.is_organisational() && *resource != Resource::Own;
        Resource::ALL.into_iter().filter(fits).collect()
    }

    /// Every permission that a team role can hold.
    pub fn grantable() -> PermissionSet {
        PermissionSet::all_of(&Self::resources())
    }

    /// Whether it is one of the four that are always there and never change.
    pub fn is_predefined(&self) -> bool {
        Predefined::of(self.id).is_some()
    }
}

words! {
    /// The team roles that are always there.
    Predefined: "a predefined team role" {
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

    /// What it gives everywhere. Whoever runs applications everywhere counts as reaching all of them when they grant; the use
    /// of an application's scope comes from a team role alone (rule 6).
    pub fn grants(self) -> Grants {
        let level = if self >= Self::Manager { AppLevel::Admin } else { AppLevel::None };
        Grants { permissions: self.holds(), level }
    }

    /// The organisation roles of those accounts that can do more once a team role gives `after` instead of `before`: what the
    /// organisation role gives anyway is no growth. The use of applications comes from team roles alone (rule 6), so that a
    /// longer reach into them is growth for everyone.
    pub fn growing(before: Grants, after: Grants) -> Vec<Self> {
        let new = after.permissions.without(before.permissions);
        let grows = |role: &Self| after.level > before.level || !new.without(role.holds()).is_empty();
        Self::ALL.iter().copied().filter(grows).collect()
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

impl Predefined {
    /// Its id, from the least to the most.
    pub fn id(self) -> RoleId {
        RoleId(self as i64 + 1)
    }

    /// The predefined role with this id.
    pub fn of(id: RoleId) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.id() == id)
    }

    /// What it gives inside the team.
    pub fn grants(self) -> Grants {
        let level = match self {
            Self::Viewer => AppLevel::Read,
            Self::Editor | Self::Maintainer => AppLevel::Write,
            Self::Owner => AppLevel::Admin,
        };
        Grants { permissions: self.holds(), level }
    }

    /// One line for pickers and the Roles page.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Owner => "Runs the team, its members, service accounts and tokens",
            Self::Maintainer => "Runs the team's service accounts and their tokens",
            Self::Editor => "Keeps the team's applications and webhooks",
            Self::Viewer => "Looks at what belongs to the team",
        }
    }

    fn holds(self) -> PermissionSet {
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
        for role in Predefined::ALL {
            assert!(role.holds().iter().all(|p| !p.resource.is_organisational()), "{role}");
        }
    }

    #[test]
    fn the_predefined_roles_reach_as_far_as_their_permissions() {
        for role in Predefined::ALL {
            assert_eq!(AppLevel::Admin.limited(role.holds()), role.grants().level, "{role}");
            assert_eq!(Predefined::of(role.id()), Some(*role));
        }
        assert_eq!(Predefined::of(RoleId(5)), None);
        assert_eq!((RoleId::VIEWER, RoleId::OWNER), (Predefined::Viewer.id(), Predefined::Owner.id()));
    }

    #[test]
    fn a_level_is_narrowed_by_scopes_and_never_widened() {
        let read = PermissionSet::each(Action::Read, &[Resource::Applications]);
        assert_eq!(AppLevel::Admin.limited(read), AppLevel::Read);
        assert_eq!(AppLevel::None.limited(PermissionSet::everything()), AppLevel::None);
        assert_eq!(AppLevel::Write.limited(PermissionSet::EMPTY), AppLevel::None);
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
