//! Callers of the API: a bearer token (RFC 6750), and nothing else.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use super::{Data, app_of, blocking, origin};
use crate::base::secret::Secret;
use crate::model::Result;
use crate::service::{App, Caller, Credential, Cx};

/// Whoever calls the API. Without a token they are nobody, and every use case refuses them.
#[derive(Clone)]
pub struct Bearer {
    /// The portal.
    pub app: Data,
    /// The token and where it comes from.
    pub caller: Caller,
}

impl Bearer {
    /// Runs a use case that changes nothing.
    ///
    /// # Errors
    /// Those of the use case, and those of the token.
    pub async fn read<T: Send + 'static>(
        &self,
        case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(|app, caller| app.read(caller, |cx| known(cx, case))).await
    }

    /// Runs a use case that changes something. Whoever has no token that is good is told so beforehand: they take nobody's turn
    /// to write.
    ///
    /// # Errors
    /// Those of the use case, and those of the token.
    pub async fn write<T: Send + 'static>(
        &self,
        case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(|app, caller| {
            app.read(caller, |cx| known(cx, |_| Ok(())))?;
            app.write(caller, |cx| known(cx, case))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&App, &Caller) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Self { app, caller } = self.clone();
        blocking::run(move || work(&app, &caller)).await
    }
}

/// Every route of the API wants a token, and one that has an effective scope.
fn known<T>(cx: &mut Cx<'_, '_>, case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T>) -> Result<T> {
    crate::service::account::must_be_able(cx)?;
    case(cx)
}

impl FromRequest for Bearer {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = app_of(request.app_data());
        let credential = match origin::text(request, &header::AUTHORIZATION).and_then(token) {
            Some(text) => Credential::Bearer(Secret::new(text.to_owned())),
            None => Credential::Nothing,
        };
        let origin = origin::of(request, &app.config.trusted_proxies);
        ready(Ok(Self { app, caller: Caller::new(credential, origin) }))
    }
}

/// The token behind the scheme, whose name is the same in any case (RFC 9110, section 11.1).
pub fn token(header: &str) -> Option<&str> {
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
