//! `latchkey serve`.

use std::io::{IsTerminal, Write};
use std::net::TcpListener;

use actix_web::rt::{System, SystemRunner};
use actix_web::web::Data;
use tracing_subscriber::EnvFilter;

use super::Outcome;
use crate::base::clock::Clock;
use crate::base::config::{Config, LogFormat};
use crate::service::{App, setup};
use crate::worker::Worker;

pub(super) fn run(config: Config) -> Outcome {
    log_to_stderr(&config)?;
    let listener = TcpListener::bind(config.listen).map_err(|error| {
        format!("cannot listen on {}: {error}. Set LATCHKEY_LISTEN to another address.", config.listen)
    })?;
    let app = super::open::app(config, Clock::System)?;
    greet(&app)?;
    serve(&System::new(), app, listener, std::future::pending())
}

/// Serves until the program is told to stop by one of the signals that actix knows, or by `stopped`.
pub(super) fn serve(
    system: &SystemRunner,
    app: App,
    listener: TcpListener,
    stopped: impl Future<Output = ()>,
) -> Outcome {
    tracing::info!(listen = %app.config.listen, "serving");
    let app = Data::new(app);
    let worker = Worker::start(app.clone().into_inner())?;
    let server = crate::server::run(app, listener);
    system.block_on(async {
        let server = server?;
        let handle = server.handle();
        tokio::pin!(server);
        tokio::select! {
            ended = &mut server => ended,
            () = stopped => tokio::join!(handle.stop(false), server).1,
        }
    })?;
    drop(worker);
    tracing::info!("stopped");
    Ok(())
}

pub(super) fn log_to_stderr(config: &Config) -> Outcome {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| format!("LATCHKEY_LOG is no filter: {error}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Pretty => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Says where everything is. The setup link goes here and not into the log, which others may read.
fn greet(app: &App) -> Outcome {
    let config = &app.config;
    let store = match &config.database_url {
        None => format!("SQLite, {}", config.sqlite_file().display()),
        Some(_) => "PostgreSQL".into(),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "Latchkey {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  Portal  {} (listening on {})", config.origin(), config.listen)?;
    writeln!(out, "  Store   {store}")?;
    writeln!(out, "  Keys    {} (keep a copy in a safe place)", config.key_file().display())?;
    if let Some(secret) = setup::link(app)? {
        writeln!(out, "\nThere is no administrator yet. Open this link to become the first one; it works once:\n")?;
        writeln!(out, "  {}/setup/{}\n", config.origin(), secret.reveal())?;
    }
    Ok(out.flush()?)
}
