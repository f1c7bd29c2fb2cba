//! Pages of a list, by keyset: a cursor names the row at the edge, so that page 1,000 costs what page 1 does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};

/// How many rows a page holds where nobody asks for another number.
pub const LISTED: i64 = 50;

/// The most rows a page may hold.
pub const MAX_LIMIT: i64 = 200;

/// Where counting stops: nobody reads the digits after this, and counting a million rows is slow.
pub const COUNT_CAP: i64 = 10_000;

/// Which page is asked for.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many rows.
    pub limit: i64,
    /// From where; the first page without it.
    pub cursor: Option<Cursor>,
    /// Largest first.
    pub descending: bool,
}

impl PageRequest {
    /// The first page.
    pub fn first(limit: i64) -> Self {
        Self { limit, cursor: None, descending: false }
    }

    /// The page that `query` brings, of the list that `list` names together with its order. Its cursors are good for that one alone: the
    /// place in one list often looks like a place in another.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `cursor` where that is of another list, and those of `query`.
    pub fn of_list<T>(&self, list: &str, query: impl FnOnce(&Self) -> Result<Page<T>>) -> Result<Page<T>> {
        let by_age = format!("{list} by age");
        let from = self.cursor.as_ref().map(|cursor| cursor.list.as_str());
        if from.is_some_and(|from| from != list && from != by_age) {
            return Err(other_list());
        }
        let mut page = query(self)?;
        let name = if page.by_age { by_age } else { list.to_owned() };
        if from.is_some_and(|from| from != name) {
            return Err(other_list());
        }
        for cursor in [&mut page.next, &mut page.previous].into_iter().flatten() {
            cursor.list.clone_from(&name);
        }
        Ok(page)
    }
}

/// That a cursor holds no place in the order of its list.
pub const OTHER_ORDER: &str = "This cursor belongs to another order. Begin at the first page.";

/// That a cursor was handed out by another list, or by the same in another order.
pub fn other_list() -> Error {
    Error::field("cursor", "This cursor belongs to another list. Begin at the first page.")
}

/// The row at the edge of a page, and on which side of it to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The value the list is sorted by.
    #[serde(rename = "k")]
    pub key: Key,
    /// The row's id, which settles ties.
    #[serde(rename = "i")]
    pub id: i64,
    /// The list that it is of, with its order.
    #[serde(rename = "l", default)]
    pub list: String,
    /// Whether to go back towards the first page.
    #[serde(rename = "b", default, skip_serializing_if = "std::ops::Not::not")]
    pub backwards: bool,
}

/// A value that lists are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A number or a time.
    Number(i64),
    /// A folded name.
    Text(String),
}

impl Cursor {
    /// As it stands in addresses and answers. It is opaque to clients.
    pub fn encode(&self) -> String {
        // Serialising an integer and a string to memory cannot fail; an empty cursor is refused when it comes back.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// A place in a list that has no name yet.
    pub fn at(key: Key, id: i64, backwards: bool) -> Self {
        Self { key, id, list: String::new(), backwards }
    }

    /// Reads a cursor as it came back.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `cursor` where it is none of ours.
    pub fn decode(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let cursor = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        // PostgreSQL has no NUL in a text, so none can have been handed out.
        let possible = cursor.filter(|cursor| !matches!(&cursor.key, Key::Text(text) if text.contains('\0')));
        possible.ok_or_else(|| {
            Error::field("cursor", "This cursor is not one that was handed out. Begin at the first page.")
        })
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Its rows, in order.
    pub items: Vec<T>,
    /// Where the next one begins.
    pub next: Option<Cursor>,
    /// Where the one before ends.
    pub previous: Option<Cursor>,
    /// Whether it is in the order in which its rows were made, whatever order was asked for: there are too many to be sorted.
    pub by_age: bool,
}

impl<T> Page<T> {
    /// Makes a page of what a query brought: up to one row more than was asked for, in the query's direction.
    pub fn build(request: &PageRequest, mut rows: Vec<T>, edge: impl Fn(&T) -> (Key, i64)) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let backwards = request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
        if backwards {
            rows.reverse();
        }
        let (has_next, has_previous) = if backwards { (true, more) } else { (more, request.cursor.is_some()) };
        let cursor = |row: Option<&T>, backwards| {
            row.map(|row| {
                let (key, id) = edge(row);
                Cursor::at(key, id, backwards)
            })
        };
        Self {
            next: cursor(rows.last(), false).filter(|_| has_next),
            previous: cursor(rows.first(), true).filter(|_| has_previous),
            items: rows,
            by_age: false,
        }
    }

    /// A page without rows, of a list without rows.
    pub fn empty() -> Self {
        Self { items: Vec::new(), next: None, previous: None, by_age: false }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
            previous: self.previous,
            by_age: self.by_age,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_round_trip_and_nonsense_does_not() {
        let cursor = Cursor::at(Key::Text("ada okafor".into()), 7, true);
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        for nonsense in ["", "!", "bm8", "e30", "eyJrIjoiYVx1MDAwMGIiLCJpIjoxfQ"] {
            assert!(Cursor::decode(nonsense).is_err());
        }
    }
}
