//! `latchkey migrate`.

use super::{Outcome, open, say};
use crate::base::clock::Clock;
use crate::base::config::Config;

pub(super) fn run(config: Config) -> Outcome {
    open::app(config, Clock::System)?;
    say("The store is up to date.")
}
