//! Processes: on which core they run, and how much of it they used.

use std::collections::HashMap;
use std::process::{Child, Command};

use crate::Outcome;

/// The server runs on this core, and whoever asks it on the other.
const SERVER: &str = "0";
const CLIENT: &str = "1";

/// A child process that ends with its handle.
pub struct Running(Child);

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl From<Child> for Running {
    fn from(child: Child) -> Self {
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is gone already, or it goes now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command on the server's core.
pub fn on_the_server_core(program: &std::path::Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER]).arg(program);
    command
}

/// Keeps this process off the server's core.
pub fn pin_to_the_client_core() -> Outcome<()> {
    let pinned = Command::new("taskset").args(["-apc", CLIENT, &std::process::id().to_string()]).output();
    match pinned {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("taskset: {}", String::from_utf8_lossy(&output.stderr)).into()),
        Err(error) => Err(format!("cannot run taskset (of util-linux): {error}").into()),
    }
}

/// The CPU time of each thread of a process, in nanoseconds.
pub struct Cost(HashMap<String, u64>);

impl Cost {
    /// As the scheduler counts it, which is finer than the ticks of `stat`.
    pub fn of(id: u32) -> Outcome<Self> {
        let mut threads = HashMap::new();
        for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let thread = thread?;
            // A thread that has just ended has nothing to say any more.
            let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let spent =
                text.split_whitespace().next().and_then(|ns| ns.parse().ok()).ok_or("schedstat says nothing")?;
            threads.insert(thread.file_name().to_string_lossy().into_owned(), spent);
        }
        Ok(Self(threads))
    }

    pub fn since(&self, before: &Self) -> u64 {
        self.0.iter().map(|(thread, now)| now - before.0.get(thread).copied().unwrap_or(0)).sum()
    }
}
