//! Callers of the pages: people in a session, and visitors.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::session::{Typed, cookie_name};
use super::{Data, app_of, blocking, known, origin};
use crate::model::tokens::PlainToken;
use crate::model::{Error, Result};
use crate::service::{App, Caller, Credential, Cx, sessions};

/// The cookie that keeps the choice of light or dark.
pub const THEME_COOKIE: &str = "latchkey_theme";

/// Somebody at a page, logged in or not.
pub struct Visitor {
    /// The portal.
    pub app: Data,
    /// Their session, if they have one, and where they come from.
    pub caller: Caller,
    /// Their session's state.
    pub session: Typed,
    /// The path and query they asked for.
    pub path: String,
    /// What their browser was given when somebody last logged in with it.
    pub known: Option<String>,
    /// Their choice of light or dark; `None` for the system's.
    pub theme: Option<&'static str>,
}

/// A person in a session. Whether the session is still good is found out in the use case's own transaction.
pub struct Portal(pub Visitor);

impl std::ops::Deref for Portal {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.0
    }
}

impl Visitor {
    /// Runs a use case that changes nothing.
    ///
    /// # Errors
    /// Those of the use case, and that the session is over.
    pub async fn read<T: Send + 'static>(
        &self,
        case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(|app, caller| app.read(caller, case)).await
    }

    /// Runs a use case that changes something.
    ///
    /// # Errors
    /// Those of the use case, and that the session is over.
    pub async fn write<T: Send + 'static>(
        &self,
        case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(|app, caller| app.write(caller, case)).await
    }

    /// Runs a use case that opens its own transactions, because it hashes a password between them.
    ///
    /// # Errors
    /// Those of the use case.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (app, caller) = (self.app.clone(), self.caller.clone());
        blocking::run(move || work(&app, &caller)).await
    }
}

impl FromRequest for Visitor {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request.app_data());
        let session = Typed(request.get_session());
        let credential = session.row().map_or(Credential::Nothing, Credential::Session);
        let caller = Caller::new(credential, origin::of(request, &app.config.trusted_proxies));
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let known = known::sent(request, &app);
        ready(Ok(Self { app, caller, session, path, known, theme: theme(request) }))
    }
}

/// The choice of light or dark that the browser sends.
pub fn theme(request: &HttpRequest) -> Option<&'static str> {
    let chosen = request.cookie(THEME_COOKIE)?;
    ["light", "dark"].into_iter().find(|theme| *theme == chosen.value())
}

impl FromRequest for Portal {
    type Error = NoSession;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload).into_inner();
        let request = request.clone();
        Box::pin(async move {
            let Ok(visitor) = visitor;
            if matches!(visitor.caller.credential, Credential::Session(_)) {
                return Ok(Self(visitor));
            }
            note_token(&visitor, &request).await?;
            Err(NoSession(Error::Unauthenticated("Log in first.")))
        })
    }
}

/// Nobody is logged in.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoSession(#[from] pub Error);

impl actix_web::ResponseError for NoSession {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::UNAUTHORIZED
    }
}

/// An access token in the place of the session cookie is worth an audit entry: somebody tries a machine's key at the door.
async fn note_token(visitor: &Visitor, request: &HttpRequest) -> Result<()> {
    let cookie = request.cookie(cookie_name(&visitor.app));
    let Some(token) = cookie.and_then(|cookie| PlainToken::parse(cookie.value())) else {
        return Ok(());
    };
    visitor.run(move |app, caller| sessions::token_as_cookie(app, caller, &token)).await
}
