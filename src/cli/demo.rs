//! `latchkey demo`.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use actix_web::rt::System;

use super::{Outcome, open, say, serve};
use crate::base::clock::{Clock, FakeClock};
use crate::base::config::{Config, ConfigError};
use crate::base::random;
use crate::base::secret::Secret;
use crate::service::App;
use crate::service::demo::{self, Told};

/// The organisation is the same every time; passwords and tokens are not.
const SEED: u64 = 20_261_122;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Instead, fill the empty store of the settings with so many accounts, tokens and audit entries, for measuring
    #[arg(long, hide = true, requires = "no_serve")]
    users: Option<usize>,
    /// Where that store is, if not where the settings say
    #[arg(long, hide = true, requires = "users")]
    data_dir: Option<PathBuf>,
    /// Instead of those, accounts with ten tokens each for an application, whose secrets are written to this new file
    #[arg(long, hide = true, requires = "users")]
    checks: Option<PathBuf>,
    /// Only fill the store
    #[arg(long, hide = true, requires = "users")]
    no_serve: bool,
}

impl Args {
    /// Whether a store that stays is asked for, and not the demo.
    pub(super) fn fills(&self) -> bool {
        self.users.is_some()
    }
}

/// A large store that stays.
pub(super) fn fill(args: &Args, mut config: Config) -> Outcome {
    let accounts = args.users.unwrap_or_default();
    if let Some(folder) = &args.data_dir {
        config.data_dir.clone_from(folder);
    }
    let app = open::app(config, Clock::System)?;
    let told = |made: usize| {
        // Standard error may be gone; the store is filled all the same.
        let _ = writeln!(std::io::stderr(), "{made} of {accounts}");
    };
    if let Some(file) = &args.checks {
        let mut tokens = std::io::BufWriter::new(open::private_file(file)?);
        demo::fill_for_checks(&app, accounts, &mut tokens, told)?;
        tokens.flush()?;
        return say(&format!("{accounts} accounts with ten tokens each"));
    }
    demo::fill(&app, accounts, SEED, told)?;
    say(&format!("{accounts} accounts, as many tokens and as many audit entries"))
}

/// A portal that is gone afterwards.
pub(super) fn show() -> Outcome {
    let (mut config, refused) = settings(std::env::vars())?;
    // What happens to tokens and accounts is on the pages; the log would bury what is printed here.
    if config.log == Config::default().log {
        config.log = "warn".into();
    }
    serve::log_to_stderr(&config)?;
    let listener = listen(&mut config)?;
    if let Some(address) = refused {
        // Standard error may be gone; the demo runs all the same.
        let _ = writeln!(
            std::io::stderr(),
            "LATCHKEY_LISTEN is {address}, which is not for this machine alone. The demo prints its passwords and tokens, so it \
             listens on {} instead.",
            config.listen
        );
    }
    let folder = Folder::make()?;
    config.data_dir.clone_from(&folder.0);
    // Dropped before the folder is, and its drop waits for whoever still writes there.
    let system = System::new();
    // From here on to the end, so that the folder goes however the program is told to stop.
    let mut signals = system.block_on(async { Signals::new() })?;
    say("Making an organisation that does not exist …")?;
    let password = Secret::new(random::base62(16));
    let Some(told) = system.block_on(unless_stopped(&config, &password, &mut signals))? else { return Ok(()) };
    let app = open::app(config, Clock::System)?;
    greet(&app, &told, &password)?;
    serve::serve(&system, app, listener, signals.any())?;
    drop((system, folder));
    say("The demo is over: its store, accounts, passwords and tokens are gone.")
}

/// Where to listen and what to log, of the environment, and an address that is not taken; nothing else. A shell that is set up for a portal in use must neither
/// keep the demo from starting, nor have it show that portal's address, nor lend it that portal's database or mail server.
fn settings(vars: impl Iterator<Item = (String, String)>) -> Result<(Config, Option<SocketAddr>), ConfigError> {
    let mut refused = None;
    let ours = vars.filter(|(name, value)| match name.as_str() {
        "LATCHKEY_LOG" | "LATCHKEY_LOG_FORMAT" => true,
        // Its people have passwords and tokens that are printed, so it is for this machine alone.
        "LATCHKEY_LISTEN" => {
            refused = value.parse::<SocketAddr>().ok().filter(|address| !address.ip().is_loopback());
            refused.is_none()
        }
        _ => false,
    });
    let ours: Vec<_> = ours.collect();
    let read = Config::load(None, ours.into_iter())?;
    Ok((Config { listen: read.listen, log: read.log, log_format: read.log_format, ..Config::default() }, refused))
}

/// The signals by which the program is told to stop: Ctrl-C, `kill`, and a terminal that is closed.
struct Signals {
    #[cfg(unix)]
    all: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self { all: [interrupt?, terminate?, hangup?] })
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Ends when one of them came, also where that was before it was asked.
    #[cfg(unix)]
    async fn any(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.all;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn any(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot wait for Ctrl-C");
        }
    }
}

/// The organisation; nothing where the program is told to stop meanwhile, so that the folder goes then as well.
async fn unless_stopped(
    config: &Config,
    password: &Secret,
    signals: &mut Signals,
) -> Result<Option<Told>, Box<dyn std::error::Error>> {
    let (config, password) = (config.clone(), password.clone());
    let made = actix_web::rt::task::spawn_blocking(move || tell(&config, &password).map_err(|error| error.to_string()));
    tokio::select! {
        made = made => Ok(Some(made??)),
        () = signals.any() => Ok(None),
    }
}

/// Months of the organisation, by a clock of their own.
fn tell(config: &Config, password: &Secret) -> Result<Told, Box<dyn std::error::Error>> {
    let now = Clock::System.now();
    let clock = FakeClock::at(now - demo::AGE);
    let app = open::app(config.clone(), Clock::Fake(clock.clone()))?;
    Ok(demo::tell(&app, &clock, now, (SEED, password))?)
}

/// The address of the settings; where nobody chose one and the usual one is taken, a free one.
fn listen(config: &mut Config) -> Result<TcpListener, Box<dyn std::error::Error>> {
    let usual = Config::default().listen;
    let bound = match TcpListener::bind(config.listen) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && config.listen == usual => {
            say(&format!("{usual} is taken, so the demo listens on another port."))?;
            TcpListener::bind((usual.ip(), 0))
        }
        other => other,
    };
    let listener = bound.map_err(|error| {
        format!("cannot listen on {}: {error}. Set LATCHKEY_LISTEN to another address.", config.listen)
    })?;
    config.listen = listener.local_addr()?;
    Ok(listener)
}

fn greet(app: &App, told: &Told, password: &Secret) -> Outcome {
    let origin = app.config.origin();
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nLatchkey {}, as a demo", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  Portal    {origin}/login")?;
    writeln!(out, "  Password  {}   (everybody\u{2019}s, made for this run)\n", password.reveal())?;
    writeln!(out, "Log in as")?;
    for (name, username, what) in &told.personae {
        writeln!(out, "  {username:<8}  {name}, {what}")?;
    }
    writeln!(out, "\nTokens to try, for example")?;
    if let Some((.., token)) = told.tokens.first() {
        writeln!(out, "  curl -H 'Authorization: Bearer {}' {origin}/api/v1/me\n", token.reveal())?;
    }
    for (whose, what, token) in &told.tokens {
        writeln!(out, "  {}  {whose}: {what}", token.reveal())?;
    }
    writeln!(
        out,
        "\nAll of it is made up, and all of it, with whatever you change, is thrown away when you press Ctrl-C."
    )?;
    writeln!(out, "The store lies in {} until then.", app.config.data_dir.display())?;
    Ok(out.flush()?)
}

/// A folder of one's own that goes with its handle.
struct Folder(PathBuf);

impl Folder {
    fn make() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("latchkey-demo-{}", random::base62(12)));
        // Only a new one: somebody else's would stay theirs.
        open::new_private_folder(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::error!(%error, folder = %self.0.display(), "the demo's folder could not be removed");
        }
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    std::fs::remove_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_another_portals_settings_only_where_to_listen_and_what_to_log_is_taken() {
        let read = |vars: &[(&str, &str)]| settings(vars.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let config = read(&[
            ("LATCHKEY_LISTEN", "127.0.0.1:9000"),
            ("LATCHKEY_LOG", "debug"),
            ("LATCHKEY_LOG_FORMAT", "json"),
            ("LATCHKEY_PUBLIC_URL", "https://keys.example.com"),
            ("LATCHKEY_DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("LATCHKEY_TOKEN_MAX_DAYS", "1"),
            ("LATCHKEY_SMTP_URL", "smtp://mail.example.com"),
            ("LATCHKEY_OF_A_LATER_VERSION", "x"),
        ])
        .unwrap()
        .0;
        assert_eq!(config.origin(), "http://127.0.0.1:9000");
        assert_eq!((config.log.as_str(), config.log_format), ("debug", crate::base::config::LogFormat::Json));
        assert!(config.database_url.is_none() && config.token_max_days.is_none() && config.smtp_url.is_none());
        let open = read(&[("LATCHKEY_LISTEN", "0.0.0.0:443"), ("LATCHKEY_PUBLIC_URL", "https://keys.example.com")]);
        let (open, refused) = open.unwrap();
        assert_eq!(
            (open.listen, refused),
            (Config::default().listen, "0.0.0.0:443".parse().ok()),
            "for this machine alone"
        );
        assert!(read(&[("LATCHKEY_LISTEN", "nowhere")]).is_err());
    }
}
