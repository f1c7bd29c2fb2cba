//! As many requests as there can be: connections that stay open, each asking again as soon as it is answered.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

/// Which tokens are asked about, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    Hot,
    Uniform,
    Introspect,
    Unknown,
    Mistyped,
}

impl Pick {
    pub fn all() -> [Self; 5] {
        [Self::Hot, Self::Uniform, Self::Introspect, Self::Unknown, Self::Mistyped]
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Hot => "verify, hot set of 1,000",
            Self::Uniform => "verify, uniform over all tokens",
            Self::Introspect => "introspect, hot set of 1,000",
            Self::Unknown => "verify, unknown tokens",
            Self::Mistyped => "verify, mistyped tokens",
        }
    }
}

/// Requests as they are sent, of which one is picked at random each time.
pub struct Requests(pub Vec<Vec<u8>>);

/// What a bare handler is asked.
pub fn bare() -> Requests {
    Requests(vec![b"GET /0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec()])
}

/// Numbers that look random.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// How long the answer at the beginning of `bytes` is, where all of it is there.
pub fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let mut lines = bytes[..head].split(|byte| *byte == b'\n');
    let length = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(15)?;
        let digits = std::str::from_utf8(value).ok()?.trim();
        name.eq_ignore_ascii_case(b"content-length:").then(|| digits.parse::<usize>().ok())?
    });
    let whole = head + length.unwrap_or(0);
    (bytes.len() >= whole).then_some(whole)
}

/// How many requests were answered in so many milliseconds.
pub fn run(port: u16, requests: &Requests, connections: usize, millis: u64) -> Outcome<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let until = Instant::now() + Duration::from_millis(millis);
    let all = (0..connections).map(|nth| {
        ask(
            port,
            &requests.0,
            until,
            Dice(0x9E37_79B9_7F4A_7C15 ^ (nth as u64 + 1) << 20 ^ until.elapsed().as_nanos() as u64),
        )
    });
    let answered = runtime.block_on(futures_util::future::try_join_all(all))?;
    Ok(answered.into_iter().sum())
}

async fn ask(port: u16, requests: &[Vec<u8>], until: Instant, mut dice: Dice) -> Outcome<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut answered = 0;
    while Instant::now() < until {
        stream.write_all(&requests[dice.below(requests.len())]).await?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            if read == 0 {
                return Err("the server hung up".into());
            }
            filled += read;
            if whole(&buffer[..filled]).is_some() {
                break;
            }
        }
        answered += 1;
    }
    Ok(answered)
}
