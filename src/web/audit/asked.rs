//! What the address of the log asks for.

use crate::model::audit::{Filter, NAMES};
use crate::model::{Error, Result};
use crate::web::Fields;
use crate::web::form::query;
use crate::web::listing::Place;
use crate::web::view::Field;

/// Filters and place.
#[derive(Clone)]
pub(super) struct Asked {
    pub place: Place,
    fields: Fields,
}

impl Asked {
    pub fn of(fields: Fields) -> Self {
        Self { place: Place::of(&fields), fields }
    }

    /// The filters.
    ///
    /// # Errors
    /// What is wrong with which.
    pub fn filter(&self) -> Result<Filter> {
        Filter::read(|name| self.fields.get(name))
    }

    /// What was typed in `name`.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).trim()
    }

    /// The field of a filter as it was typed, and what is wrong with it.
    pub fn field(&self, name: &'static str, error: Option<&Error>) -> Field {
        Field::new(name, self.get(name)).judged(error)
    }

    /// The filters that were sent, to be sent again.
    pub fn all(&self) -> Vec<(String, String)> {
        let mut pairs = self.fields.only(&NAMES);
        pairs.retain(|(_, value)| !value.trim().is_empty());
        pairs
    }

    /// The same filters at another address.
    pub fn link(&self, path: &str) -> String {
        format!("{path}{}", query(&self.all()))
    }
}
