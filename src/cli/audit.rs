//! `latchkey audit`.

use clap::Subcommand;

use super::{Outcome, open, say};
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::model::audit::Head;
use crate::service::audit;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check that no entry was altered, removed or put in
    Verify {
        /// A head that `latchkey audit head` once printed: finds a cut tail too
        #[arg(long)]
        head: Option<Head>,
    },
    /// Print the number and code of the last entry, to be kept elsewhere
    Head,
}

pub(super) fn run(command: &Command, config: Config) -> Outcome {
    let app = open::app(config, Clock::System)?;
    match command {
        Command::Head => say(&audit::head(&app)?.to_string()),
        Command::Verify { head } => {
            let found =
                audit::verify(&app, *head)?.map_err(|broken| format!("the audit log does not hold: {broken}"))?;
            let head = found.head;
            match found.boundary {
                None => say(&format!("The audit log holds: {} entries, head {head}", head.seq)),
                Some(boundary) => say(&format!(
                    "The audit log holds: {} entries, head {head}. It begins at entry {}: retention removed those up to entry {}, and its boundary is genuine.",
                    head.seq - boundary.seq,
                    boundary.seq + 1,
                    boundary.seq
                )),
            }
        }
    }
}
