//! Opening what the settings name.

use std::path::Path;
use std::{fs, io};

use url::Url;

use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::keys::Keys;
use crate::service::{App, Source, Store};

/// Opens keys and store, brings the store up to date, and puts the portal together.
///
/// # Errors
/// What cannot be opened, and why.
pub fn app(config: Config, clock: Clock) -> Result<App, Box<dyn std::error::Error>> {
    private_folder(&config.data_dir)
        .map_err(|error| format!("cannot make the folder {}: {error}", config.data_dir.display()))?;
    let keys = Keys::load_or_create(&config.key_file())
        .map_err(|error| format!("cannot use the key file {}: {error}", config.key_file().display()))?;
    let source = source(&config)?;
    if let Source::Sqlite(file) = &source {
        private_file(file).map_err(|error| format!("cannot use the store {}: {error}", file.display()))?;
    }
    let store = Store::open(source, config.store_patience)?;
    Ok(App::new(config, clock, keys, store)?)
}

/// The same where there is a portal already: whoever only looks makes none, and is told of a wrong folder.
///
/// # Errors
/// That there is none, or what cannot be opened.
pub fn existing(config: Config, clock: Clock) -> Result<App, Box<dyn std::error::Error>> {
    let store = config.database_url.is_none().then(|| config.sqlite_file());
    match std::iter::once(config.key_file()).chain(store).find(|file| !file.exists()) {
        None => app(config, clock),
        Some(file) => {
            Err(format!("there is no portal here: {} is missing. Is LATCHKEY_DATA_DIR right?", file.display()).into())
        }
    }
}

/// Which database the settings name.
///
/// # Errors
/// A URL that is none, or a server beyond this machine to which the connection would not be encrypted.
pub fn source(config: &Config) -> Result<Source, String> {
    match &config.database_url {
        None => Ok(Source::Sqlite(config.sqlite_file())),
        Some(url) => postgres(url, config.database_allow_plaintext).map(Source::Postgres),
    }
}

/// Whether this build can encrypt the connection to a database.
const TLS: bool = cfg!(not(feature = "libpq-bundled"));

fn postgres(text: &str, allow_plaintext: bool) -> Result<String, String> {
    let mut url = Url::parse(text).map_err(|error| format!("LATCHKEY_DATABASE_URL is no URL: {error}"))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("LATCHKEY_DATABASE_URL must begin with postgres:// (leave it unset for SQLite)".into());
    }
    if allow_plaintext || is_local(&url) {
        return Ok(text.to_owned());
    }
    let mode = url.query_pairs().find(|(key, _)| key == "sslmode").map(|(_, value)| value.into_owned());
    match mode.as_deref() {
        _ if !TLS => Err("the database is on another machine, and this build speaks no TLS to databases: build with \
             --no-default-features (it uses the system's libpq), or set LATCHKEY_DATABASE_ALLOW_PLAINTEXT=true \
             if the network between is yours alone"
            .into()),
        Some("require" | "verify-ca" | "verify-full") => Ok(text.to_owned()),
        Some(weak) => Err(format!(
            "sslmode={weak} would let the connection to the database go unencrypted: use verify-full, verify-ca or require, \
             or set LATCHKEY_DATABASE_ALLOW_PLAINTEXT=true"
        )),
        None => {
            url.query_pairs_mut().append_pair("sslmode", "verify-full");
            Ok(url.into())
        }
    }
}

/// Whether every host the URL names is this machine: a socket or loopback.
fn is_local(url: &Url) -> bool {
    let asked = url.query_pairs().filter(|(key, _)| matches!(key.as_ref(), "host" | "hostaddr"));
    let mut hosts: Vec<String> =
        asked.flat_map(|(_, value)| value.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    hosts.extend(url.host_str().map(str::to_owned));
    hosts.iter().all(|host| {
        let bare = host.trim_matches(['[', ']']);
        bare.is_empty()
            || bare.starts_with('/')
            || bare.to_ascii_lowercase().starts_with("%2f")
            || bare.eq_ignore_ascii_case("localhost")
            || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() { Ok(()) } else { private().recursive(true).create(path) }
}

/// Makes a folder that its owner alone may enter, where there is nothing of that name yet.
pub(super) fn new_private_folder(path: &Path) -> io::Result<()> {
    private().create(path)
}

fn private() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Makes a file that its owner alone may read, as the store is, also in a folder that others may enter. SQLite gives its other files
/// the same mode.
pub(super) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        for local in [
            "postgres://u@localhost/db",
            "postgres://u:p@127.0.0.1:5432/db",
            "postgres://u@[::1]/db",
            "postgres:///db?host=/run/postgresql",
            "postgresql://%2Frun%2Fpostgresql/db",
        ] {
            assert_eq!(postgres(local, false).as_deref(), Ok(local));
        }
        for remote in [
            "postgres://u@db.example.com/db",
            "postgres://u@localhost/db?host=db.example.com",
            "postgres://u@10.0.0.7/db",
        ] {
            assert!(
                postgres(&format!("{remote}{}sslmode=prefer", if remote.contains('?') { '&' } else { '?' }), false)
                    .is_err()
            );
            assert_eq!(postgres(remote, true).as_deref(), Ok(remote));
            if TLS {
                assert!(postgres(remote, false).is_ok_and(|url| url.ends_with("sslmode=verify-full")));
            } else {
                assert!(postgres(remote, false).is_err());
            }
        }
        assert!(postgres("mysql://localhost/db", false).is_err());
        assert!(postgres("not a url", false).is_err());
    }
}
