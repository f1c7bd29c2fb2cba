//! The command line. Results go to standard output, everything else to standard error.

mod admin;
mod audit;
mod demo;
mod migrate;
pub mod open;
mod serve;
mod token;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::base::config::Config;

/// Users, teams and access tokens, with service accounts as first-class citizens.
#[derive(Parser)]
#[command(name = "latchkey", version, about, max_term_width = 100)]
struct Args {
    /// Settings file (TOML); LATCHKEY_* variables come on top of it
    #[arg(long, global = true, value_name = "FILE", env = "LATCHKEY_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the portal (the default)
    Serve,
    /// Try the portal out with a made-up organisation that is thrown away at the end
    Demo(demo::Args),
    /// Make an administrator, or give one another password
    #[command(subcommand)]
    Admin(admin::Command),
    /// Make access tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Bring the store up to date, which starting the portal does too
    Migrate,
    /// Verify the audit log
    #[command(subcommand)]
    Audit(audit::Command),
}

/// What ends a command: one or two sentences for whoever typed it.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the program.
pub fn run() -> ExitCode {
    let args = Args::parse();
    match dispatch(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do where even standard error is gone.
            let _ = writeln!(std::io::stderr(), "latchkey: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: Args) -> Outcome {
    let command = args.command.unwrap_or(Command::Serve);
    // Before the settings are read: those of another portal are nothing to the demo.
    if let Command::Demo(demo) = &command
        && !demo.fills()
    {
        return demo::show();
    }
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    match command {
        Command::Serve => serve::run(config),
        Command::Demo(args) => demo::fill(&args, config),
        Command::Admin(command) => admin::run(command, config),
        Command::Token(command) => token::run(command, config),
        Command::Migrate => migrate::run(config),
        Command::Audit(command) => audit::run(&command, config),
    }
}

/// Prints a result.
fn say(text: &str) -> Outcome {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
