//! Timed jobs, on a thread of their own beside the server.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::service::{App, jobs};

/// How often it is looked whether a day has begun, and the head of the audit log is told.
const ROUND: Duration = Duration::from_secs(60 * 60);

/// A handle on the thread. Dropping it waits for the job under way.
pub struct Worker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread: the daily jobs are done at once, and again when a day (in UTC) has begun.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(app: Arc<App>) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("jobs".into()).spawn(move || {
            let mut done_on = None;
            loop {
                let today = app.clock.now().date();
                if done_on != Some(today) {
                    jobs::daily(&app);
                    done_on = Some(today);
                }
                jobs::tell_head(&app);
                if stopped.recv_timeout(ROUND) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A job that panicked has been told of in the log.
            let _ = thread.join();
        }
    }
}
