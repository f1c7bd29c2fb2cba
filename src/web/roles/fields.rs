//! The fields of a custom role, shared by making one and changing one.

use crate::model::error::Problems;
use crate::model::permissions::{Permission, PermissionSet};
use crate::model::roles::{AppLevel, Grants, TeamRole};
use crate::model::{Error, Result};
use crate::web::Fields;
use crate::web::grid::{Grid, Ticks};
use crate::web::view::{Choice, Field, form_error};

/// The fields as they are posted.
const NAMES: &[&str] = &["name", "description", "level", "permissions"];

/// The fields.
pub(super) struct RoleForm {
    pub error: Option<String>,
    pub name: Field,
    pub description: Field,
    pub level: Field,
    pub levels: Vec<Choice>,
    pub grid: Grid,
}

/// What the fields hold where nothing was typed yet.
pub(super) struct Start {
    pub name: String,
    pub description: String,
    pub grants: Grants,
    /// What is in the store already, against which changes are marked.
    pub was: Option<PermissionSet>,
}

impl Start {
    /// The fields of a role that is there.
    pub fn of(role: &TeamRole) -> Self {
        let (name, description) = (role.name.clone(), role.description.clone());
        Self { name, description, grants: role.grants, was: Some(role.grants.permissions) }
    }

    /// The fields of a new role that begins as a copy of another, or with nothing.
    pub fn copied(role: Option<&TeamRole>) -> Self {
        match role {
            Some(role) => Self { name: format!("Copy of {}", role.name), was: None, ..Self::of(role) },
            None => Self { name: String::new(), description: String::new(), grants: Grants::NOTHING, was: None },
        }
    }
}

impl RoleForm {
    /// The form: with what was typed and what is wrong with it, or as it begins.
    pub fn new(start: &Start, typed: Option<&Fields>, error: Option<&Error>) -> Self {
        let held = |name: &str, start: &str| typed.map_or(start.to_owned(), |typed| typed.get(name).to_owned());
        let field = |name, start: &str| Field::new(name, held(name, start)).judged(error);
        let level = field("level", start.grants.level.as_str());
        let on = typed.map_or(start.grants.permissions, |typed| typed.parse_all("permission").into_iter().collect());
        let ticks = Ticks { on, was: start.was };
        let grid = Grid::edit("permissions", "permission", &TeamRole::resources(), TeamRole::grantable(), ticks);
        Self {
            error: error.filter(|error| !matches!(error, Error::Stale)).map(|error| form_error(error, NAMES)),
            name: field("name", &start.name),
            description: field("description", &start.description),
            levels: AppLevel::ALL
                .iter()
                .map(|word| Choice::new(word.as_str(), level_label(*word), &level.value))
                .collect(),
            level,
            grid: grid
                .titled("Permissions", "What a member with this role may do in the team.")
                .judged(error.and_then(|error| error.of_field("permissions"))),
        }
    }
}

/// A level in a few words.
pub(super) fn level_label(level: AppLevel) -> &'static str {
    match level {
        AppLevel::None => "None: not at all",
        AppLevel::Read => "Read: scopes that look",
        AppLevel::Write => "Write: scopes that change, too",
        AppLevel::Admin => "Admin: all scopes",
    }
}

/// What was typed.
pub(super) struct Typed {
    pub name: String,
    pub description: String,
    pub permissions: PermissionSet,
    pub level: AppLevel,
}

/// Reads the form.
///
/// # Errors
/// What cannot be read, at its field.
pub(super) fn read(fields: &Fields) -> Result<Typed> {
    let mut problems = Problems::default();
    let permissions: Option<PermissionSet> =
        fields.all("permission").map(|word| word.parse::<Permission>().ok()).collect();
    if permissions.is_none() {
        problems.add("permissions", "One of these is no permission. Tick them again.");
    }
    let level = fields.parse::<AppLevel>("level");
    if level.is_none() {
        problems.add("level", "Choose how far the role reaches into applications.");
    }
    problems.check()?;
    Ok(Typed {
        name: fields.get("name").to_owned(),
        description: fields.get("description").to_owned(),
        permissions: permissions.unwrap_or_default(),
        level: level.unwrap_or(AppLevel::None),
    })
}
