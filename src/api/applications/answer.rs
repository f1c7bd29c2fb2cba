//! How applications are told.

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::applications::{Application, Scope};
use crate::model::roles::AppLevel;
use crate::service::applications::{ApplicationInfo, Listed};

/// What is told of an application wherever it is told.
#[derive(Serialize, ToSchema)]
#[schema(as = ApplicationFields)]
pub struct Fields {
    /// Its id; never used twice.
    #[schema(example = 7)]
    id: i64,
    /// Its id outside, which is its `client_id`.
    uuid: Uuid,
    /// What its scopes begin with.
    #[schema(example = "reports")]
    slug: String,
    /// Its name.
    #[schema(example = "Reports")]
    name: String,
    /// What it is for.
    description: String,
    /// The name of the team whose people keep it; null where the caller may not know of it.
    #[schema(required, example = "Data Engineering")]
    home_team: Option<String>,
    /// For whom tokens used there are meant (`aud`).
    #[schema(example = "reports")]
    audience: String,
    /// When it was made.
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    /// Counts changes of it, of its scopes, its teams and its credential; `ETag` has it too.
    #[schema(example = 1)]
    version: i64,
}

impl From<(Application, Option<String>)> for Fields {
    fn from((application, home_team): (Application, Option<String>)) -> Self {
        Self {
            id: application.id.0,
            uuid: application.uuid,
            slug: application.slug,
            name: application.name,
            description: application.description,
            home_team,
            audience: application.audience,
            created_at: application.created_at,
            version: application.version,
        }
    }
}

/// An application in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Application)]
pub struct ApplicationAnswer {
    #[serde(flatten)]
    fields: Fields,
    /// How many scopes it has.
    #[schema(example = 3)]
    scope_count: usize,
    /// How many teams have access.
    #[schema(example = 2)]
    team_count: usize,
}

impl From<Listed> for ApplicationAnswer {
    fn from(listed: Listed) -> Self {
        let Listed { application, home, scopes, teams } = listed;
        Self { fields: (application, home).into(), scope_count: scopes, team_count: teams }
    }
}

/// An application.
#[derive(Serialize, ToSchema)]
pub struct ApplicationDetails {
    #[serde(flatten)]
    fields: Fields,
    /// Its scopes, by name.
    scopes: Vec<ScopeAnswer>,
}

impl ApplicationDetails {
    /// Its id.
    pub fn id(&self) -> i64 {
        self.fields.id
    }

    /// Its version.
    pub fn version(&self) -> i64 {
        self.fields.version
    }
}

impl From<ApplicationInfo> for ApplicationDetails {
    fn from(info: ApplicationInfo) -> Self {
        let ApplicationInfo { application, home, scopes, tokens, .. } = info;
        let told = |scope: &Scope| ScopeAnswer::of(&application, scope, tokens.get(&scope.id).copied());
        Self { scopes: scopes.iter().map(told).collect(), fields: (application, home).into() }
    }
}

/// A scope of an application.
#[derive(Serialize, ToSchema)]
#[schema(as = ApplicationScope)]
pub struct ScopeAnswer {
    /// As tokens have it.
    #[schema(example = "reports:read")]
    scope: String,
    /// Its name in the application.
    #[schema(example = "read")]
    name: String,
    /// What it allows.
    #[schema(example = "Look at reports")]
    description: String,
    /// How far a team role has to reach for it.
    level: AppLevel,
    /// How many tokens that were not revoked have it.
    #[schema(example = 4)]
    tokens: i64,
}

impl ScopeAnswer {
    /// This scope of `application`, which so many tokens have.
    pub fn of(application: &Application, scope: &Scope, tokens: Option<i64>) -> Self {
        Self {
            scope: scope.of(application).to_string(),
            name: scope.name.clone(),
            description: scope.description.clone(),
            level: scope.level,
            tokens: tokens.unwrap_or_default(),
        }
    }
}
