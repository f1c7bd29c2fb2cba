//! Finding a token in what somebody typed or pasted.

use zeroize::Zeroizing;

use super::secret::SECRET_LEN;
use super::{PlainToken, TokenType};
use crate::model::names::is_deceptive;

/// A prefix, an ellipsis (three dots where people type it), and four characters.
const LONGEST_HINT: usize = 7 + 3 + 4;
/// How much of a secret that was torn apart is more than words behind a prefix.
const TORN: usize = 12;

/// A token in a text.
pub enum Mention {
    /// All of it.
    Whole(PlainToken),
    /// Something that begins like one and is longer than a hint: one that was cut short or mistyped.
    Piece,
}

impl Mention {
    /// The token in `text`, wherever it stands there: also with blanks in its midst, with its prefix in capitals, or without it, as it
    /// comes out of mails and by double clicks.
    pub fn of(text: &str) -> Option<Self> {
        let whole = Zeroizing::new(text.chars().filter(|c| !is_deceptive(*c)).collect::<String>());
        let joined = Zeroizing::new(whole.split_whitespace().collect::<String>());
        if let Some(token) = prefixed(&joined).chain(prefixed(&whole)).find_map(|(kind, rest)| behind(kind, rest)) {
            return Some(Self::Whole(token));
        }
        if let Some(token) = bare(&joined).or_else(|| bare(&whole)) {
            return Some(Self::Whole(token));
        }
        let piece = prefixed(&whole).any(|(kind, rest)| kind.prefix().len() + run(rest) > LONGEST_HINT);
        let torn = || prefixed(&joined).any(|(_, rest)| run(rest) >= TORN && is_random(&rest[..run(rest)]));
        (piece || torn()).then_some(Self::Piece)
    }
}

/// What follows each prefix in `text`, in any case.
fn prefixed(text: &str) -> impl Iterator<Item = (TokenType, &str)> {
    text.char_indices().filter_map(|(at, _)| {
        let here = |kind: &TokenType| {
            let prefix = kind.prefix();
            let rest = text.get(at..at + prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
            rest.map(|_| (*kind, &text[at + prefix.len()..]))
        };
        TokenType::ALL.iter().find_map(here)
    })
}

/// How long the word is that `text` begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_alphanumeric).count()
}

fn is_random(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn behind(kind: TokenType, rest: &str) -> Option<PlainToken> {
    let secret = rest.get(..SECRET_LEN)?;
    PlainToken::parse(&Zeroizing::new(format!("{}{secret}", kind.prefix())))
}

/// The secret of a token without its prefix, which its checksum tells.
fn bare(text: &str) -> Option<PlainToken> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= SECRET_LEN);
    let mut windows = words.flat_map(|word| (0..=word.len() - SECRET_LEN).map(|at| &word[at..]));
    windows.find_map(|rest| TokenType::ALL.iter().find_map(|kind| behind(*kind, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(text: &str, token: &PlainToken) -> bool {
        matches!(Mention::of(text), Some(Mention::Whole(found)) if found.hash() == token.hash())
    }

    #[test]
    fn a_token_is_found_however_it_was_pasted() {
        for kind in TokenType::ALL {
            let token = PlainToken::generate(*kind);
            let text = token.reveal();
            let (prefix, secret) = text.split_at(kind.prefix().len());
            for pasted in [
                text.to_owned(),
                format!("Bearer {text}"),
                format!("TOKEN={text}"),
                format!("see {text} there"),
                format!("see {text}, there"),
                format!("{}{secret}", prefix.to_uppercase()),
                format!("L{}", &text[1..]),
                secret.to_owned(),
                format!("_{secret}\u{200b}"),
                format!("x{secret}"),
                format!("{prefix}\u{200b}{secret}"),
                format!("{} {}", &text[..20], &text[20..]),
                format!("{}\n  {}", &text[..9], &text[9..]),
                text.chars().flat_map(|c| [c, ' ']).collect(),
                format!("{} {}", &secret[..20], &secret[20..]),
            ] {
                assert!(is_whole(&pasted, &token), "{kind}");
            }
            let mut wrong = text.to_owned();
            wrong.replace_range(20..21, if &text[20..21] == "a" { "b" } else { "a" });
            for piece in [&wrong, &text[..30], &text[..15], &format!("{} {}", &text[..8], "2Zt0vK9dYx4Lw")] {
                assert!(matches!(Mention::of(piece), Some(Mention::Piece)), "{kind}");
            }
        }
    }

    #[test]
    fn what_is_none_is_none() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for text in [
            "",
            "deploy",
            "lk_svc_",
            "lk_svc_…2xKq",
            "lk_svc_...2xKq",
            "lk_svc_ is the prefix of all service tokens",
            "é".repeat(200).as_str(),
            "lk_svc_é and so on",
            "api_access@service",
            commit,
        ] {
            assert!(Mention::of(text).is_none(), "{text}");
        }
    }
}
