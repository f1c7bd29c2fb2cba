//! A plain HTTP/1.1 client over connections that stay open: it costs little, so that the server is what is busy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::Outcome;

/// How many connections ask at once.
const CONNECTIONS: usize = 4;

pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
}

/// The head of a GET request.
pub fn get(path: &str, headers: &[(&str, String)]) -> String {
    let mut head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: latchkey-bench\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// The head and body of a form.
pub fn post(path: &str, form: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self(BufReader::with_capacity(256 * 1024, stream)))
    }

    fn ask(&mut self, request: &str) -> Outcome<Answer> {
        self.0.get_mut().write_all(request.as_bytes())?;
        let (mut headers, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err("the server hung up".into());
            }
            if line.trim_end().is_empty() {
                break;
            }
            headers.push_str(&line);
        }
        let status = headers.split_whitespace().nth(1).and_then(|code| code.parse().ok()).ok_or("no status")?;
        let length = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let mut body = vec![0; length.ok_or("the answer has no length")?];
        self.0.read_exact(&mut body)?;
        Ok(Answer { status, headers, body })
    }
}

/// One request on a connection of its own.
pub fn once(port: u16, request: &str) -> Outcome<Answer> {
    Connection::open(port)?.ask(request)
}

/// Asks the same on several connections for so many milliseconds. How often it was answered.
pub fn load(port: u16, request: &str, millis: u64) -> Outcome<u64> {
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
