//! What the address of the list asks for.

use crate::model::FieldError;
use crate::model::ids::TeamId;
use crate::model::users::{Kind, UserFilter, UserSort, UserState};
use crate::web::Fields;
use crate::web::listing::{Listing, Words, one_of};
use crate::web::view::Sort;

/// The filters and the order, by their names in the address.
const NAMES: &[&str] = &["q", "kind", "status", "role", "team", "sort"];

/// Filters, order and place.
#[derive(Clone)]
pub(super) struct Asked {
    pub filter: UserFilter,
    pub sort: UserSort,
    pub descending: bool,
    /// Words that are not known; they are left out of the address below.
    pub wrong: Vec<FieldError>,
    /// The address itself.
    pub listing: Listing,
}

impl Asked {
    pub fn of(fields: &Fields) -> Self {
        let mut words = Words::of(fields);
        let (sort, descending) = words.order().unwrap_or((UserSort::Name, false));
        let filter = UserFilter {
            search: fields.get("q").trim().to_owned(),
            kind: words.read("kind", |text| one_of(text, "kind of account", Kind::ALL, |kind| kind.slug().into())),
            state: words.read("status", |text| {
                one_of(text, "status of an account", UserState::ALL, |state| state.slug().into())
            }),
            role: words.read("role", str::parse),
            team: words.id("team", "a team").map(TeamId),
        };
        let listing = Listing::new("/users", NAMES, words.rest());
        Self { filter, sort, descending, listing, wrong: words.wrong() }
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
