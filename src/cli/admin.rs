//! `latchkey admin`: for the first administrator, and for one who is locked out.

use std::io::Read;

use clap::Subcommand;

use super::{Outcome, open, say};
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::secret::Secret;
use crate::service::setup::{self, NewAdmin};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a person who is an Admin
    Create {
        /// Their username
        #[arg(long)]
        username: String,
        /// Their email address
        #[arg(long)]
        email: String,
        /// Their display name
        #[arg(long)]
        display_name: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Give an Admin another password, enable them, and end their sessions
    Reset {
        /// Their username
        #[arg(long)]
        username: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

pub(super) fn run(command: Command, config: Config) -> Outcome {
    let app = open::app(config, Clock::System)?;
    match command {
        Command::Create { username, email, display_name, password_stdin: _ } => {
            let new = NewAdmin { username, display_name, email, password: password()? };
            setup::create_admin(&app, &new)?;
            say(&format!("{} is an Admin now. Log in at {}/login", new.username, app.config.origin()))
        }
        Command::Reset { username, password_stdin: _ } => {
            setup::reset_admin(&app, &username, &password()?)?;
            say(&format!("{username} has another password, and all their sessions have ended."))
        }
    }
}

/// One line of standard input: an argument would stand in the list of processes and in the shell's history.
fn password() -> Result<Secret, Box<dyn std::error::Error>> {
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}
