//! `latchkey demo`.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::{Outcome, open, say, serve};
use crate::base::clock::{Clock, FakeClock};
use crate::base::config::Config;
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
    /// Only fill the store
    #[arg(long, hide = true, requires = "users")]
    no_serve: bool,
}

pub(super) fn run(args: &Args, config: Config) -> Outcome {
    match args.users {
        Some(accounts) => fill(accounts, args, config),
        None => show(config),
    }
}

/// A large store that stays.
fn fill(accounts: usize, args: &Args, mut config: Config) -> Outcome {
    if let Some(folder) = &args.data_dir {
        config.data_dir.clone_from(folder);
    }
    let app = open::app(config, Clock::System)?;
    let told = |made: usize| {
        // Standard error may be gone; the store is filled all the same.
        let _ = writeln!(std::io::stderr(), "{made} of {accounts}");
    };
    demo::fill(&app, accounts, SEED, told)?;
    say(&format!("{accounts} accounts, as many tokens and as many audit entries"))
}

/// A portal that is gone afterwards.
fn show(mut config: Config) -> Outcome {
    if config.database_url.is_some() {
        return Err(
            "the demo makes a store of its own, in SQLite, and throws it away at the end. It does not touch the \
                    database that LATCHKEY_DATABASE_URL or DATABASE_URL names: unset it to try the demo"
                .into(),
        );
    }
    // What happens to tokens and accounts is on the pages; the log would bury what is printed here.
    if config.log == Config::default().log {
        config.log = "warn".into();
    }
    serve::log_to_stderr(&config)?;
    let listener = listen(&mut config)?;
    let folder = Folder::make()?;
    config.data_dir.clone_from(&folder.0);
    // Nobody at the made-up addresses waits for mail.
    (config.smtp_url, config.smtp_from) = (None, None);
    say("Making an organisation that does not exist …")?;
    let password = Secret::new(random::base62(16));
    let Some(told) = unless_stopped(&config, &password)? else { return Ok(()) };
    let app = open::app(config, Clock::System)?;
    greet(&app, &told, &password)?;
    serve::serve(app, listener)?;
    drop(folder);
    say("The demo is over: its store, accounts, passwords and tokens are gone.")
}

/// The organisation; nothing where the program is told to stop meanwhile, so that the folder goes then as well.
fn unless_stopped(config: &Config, password: &Secret) -> Result<Option<Told>, Box<dyn std::error::Error>> {
    let (config, password) = (config.clone(), password.clone());
    actix_web::rt::System::new().block_on(async move {
        let made =
            actix_web::rt::task::spawn_blocking(move || tell(&config, &password).map_err(|error| error.to_string()));
        tokio::select! {
            made = made => Ok(Some(made??)),
            stopped = tokio::signal::ctrl_c() => Ok(stopped.map(|()| None)?),
        }
    })
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
