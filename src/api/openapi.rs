//! The OpenAPI 3.1 document of the API, made from the code that answers.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi as _};

use super::errors::{Mistake, Problem};
use super::idempotency::Idempotent;
use super::{applications, audit, leaks, me, members, permissions, roles, settings, teams, tokens, users};
use crate::http::export::Format;
use crate::model::audit::{ActorKind, Outcome};
use crate::model::tokens::{Ending, Usage};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Latchkey",
        description = "Users, service accounts, teams and access tokens. Send an access token as `Authorization: Bearer`. \
                       What goes wrong is told as `application/problem+json` (RFC 9457). Lists come in pages: send \
                       `next_cursor` of one as `cursor` for the next. Unknown fields and query parameters are refused. \
                       Every write takes an `Idempotency-Key`, with which it can be sent again safely for 24 hours: it is done \
                       once, and the answer comes again with `Idempotent-Replayed: true`, without secrets.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        me::get,
        users::create, users::list, users::get, users::change, users::delete,
        users::acts::end_sessions, users::acts::revoke_tokens, users::acts::link,
        users::acts::turn_into_service, users::acts::turn_into_person,
        users::handover::get, users::handover::hand_over, permissions::of_user,
        tokens::create, tokens::list, tokens::get, tokens::change, tokens::revoke, permissions::of_token,
        tokens::acts::rotate, tokens::acts::finish, tokens::acts::suspend, tokens::acts::resume, leaks::report,
        tokens::inventory::list, tokens::inventory::look_up, tokens::inventory::cap,
        teams::create, teams::list, teams::get, teams::change, teams::delete, teams::move_homes,
        members::list, members::set, members::remove,
        applications::create, applications::list, applications::get, applications::change, applications::delete,
        applications::scopes::put, applications::scopes::remove,
        applications::teams::list, applications::teams::open, applications::teams::close,
        applications::credential::get, applications::credential::issue, applications::credential::finish, applications::credential::remove,
        roles::create, roles::list, roles::get, roles::change, roles::delete, roles::members,
        settings::get, settings::change, settings::stop_agents, settings::resume_agents,
        audit::list, audit::export, audit::get,
    ),
    components(schemas(Problem, Mistake, Ending, Usage, ActorKind, Outcome, Format)),
    modifiers(&Bearer, &ListsRefer, &Idempotent),
    security(("token" = [])),
    tags(
        (name = "Users", description = "People, service accounts and AI agents."),
        (name = "Tokens", description = "Access tokens."),
        (name = "Teams", description = "Teams and their members."),
        (name = "Roles", description = "Team roles, predefined and custom, and who has them."),
        (name = "Applications", description = "APIs outside that trust Latchkey's tokens: their scopes, the teams that may use them, and their credentials."),
        (name = "Settings", description = "What holds for the whole portal."),
        (name = "Audit", description = "Every change, log-in and refusal."),
    ),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token, as it was told when it was made: `lk_svc_`, `lk_agt_` or `lk_pat_` and what follows.",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// Has the lists refer to what they list, instead of describing it again.
struct ListsRefer;

impl Modify for ListsRefer {
    fn modify(&self, document: &mut OpenApi) {
        let schemas = document.components.iter_mut().flat_map(|all| all.schemas.iter_mut());
        for (name, schema) in schemas {
            if let Some(item) = name.strip_prefix("List_")
                && let RefOr::T(Schema::Object(list)) = schema
                && let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items")
            {
                items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
            }
        }
    }
}

/// The OpenAPI 3.1 document.
pub fn document() -> OpenApi {
    Document::openapi()
}

/// `GET /api/openapi.json`: the document, to anybody.
pub async fn json() -> HttpResponse {
    static TEXT: OnceLock<Result<String, String>> = OnceLock::new();
    match TEXT.get_or_init(|| document().to_json().map_err(|error| error.to_string())) {
        Ok(text) => HttpResponse::Ok().content_type("application/json").body(text.as_str()),
        Err(error) => {
            tracing::error!(error, "the OpenAPI document cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($status:literal),+;)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($status),+].into_iter().map(problem).collect()
            }
        }
    )+};
}

problems! {
    /// The problems of lists and of the caller's own account.
    Lists: 400, 401, 403, 503;
    /// The problems of looking at one thing.
    Reads: 400, 401, 403, 404, 503;
    /// The problems of looking at what may not apply.
    Asks: 400, 401, 403, 404, 409, 503;
    /// The problems of making something that belongs to nothing else.
    Makes: 400, 401, 403, 413, 415, 422, 503;
    /// The problems of finding something by a body.
    Finds: 400, 401, 403, 404, 413, 415, 422, 503;
    /// The problems of changing what is always there.
    Sets: 400, 401, 403, 412, 413, 415, 422, 503;
    /// The problems of an act on what is always there.
    Turns: 400, 401, 403, 412, 422, 503;
    /// The problems of an act that nothing stands in the way of.
    Acts: 400, 401, 403, 404, 422, 503;
    /// The problems of an act that may not apply.
    Tries: 400, 401, 403, 404, 409, 422, 503;
    /// The problems of an act on everything.
    Sweeps: 400, 401, 403, 422, 503;
    /// The problems of making something.
    Creates: 400, 401, 403, 404, 409, 413, 415, 422, 503;
    /// The problems of changing something.
    Changes: 400, 401, 403, 404, 409, 412, 413, 415, 422, 503;
    /// The problems of changing what nothing stands in the way of.
    Alters: 400, 401, 403, 404, 412, 413, 415, 422, 503;
    /// The problems of removing what nothing stands in the way of.
    Drops: 400, 401, 403, 404, 412, 422, 503;
    /// The problems of removing something.
    Deletes: 400, 401, 403, 404, 409, 412, 422, 503;
    /// The problems of what anybody may send.
    Reports: 400, 413, 415, 422, 429, 503;
}

fn problem(status: u16) -> (String, RefOr<Response>) {
    let meaning = match status {
        400 => "The body is not JSON, or a query parameter or header has to be mended.",
        401 => "There is no access token, or one that is not good; WWW-Authenticate says which (RFC 6750).",
        403 => "The token or its account may not do this; missing_permission names what is missing.",
        404 => "There is no such thing, or none that the caller may know of.",
        409 => "It cannot be done in the present state.",
        412 => "It was changed since the version in If-Match.",
        413 => "The body is larger than 64 KiB.",
        415 => "The body is not sent as JSON.",
        422 => {
            "Fields have to be mended; errors says which. Without errors: the Idempotency-Key came with another request before."
        }
        429 => "There were too many from this address; Retry-After says when the next is heard.",
        503 => "There is too much at once; Retry-After says when to try again.",
        _ => StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default(),
    };
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(meaning).content("application/problem+json", content).build();
    (status.to_string(), RefOr::T(response))
}
