//! Which entries of the log are asked for.

use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use super::{Entry, Outcome};
use crate::base::clock::to_micros;
use crate::model::error::{Error, FieldError, Problems, Result};
use crate::model::names::fold;
use crate::model::roles::words;

words! {
    /// What kind of actor it was.
    ActorKind: "a kind of actor" {
        /// A person.
        Person = "person",
        /// A service account.
        Service = "service",
        /// An AI agent.
        Agent = "agent",
        /// The command line.
        Cli = "cli",
        /// The portal itself.
        System = "system",
        /// Nobody known.
        Anonymous = "anonymous",
    }
}

/// The names of the filters, in addresses and queries.
pub const NAMES: [&str; 10] =
    ["q", "kind", "action", "outcome", "actor", "token", "target_kind", "target", "from", "to"];
/// The longest text of a filter, in characters.
const TEXT_MAX: usize = 200;

/// Something named by its id or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its id: all digits.
    Id(i64),
    /// By its name, folded.
    Name(String),
}

impl Named {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(id) if is_id => Some(Self::Id(id)),
            _ if text.is_empty() => None,
            _ => Some(Self::Name(fold(text))),
        }
    }

    fn is(&self, id: Option<i64>, name: Option<&str>) -> bool {
        match self {
            Self::Id(wanted) => id == Some(*wanted),
            Self::Name(wanted) => name.is_some_and(|name| fold(name) == *wanted),
        }
    }
}

/// Filters of the log; entries have to match all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The account that acted.
    pub actor: Option<Named>,
    /// What kind of actor.
    pub kind: Option<ActorKind>,
    /// The token that was used.
    pub token: Option<Named>,
    /// `noun.verb`, or `noun.*` for all that is done to such things.
    pub action: Option<String>,
    /// What kind of thing it was done to.
    pub target_kind: Option<String>,
    /// What it was done to.
    pub target: Option<Named>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// From this moment on.
    pub from: Option<OffsetDateTime>,
    /// Before this moment.
    pub until: Option<OffsetDateTime>,
    /// Part of any of its texts, folded.
    pub text: String,
}

impl Filter {
    /// Reads filters by their names.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub fn read<'a>(get: impl Fn(&str) -> &'a str) -> Result<Self> {
        let mut problems = Problems::default();
        for name in NAMES {
            if get(name).chars().count() > TEXT_MAX {
                problems.add(name, format!("Type {TEXT_MAX} characters at most."));
            }
        }
        let word = |name| Some(get(name).trim()).filter(|text: &&str| !text.is_empty());
        let filter = Self {
            actor: Named::of(get("actor")),
            kind: word("kind").and_then(|text| problems.take(known("kind", text))),
            token: Named::of(get("token")),
            action: word("action").and_then(|text| problems.take(action(text))),
            target_kind: word("target_kind").and_then(|text| problems.take(target_kind(text))),
            target: Named::of(get("target")),
            outcome: word("outcome").and_then(|text| problems.take(known("outcome", text))),
            from: word("from").and_then(|text| problems.take(moment("from", text))).map(|(at, _)| at),
            until: word("to").and_then(|text| problems.take(moment("to", text))).map(|(_, end)| end),
            text: get("q").trim().to_lowercase(),
        };
        if let (Some(from), Some(until)) = (filter.from, filter.until)
            && from >= until
        {
            problems.add("to", "This is before the beginning. Choose a later one.");
        }
        problems.check().map(|()| filter)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `entry` is asked for.
    pub fn matches(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<Named>, id, name: Option<&str>| wanted.as_ref().is_none_or(|w| w.is(id, name));
        self.kind.is_none_or(|kind| kind.as_str() == entry.actor_kind)
            && self.outcome.is_none_or(|outcome| outcome.as_str() == entry.outcome)
            && self.covers(&entry.action)
            && self.target_kind.as_ref().is_none_or(|kind| entry.target_kind.as_ref() == Some(kind))
            && self.from.is_none_or(|from| entry.at >= to_micros(from))
            && self.until.is_none_or(|until| entry.at < to_micros(until))
            && is(&self.actor, entry.actor_id, entry.actor_id.and(Some(&entry.actor_name)))
            && is(&self.token, entry.token_id, entry.token_name.as_deref())
            && is(&self.target, entry.target_id, entry.target_name.as_deref())
            && (self.text.is_empty() || entry.text().contains(&self.text))
    }

    /// Whether `action` is asked for.
    pub fn covers(&self, action: &str) -> bool {
        self.action.as_ref().is_none_or(|wanted| match wanted.strip_suffix('*') {
            Some(noun) => action.starts_with(noun),
            None => action == wanted,
        })
    }

    /// What is asked for, as the log says of an export.
    pub fn told(&self) -> serde_json::Value {
        #[derive(Serialize)]
        struct Told<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            actor: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            kind: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            token: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            action: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            target_kind: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            target: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            outcome: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            from: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            before: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            text: Option<&'a str>,
        }
        let named = |wanted: &Option<Named>| {
            wanted.as_ref().map(|wanted| match wanted {
                Named::Id(id) => id.to_string(),
                Named::Name(name) => name.clone(),
            })
        };
        let time = |at: Option<OffsetDateTime>| at.and_then(|at| at.format(&Rfc3339).ok());
        let told = Told {
            actor: named(&self.actor),
            kind: self.kind.map(ActorKind::as_str),
            token: named(&self.token),
            action: self.action.as_deref(),
            target_kind: self.target_kind.as_deref(),
            target: named(&self.target),
            outcome: self.outcome.map(Outcome::as_str),
            from: time(self.from),
            before: time(self.until),
            text: Some(self.text.as_str()).filter(|text| !text.is_empty()),
        };
        serde_json::to_value(told).unwrap_or_default()
    }
}

fn known<T: std::str::FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, FieldError> {
    text.parse().map_err(|error: T::Err| FieldError::new(field, error.to_string()))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn action(text: &str) -> Result<String, FieldError> {
    let is_action = text.split_once('.').is_some_and(|(noun, verb)| is_word(noun) && (verb == "*" || is_word(verb)));
    // What a refused request tried may not be known.
    if is_action || text == "request" {
        return Ok(text.to_owned());
    }
    Err(FieldError::new("action", "Write an action as noun.verb, as token.create, or all of a noun's as token.*."))
}

fn target_kind(text: &str) -> Result<String, FieldError> {
    let wrong = || FieldError::new("target_kind", "Write a kind of target in one word, as team or service.");
    is_word(text).then(|| text.to_owned()).ok_or_else(wrong)
}

/// A day, or a moment: its beginning and its end.
fn moment(field: &str, text: &str) -> Result<(OffsetDateTime, OffsetDateTime), FieldError> {
    if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
        let begin = day.midnight().assume_utc();
        return Ok((begin, begin.checked_add(Duration::DAY).unwrap_or(begin)));
    }
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(at) => Ok((at, at)),
        Err(_) => Err(FieldError::new(
            field,
            "This is neither a day, as 2026-11-22, nor a moment by RFC 3339, as 2026-11-22T10:00:00Z.",
        )),
    }
}

/// That no account is known under what was typed.
pub fn no_such_actor() -> Error {
    Error::field("actor", "No account of this name or id is known here, nor has the log one. Check how it is spelled.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &'static str)]) -> Result<Filter> {
        Filter::read(|name| pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value))
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field() {
        for (name, value) in [
            ("kind", "robot"),
            ("action", "token create"),
            ("action", "token."),
            ("outcome", "maybe"),
            ("from", "yesterday"),
            ("from", "2026-02-30"),
            ("to", "22.11.2026"),
            ("target_kind", "Team 1"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.of_field(name).is_some(), "{name}={value}: {error}");
        }
        let error = read(&[("from", "2026-11-22"), ("to", "2026-11-21")]).unwrap_err();
        assert!(error.of_field("to").is_some());
    }

    #[test]
    fn days_are_whole_and_moments_exact() {
        let filter = read(&[("from", "2026-11-22"), ("to", "2026-11-22")]).unwrap();
        assert_eq!(filter.until.unwrap() - filter.from.unwrap(), Duration::DAY);
        let moment = read(&[("to", "2026-11-22T10:00:00+02:00")]).unwrap();
        assert_eq!(moment.until.unwrap().unix_timestamp(), 1_795_334_400);
        assert_eq!(read(&[("actor", " Ada ")]).unwrap().actor, Some(Named::Name("ada".into())));
        assert_eq!(read(&[("actor", "12")]).unwrap().actor, Some(Named::Id(12)));
        assert!(read(&[("actor", " ")]).unwrap().is_empty());
    }
}
