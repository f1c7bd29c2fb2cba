//! What templates show, made from what the model holds.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::model;
use crate::model::error::FieldError;
use crate::model::roles::TeamRole;
use crate::model::tokens::{Summary, TokenState};
use crate::model::users::{Kind, User, UserState};

/// A form's field: what was typed and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Its name and id.
    pub name: &'static str,
    /// What was typed.
    pub value: String,
    /// What is wrong.
    pub error: Option<String>,
}

impl Field {
    /// A field holding `value`.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), error: None }
    }

    /// With what `error` says of it.
    #[must_use]
    pub fn judged(self, error: Option<&model::Error>) -> Self {
        let name = self.name;
        self.judged_as(error, name)
    }

    /// With what `error` says of it under another name.
    #[must_use]
    pub fn judged_as(self, error: Option<&model::Error>, name: &str) -> Self {
        Self { error: error.and_then(|error| error.of_field(name)).map(str::to_owned), ..self }
    }
}

/// What stands above a form that came back: the error itself, or that fields have to be mended.
pub fn form_error(error: &model::Error, shown: &[&str]) -> String {
    match error {
        model::Error::Invalid(errors) => {
            let elsewhere: Vec<&FieldError> = errors.iter().filter(|e| !shown.contains(&e.field.as_str())).collect();
            if elsewhere.is_empty() {
                "Nothing was saved yet. Mend the marked fields and send it again.".into()
            } else {
                elsewhere.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" ")
            }
        }
        other => other.to_string(),
    }
}

/// What somebody else changed while a form was open.
#[derive(Clone, Debug)]
pub struct Change {
    /// The field's label.
    pub field: String,
    /// What it holds now.
    pub theirs: String,
}

impl Change {
    /// `field` holds `theirs` now.
    pub fn new(field: impl Into<String>, theirs: impl Into<String>) -> Self {
        let theirs = theirs.into();
        Self { field: field.into(), theirs: if theirs.is_empty() { "empty".into() } else { theirs } }
    }
}

/// One of several values to choose from.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Whether it is chosen.
    pub selected: bool,
}

impl Choice {
    /// Each of `all`, of which `chosen` is chosen.
    pub fn words<T: std::fmt::Display + Copy>(all: &[T], chosen: &str) -> Vec<Self> {
        all.iter().map(|word| Self::new(word.to_string(), word.to_string(), chosen)).collect()
    }

    /// Each of these team roles, by name, of which `chosen` is chosen.
    pub fn roles(all: &[TeamRole], chosen: &str) -> Vec<Self> {
        all.iter().map(|role| Self::new(&role.name, &role.name, chosen)).collect()
    }

    /// One of them.
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: &str) -> Self {
        let value = value.into();
        Self { selected: value == chosen, value, label: label.into() }
    }
}

/// An account wherever its name stands.
#[derive(Clone, Debug)]
pub struct Who {
    /// Its page.
    pub href: String,
    /// Its display name.
    pub name: String,
    /// Its username.
    pub username: String,
    /// For its avatar.
    pub initials: String,
    /// Whether it is a service account.
    pub service: bool,
    /// Whether it is an AI agent.
    pub agent: bool,
}

impl Who {
    /// This account.
    pub fn of(user: &User) -> Self {
        Self {
            href: format!("/users/{}", user.id),
            name: user.display_name.clone(),
            username: user.username.clone(),
            initials: initials(&user.display_name),
            service: user.kind == Kind::Service,
            agent: user.kind == Kind::Agent,
        }
    }
}

/// The first letters of the first and the last word.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

/// A word with a colour, never a colour alone.
#[derive(Clone, Debug)]
pub struct Status {
    /// The word.
    pub word: &'static str,
    /// `good`, `info`, `caution`, `danger` or `off`.
    pub tone: &'static str,
}

impl From<UserState> for Status {
    fn from(state: UserState) -> Self {
        let tone = match state {
            UserState::Active => "good",
            UserState::Invited => "info",
            UserState::Idle | UserState::Stopped => "caution",
            UserState::Disabled => "off",
        };
        Self { word: state.as_str(), tone }
    }
}

impl From<TokenState> for Status {
    fn from(state: TokenState) -> Self {
        let tone = match state {
            TokenState::Active => "good",
            TokenState::Expiring | TokenState::Suspended | TokenState::Stopped => "caution",
            TokenState::Expired => "danger",
            TokenState::Revoked => "off",
        };
        Self { word: state.as_str(), tone }
    }
}

/// A few words in a table that may ask for attention.
#[derive(Clone, Debug)]
pub struct Note {
    /// The words.
    pub text: String,
    /// Nothing, `off`, `caution` or `danger`.
    pub tone: &'static str,
}

impl Note {
    /// A user's tokens in words.
    pub fn tokens(tokens: &Summary, kind: Kind, now: OffsetDateTime) -> Self {
        let count = tokens.usable;
        match tokens.soonest_end {
            _ if count == 0 && tokens.stopped > 0 => Self { text: format!("{} stopped", tokens.stopped), tone: "off" },
            _ if count == 0 => Self { text: "none".into(), tone: "off" },
            Some(end) => Self {
                text: format!("{} {}", plural_verb(tokens.ending, "expires", "expire"), relative(end, now)),
                tone: "caution",
            },
            None if tokens.endless > 0 => {
                Self { text: plural_verb(tokens.endless, "never expires", "never expire"), tone: "caution" }
            }
            None if kind == Kind::Person => Self { text: format!("{count} personal"), tone: "" },
            None => Self { text: format!("{count} active"), tone: "" },
        }
    }
}

fn plural_verb(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A moment: exact for machines and on hover, relative to read.
#[derive(Clone, Debug)]
pub struct When {
    /// RFC 3339.
    pub iso: String,
    /// To the minute, in UTC.
    pub exact: String,
    /// Relative to now.
    pub text: String,
}

impl When {
    /// `at`, seen from `now`.
    pub fn of(at: OffsetDateTime, now: OffsetDateTime) -> Self {
        let minute = format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
        Self {
            iso: at.format(&Rfc3339).unwrap_or_default(),
            exact: at.format(&minute).unwrap_or_default(),
            text: relative(at, now),
        }
    }
}

/// `22 Nov 2027`.
pub fn day(at: OffsetDateTime) -> String {
    at.format(format_description!("[day padding:none] [month repr:short] [year]")).unwrap_or_default()
}

/// `22 November 2027`.
pub fn long_day(at: OffsetDateTime) -> String {
    at.format(format_description!("[day padding:none] [month repr:long] [year]")).unwrap_or_default()
}

/// How long ago, or in how long. Each unit is rounded down, so that nothing is claimed early.
pub fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let ahead = at > now;
    let seconds = (at - now).whole_seconds().abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let span = match (minutes, hours, days) {
        (0, ..) => {
            return if ahead { "in less than a minute".into() } else { "just now".into() };
        }
        (_, 0, _) => format!("{minutes} min"),
        (_, _, 0) => format!("{hours} h"),
        (_, _, 1) => "1 day".into(),
        (_, _, 365..730) => "1 year".into(),
        (_, _, 730..) => format!("{} years", days / 365),
        (_, _, days) => format!("{days} days"),
    };
    if ahead { format!("in {span}") } else { format!("{span} ago") }
}

/// A tab of a page.
#[derive(Clone, Debug)]
pub struct Tab {
    /// Its label.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether it is this one.
    pub current: bool,
}

/// A column head that sorts.
#[derive(Clone, Debug)]
pub struct Sort {
    /// Its label.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
    /// Whether the list is sorted by it, rising.
    pub up: bool,
    /// Whether the list is sorted by it, falling.
    pub down: bool,
}

/// The foot of a list.
#[derive(Clone, Debug)]
pub struct Pager {
    /// How much is shown.
    pub summary: String,
    /// The page before.
    pub prev: Option<String>,
    /// The next page.
    pub next: Option<String>,
}

impl Pager {
    /// Links to the neighbours of `page`, at `path` with the same `kept` query.
    pub fn of<T>(page: &model::page::Page<T>, summary: String, path: &str, kept: &[(String, String)]) -> Self {
        let link = |cursor: &Option<model::page::Cursor>| {
            let cursor = cursor.as_ref()?;
            let mut pairs = kept.to_vec();
            pairs.push(("cursor".into(), cursor.encode()));
            Some(format!("{path}{}", super::form::query(&pairs)))
        };
        Self { summary, prev: link(&page.previous), next: link(&page.next) }
    }
}

/// A count that stops at 10,000: `1,284`, or `10,000+`.
pub fn count(n: i64) -> String {
    use crate::model::page::COUNT_CAP;
    let capped = n.min(COUNT_CAP);
    let digits = if capped >= 1_000 { format!("{},{:03}", capped / 1_000, capped % 1_000) } else { capped.to_string() };
    if n > COUNT_CAP { format!("{digits}+") } else { digits }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = datetime!(2026-11-22 10:00 UTC);
        for (ago, told) in [
            (Duration::seconds(5), "just now"),
            (Duration::minutes(2), "2 min ago"),
            (Duration::hours(1), "1 h ago"),
            (Duration::hours(30), "1 day ago"),
            (Duration::days(212), "212 days ago"),
            (Duration::days(400), "1 year ago"),
        ] {
            assert_eq!(relative(now - ago, now), told);
        }
        assert_eq!(relative(now + Duration::days(6), now), "in 6 days");
        assert_eq!(relative(now + Duration::days(365), now), "in 1 year");
    }

    #[test]
    fn counts_stop_where_nobody_reads_on() {
        assert_eq!(
            [count(0), count(941), count(1_284), count(10_000), count(10_001)].join(" "),
            "0 941 1,284 10,000 10,000+"
        );
    }

    #[test]
    fn initials_are_of_the_first_and_last_word() {
        assert_eq!(
            [initials("Ada Okafor"), initials("sunita"), initials("Jean-Luc van der Berg"), initials("…")].join(" "),
            "AO S JB "
        );
    }
}
