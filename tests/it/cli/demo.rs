//! The demo: `latchkey demo`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::{err, latchkey, out};
use crate::support::{Api, Browser};

/// A demo under way, and what it printed.
struct Demo {
    child: Child,
    rest: BufReader<std::process::ChildStdout>,
    printed: Vec<String>,
    /// Where it makes its folder.
    room: tempfile::TempDir,
}

fn command(room: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.arg("demo").env_clear().env("TMPDIR", room.path()).env("LATCHKEY_LISTEN", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Demo {
    fn start() -> Self {
        let room = tempfile::tempdir().unwrap();
        Self::of(command(&room), room)
    }

    fn of(mut command: Command, room: tempfile::TempDir) -> Self {
        let mut child = command.spawn().unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut printed = Vec::new();
        while !printed.last().is_some_and(|line: &String| line.starts_with("The store lies in")) {
            let mut line = String::new();
            assert!(rest.read_line(&mut line).unwrap() > 0, "it ended early: {printed:?}");
            printed.push(line.trim_end().to_owned());
        }
        Self { child, rest, printed, room }
    }

    /// The word after `label`.
    fn word(&self, label: &str) -> &str {
        let line = self.printed.iter().find(|line| line.trim_start().starts_with(label)).unwrap();
        line.trim_start()[label.len()..].split_whitespace().next().unwrap()
    }

    fn url(&self) -> String {
        self.word("Portal").trim_end_matches("/login").to_owned()
    }

    fn tokens(&self) -> Vec<&str> {
        let starts = self.printed.iter().filter_map(|line| line.split_whitespace().next());
        starts.filter(|word| word.starts_with("lk_")).collect()
    }

    fn folder(&self) -> PathBuf {
        self.word("The store lies in").into()
    }

    /// Presses Ctrl-C, and gives back what was printed then.
    fn stop(self) -> (String, tempfile::TempDir) {
        self.stop_by("-INT")
    }

    /// Stops it by this signal.
    fn stop_by(mut self, signal: &str) -> (String, tempfile::TempDir) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let mut last = String::new();
        std::io::Read::read_to_string(&mut self.rest, &mut last).unwrap();
        assert!(self.child.wait().unwrap().success());
        (last, self.room)
    }
}

#[cfg(unix)]
#[tokio::test]
async fn s14_the_demo_is_alive_and_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt;
    let demo = Demo::start();
    let (url, folder, password) = (demo.url(), demo.folder(), demo.word("Password").to_owned());
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(folder.starts_with(demo.room.path()));
    for (who, settings) in [("ada", 200), ("marisol", 403), ("jonas", 403)] {
        let mut browser = Browser::new(&url);
        let answer = browser.post("/login", &[("login", who), ("password", &password)]).await;
        assert_eq!(answer.status, 303, "{who}: {}", answer.body);
        assert_eq!(browser.get("/users").await.status, 200);
        assert_eq!(browser.get("/settings").await.status, settings, "{who}");
    }
    for token in demo.tokens() {
        let me = Api::new(&url, token).get("/api/v1/me").await;
        let global = me.body["token"]["global_admin"] == true;
        assert!(me.status == 200 || global, "{}", me.body);
    }
    let root = Api::new(&url, demo.tokens()[1]);
    for state in ["active", "expiring", "expired", "suspended", "revoked"] {
        let found = root.get(&format!("/api/v1/tokens?state={state}")).await;
        assert_eq!(found.status, 200, "{}", found.body);
        assert!(!found.body["items"].as_array().unwrap().is_empty(), "{state}");
    }
    let states = ["active", "idle", "invited", "disabled"];
    for state in states {
        let found = root.get(&format!("/api/v1/users?status={state}")).await;
        assert!(!found.body["items"].as_array().unwrap().is_empty(), "{state}: {}", found.body);
    }
    let mut verify = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    let verdict =
        out(&verify.args(["audit", "verify"]).env_clear().env("LATCHKEY_DATA_DIR", &folder).output().unwrap());
    let entries: i64 = verdict.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!(entries > 400, "{verdict}");
    let (last, room) = demo.stop();
    assert!(last.contains("gone"), "{last}");
    assert!(!folder.exists());
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn s14_a_demo_that_is_stopped_leaves_nothing_behind_whatever_stops_it() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        stopped_early(signal);
    }
    for signal in ["-TERM", "-HUP"] {
        let (last, room) = Demo::start().stop_by(signal);
        assert!(last.contains("gone"), "{signal}: {last}");
        assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 0, "{signal}");
    }
}

#[cfg(unix)]
fn stopped_early(signal: &str) {
    let room = tempfile::tempdir().unwrap();
    let mut child = command(&room).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert!(line.contains("does not exist"), "{line}");
    // Until there is something to leave behind.
    while std::fs::read_dir(room.path()).unwrap().all(|folder| !folder.unwrap().path().join("latchkey.db").exists()) {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();
    child.wait().unwrap();
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 0, "{signal}: {rest}");
}

#[test]
fn s14_every_demo_has_another_password_and_a_usual_port_that_is_taken_is_told() {
    let (one, other) = (Demo::start(), Demo::start());
    assert_ne!(one.word("Password"), other.word("Password"));
    assert_ne!(one.tokens(), other.tokens());
    let told = |demo: &Demo| {
        demo.printed
            .iter()
            .filter(|line| line.contains(", ") && !line.contains("lk_") && !line.contains("Password"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&one), told(&other), "but the same organisation");
    let room = tempfile::tempdir().unwrap();
    let taken = one.url().trim_start_matches("http://").to_owned();
    let refused = command(&room).env("LATCHKEY_LISTEN", &taken).output().unwrap();
    assert!(err(&refused).contains(&format!("cannot listen on {taken}")));
    one.stop();
    other.stop();
}

#[cfg(unix)]
#[test]
fn s14_an_address_beyond_this_machine_is_not_taken_by_the_demo_and_that_is_told() {
    let room = tempfile::tempdir().unwrap();
    let mut shell = command(&room);
    shell.env("LATCHKEY_LISTEN", "0.0.0.0:0");
    let mut demo = Demo::of(shell, room);
    assert!(demo.url().starts_with("http://127.0.0.1:"), "{:?}", demo.printed);
    let (url, mut errors) = (demo.url(), demo.child.stderr.take().unwrap());
    demo.stop();
    let mut told = String::new();
    std::io::Read::read_to_string(&mut errors, &mut told).unwrap();
    let address = url.trim_start_matches("http://");
    assert!(told.contains("LATCHKEY_LISTEN is 0.0.0.0:0") && told.contains(address), "{told}");
}

#[cfg(unix)]
#[test]
fn s14_the_demo_takes_nothing_of_a_portal_in_use() {
    let room = tempfile::tempdir().unwrap();
    let mut shell = command(&room);
    shell.env("LATCHKEY_PUBLIC_URL", "https://keys.example.com").env("LATCHKEY_CONFIG", "/nowhere/latchkey.toml");
    shell.env("LATCHKEY_DATABASE_URL", "postgres://u@127.0.0.1:1/x").env("LATCHKEY_TOKEN_MAX_DAYS", "1");
    shell.env("LATCHKEY_DATA_DIR", room.path().join("in use")).env("LATCHKEY_SMTP_FROM", "keys@example.com");
    let demo = Demo::of(shell, room);
    assert!(demo.url().starts_with("http://127.0.0.1:"), "{:?}", demo.printed);
    assert!(!demo.printed.iter().any(|line| line.contains("keys.example.com")));
    let (_, room) = demo.stop();
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 0);
}

both! {
    async fn s14_a_large_store_holds_what_a_small_one_does(app) {
        let fill = ["demo", "--no-serve", "--users", "600"];
        out(&latchkey(&app, &fill, ""));
        for table in ["users", "audit"] {
            assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM {table}")), 600);
        }
        let tokens = app.number("SELECT COUNT(*) AS n FROM tokens");
        assert!((540..=660).contains(&tokens), "{tokens}");
        app.assert_chain();
        assert!(err(&latchkey(&app, &fill, "")).contains("Only an empty one is filled"));
        app.make_admin("bench");
        let mut bench = app.log_in("bench").await;
        let page = bench.get("/users?q=brackenmere&kind=person").await;
        assert_eq!(page.body.matches("row-check").count(), 50);
    }
}
