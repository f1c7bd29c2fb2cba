//! `POST /oauth/revoke` (RFC 7009): an application ends a token that it was shown.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::client::{Client, Form};
use super::error::OAuthError;
use crate::http::checks::begin;
use crate::http::{Data, blocking, origin};
use crate::model::tokens::PlainToken;
use crate::service::{Caller, Credential, applications};

/// 200 whether there was such a token or not (RFC 7009, section 2.2), or what is wrong with the request.
pub async fn revoke(request: HttpRequest, payload: Payload, app: Data) -> HttpResponse {
    match revoked(&request, payload, &app).await {
        Ok(()) => begin(StatusCode::OK, &app).0.finish(),
        Err(error) => error.answer(begin(error.status(), &app).0),
    }
}

async fn revoked(request: &HttpRequest, payload: Payload, app: &Data) -> Result<(), OAuthError> {
    let mut form = Form::read(request, payload).await?;
    let client = form.client(request)?;
    let token = form.token.ok_or(OAuthError::InvalidRequest("The parameter token is missing."))?;
    let secret = PlainToken::hash_of(token.reveal());
    let (credential, name) = match client {
        Client::Application(name, Some(shown)) => (Credential::Application(name.clone(), shown), name),
        Client::Application(_, None) => return Err(OAuthError::InvalidClient),
        Client::Bearer(bearer, name) => (Credential::Bearer(bearer), name),
    };
    let is_application = matches!(credential, Credential::Application(..));
    let caller = Caller::new(credential, origin::of(request, &app.config.trusted_proxies));
    let app = app.clone();
    let work = move || {
        // Whoever may not is told so beforehand, and takes nobody's turn to write.
        let known = app.read(&caller, |cx| applications::ending(cx, &name, secret.as_ref()))?;
        if known { app.write(&caller, |cx| applications::end_token(cx, &name, secret.as_ref())) } else { Ok(()) }
    };
    blocking::run(work).await.map_err(|error| match OAuthError::from(error) {
        OAuthError::InvalidToken(_) if is_application => OAuthError::InvalidClient,
        other => other,
    })
}
