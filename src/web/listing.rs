//! What the address of a list says: its filters, its order and the place in it.

use super::Fields;
use super::form::query;
use super::view::Sort;
use crate::model::Result;
use crate::model::page::{Cursor, PageRequest};

/// What is told where a cursor leads nowhere.
pub const GONE: &str = "That page of the list is not to be found any more. This is the first one.";

/// The place in a list that an address names.
#[derive(Clone, Default)]
pub struct Place {
    cursor: Option<Cursor>,
    /// Whether there was a cursor that is none.
    wrong: bool,
}

impl Place {
    /// The place that the query says.
    pub fn of(fields: &Fields) -> Self {
        let read = match fields.get("cursor") {
            "" => None,
            text => Some(Cursor::decode(text)),
        };
        Self { wrong: matches!(read, Some(Err(_))), cursor: read.and_then(Result::ok) }
    }

    /// Whether it is the first page that is asked for.
    pub fn is_first(&self) -> bool {
        self.cursor.is_none()
    }

    /// What `query` finds at this place of the list that `first` begins, or on the first page where the place leads nowhere; and
    /// whether it does not.
    ///
    /// # Errors
    /// Those of `query`.
    pub fn find<T>(&self, first: PageRequest, mut query: impl FnMut(&PageRequest) -> Result<T>) -> Result<(T, bool)> {
        let Some(cursor) = self.cursor.clone() else { return Ok((query(&first)?, self.wrong)) };
        match query(&PageRequest { cursor: Some(cursor), ..first }) {
            Err(error) if error.of_field("cursor").is_some() => Ok((query(&first)?, true)),
            found => Ok((found?, false)),
        }
    }
}

/// The address of a list, as it was sent.
#[derive(Clone)]
pub struct Listing {
    path: &'static str,
    /// The filters and the order, by their names in the address.
    names: &'static [&'static str],
    fields: Fields,
    /// The place in the list.
    pub cursor: Option<Cursor>,
    /// Whether there was a cursor that is none.
    pub bad_cursor: bool,
}

impl Listing {
    /// The list at `path`, whose filters and order have these names.
    pub fn new(path: &'static str, names: &'static [&'static str], fields: Fields) -> Self {
        let Place { cursor, wrong } = Place::of(&fields);
        Self { path, names, bad_cursor: wrong, cursor, fields }
    }

    /// Those of these filters that were sent, to be sent again.
    pub fn sent(&self, names: &[&str]) -> Vec<(String, String)> {
        let mut pairs = self.fields.only(names);
        pairs.retain(|(_, value)| !value.is_empty());
        pairs
    }

    /// Everything but the place.
    pub fn all(&self) -> Vec<(String, String)> {
        self.sent(self.names)
    }

    /// The same list with `name` changed to `value`, from its beginning.
    pub fn link(&self, name: &str, value: &str) -> String {
        let mut pairs = self.all();
        pairs.retain(|(other, _)| other != name);
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        format!("{}{}", self.path, query(&pairs))
    }

    /// A column head that sorts by `word`. `by` is whether the list is sorted by it already, and then whether falling.
    pub fn head(&self, label: &'static str, word: &str, by: Option<bool>, falling_first: bool) -> Sort {
        let (up, down) = (by == Some(false), by == Some(true));
        let falling = if by.is_some() { up } else { falling_first };
        Sort { label, href: self.link("sort", &format!("{}{word}", if falling { "-" } else { "" })), up, down }
    }
}
