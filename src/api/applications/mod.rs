//! `/api/v1/applications`.

mod answer;
pub mod credential;
pub mod scopes;
pub mod teams;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::answer::{ApplicationAnswer, ApplicationDetails};
use self::scopes::ScopeWanted;
use crate::api::answer::{List, changed, created, nothing, ok, tagged};
use crate::api::body::{Body, given};
use crate::api::call::Call;
use crate::api::openapi::{Alters, Drops, Lists, Makes, Reads};
use crate::api::query::{FromParams, Paging, Params};
use crate::api::{Answer, ApiError};
use crate::model::ids::ApplicationId;
use crate::service::applications::{self, Change, NewApplication};
use crate::service::by_name::{self, ApplicationWanted};

/// A new application, with its scopes and the teams that may use it: all of it is made, or nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApplication {
    /// Unique without regard to case.
    #[schema(max_length = 100, example = "Reports")]
    name: String,
    /// What its scopes begin with; made from the name where it is left out. It never changes.
    #[serde(default)]
    #[schema(max_length = 40, example = "reports")]
    slug: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// The name of the team whose people keep it.
    #[schema(required = true, nullable = false, example = "Data Engineering")]
    #[serde(default)]
    home_team: Option<String>,
    /// For whom tokens used there are meant (`aud`); the slug where it is left out.
    #[serde(default)]
    #[schema(max_length = 200, example = "https://reports.example.com")]
    audience: Option<String>,
    /// Its scopes.
    #[serde(default)]
    #[schema(max_items = 100)]
    scopes: Vec<ScopeWanted>,
    /// The names of the teams with access.
    #[serde(default)]
    #[schema(example = json!(["Data Quality"]))]
    teams: Vec<String>,
}

impl From<CreateApplication> for ApplicationWanted {
    fn from(new: CreateApplication) -> Self {
        let fields = NewApplication {
            name: new.name,
            slug: new.slug.unwrap_or_default(),
            description: new.description.unwrap_or_default(),
            audience: new.audience.unwrap_or_default(),
            ..NewApplication::default()
        };
        let scopes = new.scopes.into_iter().map(Into::into).collect();
        Self { fields, home_team: new.home_team, scopes, teams: new.teams }
    }
}

/// What is to be changed of an application. What is left out stays as it is; the slug always does.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeApplication {
    /// Another name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    /// Another description.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
    /// The name of another home, in which the caller may make applications too.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 100)]
    home_team: Option<String>,
    /// Another audience.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 200)]
    audience: Option<String>,
}

/// Which applications are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApplicationQuery {
    /// Part of a name or slug.
    #[param(required = false)]
    q: String,
}

impl FromParams for ApplicationQuery {
    fn take(params: &mut Params) -> Self {
        Self { q: params.text("q").unwrap_or_default() }
    }
}

/// The id of an application in the path.
fn id(call: &Call) -> Result<ApplicationId, ApiError> {
    call.id("id", "application")
}

/// Make an application
///
/// It needs `applications:create` in its home, and `applications:update` there where it gets scopes or teams.
#[utoipa::path(
    post, path = "/api/v1/applications", tag = "Applications", operation_id = "createApplication",
    request_body(content = CreateApplication, example = json!({"name": "Reports", "home_team": "Data Engineering", "scopes": [{"name": "read", "level": "read", "description": "Look at reports"}], "teams": ["Data Quality"]})),
    responses((status = 201, description = "It was made.", body = ApplicationDetails,
        headers(("Location" = String, description = "The path of the application."), ("ETag" = String, description = "The application's version."))), Makes),
)]
pub async fn create(call: Call, body: Body) -> Answer {
    call.write(body.read::<CreateApplication>(), |cx, new| {
        let made = by_name::create_application(cx, new.into())?;
        let made = ApplicationDetails::from(applications::get(cx, made.id)?);
        created(format!("/api/v1/applications/{}", made.id()), Some(made.version()), &made)
    })
    .await
}

/// List applications
///
/// Those that the caller may read, by name.
#[utoipa::path(
    get, path = "/api/v1/applications", tag = "Applications", operation_id = "listApplications", params(ApplicationQuery, Paging),
    responses((status = 200, description = "A page of applications.", body = List<ApplicationAnswer>), Lists),
)]
pub async fn list(call: Call) -> Answer {
    let page = call.list(call.query::<(ApplicationQuery, Paging)>(), |cx, (query, paging)| {
        let page = applications::page(cx, &query.q, &paging.request(false))?;
        List::of(page, |items| Ok(items.into_iter().map(ApplicationAnswer::from).collect()))
    });
    ok(page.await?)
}

/// Get an application
#[utoipa::path(
    get, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "getApplication",
    params(("id" = i64, Path, description = "The application's id.")),
    responses((status = 200, description = "The application.", body = ApplicationDetails, headers(("ETag" = String, description = "The application's version."))), Reads),
)]
pub async fn get(call: Call) -> Answer {
    let found = call.read(id(&call), applications::get);
    let found = ApplicationDetails::from(found.await?);
    tagged(found.version(), found)
}

/// Change an application
#[utoipa::path(
    patch, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "changeApplication",
    params(("id" = i64, Path, description = "The application's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with: changes nothing where somebody else changed it since.", example = "\"3\"")),
    request_body(content = ChangeApplication, example = json!({"description": "Nightly reports"})),
    responses((status = 200, description = "The application as it is now.", body = ApplicationDetails, headers(("ETag" = String, description = "The application's version."))), Alters),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (id(&call), call.if_match(), body.read::<ChangeApplication>());
    call.write(input, |cx, (id, version, wanted)| {
        let ChangeApplication { name, description, home_team, audience } = wanted;
        let change = Change { version, name, description, home: None, audience };
        let after = by_name::change_application(cx, id, change, home_team.as_deref())?;
        let after = ApplicationDetails::from(applications::told(cx, after)?);
        changed(Some(after.version()), &after)
    })
    .await
}

/// Delete an application
///
/// Its scopes go from every token, and nothing checks tokens for it any more.
#[utoipa::path(
    delete, path = "/api/v1/applications/{id}", tag = "Applications", operation_id = "deleteApplication",
    params(("id" = i64, Path, description = "The application's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 204, description = "It is gone."), Drops),
)]
pub async fn delete(call: Call) -> Answer {
    let input = (id(&call), call.if_match());
    call.write(input, |cx, (id, version)| {
        applications::delete(cx, id, version)?;
        nothing()
    })
    .await
}
