//! Settings: a TOML file, overlaid by `LATCHKEY_*` variables, every one with a default.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::Deserialize;
use url::Url;

use super::secret::Secret;

/// Everything that can be set from outside. Each field is also the variable `LATCHKEY_<FIELD>` in capitals.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// Where the SQLite store and the key file are kept; made with mode 0700.
    pub data_dir: PathBuf,
    /// `postgres://…` for PostgreSQL; unset for the embedded SQLite store.
    pub database_url: Option<String>,
    /// Lets a PostgreSQL server beyond loopback be spoken to without TLS.
    pub database_allow_plaintext: bool,
    /// The address in links and metadata; required when listening beyond loopback.
    pub public_url: Option<Url>,
    /// Log format.
    pub log_format: LogFormat,
    /// Log filter in the syntax of `tracing-subscriber`.
    pub log: String,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: i64,
    /// Hours after which a session ends in any case.
    pub session_hours: i64,
    /// The longest life a token may be given, in days; unset for no limit.
    pub token_max_days: Option<i64>,
    /// Whether tokens that never expire may be made.
    pub token_allow_never: bool,
    /// `smtp://…` or `smtps://…`, the mail server; unset where nothing is mailed.
    pub smtp_url: Option<Secret>,
    /// From whom mail comes: an address, or a name with the address in angle brackets.
    pub smtp_from: Option<String>,
    /// Certificates (PEM) by which the mail server is known, besides those that the system trusts.
    pub smtp_ca_file: Option<PathBuf>,
    /// Lets a mail server beyond loopback be spoken to without TLS.
    pub smtp_allow_plaintext: bool,
    /// How much memory what checks of tokens found out may take, in MiB.
    pub check_cache_mib: u64,
    /// What a scraper of `/metrics` sends as its bearer token; unset, only this machine itself may read them.
    pub metrics_token: Option<Secret>,
    /// How long after each try that failed a mail is tried again. No setting: tests do not wait so long.
    #[serde(skip)]
    pub mail_retries: Vec<Duration>,
    /// How long a request waits for a connection to the store. No setting: tests do not wait so long.
    #[serde(skip)]
    pub store_patience: Duration,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("latchkey-data"),
            database_url: None,
            database_allow_plaintext: false,
            public_url: None,
            log_format: LogFormat::Pretty,
            log: "info".into(),
            trusted_proxies: Vec::new(),
            session_idle_minutes: 120,
            session_hours: 24 * 7,
            token_max_days: None,
            token_allow_never: true,
            smtp_url: None,
            smtp_from: None,
            smtp_ca_file: None,
            smtp_allow_plaintext: false,
            check_cache_mib: 176,
            metrics_token: None,
            // The last is longer than servers commonly hold back strangers' mail for ("greylisting").
            mail_retries: [10, 60, 6 * 60].map(Duration::from_secs).to_vec(),
            store_patience: Duration::from_secs(30),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, io::Error),
    /// A setting is unknown or has the wrong form.
    #[error("settings: {0}")]
    Parse(String),
    /// Settings that contradict each other.
    #[error("{0}")]
    Rule(String),
}

impl Config {
    /// Reads `file` where one is given, lays `vars` over it and checks the whole.
    ///
    /// # Errors
    /// An unreadable file, an unknown or misshapen setting, or a missing public address; each says which.
    pub fn load(file: Option<&Path>, vars: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => fs::read_to_string(path)
                .map_err(|error| ConfigError::Read(path.into(), error))?
                .parse::<toml::Table>()
                .map_err(|error| ConfigError::Parse(misshapen(path, &error)))?,
        };
        let mut fallback_database = None;
        for (name, value) in vars {
            match name.strip_prefix("LATCHKEY_") {
                _ if value.is_empty() => {}
                // The first is read by the command line; the others are what programs that use the API keep their token and address in.
                Some("CONFIG" | "TOKEN" | "URL") => {}
                Some(setting) if !setting.starts_with("TEST_") => {
                    let setting = setting.to_ascii_lowercase();
                    table.insert(setting.clone(), typed(&setting, value));
                }
                None if name == "DATABASE_URL" => fallback_database = Some(value),
                _ => {}
            }
        }
        if let (Some(url), false) = (fallback_database, table.contains_key("database_url")) {
            table.insert("database_url".into(), url.into());
        }
        let config: Self = table.try_into().map_err(|error: toml::de::Error| ConfigError::Parse(error.to_string()))?;
        config.checked()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        if self.public_url.is_none() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::Rule(format!(
                "listening on {} makes Latchkey reachable from other machines, so it must know the address people use: \
                 set LATCHKEY_PUBLIC_URL, for example https://keys.example.com",
                self.listen
            )));
        }
        if let Some(url) = self.public_url.as_ref()
            && !(matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none())
        {
            return Err(ConfigError::Rule(format!(
                "LATCHKEY_PUBLIC_URL is {url}, but must be http:// or https://, a host, and nothing after it"
            )));
        }
        if self.session_idle_minutes < 1 || self.session_hours < 1 || self.token_max_days.is_some_and(|days| days < 1) {
            return Err(ConfigError::Rule(
                "session_idle_minutes, session_hours and token_max_days must each be at least 1".into(),
            ));
        }
        if !(1..=65_536).contains(&self.check_cache_mib) {
            return Err(ConfigError::Rule("check_cache_mib must be from 1 to 65536".into()));
        }
        if self.smtp_url.is_some() != self.smtp_from.is_some() {
            return Err(ConfigError::Rule(
                "LATCHKEY_SMTP_URL and LATCHKEY_SMTP_FROM belong together: set both to have mail sent, or neither"
                    .into(),
            ));
        }
        Ok(self)
    }

    /// The origin under which browsers reach the portal, without a trailing slash.
    pub fn origin(&self) -> String {
        match &self.public_url {
            Some(url) => url.origin().ascii_serialization(),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether browsers reach the portal over TLS.
    pub fn is_tls(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Whether its address is one for others than this machine.
    pub fn is_public(&self) -> bool {
        let is_here = |host: url::Host<&str>| match host {
            url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        self.public_url.as_ref().is_some_and(|url| !url.host().is_some_and(is_here))
    }

    /// The key file.
    pub fn key_file(&self) -> PathBuf {
        self.data_dir.join("latchkey.key")
    }

    /// The embedded store.
    pub fn sqlite_file(&self) -> PathBuf {
        self.data_dir.join("latchkey.db")
    }
}

/// Where the settings file is wrong, without the line itself: a password may stand in it.
fn misshapen(path: &Path, error: &toml::de::Error) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = error.span().map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
    format!("{}, line {line}: {}", path.display(), error.message())
}

/// The setting's own type for a variable's text, so that a wrong one is reported as the file's would be.
fn typed(setting: &str, value: String) -> toml::Value {
    match setting {
        "session_idle_minutes" | "session_hours" | "token_max_days" | "check_cache_mib" => {
            value.parse::<i64>().map_or(toml::Value::String(value), toml::Value::Integer)
        }
        "database_allow_plaintext" | "token_allow_never" | "smtp_allow_plaintext" => {
            value.parse::<bool>().map_or(toml::Value::String(value), toml::Value::Boolean)
        }
        "trusted_proxies" => {
            toml::Value::Array(value.split(',').map(|part| toml::Value::String(part.trim().into())).collect())
        }
        _ => toml::Value::String(value),
    }
}
