//! The `latchkey` program: see `latchkey help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    latchkey::cli::run()
}
