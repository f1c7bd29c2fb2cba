//! `POST /oauth/introspect` (RFC 7662): is this token good at the application that asks, and for what?

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::{Client, Form};
use super::error::OAuthError;
use crate::http::checks::{begin, check};
use crate::http::{Data, blocking, origin};
use crate::model::actor::Origin;
use crate::model::tokens::{HashedToken, PlainToken};
use crate::service::checks::{Answer, Question};
use crate::service::metrics::{Counted, Endpoint, Outcome};
use crate::service::{App, Caller, Credential, applications};

/// RFC 7662, section 2.2: of a token that is not active nothing else is told.
const INACTIVE: &[u8] = b"{\"active\":false}";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200, or what is wrong with the request.
pub async fn introspect(request: HttpRequest, payload: Payload, app: Data) -> HttpResponse {
    let begun = app.clock.running();
    let mut counted = app.metrics.unknown.clone();
    let (answer, outcome) = match told(&request, payload, &app, &mut counted).await {
        Ok((body, outcome)) => {
            let (mut answer, _) = begin(StatusCode::OK, &app);
            (answer.insert_header((header::CONTENT_TYPE, JSON)).body(body), outcome)
        }
        Err(error) => (error.answer(begin(error.status(), &app).0), outcome_of(&error)),
    };
    counted.count(Endpoint::Introspect, outcome);
    app.metrics.took(app.clock.running().saturating_sub(begun));
    answer
}

fn outcome_of(error: &OAuthError) -> Outcome {
    match error {
        OAuthError::Unavailable | OAuthError::Fault => Outcome::Unavailable,
        _ => Outcome::Unauthorized,
    }
}

async fn told(
    request: &HttpRequest,
    payload: Payload,
    app: &Data,
    counted: &mut Counted,
) -> Result<(Bytes, Outcome), OAuthError> {
    let mut form = Form::read(request, payload).await?;
    let client = form.client(request)?;
    let token = form.token.ok_or(OAuthError::InvalidRequest("The parameter token is missing."))?;
    let secret = PlainToken::hash_of(token.reveal());
    let answer = match client {
        Client::Application(name, shown) => of_application(app, (&name, shown), secret.clone()).await?,
        Client::Bearer(bearer, name) => {
            let slug = may_ask(request, app, (bearer, name)).await?;
            found(app, &slug, secret.clone()).await?
        }
    };
    let Answer { application: Some(heard), verdict } = answer else { return Err(OAuthError::InvalidClient) };
    *counted = heard.counted().clone();
    let (Some(verdict), Some(secret)) = (verdict, secret) else {
        return Ok((Bytes::from_static(INACTIVE), Outcome::Refused));
    };
    let Some(granted) = verdict.granted(app.clock.now(), form.address.as_deref()) else {
        return Ok((Bytes::from_static(INACTIVE), Outcome::Refused));
    };
    app.used(&verdict, &secret, &heard, || Origin { address: form.address.clone(), ..Origin::default() });
    Ok((granted.introspected(), Outcome::Allowed))
}

/// What is known of a token, for an application that shows this secret.
async fn of_application(
    app: &App,
    (name, shown): (&str, Option<HashedToken>),
    token: Option<HashedToken>,
) -> Result<Answer, OAuthError> {
    let shown = shown.ok_or(OAuthError::InvalidClient)?;
    let answer = found(app, name, token).await?;
    let knows = answer.application.as_ref().is_some_and(|heard| heard.audience.knows(&shown, app.clock.now()));
    if let (true, Some(heard)) = (knows, &answer.application) {
        app.asked(heard, &shown);
        return Ok(answer);
    }
    Err(OAuthError::InvalidClient)
}

async fn found(app: &App, name: &str, secret: Option<HashedToken>) -> Result<Answer, OAuthError> {
    let answer = check(app, Question::new(name, secret)).await;
    answer.map_err(|error| {
        tracing::warn!(%error, "a token could not be checked");
        OAuthError::Unavailable
    })
}

/// The slug of the application for which an account may ask by its access token: it has to be one that it may read.
async fn may_ask(
    request: &HttpRequest,
    app: &Data,
    (bearer, name): (crate::base::secret::Secret, String),
) -> Result<String, OAuthError> {
    let caller = Caller::new(Credential::Bearer(bearer), origin::of(request, &app.config.trusted_proxies));
    let app = app.clone();
    let asked = move || app.read(&caller, |cx| applications::asking(cx, &name));
    Ok(blocking::run(asked).await?.slug)
}
