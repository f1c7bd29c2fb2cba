//! `latchkey audit`.

use clap::Subcommand;

use super::{Outcome, open, say};
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::model::audit::{Head, Verified};
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
    let app = open::existing(config, Clock::System)?;
    match command {
        Command::Head => say(&audit::head(&app)?.to_string()),
        Command::Verify { head } => {
            let found =
                audit::verify(&app, *head)?.map_err(|broken| format!("the audit log does not hold: {broken}"))?;
            tell(&found)?;
            compared(&found)
        }
    }
}

fn tell(found: &Verified) -> Outcome {
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

/// A failure where a head was given and nothing could be held against it, so that no script takes that for a comparison.
fn compared(found: &Verified) -> Outcome {
    let Some(shown) = found.uncompared else { return Ok(()) };
    let first = found.boundary.map_or(1, |boundary| boundary.seq + 1);
    Err(format!(
        "the head at entry {} was not compared, because the log begins at entry {first} now: whether its end was cut off is not \
         known. Compare it with a later head.",
        shown.seq
    )
    .into())
}
