//! What the address of the list asks for.

use crate::model::users::{Kind, UserFilter, UserSort, UserState};
use crate::web::Fields;
use crate::web::listing::Listing;
use crate::web::view::Sort;

/// The filters and the order, by their names in the address.
const NAMES: &[&str] = &["q", "kind", "status", "role", "team", "sort"];

/// Filters, order and place. Words that are not known do not count.
#[derive(Clone)]
pub(super) struct Asked {
    pub filter: UserFilter,
    pub sort: UserSort,
    pub descending: bool,
    /// The address itself.
    pub listing: Listing,
}

impl Asked {
    pub fn of(fields: &Fields) -> Self {
        let sort = fields.get("sort");
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
            listing: Listing::new("/users", NAMES, fields.clone()),
        }
    }

    /// Whether more than the kind is asked for.
    pub fn is_narrowed(&self) -> bool {
        let filter = UserFilter { kind: None, ..self.filter.clone() };
        !filter.is_empty()
    }

    /// A column head that sorts by `word`, and the other way round when it does already.
    pub fn head(&self, label: &'static str, word: &'static str, falling_first: bool) -> Sort {
        let by = (self.sort.as_str() == word).then_some(self.descending);
        self.listing.head(label, word, by, falling_first)
    }
}
