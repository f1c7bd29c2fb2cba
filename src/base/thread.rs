//! Threads that have time.

/// Has the thread that calls this let others go first, so that what it does in the background keeps no answer waiting. Where the system
/// cannot do that for one thread, nothing changes.
pub fn step_back() {
    // On Linux a "process" is a thread here (setpriority(2)); elsewhere it would be all of them.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!(%error, "a background thread keeps its priority");
    }
}
