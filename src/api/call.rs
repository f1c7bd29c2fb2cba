//! A call of the API: who calls, and what the path, the query and the headers say. Nobody who is unknown learns what is
//! wrong with what they sent.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::answer::{Done, replayed};
use super::idempotency::{keyed, other_request};
use super::query::{FromParams, Params};
use super::{Answer, ApiError};
use crate::http::export::{self, Format};
use crate::http::{Bearer, origin};
use crate::model::{Error, Result as ModelResult};
use crate::service::Cx;
use crate::service::audit::Export;
use crate::service::idempotency::{Outcome, once};

/// A call.
pub struct Call {
    bearer: Bearer,
    request: HttpRequest,
}

impl FromRequest for Call {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bearer = Bearer::from_request(request, payload).into_inner();
        let request = request.clone();
        ready(bearer.map(|bearer| Self { bearer, request }))
    }
}

/// What a handler has read: a value or what is wrong with it, or several of them.
pub trait Input {
    /// All of it, read well.
    type Value: Send + 'static;

    /// The values, or the first problem.
    ///
    /// # Errors
    /// That problem.
    fn all(self) -> Result<Self::Value, ApiError>;
}

impl<A: Send + 'static> Input for Result<A, ApiError> {
    type Value = A;

    fn all(self) -> Self {
        self
    }
}

impl<A: Send + 'static, B: Send + 'static> Input for (Result<A, ApiError>, Result<B, ApiError>) {
    type Value = (A, B);

    fn all(self) -> Result<Self::Value, ApiError> {
        Ok((self.0?, self.1?))
    }
}

impl<A, B, C> Input for (Result<A, ApiError>, Result<B, ApiError>, Result<C, ApiError>)
where
    A: Send + 'static,
    B: Send + 'static,
    C: Send + 'static,
{
    type Value = (A, B, C);

    fn all(self) -> Result<Self::Value, ApiError> {
        Ok((self.0?, self.1?, self.2?))
    }
}

impl Call {
    /// Runs a use case that changes nothing.
    ///
    /// # Errors
    /// 401 and 403 first, then what is wrong with the input, then those of the use case.
    pub async fn read<I: Input, T: Send + 'static>(
        &self,
        input: I,
        case: impl FnOnce(&mut Cx<'_, '_>, I::Value) -> ModelResult<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let input = self.admit(self.plain(input)).await?;
        let outcome = self.bearer.read(move |cx| case(cx, input)).await;
        outcome.map_err(|error| self.told(error))
    }

    /// Runs a use case that changes something, and answers what it says. Under an `Idempotency-Key` it does so once.
    ///
    /// # Errors
    /// As [`Call::read`], and 422 where the key came with another request before.
    pub async fn write<I: Input>(
        &self,
        input: I,
        case: impl FnOnce(&mut Cx<'_, '_>, I::Value) -> ModelResult<Done> + Send + 'static,
    ) -> Answer {
        let read = keyed(&self.request).and_then(|key| Ok((key, self.plain(input)?)));
        let (key, input) = self.admit(read).await?;
        let outcome = self.bearer.write(move |cx| once(cx, key.as_ref(), |cx| case(cx, input))).await;
        match outcome.map_err(|error| self.told(error))? {
            Outcome::Done(done) => Ok(done.answer()),
            Outcome::Before(reply) => Ok(replayed(reply)),
            Outcome::OtherRequest => Err(other_request()),
        }
    }

    /// Runs a use case that lists, with query parameters: what it finds wrong is wrong with those.
    ///
    /// # Errors
    /// As [`Call::read`].
    pub async fn list<I: Input, T: Send + 'static>(
        &self,
        input: I,
        case: impl FnOnce(&mut Cx<'_, '_>, I::Value) -> ModelResult<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let input = self.admit(input.all()).await?;
        let outcome = self.bearer.read(move |cx| case(cx, input)).await;
        outcome.map_err(|error| match error {
            Error::Invalid(errors) => ApiError::query(errors),
            other => self.told(other),
        })
    }

    /// Runs a use case that is written down though it changes nothing, with query parameters.
    ///
    /// # Errors
    /// As [`Call::list`].
    pub async fn begin<I: Input, T: Send + 'static>(
        &self,
        input: I,
        case: impl FnOnce(&mut Cx<'_, '_>, I::Value) -> ModelResult<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let input = self.admit(input.all()).await?;
        let outcome = self.bearer.write(move |cx| case(cx, input)).await;
        outcome.map_err(|error| match error {
            Error::Invalid(errors) => ApiError::query(errors),
            other => self.told(other),
        })
    }

    /// The answer that streams an export.
    pub fn exported(&self, export: Export, format: Format) -> HttpResponse {
        export::answer(self.bearer.app.clone(), self.bearer.caller.clone(), export, format)
    }

    /// Whether only the headers of the answer are asked for.
    pub fn is_head(&self) -> bool {
        self.request.method() == Method::HEAD
    }

    /// The answer to HEAD where GET streams an export.
    pub fn as_exported(&self, format: Format) -> HttpResponse {
        export::head::<Export>(&self.bearer.app, format)
    }

    /// A call without query parameters.
    fn plain<I: Input>(&self, input: I) -> Result<I::Value, ApiError> {
        Params::read::<()>(self.request.query_string())?;
        input.all()
    }

    /// Tells what is wrong with the input only to those who are known.
    async fn admit<T>(&self, input: Result<T, ApiError>) -> Result<T, ApiError> {
        if input.is_err() {
            let known = self.bearer.read(|_| Ok(())).await;
            known.map_err(|error| self.told(error))?;
        }
        input
    }

    fn told(&self, error: Error) -> ApiError {
        ApiError::of(error, &self.bearer.caller.credential)
    }

    /// The origin of links.
    pub fn origin(&self) -> String {
        self.bearer.app.config.origin()
    }

    /// The id in the path under this name. What is no id is no such thing.
    ///
    /// # Errors
    /// 404.
    pub fn id<T: FromStr>(&self, name: &str, what: &'static str) -> Result<T, ApiError> {
        let id = self.request.match_info().get(name).and_then(|text| text.parse().ok());
        id.ok_or_else(|| self.told(Error::NotFound(what)))
    }

    /// The query parameters.
    ///
    /// # Errors
    /// 400 with what is wrong with each.
    pub fn query<T: FromParams>(&self) -> Result<T, ApiError> {
        Params::read(self.request.query_string())
    }

    /// The version that `If-Match` names (RFC 9110, section 13.1.1); `None` where any will do.
    ///
    /// # Errors
    /// 400 where it is neither `*` nor one entity tag.
    pub fn if_match(&self) -> Result<Option<i64>, ApiError> {
        if !self.request.headers().contains_key(header::IF_MATCH) {
            return Ok(None);
        }
        let text = origin::text(&self.request, &header::IF_MATCH).unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let weak = text.strip_prefix("W/");
        let tag = weak.unwrap_or(text).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match tag.filter(|tag| !tag.contains('"')) {
            // What was never handed out, or only compares weakly, matches no version.
            Some(tag) => Ok(Some(tag.parse().ok().filter(|_| weak.is_none()).unwrap_or(-1))),
            None => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "If-Match must be * or one entity tag as it was handed out in ETag, with its quotes: \"3\".",
            )),
        }
    }
}
