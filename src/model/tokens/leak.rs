//! Tokens that were found where none belongs.

use time::OffsetDateTime;

use super::mention::without_tokens;
use super::secret::SECRET_LEN;
use crate::model::names::is_deceptive;
use crate::model::roles::words;

/// What is kept of where a token was found, in characters.
const PLACE_MAX: usize = 500;

words! {
    /// What was found of a token.
    WhatLeaked: "what was found" {
        /// The token itself.
        Itself = "itself",
        /// A secret that it had before, and no longer has.
        Former = "former",
        /// A token that it was made with.
        Maker = "maker",
    }
}

/// That a token was found, or one that it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// When that was reported.
    pub at: OffsetDateTime,
    /// Where it was found, in the words of whoever found it; empty where they said nothing.
    pub place: String,
    /// What was found.
    pub what: WhatLeaked,
}

/// Where `token` was found, as it is kept: one line of bounded length, without signs that deceive the eye, without passwords in
/// an address, and with no token in it, since places are often addresses that hold the token itself.
pub fn place(text: &str, token: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_deceptive(*c)).collect();
    let line = line.split_whitespace().map(without_password).collect::<Vec<_>>().join(" ");
    let mut line = without_tokens(&line);
    // Also where the prefix stands there in other signs, as by percent-encoding.
    if let Some(secret) = token.rsplit('_').next().filter(|secret| secret.len() == SECRET_LEN) {
        line = line.replace(secret, "…");
    }
    match line.char_indices().nth(PLACE_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// An address without what stands before its host: a name, and perhaps a password.
fn without_password(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let host_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..host_ends].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tokens::{PlainToken, TokenType};

    #[test]
    fn a_place_is_one_short_line_without_secrets() {
        let token = PlainToken::generate(TokenType::Service);
        let (text, secret) = (token.reveal(), &token.reveal()[7..]);
        let tidy = |found: &str| place(found, text);
        assert_eq!(tidy(&format!("https://git.example/blob?t={text}&u=2")), "https://git.example/blob?t=lk_svc_…&u=2");
        assert_eq!(tidy(&format!("{text}{text} {text}1")), "lk_svc_…lk_svc_… lk_svc_…1");
        assert_eq!(tidy(&format!("lk%5Fsvc%5F{secret}")), "lk%5Fsvc%5F…");
        let other = PlainToken::generate(TokenType::Agent);
        let (other, its) = (other.reveal(), &other.reveal()[7..]);
        assert_eq!(tidy(other), "lk_agt_…");
        assert_eq!(tidy(&format!("LK_AGT_{its}, LK_agt_{}", &its[..30])), "LK_AGT_…, LK_agt_…");
        assert_eq!(tidy(&format!("x={its}; {} {}!", &its[..9], &its[9..])), "x=…; …!");
        assert_eq!(tidy(&format!("lk_agt_ {} {}", &its[..9], &its[9..30])), "lk_agt_ …");
        assert_eq!(tidy("https://bob:hunter22@git.example/x"), "https://git.example/x");
        assert_eq!(
            tidy("seen in (https://bob:hun@ter22@git.example/x) today"),
            "seen in (https://git.example/x) today"
        );
        assert_eq!(tidy("https://git.example/@bob"), "https://git.example/@bob");
        assert_eq!(tidy(" two\r\nlines\u{0}\t\u{202e}and a trick\u{200b} "), "two lines and a trick");
        assert_eq!(tidy("lk_svc_ is the prefix of lk_svc_tokens"), "lk_svc_ is the prefix of lk_svc_tokens");
        let commit = "https://git.example/c/0123456789abcdef0123456789abcdef01234567/x";
        assert_eq!(tidy(commit), commit);
        assert_eq!(tidy(&"é".repeat(9_000)).chars().count(), PLACE_MAX + 1);
        assert_eq!(place("here", "é"), "here");
    }
}
