//! Form bodies and query strings, repeated keys (check boxes) included.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use super::errors::PageError;
use crate::base::random;
use crate::base::secret::Secret;
use crate::model::Error;

/// The largest form. The longest page posts a few kilobytes.
const LIMIT: usize = 64 * 1024;

/// How large a form may be.
pub fn config() -> web::PayloadConfig {
    web::PayloadConfig::new(LIMIT)
}

/// The fields of a posted form, in order, as they were typed.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of the query string.
    pub fn of_query(request: &HttpRequest) -> Self {
        Self::of(serde_html_form::from_str(request.query_string()).unwrap_or_default())
    }

    /// No name or text holds a NUL, and PostgreSQL could not even be asked for one.
    fn of(mut fields: Vec<(String, String)>) -> Self {
        for (_, value) in &mut fields {
            value.retain(|c| c != '\0');
        }
        Self(fields)
    }

    /// What was typed in `name`; nothing where it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether `name` was sent.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Every value sent as `name`: ticked boxes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What was typed in `name`, where it is a `T`.
    pub fn parse<T: FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).trim().parse().ok()
    }

    /// The ticked boxes of `name` that are `T`s.
    pub fn parse_all<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.all(name).filter_map(|value| value.parse().ok()).collect()
    }

    /// A password, taken into safe keeping.
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name).to_owned())
    }

    /// Everything but `left_out`, to be sent again.
    pub fn without(&self, left_out: &[&str]) -> Vec<(String, String)> {
        self.0.iter().filter(|(key, _)| !left_out.contains(&key.as_str())).cloned().collect()
    }

    /// Only `wanted` (names, or beginnings that end in `*`), to be sent again.
    pub fn only(&self, wanted: &[&str]) -> Vec<(String, String)> {
        let is_wanted = |key: &str| {
            wanted.iter().any(|name| name.strip_suffix('*').map_or(*name == key, |start| key.starts_with(start)))
        };
        self.0.iter().filter(|(key, _)| is_wanted(key)).cloned().collect()
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self::of(pairs.into_iter().collect())
    }
}

/// A query string of `pairs`, with its `?`; nothing where there are none.
pub fn query(pairs: &[(String, String)]) -> String {
    match serde_html_form::to_string(pairs) {
        Ok(text) if !text.is_empty() => format!("?{text}"),
        _ => String::new(),
    }
}

/// A key for a form, so that sending it twice does its work once.
pub fn key() -> String {
    random::base62(22)
}

/// The key of a form that comes back, or a new one.
pub fn key_of(fields: &Fields) -> String {
    match fields.get("form_key") {
        "" => key(),
        known => known.to_owned(),
    }
}

impl FromRequest for Fields {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body
                .await
                .map_err(|_| PageError(Error::TooLarge("The form is larger than 64 KiB, or was cut off.")))?;
            let fields = serde_html_form::from_bytes(&body)
                .map_err(|_| PageError(Error::Conflict("The form could not be read. Open the page again.".into())))?;
            Ok(Self::of(fields))
        })
    }
}
