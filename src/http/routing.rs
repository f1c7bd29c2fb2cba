//! What a line of the table of routes says.

use actix_web::Route as Handler;
use serde::Serialize;

/// To which face a route belongs, and so what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Face {
    /// HTML: a session, the same-origin guard, and error pages.
    Page,
    /// JSON for programs: bearer tokens only.
    Api,
    /// Checks of tokens, for applications and the proxies before them: RFC 7662 and forward authentication.
    Check,
    /// What else applications ask, as OAuth has it.
    Oauth,
    /// Embedded files.
    Static,
    /// For load balancers and supervisors.
    Health,
}

/// What a caller has to show before the use case's own policy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nothing.
    Public,
    /// A session.
    Session,
    /// An access token with an effective scope.
    Token,
    /// The credential of an application, or an access token with a scope on one.
    Client,
}

/// Instead of a method: whichever there is.
pub const ANY: &str = "*";

/// One line of the table.
#[derive(Clone, Copy, Serialize)]
pub struct Route {
    /// `GET`, `POST`, … or [`ANY`].
    pub method: &'static str,
    /// The path, with `{names}` for its parts.
    pub path: &'static str,
    /// Its face.
    pub face: Face,
    /// What a caller has to show.
    pub policy: Policy,
    /// Makes the handler.
    #[serde(skip)]
    pub handler: fn() -> Handler,
}
