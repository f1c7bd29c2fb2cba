//! What the address of the inventory asks for.

use crate::model::ids::TokenId;
use crate::model::tokens::{TokenFilter, TokenSort, TokenState, TokenType};
use crate::web::Fields;
use crate::web::listing::Listing;
use crate::web::view::Sort;

/// The filters and the order, by their names in the address.
pub(super) const NAMES: &[&str] = &["q", "type", "state", "expiry", "use", "power", "team", "account", "token", "sort"];
/// The word for tokens of every type.
const ALL: &str = "all";

/// Filters, order and place. Words that are not known do not count.
#[derive(Clone)]
pub(super) struct Asked {
    /// All but the account, which is named and has to be looked up.
    pub filter: TokenFilter,
    /// The username of the account.
    pub account: String,
    pub sort: TokenSort,
    pub descending: bool,
    /// The address itself.
    pub listing: Listing,
}

impl Asked {
    pub fn of(fields: &Fields) -> Self {
        let sort = fields.get("sort");
        let order = sort.trim_start_matches('-').parse().ok().map(|order| (order, sort.starts_with('-')));
        // The newest first, unless it is asked for otherwise.
        let (sort, descending) = order.unwrap_or((TokenSort::Created, true));
        let token: Option<TokenId> = fields.parse("token");
        let search = fields.get("q").trim().replace("...", "…");
        Self {
            filter: TokenFilter {
                kind: match fields.get("type") {
                    // Service accounts are what the page is for; whoever searches searches everything.
                    "" if search.is_empty() && token.is_none() => Some(TokenType::Service),
                    word => TokenType::ALL.iter().copied().find(|kind| slug(*kind) == word),
                },
                search,
                id: token,
                state: TokenState::ALL
                    .iter()
                    .copied()
                    .find(|state| state.as_str().to_lowercase() == fields.get("state")),
                team: fields.parse("team"),
                account: None,
                ending: fields.parse("expiry"),
                usage: fields.parse("use"),
                global_admin: fields.get("power") == "global",
            },
            account: fields.get("account").trim().to_owned(),
            sort,
            descending,
            listing: Listing::new("/tokens", NAMES, fields.clone()),
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

/// A type in addresses.
fn slug(kind: TokenType) -> &'static str {
    match kind {
        TokenType::Personal => "personal",
        TokenType::Service => "service",
        TokenType::Agent => "agent",
    }
}
