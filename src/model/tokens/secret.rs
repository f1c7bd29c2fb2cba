//! The secret of a token: how it is written, read and kept.

use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::TokenType;
use crate::base::{crypto, random};

pub(super) const RANDOM_LEN: usize = 32;
pub(super) const CHECKSUM_LEN: usize = 6;
/// What follows the prefix.
pub(super) const SECRET_LEN: usize = RANDOM_LEN + CHECKSUM_LEN;

/// What the secrets of applications begin with, by which they ask about tokens.
pub(super) const APPLICATION: &str = "lk_app_";
/// What secrets begin with: the types of tokens in their order, then applications.
pub(super) const PREFIXES: [&str; 4] =
    [TokenType::Personal.prefix(), TokenType::Service.prefix(), TokenType::Agent.prefix(), APPLICATION];

/// A token as its user's programs send it, or the secret of an application, which is written like one. It exists while it is made and while it is checked, is wiped when dropped,
/// and has neither `Debug` nor `Serialize`.
pub struct PlainToken(Zeroizing<String>);

/// All that is kept of a token's secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HashedToken(pub [u8; 32]);

impl PlainToken {
    /// Makes a token from the operating system's randomness.
    pub fn generate(kind: TokenType) -> Self {
        Self::with(kind.prefix())
    }

    /// Makes the secret of an application from the operating system's randomness.
    pub fn for_application() -> Self {
        Self::with(APPLICATION)
    }

    fn with(prefix: &str) -> Self {
        let body = Zeroizing::new(format!("{prefix}{}", *Zeroizing::new(random::base62(RANDOM_LEN))));
        let checksum = checksum(&body).map(char::from);
        Self(Zeroizing::new(body.chars().chain(checksum).collect()))
    }

    /// Reads a token as it was sent. One with a typing mistake is found by its checksum, before any look-up.
    pub fn parse(text: &str) -> Option<Self> {
        is_right(text).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// What is kept of a token that was sent, where it is written right: as [`parse`](Self::parse) and [`hash`](Self::hash) say, without
    /// keeping the token.
    pub fn hash_of(text: &str) -> Option<HashedToken> {
        is_right(text).then(|| HashedToken(crypto::sha256(text.as_bytes())))
    }

    /// The token whose prefix these characters want: its checksum tells which. It is cheap, since every part of a text is asked.
    pub(super) fn of_secret(secret: &str) -> Option<Self> {
        let (random, sum) = secret.split_at_checked(RANDOM_LEN)?;
        let sum = number(sum)?;
        let own = crc32fast::hash(random.as_bytes());
        let prefix = PREFIXES.iter().zip(PREFIXED.iter()).find(|(_, prefixed)| own ^ **prefixed == sum)?.0;
        Self::parse(&Zeroizing::new(format!("{prefix}{secret}")))
    }

    /// The token itself, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept: 190 random bits need no salt and no work factor.
    pub fn hash(&self) -> HashedToken {
        HashedToken(crypto::sha256(self.0.as_bytes()))
    }

    /// What tells tokens apart on pages: the prefix and the last four characters, which belong to the checksum.
    pub fn hint(&self) -> String {
        let prefix = PREFIXES.into_iter().find(|prefix| self.0.starts_with(prefix));
        format!("{}…{}", prefix.unwrap_or_default(), &self.0[self.0.len() - 4..])
    }
}

/// What each prefix adds to the checksum of what follows it. CRC-32 is linear in that what stands before a text adds
/// the same to it, whatever the text is.
static PREFIXED: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let nothing = [0; RANDOM_LEN];
    let with = |prefix: &str| crc32fast::hash(&[prefix.as_bytes(), &nothing].concat());
    PREFIXES.iter().map(|prefix| with(prefix) ^ crc32fast::hash(&nothing)).collect()
});

/// The checksum that these six base-62 digits write; nothing where they write none.
fn number(digits: &str) -> Option<u32> {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        b'a'..=b'z' => Some(byte - b'a' + 36),
        _ => None,
    };
    let right_length = digits.len() == CHECKSUM_LEN;
    let sum = digits.bytes().try_fold(0_u64, |sum, byte| Some(sum * 62 + u64::from(value(byte)?)))?;
    u32::try_from(sum).ok().filter(|_| right_length)
}

/// Whether a text is written like a token, its checksum included.
fn is_right(text: &str) -> bool {
    let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix));
    let right_length = prefix.is_some_and(|prefix| text.len() == prefix.len() + SECRET_LEN);
    let Some((body, sum)) = text.split_at_checked(text.len().saturating_sub(CHECKSUM_LEN)).filter(|_| right_length)
    else {
        return false;
    };
    checksum(body) == sum.as_bytes() && text.is_ascii()
}

/// CRC-32 (ISO 3309) of `body` in six base-62 digits.
fn checksum(body: &str) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = random::BASE62[rest % 62];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_a_mistyped_one_is_not() {
        for kind in TokenType::ALL {
            let token = PlainToken::generate(*kind);
            let text = token.reveal().to_owned();
            assert_eq!(text.len(), 7 + 32 + 6);
            assert!(PlainToken::parse(&text).is_some_and(|read| read.hash() == token.hash()));
            let secret = &text[kind.prefix().len()..];
            assert!(PlainToken::of_secret(secret).is_some_and(|read| read.hash() == token.hash()));
            assert!(
                PlainToken::of_secret(&secret[1..]).is_none() && PlainToken::of_secret(&format!("{secret}0")).is_none()
            );
            for at in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
                assert!(PlainToken::parse(std::str::from_utf8(&wrong).unwrap()).is_none(), "at {at}");
            }
        }
        for nonsense in ["", "lk_svc_", "lk_svc_é", "Bearer", "lk_svc_7Qm2Zt0vK9dYx4LwB1nRcE6sHa3uJp8F2xKq9D"] {
            assert!(PlainToken::parse(nonsense).is_none());
        }
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // The check value of CRC-32 (ISO 3309) for these nine digits is 0xCBF43926.
        let digits = checksum("123456789");
        let value = digits.into_iter().fold(0_u64, |sum, digit| {
            sum * 62 + random::BASE62.iter().position(|known| *known == digit).unwrap() as u64
        });
        assert_eq!((digits.len(), value), (6, 0xCBF4_3926));
    }
}
