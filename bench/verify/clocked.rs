//! Requests at a fixed rate: each has its moment, and what it takes counts from then, so that a server that stalls is not asked less.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::flood::{Dice, Requests, whole};

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    /// When the next one is due, or the one under way was.
    due: Instant,
    is_waiting: bool,
}

/// The median and the 99th percentile of how long answers took, in nanoseconds.
pub fn run(port: u16, requests: &Requests, (connections, rate): (usize, u64), millis: u64) -> Outcome<(f64, f64)> {
    let every = Duration::from_nanos(1_000_000_000 * connections as u64 / rate.max(1));
    let begun = Instant::now();
    let until = begun + Duration::from_millis(millis);
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let mut all = Vec::new();
    for nth in 0..connections {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let due = begun + every.mul_f64(nth as f64 / connections as f64);
        all.push(Connection { stream, buffer: vec![0; 16 * 1024], filled: 0, due, is_waiting: false });
    }
    let mut taken = Vec::new();
    while Instant::now() < until {
        for one in &mut all {
            if let Some(time) = one.turn(requests, &mut dice)? {
                taken.push(time.as_nanos() as f64);
                one.due += every;
            }
        }
    }
    taken.sort_by(f64::total_cmp);
    let at = |part: f64| taken.get((taken.len() as f64 * part) as usize).copied().unwrap_or(f64::NAN);
    Ok((at(0.5), at(0.99)))
}

impl Connection {
    /// Asks where it is time to, and looks for an answer. How long it took, where there is one.
    fn turn(&mut self, requests: &Requests, dice: &mut Dice) -> Outcome<Option<Duration>> {
        if !self.is_waiting {
            if Instant::now() < self.due {
                return Ok(None);
            }
            self.stream.write_all(&requests.0[dice.below(requests.0.len())])?;
            (self.is_waiting, self.filled) = (true, 0);
            return Ok(None);
        }
        match self.stream.read(&mut self.buffer[self.filled..]) {
            Ok(0) => return Err("the server hung up".into()),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if whole(&self.buffer[..self.filled]).is_none() {
            return Ok(None);
        }
        self.is_waiting = false;
        Ok(Some(self.due.elapsed()))
    }
}
