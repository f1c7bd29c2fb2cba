//! Where the log begins, once retention has removed its oldest entries.

use super::Mac;
use crate::base::crypto;

/// The fewest days that entries are kept, where they are not kept for ever.
pub const KEEP_AT_LEAST: i64 = 30;
/// The most days that can be asked for: a hundred years.
pub const KEEP_AT_MOST: i64 = 36_500;

/// The last entry that was removed, and a seal that only the holder of the key can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Its number.
    pub seq: i64,
    /// Its code, which the first entry that is left continues.
    pub mac: Mac,
    /// When it was written: Unix time in microseconds.
    pub at: i64,
    /// Over these three.
    pub seal: Mac,
}

impl Boundary {
    /// Sealed by `key`, the one that chains the log.
    pub fn sealed(key: &[u8; 32], (seq, mac, at): (i64, Mac, i64)) -> Self {
        Self { seq, mac, at, seal: seal(key, seq, &mac, at) }
    }

    /// Whether it was made by the holder of `key` and not changed since.
    pub fn is_genuine(&self, key: &[u8; 32]) -> bool {
        crypto::same(&self.seal, &seal(key, self.seq, &self.mac, self.at))
    }
}

/// An entry's code is made of 32 bytes and a JSON object, so that none is ever the seal of a boundary.
fn seal(key: &[u8; 32], seq: i64, mac: &Mac, at: i64) -> Mac {
    crypto::hmac_sha256(key, &[b"latchkey audit boundary 1\0", &seq.to_be_bytes(), mac, &at.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_makes_a_boundary() {
        let key = [7; 32];
        let made = Boundary::sealed(&key, (5, [1; 32], 10));
        assert!(made.is_genuine(&key));
        assert!(!made.is_genuine(&[8; 32]));
        for other in [
            Boundary { seq: 6, ..made },
            Boundary { mac: [2; 32], ..made },
            Boundary { at: 11, ..made },
            Boundary { seal: made.mac, ..made },
        ] {
            assert!(!other.is_genuine(&key));
        }
    }
}
