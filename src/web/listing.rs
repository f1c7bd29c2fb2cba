//! What the address of a list says: its filters, its order and the place in it.

use std::str::FromStr;

use super::Fields;
use super::form::query;
use super::view::Sort;
use crate::model::page::{Cursor, PageRequest};
use crate::model::{Error, FieldError, Result as ModelResult};

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
    pub fn find<T>(
        &self,
        first: PageRequest,
        mut query: impl FnMut(&PageRequest) -> ModelResult<T>,
    ) -> ModelResult<(T, bool)> {
        let Some(cursor) = self.cursor.clone() else { return Ok((query(&first)?, self.wrong)) };
        match query(&PageRequest { cursor: Some(cursor), ..first }) {
            Err(error) if error.of_field("cursor").is_some() => Ok((query(&first)?, true)),
            found => Ok((found?, false)),
        }
    }
}

/// Reads words out of an address, and keeps what is wrong with them.
pub struct Words<'a> {
    fields: &'a Fields,
    wrong: Vec<FieldError>,
}

impl<'a> Words<'a> {
    /// The words of this address.
    pub fn of(fields: &'a Fields) -> Self {
        Self { fields, wrong: Vec::new() }
    }

    /// What `name` says; nothing where it says nothing, or what is no such word.
    pub fn read<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match self.fields.get(name).trim() {
            "" => None,
            text => read(text).map_err(|told| self.wrong.push(FieldError::new(name, told))).ok(),
        }
    }

    /// The order that `sort` says, and whether falling.
    pub fn order<T: FromStr<Err = String>>(&mut self) -> Option<(T, bool)> {
        self.read("sort", |text| Ok((text.strip_prefix('-').unwrap_or(text).parse()?, text.starts_with('-'))))
    }

    /// The id in `name` of such a thing.
    pub fn id(&mut self, name: &str, what: &str) -> Option<i64> {
        let told = |text: &str| format!("{text} is not the id of {what}. Choose it from the list.");
        self.read(name, |text| text.parse().map_err(|_| told(text)))
    }

    /// The address without what is wrong, which no field of the page might show, so that it could not be mended there.
    pub fn rest(&self) -> Fields {
        let wrong: Vec<_> = self.wrong.iter().map(|wrong| wrong.field.as_str()).collect();
        self.fields.without(&wrong).into_iter().collect()
    }

    /// What is wrong.
    pub fn wrong(self) -> Vec<FieldError> {
        self.wrong
    }
}

/// What is wrong, if anything is.
pub fn invalid(wrong: &[FieldError]) -> Option<Error> {
    (!wrong.is_empty()).then(|| Error::Invalid(wrong.to_vec()))
}

/// Which of the words that a filter has this is; `what` says of what.
///
/// # Errors
/// That it is none, and which there are.
pub fn one_of<T: Copy>(text: &str, what: &str, all: &[T], word: impl Fn(T) -> String) -> Result<T, String> {
    all.iter().copied().find(|known| word(*known) == text).ok_or_else(|| {
        let all: Vec<_> = all.iter().map(|known| word(*known)).collect();
        format!("{text} is no {what}. Choose one of {}.", all.join(", "))
    })
}

/// What is wrong with the filters, in a line.
pub fn told(error: &Error) -> String {
    match error {
        Error::Invalid(errors) => errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
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

    /// The same list from its beginning.
    pub fn address(&self) -> String {
        format!("{}{}", self.path, query(&self.all()))
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
