//! Query parameters: read one by one, so that everything wrong with them is told at once and unknown ones by name.

use std::fmt::Display;
use std::str::FromStr;

use utoipa::IntoParams;

use super::ApiError;
use crate::model::Error;
use crate::model::error::Problems;
use crate::model::page::{Cursor, LISTED, MAX_LIMIT, PageRequest};
use crate::model::tokens::Mention;

/// What stands behind the question mark.
pub struct Params {
    pairs: Vec<(String, String)>,
    problems: Problems,
}

/// What can be read from query parameters.
pub trait FromParams: Sized {
    /// Takes its parameters out of `params`.
    fn take(params: &mut Params) -> Self;
}

impl FromParams for () {
    fn take(_: &mut Params) -> Self {}
}

impl<A: FromParams, B: FromParams> FromParams for (A, B) {
    fn take(params: &mut Params) -> Self {
        (A::take(params), B::take(params))
    }
}

impl Params {
    /// Reads a whole query.
    ///
    /// # Errors
    /// 400, naming each parameter that is unknown, repeated or wrong.
    pub fn read<T: FromParams>(query: &str) -> Result<T, ApiError> {
        let mut params =
            Self { pairs: serde_html_form::from_str(query).unwrap_or_default(), problems: Problems::default() };
        let value = T::take(&mut params);
        for (name, _) in std::mem::take(&mut params.pairs) {
            params.problems.add(name, "There is no such query parameter here.");
        }
        match params.problems.check() {
            Err(Error::Invalid(errors)) => Err(ApiError::query(errors)),
            _ => Ok(value),
        }
    }

    /// A parameter's text, if it is there.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let found: Vec<_> = self.pairs.extract_if(.., |(key, _)| key == name).collect();
        if found.len() > 1 {
            self.problems.add(name, "Give this query parameter once.");
        }
        let text = found.into_iter().next()?.1;
        if text.chars().any(char::is_control) {
            self.problems.add(name, "This cannot hold control characters.");
            return None;
        }
        if Mention::of(&text).is_some() {
            let told = "A token must not stand in an address. Rotate it, and find it by POST /api/v1/tokens/lookup, or by its hint.";
            self.problems.add(name, told);
            return None;
        }
        Some(text)
    }

    /// A parameter out of a list of words.
    pub fn word<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        self.note(name, text.parse().map_err(|error: T::Err| error.to_string()))
    }

    /// Keeps what is wrong with a parameter, or gives its value.
    pub fn note<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.problems.add(name, message)).ok()
    }
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many to a page.
    #[param(required = false, default = 50, minimum = 1, maximum = 200)]
    pub limit: i64,
    /// `next_cursor` of the page before; the first page without it.
    #[param(required = false, value_type = String)]
    pub cursor: Option<Cursor>,
}

impl FromParams for Paging {
    fn take(params: &mut Params) -> Self {
        let limit = params.text("limit").and_then(|text| {
            let number = text.parse().ok().filter(|number| (1..=MAX_LIMIT).contains(number));
            params.note("limit", number.ok_or_else(|| format!("Choose 1 to {MAX_LIMIT}.")))
        });
        let cursor = params.text("cursor").and_then(|text| {
            let read = Cursor::decode(&text);
            params.note("cursor", read.map_err(|error| error.of_field("cursor").unwrap_or_default().to_owned()))
        });
        Self { limit: limit.unwrap_or(LISTED), cursor }
    }
}

impl Paging {
    /// As use cases are asked.
    pub fn request(self, descending: bool) -> PageRequest {
        PageRequest { limit: self.limit, cursor: self.cursor, descending }
    }
}
