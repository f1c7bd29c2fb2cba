//! A portal on a large store.

use std::collections::HashMap;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::pages::{Face, Page};
use crate::process::{Running, on_the_server_core};
use crate::{Outcome, Plan, client};

/// How many rows a page of the portal has, and how deep the deep one lies.
const PAGE: usize = 50;
const DEEP: usize = 1_000;
const PASSWORD: &str = "plum harbour ticket seven";

/// A portal under way.
pub struct Portal {
    pub size: usize,
    pub process: Running,
    pub port: u16,
    cookie: String,
    token: String,
    /// The cursors of deep pages, by their lists.
    deep: HashMap<&'static str, String>,
}

fn program() -> PathBuf {
    std::env::var_os("LATCHKEY_BENCH_BIN").map_or_else(|| env!("CARGO_BIN_EXE_latchkey").into(), PathBuf::from)
}

/// The portal of a store of this size, which is made first where it is not there yet.
pub fn start(plan: &Plan, size: usize) -> Outcome<Portal> {
    let folder = plan.stores.join(size.to_string());
    let done = folder.join("done");
    if !done.exists() {
        make(&folder, size)?;
        std::fs::write(&done, "")?;
    }
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let process: Running = on_the_server_core(&program())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LATCHKEY_DATA_DIR", &folder)
        .env("LATCHKEY_LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log"))?)
        .spawn()?
        .into();
    let ready = client::get("/readyz", &[]);
    for _ in 0..600 {
        if client::once(port, &ready).is_ok_and(|answer| answer.status == 200) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let form = format!("login=bench&password={}", PASSWORD.replace(' ', "+"));
    let answer = client::once(port, &client::post("/login", &form))?;
    let cookies = answer.headers.lines().filter_map(|line| line.split_once(": "));
    let mut cookies = cookies.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).map(|(_, value)| value);
    let cookie = cookies.find(|value| value.starts_with("latchkey=")).and_then(|value| value.split(';').next());
    let cookie = cookie.ok_or_else(|| format!("logging in answers {}", answer.status))?.to_owned();
    let token = token(&folder)?;
    Ok(Portal { size, process, port, cookie, token, deep: HashMap::new() })
}

fn make(folder: &Path, size: usize) -> Outcome<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    writeln!(std::io::stderr(), "making a store of {size} accounts in {}", folder.display())?;
    let made =
        latchkey(folder, &["demo", "--no-serve", "--users", &size.to_string()]).stderr(Stdio::null()).status()?;
    if !made.success() {
        return Err("the store could not be made".into());
    }
    let admin = ["admin", "create", "--username", "bench", "--email", "bench@example.com", "--display-name", "Bench"];
    let mut child =
        latchkey(folder, &admin).arg("--password-stdin").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(PASSWORD.as_bytes())?;
    if child.wait()?.success() { Ok(()) } else { Err("no Admin could be made".into()) }
}

fn token(folder: &Path) -> Outcome<String> {
    let name = format!("bench {}", std::process::id());
    let output = latchkey(
        folder,
        &["token", "create", "--user", "bench", "--global-admin", "--expires", "30d", "--name", &name],
    )
    .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn latchkey(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_clear().env("LATCHKEY_DATA_DIR", folder);
    command
}

impl Portal {
    /// The request for a page.
    pub fn head(&mut self, page: &Page) -> Outcome<String> {
        let path = match page.deep {
            Some(list) => format!("{}cursor={}", page.path, self.deep(list)?),
            None => page.path.to_owned(),
        };
        let header = match page.face {
            Face::Web => ("Cookie", self.cookie.clone()),
            Face::Api => ("Authorization", format!("Bearer {}", self.token)),
        };
        Ok(client::get(&path, &[header]))
    }

    /// The cursor of page 1,000 of a list, or of the last page but one where there are fewer: found as anybody would,
    /// by following the cursors of the API.
    fn deep(&mut self, list: &'static str) -> Outcome<String> {
        if let Some(deep) = self.deep.get(list) {
            return Ok(deep.clone());
        }
        let mut cursor = String::new();
        let pages = DEEP.min(self.size / PAGE) - 1;
        for _ in 0..pages {
            let path = format!("{list}{cursor}");
            let answer =
                client::once(self.port, &client::get(&path, &[("Authorization", format!("Bearer {}", self.token))]))?;
            let body: serde_json::Value = serde_json::from_slice(&answer.body)?;
            cursor = match body["next_cursor"].as_str() {
                Some(next) => format!("&cursor={next}"),
                None => break,
            };
        }
        let deep = cursor.trim_start_matches("&cursor=").to_owned();
        self.deep.insert(list, deep.clone());
        Ok(deep)
    }
}
