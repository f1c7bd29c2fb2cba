//! A real mail server, and what it was given.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use latchkey::base::config::Config;
use latchkey::base::secret::Secret;
use serde_json::{Value, json};

use super::{Flavour, TestApp};

/// Far longer than a mail takes: a test that waits so long fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server on a port of its own, gone at the end of the test.
pub struct PostOffice {
    pub port: u16,
    server: Child,
    told: Receiver<Value>,
}

/// A mail that arrived.
#[derive(Debug)]
pub struct Received(Value);

impl PostOffice {
    /// One that takes everything.
    pub fn open() -> Self {
        Self::with(json!({}))
    }

    /// One that does as `smtp.py` says of `settings`. It listens when this returns.
    pub fn with(settings: Value) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/smtp.py");
        // Debian's own, which has aiosmtpd; another may come first on the PATH.
        let mut server = Command::new("/usr/bin/python3")
            .args([script, &settings.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the tests' mail server starts (Debian: apt install python3-aiosmtpd)");
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let (sender, told) = channel();
        std::thread::spawn(move || {
            let told = lines.map_while(Result::ok).map(|line| serde_json::from_str(&line).unwrap());
            told.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        let mut office = Self { port: 0, server, told };
        let first = office.told("where it listens (Debian: apt install python3-aiosmtpd)");
        office.port = first["port"].as_u64().unwrap().try_into().unwrap();
        office
    }

    fn told(&self, what: &str) -> Value {
        self.told.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("the mail server did not tell {what}: {error}"))
    }

    /// The settings that lead here.
    pub fn settings(&self, config: &mut Config) {
        config.smtp_url = Some(Secret::new(format!("smtp://127.0.0.1:{}", self.port)));
        config.smtp_from = Some("Latchkey <latchkey@example.com>".into());
        config.mail_retries = vec![Duration::ZERO; 2];
    }

    /// The next mail.
    pub fn next(&self) -> Received {
        let told = self.told("of a mail");
        assert!(told["to"].is_array(), "{told}");
        Received(told)
    }

    /// What it says next to a recipient, as it was set up to.
    pub fn answered(&self) -> String {
        self.told("of an answer")["answered"].as_str().unwrap().to_owned()
    }

    /// That nothing else has arrived. Only after the portal has stopped, or has noted every mail, is that for good.
    pub fn assert_empty(&self) {
        assert!(self.told.try_recv().is_err(), "there was another mail");
    }

    /// Ends the server, so that nobody listens any more.
    pub fn close(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        // It may have been closed already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Received {
    pub fn to(&self) -> &str {
        self.0["to"][0].as_str().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.0["headers"][name].as_str().unwrap_or_default()
    }

    pub fn subject(&self) -> &str {
        self.header("subject")
    }

    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap()
    }

    pub fn html(&self) -> &str {
        self.0["html"].as_str().unwrap()
    }

    /// Whether it came over TLS, and as whom.
    pub fn by(&self) -> (bool, Option<&str>) {
        (self.0["tls"].as_bool().unwrap(), self.0["login"].as_str())
    }

    /// The path of the link in it, which begins with `origin` wherever the mail names it.
    pub fn link(&self, origin: &str) -> String {
        let start = format!("{origin}/");
        let line =
            self.text().lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{}", self.text()));
        assert!(self.html().contains(&format!("href=\"{line}\"")), "{}", self.html());
        line[origin.len()..].to_owned()
    }
}

/// Makes a test for each database, of a portal beside a mail server: `name::sqlite` and `name::postgres`.
macro_rules! both_with_mail {
    ($(async fn $name:ident($app:ident, $post:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a short test may need nothing from around it")]
            use super::*;

            async fn run($app: crate::support::TestApp, $post: crate::support::PostOffice) $body

            #[tokio::test]
            async fn sqlite() {
                let (app, post) = crate::support::TestApp::mailing(crate::support::Flavour::Sqlite).await;
                run(app, post).await;
            }

            #[tokio::test]
            async fn postgres() {
                let (app, post) = crate::support::TestApp::mailing(crate::support::Flavour::Postgres).await;
                run(app, post).await;
            }
        }
    )+};
}

impl TestApp {
    /// A portal beside a mail server that takes everything.
    pub async fn mailing(flavour: Flavour) -> (Self, PostOffice) {
        let post = PostOffice::open();
        (Self::with(flavour, |config| post.settings(config)).await, post)
    }

    /// Waits until the audit log says `outcome` of so many mails, and gives its words on all of them, the oldest first.
    pub async fn mails_noted(&self, count: usize) -> Vec<String> {
        let noted = || self.audit().into_iter().filter(|line| line.starts_with("mail.send")).collect::<Vec<_>>();
        let wait = async {
            while noted().len() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("every mail is noted");
        noted()
    }
}
