//! What the address of the list asks for.

use crate::model::Result;
use crate::model::page::Cursor;
use crate::model::users::{Kind, UserFilter, UserSort, UserState};
use crate::web::Fields;
use crate::web::form::query;
use crate::web::view::Sort;

/// The filters and the order, by their names in the address.
const NAMES: &[&str] = &["q", "kind", "status", "role", "team", "sort"];

/// Filters, order and place. Words that are not known do not count.
#[derive(Clone)]
pub(super) struct Asked {
    pub filter: UserFilter,
    pub sort: UserSort,
    pub descending: bool,
    pub cursor: Option<Cursor>,
    /// Whether there was a cursor that is none.
    pub bad_cursor: bool,
    fields: Fields,
}

impl Asked {
    pub fn of(fields: Fields) -> Self {
        let sort = fields.get("sort");
        let cursor = match fields.get("cursor") {
            "" => None,
            text => Some(Cursor::decode(text)),
        };
        Self {
            filter: UserFilter {
                search: fields.get("q").trim().to_owned(),
                kind: Kind::from_slug(fields.get("kind")),
                state: UserState::from_slug(fields.get("status")),
                role: fields.parse("role"),
                team: fields.parse("team"),
            },
            sort: sort.trim_start_matches('-').parse().unwrap_or(UserSort::Name),
            descending: sort.starts_with('-'),
            bad_cursor: matches!(cursor, Some(Err(_))),
            cursor: cursor.and_then(Result::ok),
            fields,
        }
    }

    /// Whether more than the kind is asked for.
    pub fn is_narrowed(&self) -> bool {
        let filter = UserFilter { kind: None, ..self.filter.clone() };
        !filter.is_empty()
    }

    /// Those of these filters that were sent, to be sent again.
    pub fn sent(&self, names: &[&str]) -> Vec<(String, String)> {
        let mut pairs = self.fields.only(names);
        pairs.retain(|(_, value)| !value.is_empty());
        pairs
    }

    /// Everything but the place.
    pub fn all(&self) -> Vec<(String, String)> {
        self.sent(NAMES)
    }

    /// The same list with `name` changed to `value`, from its beginning.
    pub fn link(&self, name: &str, value: &str) -> String {
        let mut pairs = self.all();
        pairs.retain(|(other, _)| other != name);
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        format!("/users{}", query(&pairs))
    }

    /// A column head that sorts by `word`, and the other way round when it does already.
    pub fn head(&self, label: &'static str, word: &'static str, falling_first: bool) -> Sort {
        let by = self.sort.as_str() == word;
        let (up, down) = (by && !self.descending, by && self.descending);
        let falling = if by { up } else { falling_first };
        Sort { label, href: self.link("sort", &format!("{}{word}", if falling { "-" } else { "" })), up, down }
    }
}
