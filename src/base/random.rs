//! The one place that draws randomness, always from the operating system's generator through `rand`'s CSPRNG.

use rand::{Rng, RngExt};
use uuid::Uuid;

/// The base-62 alphabet of tokens, most significant digit first.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `N` random bytes.
#[expect(clippy::disallowed_methods, reason = "this is the module that the ban points to")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    rand::rng().fill_bytes(&mut out);
    out
}

/// `len` random base-62 characters, each equally likely.
#[expect(clippy::disallowed_methods, reason = "this is the module that the ban points to")]
pub fn base62(len: usize) -> String {
    let mut rng = rand::rng();
    (0..len).map(|_| char::from(BASE62[rng.random_range(0..BASE62.len())])).collect()
}

/// A new UUIDv7 (RFC 9562, section 5.7).
#[expect(clippy::disallowed_methods, reason = "this is the module that the ban points to")]
pub fn uuid() -> Uuid {
    Uuid::now_v7()
}

/// 256 random bits in URL-safe base64: what links and session ids are made of.
pub fn secret() -> super::secret::Secret {
    use base64::Engine;
    super::secret::Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes::<32>()))
}
