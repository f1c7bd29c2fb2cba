//! The key file: what must outlive a restart and must not lie in the store.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::{crypto, random};

/// Keys made at the first start and kept in `latchkey.key`, readable by its owner alone.
///
/// Several portals that share one database must share this file as well.
#[derive(Clone)]
pub struct Keys {
    /// Signs the session cookie.
    pub cookie: Zeroizing<[u8; 64]>,
    /// Chains the audit log.
    pub audit: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Reads the key file, or makes it where there is none.
    ///
    /// # Errors
    /// The file cannot be read or written, or does not hold a `cookie` and an `audit` key.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&Zeroizing::new(text)).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} is not a Latchkey key file", path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match Self::create(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load_or_create(path),
                made => made,
            },
            Err(error) => Err(error),
        }
    }

    /// A key for one more purpose, named by `label`, so that the file need not grow with each.
    pub fn derived(&self, label: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(crypto::hmac_sha256(&*self.cookie, &[label.as_bytes()]))
    }

    /// Writes a temporary file and links it into place, so that two first starts agree on one key and neither reads half of it.
    fn create(path: &Path) -> io::Result<Self> {
        let keys = Self { cookie: Zeroizing::new(random::bytes()), audit: Zeroizing::new(random::bytes()) };
        let text =
            Zeroizing::new(format!("cookie = {}\naudit = {}\n", crypto::hex(&*keys.cookie), crypto::hex(&*keys.audit)));
        let partial = path.with_extension(format!("{}.part", random::base62(8)));
        private_file(&partial)?.write_all(text.as_bytes())?;
        let linked = fs::hard_link(&partial, path);
        fs::remove_file(&partial)?;
        linked.map(|()| keys)
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(key, _)| key.trim() == name)
                .map(|(_, v)| v.trim())
        };
        Some(Self {
            cookie: Zeroizing::new(crypto::unhex(value("cookie")?)?.try_into().ok()?),
            audit: Zeroizing::new(crypto::unhex(value("audit")?)?.try_into().ok()?),
        })
    }
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}
