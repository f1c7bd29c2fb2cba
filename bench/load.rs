//! The same request, again and again.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::client::Connection;

/// How many connections ask at once.
const CONNECTIONS: usize = 4;

/// Asks the same on several connections for so many milliseconds. How often it was answered.
pub fn run(port: u16, request: &str, millis: u64) -> Outcome<u64> {
    let until = Instant::now() + Duration::from_millis(millis);
    let ask = || -> Result<u64, String> {
        let mut connection = Connection::open(port).map_err(|error| error.to_string())?;
        let mut answered = 0;
        loop {
            let answer = connection.ask(request).map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(format!("the server answers {}", answer.status));
            }
            answered += 1;
            if Instant::now() >= until {
                return Ok(answered);
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        let mut sum = 0;
        for thread in threads {
            sum += thread.join().map_err(|_| "a client died")??;
        }
        Ok(sum)
    })
}
