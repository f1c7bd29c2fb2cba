//! What the address of the inventory asks for.

use crate::model::FieldError;
use crate::model::ids::{TeamId, TokenId};
use crate::model::tokens::{TokenFilter, TokenSort, TokenState, TokenType};
use crate::web::Fields;
use crate::web::listing::{Listing, Words, one_of};
use crate::web::view::Sort;

/// The filters and the order, by their names in the address.
pub(super) const NAMES: &[&str] = &["q", "type", "state", "expiry", "use", "power", "team", "account", "token", "sort"];
/// The word for tokens of every type.
const ALL: &str = "all";

/// Filters, order and place.
#[derive(Clone)]
pub(super) struct Asked {
    /// All but the account, which is named and has to be looked up.
    pub filter: TokenFilter,
    /// Words that are not known; they are left out of the address below.
    pub wrong: Vec<FieldError>,
    /// The username of the account.
    pub account: String,
    pub sort: TokenSort,
    pub descending: bool,
    /// The address itself.
    pub listing: Listing,
}

impl Asked {
    pub fn of(fields: &Fields) -> Self {
        let mut words = Words::of(fields);
        let token = words.id("token", "a token").map(TokenId);
        let search = fields.get("q").trim().replace("...", "…");
        let filter = TokenFilter {
            kind: match fields.get("type") {
                // Service accounts are what the page is for; whoever searches searches everything.
                "" if search.is_empty() && token.is_none() => Some(TokenType::Service),
                "" | ALL => None,
                _ => words.read("type", kind).or(Some(TokenType::Service)),
            },
            search,
            id: token,
            state: words.read("state", state),
            team: words.id("team", "a team").map(TeamId),
            account: None,
            ending: words.read("expiry", str::parse),
            usage: words.read("use", str::parse),
            global_admin: words.read("power", power).is_some(),
        };
        let order = words.order().filter(|(sort, _): &(TokenSort, _)| sort.is_of(filter.usage));
        let (sort, descending) = order.unwrap_or(TokenSort::of(filter.usage));
        Self {
            filter,
            account: fields.get("account").trim().to_owned(),
            sort,
            descending,
            listing: Listing::new("/tokens", NAMES, words.rest()),
            wrong: words.wrong(),
        }
    }

    /// Whether more than the type is asked for.
    pub fn is_narrowed(&self) -> bool {
        !self.listing.sent(&NAMES[..NAMES.len() - 1]).iter().all(|(name, _)| name == "type")
    }

    /// The tabs of types: label, where it leads, and whether it is this one.
    pub fn kinds(&self) -> Vec<(&'static str, String, bool)> {
        let all = [
            ("Service accounts", Some(TokenType::Service)),
            ("AI agents", Some(TokenType::Agent)),
            ("People", Some(TokenType::Personal)),
            ("All", None),
        ];
        let tab = |(label, kind): (&'static str, Option<TokenType>)| {
            (label, self.listing.link("type", kind.map_or(ALL, slug)), self.filter.kind == kind)
        };
        all.into_iter().map(tab).collect()
    }

    /// What the panel is called.
    pub fn title(&self) -> &'static str {
        match self.filter.kind {
            Some(TokenType::Service) => "Service Account Tokens",
            Some(TokenType::Agent) => "AI Agent Tokens",
            Some(TokenType::Personal) => "Personal Tokens",
            None => "All Tokens",
        }
    }

    /// A column head that sorts by `sort`, and the other way round when it does already.
    pub fn head(&self, label: &'static str, sort: TokenSort, falling_first: bool) -> Sort {
        let by = (self.sort == sort).then_some(self.descending);
        self.listing.head(label, sort.as_str(), by, falling_first)
    }
}

fn kind(text: &str) -> Result<TokenType, String> {
    let known = TokenType::ALL.iter().copied().find(|kind| slug(*kind) == text);
    known.ok_or_else(|| format!("{text} is no type of tokens. Choose one of all, personal, service, agent."))
}

fn state(text: &str) -> Result<TokenState, String> {
    one_of(text, "state of a token", TokenState::ALL, |state| state.as_str().to_lowercase())
}

fn power(text: &str) -> Result<(), String> {
    if text == "global" { Ok(()) } else { Err(format!("{text} is no power of tokens. Choose global, or nothing.")) }
}

/// A type in addresses.
fn slug(kind: TokenType) -> &'static str {
    match kind {
        TokenType::Personal => "personal",
        TokenType::Service => "service",
        TokenType::Agent => "agent",
    }
}
