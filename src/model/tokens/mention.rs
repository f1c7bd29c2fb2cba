//! Finding tokens in what somebody typed or pasted.

use std::ops::Range;

use zeroize::Zeroizing;

use super::PlainToken;
use super::secret::{PREFIXES, SECRET_LEN};
use crate::model::names::is_deceptive;

/// How much of a secret behind a prefix is worth keeping out. What is shorter is a word, or a hint.
const PIECE: usize = 12;
/// Up to how many characters nothing tells a word from a piece of a secret.
const SHORT: usize = 3;

/// A token in a text.
pub enum Mention {
    /// All of it.
    Whole(PlainToken),
    /// What looks like a part of its secret, behind its prefix: it was cut short or mistyped.
    Piece,
}

impl Mention {
    /// The token in `text`, wherever it stands there: also with blanks in its midst, with its prefix in capitals, or without it, as it
    /// comes out of mails and by double clicks.
    pub fn of(text: &str) -> Option<Self> {
        let text = Text::of(text);
        let whole = text.secrets().next().map(|(_, token)| Self::Whole(token));
        whole.or_else(|| text.pieces().next().map(|_| Self::Piece))
    }
}

/// `text` with an ellipsis in the place of every secret and every piece of one, and without signs that deceive the eye.
pub(super) fn without_tokens(text: &str) -> String {
    let text = Text::of(text);
    let mut cuts: Vec<_> = text.secrets().map(|(at, _)| at).chain(text.pieces()).collect();
    cuts.sort_unstable_by_key(|cut| cut.start);
    let mut kept = String::new();
    let mut from = 0;
    for Range { start, end } in cuts {
        if start >= from {
            kept.push_str(&text.whole[from..start]);
            kept.push('…');
        }
        from = from.max(end);
    }
    kept + &text.whole[from..]
}

/// A text in which tokens are looked for. Each of its characters is looked at a bounded number of times, since anyone may send one.
struct Text {
    /// Without signs that nobody sees.
    whole: Zeroizing<String>,
    /// Without blanks besides.
    joined: Zeroizing<String>,
    /// Where each byte of that stands in the whole.
    at: Vec<usize>,
}

impl Text {
    fn of(text: &str) -> Self {
        let mut whole = Zeroizing::new(String::with_capacity(text.len()));
        whole.extend(text.chars().filter(|c| !is_deceptive(*c) || c.is_whitespace()));
        let mut joined = Zeroizing::new(String::with_capacity(whole.len()));
        let mut at = Vec::with_capacity(whole.len());
        for (start, c) in whole.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            joined.push(c);
            at.extend(start..start + c.len_utf8());
        }
        Self { whole, joined, at }
    }

    /// Where this part of the joined text stands in the whole.
    fn range(&self, part: Range<usize>) -> Range<usize> {
        self.at[part.start]..self.at[part.end - 1] + 1
    }

    /// Every secret of a token, with or without its prefix: its checksum tells it.
    fn secrets(&self) -> impl Iterator<Item = (Range<usize>, PlainToken)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            loop {
                let window = self.joined.as_bytes().get(next..next + SECRET_LEN)?;
                // Where something else stands, no window before its end is one.
                if let Some(other) = window.iter().rposition(|byte| !byte.is_ascii_alphanumeric()) {
                    next += other + 1;
                    continue;
                }
                let window = next..next + SECRET_LEN;
                match PlainToken::of_secret(&self.joined[window.clone()]) {
                    None => next += 1,
                    Some(token) => {
                        next = window.end;
                        return Some((self.range(window), token));
                    }
                }
            }
        })
    }

    /// What looks like a part of a secret behind each prefix.
    fn pieces(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = self.joined.char_indices().filter_map(|(at, _)| Some(at + prefix(&self.joined[at..])?));
        starts.filter_map(|start| self.piece(start))
    }

    /// The part of a secret that stands at `start`. It may be torn apart by blanks: so far as what stands between them is no word.
    fn piece(&self, start: usize) -> Option<Range<usize>> {
        let (mut end, mut changes, mut found) = (start, 0, None);
        while end < start + SECRET_LEN {
            let fragment = self.fragment(end, start + SECRET_LEN - end);
            if fragment.is_empty() || (fragment.len() > SHORT && !is_random(changes_in(fragment), fragment.len())) {
                break;
            }
            end += fragment.len();
            changes += changes_in(fragment);
            if end - start >= PIECE && is_random(changes, end - start) {
                found = Some(self.range(start..end));
            }
        }
        found
    }

    /// The letters and digits from here to the next blank or other sign, `most` at the most.
    fn fragment(&self, start: usize, most: usize) -> &str {
        let bytes = &self.joined.as_bytes()[start..];
        let goes_on = |at: usize| at == 0 || self.at[start + at] == self.at[start + at - 1] + 1;
        let len = bytes
            .iter()
            .enumerate()
            .take(most)
            .take_while(|(at, byte)| byte.is_ascii_alphanumeric() && goes_on(*at))
            .count();
        &self.joined[start..start + len]
    }
}

/// How long the prefix is that `text` begins with, in any case.
fn prefix(text: &str) -> Option<usize> {
    let lengths = PREFIXES
        .iter()
        .filter_map(|prefix| text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).map(str::len));
    lengths.max()
}

/// How often small letters, capitals and digits change within `word`; a capital that begins a word of small letters is none.
fn changes_in(word: &str) -> usize {
    let class = |byte: &u8| (byte.is_ascii_uppercase(), byte.is_ascii_digit());
    let word = word.as_bytes();
    let begins = word.len() > 1 && word[0].is_ascii_uppercase() && word[1].is_ascii_lowercase();
    word[usize::from(begins && !word.is_empty())..].windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count()
}

/// Whether so many changes in so many characters are more than names have. Of 23 random characters about 13 differ from the one before.
fn is_random(changes: usize, len: usize) -> bool {
    changes * 6 > len
}

#[cfg(test)]
mod tests {
    use super::super::TokenType;
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
                format!("{}{secret}", "a".repeat(65_000)),
            ] {
                assert!(is_whole(&pasted, &token), "{kind}");
            }
            let mut wrong = text.to_owned();
            wrong.replace_range(20..21, if &text[20..21] == "a" { "b" } else { "a" });
            let torn = format!("{} {} is torn", &text[..8], "2Zt0vK9dYx4Lw");
            for piece in [
                &wrong,
                &text[..30],
                &format!("{prefix}2Zt0vK9dYx4L"),
                &torn,
                &format!("{} {}", &text[..20], &text[20..40]),
            ] {
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
            "lk_svc_deployer",
            "lk_svc_production_2026",
            "lk_svc_deployment2026",
            "LK_SVC_DEPLOYMENTS",
            "lk_svc_ProductionDeployer",
            "lk_svc_Deployments",
            "lk_svc_ tokens of Team 7",
            "lk_svc_ is the way we do it",
            "lk_svc_ Team Data Prod 7 and 8",
            "lk_svc_2Zt0vK9d",
            "api_access@service",
            commit,
        ] {
            assert!(Mention::of(text).is_none(), "{text}");
        }
    }
}
