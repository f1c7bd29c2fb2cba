//! Applications: APIs outside that trust Latchkey's tokens, and what they let tokens be used for.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;
use uuid::Uuid;

use super::error::FieldError;
use super::ids::{ApplicationId, ScopeId, TeamId};
use super::permissions::{Permission, PermissionSet, Resource, UnknownPermission};
use super::roles::AppLevel;

/// The longest slug or name of a scope, in characters.
pub const WORD_MAX: usize = 40;
/// The longest audience, in characters.
pub const AUDIENCE_MAX: usize = 200;
/// How many scopes an application has at most.
pub const SCOPES_MAX: usize = 100;

/// An API outside that trusts Latchkey's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id inside and in REST.
    pub id: ApplicationId,
    /// Its id outside: the `client_id` by which it asks about tokens.
    pub uuid: Uuid,
    /// What its scopes and its addresses begin with. It never changes.
    pub slug: String,
    /// Unique without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The team whose people keep it.
    pub home: TeamId,
    /// For whom a token is meant that is used there (`aud`, RFC 7662, section 2.2).
    pub audience: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Counts changes.
    pub version: i64,
}

/// What an application lets tokens be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its id. Never used twice.
    pub id: ScopeId,
    /// Unique in its application.
    pub name: String,
    /// What it allows.
    pub description: String,
    /// How far a role has to reach for it.
    pub level: AppLevel,
}

/// A scope of an application as tokens have it, written `slug:scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppScope {
    /// The scope.
    pub id: ScopeId,
    /// Whose it is.
    pub application: ApplicationId,
    /// That application's slug.
    pub slug: String,
    /// The scope's name there.
    pub name: String,
    /// How far a role has to reach for it.
    pub level: AppLevel,
}

impl Scope {
    /// As tokens have it.
    pub fn of(&self, application: &Application) -> AppScope {
        AppScope {
            id: self.id,
            application: application.id,
            slug: application.slug.clone(),
            name: self.name.clone(),
            level: self.level,
        }
    }
}

impl AppScope {
    fn words(&self) -> (&str, &str, ScopeId) {
        (&self.slug, &self.name, self.id)
    }
}

impl Ord for AppScope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.words().cmp(&other.words())
    }
}

impl PartialOrd for AppScope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for AppScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.slug, self.name)
    }
}

impl serde::Serialize for AppScope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A scope as somebody writes it, of which it is only known how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// `resource:action`.
    Portal(Permission),
    /// `slug:scope` of an application.
    Application(String),
}

impl FromStr for Written {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of_application = || {
            let (before, name) = text.split_once(':')?;
            let looks_right =
                slug(before).is_ok_and(|slug| slug == before) && scope_name("", name).is_ok_and(|n| n == name);
            looks_right.then(|| Self::Application(text.to_owned()))
        };
        text.parse().map(Self::Portal).or_else(|unknown| of_application().ok_or(unknown))
    }
}

/// Scopes as somebody writes them, apart.
pub fn apart(written: impl IntoIterator<Item = Written>) -> (PermissionSet, BTreeSet<String>) {
    let mut of_applications = BTreeSet::new();
    let of_portal = written.into_iter().filter_map(|written| match written {
        Written::Portal(permission) => Some(permission),
        Written::Application(word) => {
            of_applications.insert(word);
            None
        }
    });
    (of_portal.collect(), of_applications)
}

/// Words that mean something else before the colon of a scope, or where an application's slug stands.
const TAKEN: [&str; 8] = ["scim", "openid", "profile", "email", "address", "phone", "offline_access", "unknown"];

/// The slug that a name would get.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.trim().to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' if !slug.is_empty() || c.is_ascii_lowercase() => slug.push(c),
            ' ' | '-' | '.' | '/' if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(WORD_MAX);
    slug.trim_end_matches('-').to_owned()
}

/// Checks a slug: 1 to 40 of lower-case letters, digits, `-` and `_`, beginning with a letter, and no word that means something
/// else in a scope.
///
/// # Errors
/// What is wrong, at the field `slug`.
pub fn slug(text: &str) -> Result<String, FieldError> {
    let slug = word("slug", text, "-_")?;
    let taken = TAKEN.contains(&&*slug) || Resource::ALL.iter().any(|resource| resource.slug() == slug);
    if taken {
        return Err(FieldError::new("slug", "This word means something else in a scope. Choose another one."));
    }
    Ok(slug)
}

/// Checks the name of a scope: 1 to 40 of lower-case letters, digits, `-`, `_` and `.`, beginning with a letter.
///
/// # Errors
/// What is wrong, at `field`.
pub fn scope_name(field: &str, text: &str) -> Result<String, FieldError> {
    word(field, text, "-_.")
}

fn word(field: &str, text: &str, signs: &str) -> Result<String, FieldError> {
    let word = text.trim();
    let fail = |message: String| Err(FieldError::new(field, message));
    if word.is_empty() {
        return fail("Type a word, for example reports.".into());
    }
    if word.chars().count() > WORD_MAX {
        return fail(format!("This has at most {WORD_MAX} characters."));
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || signs.contains(c);
    if !word.starts_with(|c: char| c.is_ascii_lowercase()) || !word.chars().all(fits) {
        let signs = signs.chars().map(String::from).collect::<Vec<_>>().join(" ");
        return fail(format!("Use a to z, digits, and {signs} only, and begin with a letter."));
    }
    Ok(word.to_owned())
}

/// Checks an audience: what stands in `aud`, in one word.
///
/// # Errors
/// What is wrong, at the field `audience`.
pub fn audience(text: &str) -> Result<String, FieldError> {
    let audience = text.trim();
    let fail = |message: &str| Err(FieldError::new("audience", message));
    if audience.is_empty() {
        return fail("Type an audience, for example https://reports.example.com.");
    }
    if audience.chars().count() > AUDIENCE_MAX {
        return fail("An audience has at most 200 characters.");
    }
    if !audience.chars().all(|c| c.is_ascii_graphic() && !"\"\\<>".contains(c)) {
        return fail("Use letters, digits and the signs of an address only, without blanks.");
    }
    Ok(audience.to_owned())
}

/// Checks how far a role has to reach for a scope.
///
/// # Errors
/// What is wrong, at `field`.
pub fn level(field: &str, text: &str) -> Result<AppLevel, FieldError> {
    let level = text.trim().parse().ok().filter(|level| *level > AppLevel::None);
    level.ok_or_else(|| FieldError::new(field, "Choose read, write or admin."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_made_from_a_name_and_is_one() {
        for (name, wanted) in [
            ("Data Quality", "data-quality"),
            ("  Ärger & Co. ", "rger-co"),
            ("3D  Prints/x", "d-prints-x"),
            ("--", ""),
            (&"ab ".repeat(30), "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-a"),
        ] {
            assert_eq!(slug_of(name), wanted);
            assert_eq!(slug(wanted).is_ok(), !wanted.is_empty(), "{wanted}");
        }
    }

    #[test]
    fn a_slug_means_nothing_else() {
        for bad in ["users", "self", "scim", "unknown", "A", "1a", "a b", "a:b", "a.b", "ä", &"a".repeat(41)] {
            assert!(slug(bad).is_err(), "{bad}");
        }
        assert_eq!(slug(" reports "), Ok("reports".into()));
        assert!(scope_name("name", "reports.read").is_ok() && scope_name("name", "reports:read").is_err());
    }

    #[test]
    fn a_scope_is_the_portals_or_an_applications_or_none() {
        assert_eq!("users:read".parse(), Ok(Written::Portal("users:read".parse().unwrap())));
        assert_eq!("reports:read".parse(), Ok(Written::Application("reports:read".into())));
        for none in ["users:fly", "reports", "reports:", ":read", "reports:read ", "Reports:read", "a:b:c", "scim:read"]
        {
            assert!(none.parse::<Written>().is_err(), "{none}");
        }
    }

    #[test]
    fn an_audience_is_one_word() {
        for bad in ["", "a b", "a\u{7f}", "a\"b", &"a".repeat(201)] {
            assert!(audience(bad).is_err(), "{bad}");
        }
        assert!(audience("https://reports.example.com/v1?x=1").is_ok());
        assert!(level("level", "none").is_err() && level("level", "Read").is_err());
        assert_eq!(level("level", "admin"), Ok(AppLevel::Admin));
    }
}
