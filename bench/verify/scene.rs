//! A portal on a store of a million tokens, those who ask it, and what goes on beside.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::flood::{Dice, Pick, Requests};
use crate::process::{Cost, Running, on_the_server_core};
use crate::{HOT, Outcome, Plan, client};

const PASSWORD: &str = "plum harbour ticket seven";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Less CPU time than that in two seconds, in nanoseconds, is rest.
const IDLE: u64 = 20_000_000;

/// A portal under way, with the tokens that it knows.
pub struct Scene {
    pub process: Running,
    pub port: u16,
    tokens: Vec<String>,
    secret: String,
    admin: String,
}

fn program() -> PathBuf {
    std::env::var_os("LATCHKEY_BENCH_BIN").map_or_else(|| env!("CARGO_BIN_EXE_latchkey").into(), PathBuf::from)
}

fn latchkey(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_clear().env("LATCHKEY_DATA_DIR", folder);
    command
}

impl Scene {
    /// Starts it; the store is made first where it is not there yet.
    pub fn start(plan: &Plan) -> Outcome<Self> {
        let (done, file) = (plan.store.join("done"), plan.store.join("tokens"));
        if !done.exists() {
            make(plan, &file)?;
            std::fs::write(&done, "")?;
        }
        let mut tokens: Vec<String> = BufReader::new(std::fs::File::open(&file)?).lines().collect::<Result<_, _>>()?;
        let secret = tokens.pop().ok_or("there are no tokens")?;
        let name = format!("bench {}", std::process::id());
        let args = ["token", "create", "--user", "bench", "--global-admin", "--expires", "30d", "--name", &name];
        let admin = String::from_utf8(latchkey(&plan.store, &args).output()?.stdout)?.trim().to_owned();
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let process: Running = on_the_server_core(&program())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LATCHKEY_DATA_DIR", &plan.store)
            .env("LATCHKEY_LISTEN", format!("127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(plan.store.join("log"))?)
            .spawn()?
            .into();
        for _ in 0..600 {
            if client::once(port, &client::get("/readyz", &[])).is_ok_and(|answer| answer.status == 200) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let scene = Self { process, port, tokens, secret, admin };
        scene.look()?;
        scene.settle()?;
        Ok(scene)
    }

    /// Waits until the portal has done what it does when it starts: read tokens beforehand, and the daily job.
    fn settle(&self) -> Outcome<()> {
        for _ in 0..120 {
            let before = Cost::of(self.process.id())?;
            std::thread::sleep(Duration::from_secs(2));
            if Cost::of(self.process.id())?.since(&before) < IDLE {
                return Ok(());
            }
        }
        Err("the portal does not come to rest".into())
    }

    /// That each kind of check is answered as it should be: a figure of something else would be none.
    fn look(&self) -> Outcome<()> {
        for pick in Pick::all() {
            let wanted = if matches!(pick, Pick::Unknown | Pick::Mistyped) { 401 } else { 200 };
            for request in self.requests(pick).0.iter().take(20) {
                let answer = client::once(self.port, std::str::from_utf8(request)?)?;
                if answer.status != wanted || answer.body == b"{\"active\":false}" {
                    return Err(format!("{} answers {}: {}", pick.name(), answer.status, answer.headers).into());
                }
            }
        }
        Ok(())
    }

    /// The requests of this kind.
    pub fn requests(&self, pick: Pick) -> Requests {
        let verify = |token: &str| {
            let head = "GET /auth/verify/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n";
            format!("{head}Authorization: Bearer {token}\r\n\r\n").into_bytes()
        };
        let introspect = |token: &str| {
            let (form, basic) = (format!("token={token}"), STANDARD.encode(format!("reports:{}", self.secret)));
            let head = "POST /oauth/introspect HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n";
            format!("{head}Authorization: Basic {basic}\r\nContent-Length: {}\r\n\r\n{form}", form.len()).into_bytes()
        };
        let hot = self.tokens.iter().step_by((self.tokens.len() / HOT).max(1)).take(HOT);
        let made = |mistyped: bool| (0..100_000).map(move |nth| made_up(nth, mistyped));
        Requests(match pick {
            Pick::Hot => hot.map(|token| verify(token)).collect(),
            Pick::Introspect => hot.map(|token| introspect(token)).collect(),
            Pick::Uniform => self.tokens.iter().map(|token| verify(token)).collect(),
            Pick::Unknown => made(false).map(|token| verify(&token)).collect(),
            Pick::Mistyped => made(true).map(|token| verify(&token)).collect(),
        })
    }

    /// Begins what goes on beside the checks.
    pub fn beside(&self, what: &str) -> Outcome<Beside> {
        let (port, admin) = (self.port, self.admin.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let threads = match what {
            "nothing" => 0,
            "a writer" => 1,
            _ => 16,
        };
        let is_writer = what == "a writer";
        let begin = |nth: usize| {
            let (stop, admin) = (stop.clone(), admin.clone());
            std::thread::spawn(move || -> Result<u64, String> {
                let mut done = 0;
                while !stop.load(Ordering::Relaxed) {
                    let request = if is_writer { write(&admin, done) } else { log_in(nth) };
                    let answer = client::once(port, &request).map_err(|error| error.to_string())?;
                    let wanted = if is_writer { 200 } else { 303 };
                    if answer.status != wanted {
                        return Err(format!("beside: {}", answer.status));
                    }
                    done += 1;
                }
                Ok(done)
            })
        };
        Ok(Beside { threads: (0..threads).map(begin).collect(), stop: stop.clone() })
    }
}

/// What goes on until it is stopped.
pub struct Beside {
    threads: Vec<JoinHandle<Result<u64, String>>>,
    stop: Arc<AtomicBool>,
}

impl Beside {
    /// How often it was done.
    pub fn stop(self) -> Outcome<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let mut done = 0;
        for thread in self.threads {
            done += thread.join().map_err(|_| "a client died")??;
        }
        Ok(done)
    }
}

fn log_in(nth: usize) -> String {
    client::post("/login", &format!("login=bench{nth}&password={}", PASSWORD.replace(' ', "+")))
}

fn write(admin: &str, done: u64) -> String {
    let body = format!("{{\"description\":\"change {done}\"}}");
    format!(
        "PATCH /api/v1/users/2 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {admin}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A token that nobody has, with a right checksum or a wrong one.
fn made_up(nth: u64, mistyped: bool) -> String {
    let mut dice = Dice(0xD6E8_FEB8_6659_FD93 ^ (nth + 1).wrapping_mul(0x9E37_79B9));
    let random: String = (0..32).map(|_| char::from(BASE62[dice.below(62)])).collect();
    let body = format!("lk_svc_{random}");
    let mut rest = crc32fast::hash(body.as_bytes()) as usize + usize::from(mistyped);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    format!("{body}{}", digits.map(char::from).iter().collect::<String>())
}

fn make(plan: &Plan, file: &Path) -> Outcome<()> {
    if plan.store.exists() {
        std::fs::remove_dir_all(&plan.store)?;
    }
    std::fs::create_dir_all(&plan.store)?;
    writeln!(std::io::stderr(), "making a store of {}0 tokens in {}", plan.accounts, plan.store.display())?;
    let accounts = plan.accounts.to_string();
    let fill = ["demo", "--no-serve", "--users", &accounts, "--checks", &file.to_string_lossy()];
    if !latchkey(&plan.store, &fill).stderr(Stdio::null()).status()?.success() {
        return Err("the store could not be made".into());
    }
    for nth in std::iter::once(String::new()).chain((0..16).map(|nth| nth.to_string())) {
        let (name, email) = (format!("bench{nth}"), format!("bench{nth}@example.com"));
        let admin =
            ["admin", "create", "--username", &name, "--email", &email, "--display-name", &name, "--password-stdin"];
        let mut child = latchkey(&plan.store, &admin).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        child.stdin.take().ok_or("no input")?.write_all(PASSWORD.as_bytes())?;
        if !child.wait()?.success() {
            return Err("no Admin could be made".into());
        }
    }
    Ok(())
}
