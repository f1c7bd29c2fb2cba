//! What the address of the inventory asks for.

use crate::model::ids::{TeamId, TokenId};
use crate::model::tokens::{TokenFilter, TokenSort, TokenState, TokenType};
use crate::model::{Error, FieldError};
use crate::web::Fields;
use crate::web::listing::Listing;
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
    /// What is wrong with which: words that are not known.
    wrong: Vec<FieldError>,
    /// The username of the account.
    pub account: String,
    pub sort: TokenSort,
    pub descending: bool,
    /// The address itself.
    pub listing: Listing,
}

impl Asked {
    pub fn of(fields: &Fields) -> Self {
        let mut words = Words { fields, wrong: Vec::new() };
        let order = words.read("sort", |text| {
            let order: TokenSort = text.strip_prefix('-').unwrap_or(text).parse()?;
            Ok((order, text.starts_with('-')))
        });
        // The newest first, unless it is asked for otherwise.
        let (sort, descending) = order.unwrap_or((TokenSort::Created, true));
        let token = words.read("token", |text| id(text, "a token").map(TokenId));
        let search = fields.get("q").trim().replace("...", "…");
        Self {
            filter: TokenFilter {
                kind: match fields.get("type") {
                    // Service accounts are what the page is for; whoever searches searches everything.
                    "" if search.is_empty() && token.is_none() => Some(TokenType::Service),
                    "" | ALL => None,
                    _ => words.read("type", kind),
                },
                search,
                id: token,
                state: words.read("state", state),
                team: words.read("team", |text| id(text, "a team").map(TeamId)),
                account: None,
                ending: words.read("expiry", str::parse),
                usage: words.read("use", str::parse),
                global_admin: words.read("power", power).is_some(),
            },
            account: fields.get("account").trim().to_owned(),
            sort,
            descending,
            wrong: words.wrong,
            listing: Listing::new("/tokens", NAMES, fields.clone()),
        }
    }

    /// What is wrong with the words of the address, if anything is.
    pub fn error(&self) -> Option<Error> {
        (!self.wrong.is_empty()).then(|| Error::Invalid(self.wrong.clone()))
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

/// Reads words out of an address, and keeps what is wrong with them.
struct Words<'a> {
    fields: &'a Fields,
    wrong: Vec<FieldError>,
}

impl Words<'_> {
    /// What `name` says; nothing where it says nothing, or what is no such word.
    fn read<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match self.fields.get(name).trim() {
            "" => None,
            text => read(text).map_err(|told| self.wrong.push(FieldError::new(name, told))).ok(),
        }
    }
}

fn kind(text: &str) -> Result<TokenType, String> {
    let known = TokenType::ALL.iter().copied().find(|kind| slug(*kind) == text);
    known.ok_or_else(|| format!("{text} is no type of tokens. Choose one of all, personal, service, agent."))
}

fn state(text: &str) -> Result<TokenState, String> {
    let word = |state: &TokenState| state.as_str().to_lowercase();
    let known = TokenState::ALL.iter().copied().find(|state| word(state) == text);
    known.ok_or_else(|| {
        let all: Vec<_> = TokenState::ALL.iter().map(word).collect();
        format!("{text} is no state of a token. Choose one of {}.", all.join(", "))
    })
}

fn power(text: &str) -> Result<(), String> {
    if text == "global" { Ok(()) } else { Err(format!("{text} is no power of tokens. Choose global, or nothing.")) }
}

fn id(text: &str, what: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text} is not the id of {what}. Choose it from the list."))
}

/// A type in addresses.
fn slug(kind: TokenType) -> &'static str {
    match kind {
        TokenType::Personal => "personal",
        TokenType::Service => "service",
        TokenType::Agent => "agent",
    }
}
