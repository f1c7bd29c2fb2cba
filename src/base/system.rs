//! What this program asks of the operating system.

use std::cell::Cell;

thread_local! {
    /// Whether this thread has stepped back.
    static IS_BEHIND: Cell<bool> = const { Cell::new(false) };
}

/// Before whom a thread steps back.
#[derive(Clone, Copy)]
pub enum Behind {
    /// Before those that check tokens and take requests in.
    Checks,
    /// Before whoever answers somebody at all.
    Everybody,
}

/// Has the thread that calls this let others go first, so that what it does keeps no answer waiting that has to be quicker. Where the
/// system cannot do that for one thread, nothing changes.
pub fn step_back(behind: Behind) {
    IS_BEHIND.set(true);
    let nice = match behind {
        Behind::Checks => 5,
        Behind::Everybody => 10,
    };
    // On Linux a "process" is a thread here (setpriority(2)); elsewhere it would be all of them.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::debug!(%error, nice, "a thread keeps its priority");
    }
}

/// Lets others go first now, on a thread that has stepped back: the system lets whoever runs go on for a millisecond or more, whoever
/// else has become ready meanwhile.
pub fn give_way() {
    if IS_BEHIND.get() {
        std::thread::yield_now();
    }
}
