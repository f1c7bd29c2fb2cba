//! `/auth/verify/{application}`: forward authentication for reverse proxies. Any method, any path behind it.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded;

use crate::http::checks::{begin, check};
use crate::http::{Data, bearer, origin};
use crate::model::actor::Origin;
use crate::model::checks::Headers;
use crate::model::tokens::{HashedToken, PlainToken};
use crate::service::App;
use crate::service::checks::{Answer, Granted, Heard, Question};
use crate::service::metrics::{Counted, Endpoint, Outcome};

/// Without a token no error is told (RFC 6750, section 3.1).
const WHO: &str = "Bearer realm=\"Latchkey\"";
const NOT_GOOD: &str = "Bearer realm=\"Latchkey\", error=\"invalid_token\"";

/// 200, 401, 403 or 503, with nothing but headers.
pub async fn verify(request: HttpRequest, app: Data) -> HttpResponse {
    let begun = app.clock.running();
    let name = request.match_info().get("application").unwrap_or_default();
    let ((answer, outcome), counted) = match shown(&request) {
        Err(challenge) => (refused(&app, challenge), app.checks.counted(name)),
        Ok(secret) => judge(&request, &app, (name, secret)).await,
    };
    counted.count(Endpoint::Verify, outcome);
    app.metrics.took(app.clock.running().saturating_sub(begun));
    answer
}

/// The token that is shown, or the challenge where there is none. A mistyped one is told by its checksum, and nothing is looked up.
fn shown(request: &HttpRequest) -> Result<HashedToken, &'static str> {
    let text = origin::text(request, &header::AUTHORIZATION).and_then(bearer::token).ok_or(WHO)?;
    // Of two tokens the proxy and the API could each take another one.
    if request.headers().get_all(header::AUTHORIZATION).count() > 1 {
        return Err(NOT_GOOD);
    }
    PlainToken::hash_of(text).ok_or(NOT_GOOD)
}

type Judged = (HttpResponse, Outcome);

async fn judge(request: &HttpRequest, app: &App, (name, secret): (&str, HashedToken)) -> (Judged, Counted) {
    let question = Question::new(name, Some(secret.clone()));
    match check(app, question).await {
        Err(error) => (unavailable(app, &error), app.checks.counted(name)),
        Ok(Answer { application: None, .. }) => (refused(app, NOT_GOOD), app.metrics.unknown.clone()),
        Ok(Answer { application: Some(heard), verdict }) => {
            let address = verdict.as_ref().filter(|verdict| verdict.is_bound()).and_then(|_| address(request, app));
            let good = verdict.as_ref().and_then(|verdict| verdict.granted(app.clock.now(), address.as_deref()));
            let (Some(verdict), Some(granted)) = (&verdict, good) else {
                return (refused(app, NOT_GOOD), heard.counted().clone());
            };
            let judged = match lacking(request.query_string(), &heard, granted) {
                Some(wanted) => forbidden(app, &wanted),
                None => {
                    app.used(verdict, &secret, &heard, || from(request, app));
                    allowed(app, granted.headers())
                }
            };
            (judged, heard.counted().clone())
        }
    }
}

/// The client's address: a proxy asks, so it is the one that a trusted proxy tells, and none where none does.
fn address(request: &HttpRequest, app: &App) -> Option<String> {
    origin::forwarded(request, &app.config.trusted_proxies)
}

fn from(request: &HttpRequest, app: &App) -> Origin {
    Origin { address: address(request, app), ..origin::of(request, &[]) }
}

/// All scopes that `?scope=` asks for, where one of them is missing: each as `slug:scope`, or by its name alone.
fn lacking(query: &str, heard: &Heard, granted: Granted<'_>) -> Option<String> {
    if query.is_empty() {
        return None;
    }
    let slug = &heard.audience.slug;
    let asked: Vec<_> = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "scope").collect();
    let words: Vec<String> =
        asked.iter().flat_map(|(_, value)| value.split_ascii_whitespace()).map(str::to_owned).collect();
    let name = |word: &str| word.strip_prefix(&**slug).and_then(|rest| rest.strip_prefix(':')).map(str::to_owned);
    let has = |word: &String| {
        let name = name(word).unwrap_or_else(|| word.clone());
        granted.scopes().contains(&name)
    };
    // A proxy that asks for a scope and has none to name, such as for a method that it forgot, lets nothing through.
    if words.iter().all(has) && words.is_empty() == asked.is_empty() {
        return None;
    }
    let full = |word: String| if word.contains(':') { word } else { format!("{slug}:{word}") };
    Some(words.into_iter().map(full).collect::<Vec<_>>().join(" "))
}

fn allowed(app: &App, headers: &Headers) -> Judged {
    let (mut answer, _) = begin(StatusCode::OK, app);
    let told = [
        ("x-auth-user", &headers.user),
        ("x-auth-kind", &headers.kind),
        ("x-auth-teams", &headers.teams),
        ("x-auth-scopes", &headers.scopes),
        ("x-auth-token", &headers.token),
    ];
    for (name, value) in told {
        // Always there, so that a proxy never hands on what the client sent by these names.
        let value = HeaderValue::from_maybe_shared(value.clone()).unwrap_or(HeaderValue::from_static(""));
        answer.insert_header((HeaderName::from_static(name), value));
    }
    (answer.finish(), Outcome::Allowed)
}

fn refused(app: &App, challenge: &'static str) -> Judged {
    let (mut answer, _) = begin(StatusCode::UNAUTHORIZED, app);
    answer.insert_header((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
    (answer.finish(), Outcome::Refused)
}

/// RFC 6750, section 3.1: the token is good, but not for this.
fn forbidden(app: &App, wanted: &str) -> Judged {
    let (mut answer, _) = begin(StatusCode::FORBIDDEN, app);
    // What was asked for is told only where it could be a scope (RFC 6749, section 3.3).
    let is_scope = |c: char| c == ' ' || (c.is_ascii_graphic() && c != '"' && c != '\\');
    let scope = if !wanted.is_empty() && wanted.chars().all(is_scope) {
        format!(", scope=\"{wanted}\"")
    } else {
        String::new()
    };
    answer.insert_header((header::WWW_AUTHENTICATE, format!("{WHO}, error=\"insufficient_scope\"{scope}")));
    (answer.finish(), Outcome::Forbidden)
}

fn unavailable(app: &App, error: &crate::model::Error) -> Judged {
    let (mut answer, id) = begin(StatusCode::SERVICE_UNAVAILABLE, app);
    tracing::warn!(%error, request_id = %id, "a token could not be checked");
    answer.insert_header((header::RETRY_AFTER, "1"));
    (answer.finish(), Outcome::Unavailable)
}
