//! The secret of a token: how it is written, read and kept.

use zeroize::Zeroizing;

use super::TokenType;
use crate::base::{crypto, random};

pub(super) const RANDOM_LEN: usize = 32;
pub(super) const CHECKSUM_LEN: usize = 6;
/// What follows the prefix.
pub(super) const SECRET_LEN: usize = RANDOM_LEN + CHECKSUM_LEN;

/// A token as its user's programs send it. It exists while it is made and while it is checked, is wiped when dropped,
/// and has neither `Debug` nor `Serialize`.
pub struct PlainToken(Zeroizing<String>);

/// All that is kept of a token's secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HashedToken(pub [u8; 32]);

impl PlainToken {
    /// Makes a token from the operating system's randomness.
    pub fn generate(kind: TokenType) -> Self {
        let body = Zeroizing::new(format!("{}{}", kind.prefix(), *Zeroizing::new(random::base62(RANDOM_LEN))));
        let checksum = checksum(&body);
        Self(Zeroizing::new(format!("{}{checksum}", *body)))
    }

    /// Reads a token as it was sent. One with a typing mistake is found by its checksum, before any look-up.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = TokenType::ALL.iter().find(|kind| text.starts_with(kind.prefix()))?;
        let right_length = text.len() == kind.prefix().len() + SECRET_LEN;
        if !text.is_ascii() || !right_length {
            return None;
        }
        let (body, sum) = text.split_at(text.len() - CHECKSUM_LEN);
        (checksum(body) == sum).then(|| Self(Zeroizing::new(text.to_owned())))
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
        let prefix = TokenType::ALL.iter().map(|kind| kind.prefix()).find(|prefix| self.0.starts_with(prefix));
        format!("{}…{}", prefix.unwrap_or_default(), &self.0[self.0.len() - 4..])
    }
}

/// CRC-32 (ISO 3309) of `body` in six base-62 digits.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = random::BASE62[rest % 62];
        rest /= 62;
    }
    digits.iter().map(|byte| char::from(*byte)).collect()
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
        let value = digits.bytes().fold(0_u64, |sum, digit| {
            sum * 62 + random::BASE62.iter().position(|known| *known == digit).unwrap() as u64
        });
        assert_eq!((digits.len(), value), (6, 0xCBF4_3926));
    }
}
