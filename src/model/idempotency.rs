//! Requests that may be sent twice and are done once (the IETF's draft *The Idempotency-Key HTTP Header Field*).

use std::str::FromStr;

use time::Duration;

use super::ids::TokenId;
use crate::base::crypto;

/// How long an answer can be had again.
pub const KEPT_FOR: Duration = Duration::hours(24);

const MAX_LENGTH: usize = 255;

/// What a client calls one request of its own: 1 to 255 visible ASCII characters.
pub struct Key(String);

impl FromStr for Key {
    type Err = &'static str;

    /// Reads the field's value: the key as it is, or as a string of RFC 9651 (section 3.3.3), in quotes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = match text.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => Some(text.to_owned()),
        };
        key.filter(|key| (1..=MAX_LENGTH).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
            .map(Self)
            .ok_or("Idempotency-Key must be one key of 1 to 255 visible ASCII characters, as it is or in quotes; a new UUID is a good one.")
    }
}

/// The string that began with a quote, if it ends with one and what stands between is escaped.
fn unquoted(rest: &str) -> Option<String> {
    let mut chars = rest.strip_suffix('"')?.chars();
    let mut key = String::with_capacity(rest.len());
    while let Some(char) = chars.next() {
        key.push(match char {
            '\\' => chars.next().filter(|escaped| matches!(escaped, '"' | '\\'))?,
            '"' => return None,
            other => other,
        });
    }
    Some(key)
}

/// One request under its key.
pub struct Keyed {
    key: Key,
    request: [u8; 32],
}

impl Keyed {
    /// The request that is made of these parts. Its hash covers the key too, so that whoever has a copy of the store cannot
    /// find out by trying what was sent.
    pub fn new(key: Key, parts: &[&[u8]]) -> Self {
        let mut whole = Vec::new();
        for part in std::iter::once(key.0.as_bytes()).chain(parts.iter().copied()) {
            whole.extend_from_slice(&part.len().to_be_bytes());
            whole.extend_from_slice(part);
        }
        Self { key, request: crypto::sha256(&whole) }
    }

    /// Under which its answer is kept: a key is its token's own, so that nobody learns from another's.
    pub fn key_hash(&self, token: TokenId) -> [u8; 32] {
        crypto::sha256(&[&token.0.to_be_bytes()[..], self.key.0.as_bytes()].concat())
    }

    /// What tells this request from another.
    pub fn request_hash(&self) -> &[u8; 32] {
        &self.request
    }
}

/// An answer that can be given again: no secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The path of what was made.
    pub location: Option<String>,
    /// The version that it has now.
    pub version: Option<i64>,
    /// JSON.
    pub body: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        text.parse::<Key>().ok().map(|key| key.0)
    }

    #[test]
    fn a_key_may_stand_in_quotes_or_without() {
        let uuid = "8e03978e-40d5-43e8-bc93-6894a57f9326";
        for (text, key) in [
            (uuid, uuid),
            (&format!("\"{uuid}\""), uuid),
            ("x", "x"),
            ("a\"b", "a\"b"),
            ("a\\b", "a\\b"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (&"k".repeat(255), &"k".repeat(255)),
        ] {
            assert_eq!(read(text).as_deref(), Some(key), "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(256);
        for text in [
            "",
            "\"\"",
            "\"",
            "\"a",
            "a b",
            "\"a b\"",
            "a\tb",
            "\"a\"b\"",
            "\"a\";p=1",
            r#""a\b""#,
            r#""a\""#,
            "schlüssel",
            &long,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn two_requests_are_told_apart_wherever_they_differ() {
        let hash = |key: &str, parts: &[&[u8]]| Keyed::new(Key(key.into()), parts).request;
        let one = hash("k", &[b"POST", b"/teams", b"", b"{}"]);
        assert_eq!(one, hash("k", &[b"POST", b"/teams", b"", b"{}"]));
        assert_ne!(one, hash("k", &[b"POST", b"/teams", b"{}", b""]));
        assert_ne!(one, hash("k", &[b"POST/", b"teams", b"", b"{}"]));
        assert_ne!(one, hash("l", &[b"POST", b"/teams", b"", b"{}"]));
        let key = |key: &str, token| Keyed::new(Key(key.into()), &[]).key_hash(TokenId(token));
        assert_ne!(key("k", 1), key("k", 2));
    }
}
