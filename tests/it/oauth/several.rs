//! Two portals on one database: how old an answer of one may be after a change by the other, and what it answers where it cannot ask.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use latchkey::base::clock::Clock;
use latchkey::base::config::Config;
use latchkey::http::checks::check;
use latchkey::model::Error;
use latchkey::model::tokens::{HashedToken, PlainToken};
use latchkey::service::checks::{Question, STALE};
use latchkey::service::{App, tokens};

use super::Scene;
use crate::support::{Flavour, TestApp};

const OPEN: u8 = 0;
const CUT: u8 = 1;
const HUNG: u8 = 2;

/// The wire between a portal and its database, which can be cut, and can hang.
struct Wire {
    port: u16,
    mode: Arc<AtomicU8>,
}

impl Wire {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let wire = Self { port: listener.local_addr().unwrap().port(), mode: Arc::default() };
        let mode = wire.mode.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if mode.load(Ordering::SeqCst) == CUT {
                    continue;
                }
                let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
                for (from, to) in [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())] {
                    let (from, to, mode) = (from.unwrap(), to.unwrap(), mode.clone());
                    std::thread::spawn(move || carry(from, to, &mode));
                }
            }
        });
        wire
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

/// Carries what is said one way, for as long as the wire is whole.
fn carry(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8) {
    from.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let mut said = [0; 4096];
    while mode.load(Ordering::SeqCst) != CUT {
        match from.read(&mut said) {
            Ok(0) => break,
            Ok(read) => {
                while mode.load(Ordering::SeqCst) == HUNG {
                    std::thread::yield_now();
                }
                if to.write_all(&said[..read]).is_err() {
                    break;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    // Whoever is at the ends may have gone.
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Another portal on the same database, over a wire.
fn beside(app: &TestApp) -> (App, Wire) {
    let mut url = url::Url::parse(&app.db.url().unwrap()).unwrap();
    let wire = Wire::to(url.port().unwrap());
    url.set_port(Some(wire.port)).unwrap();
    let config = Config {
        data_dir: app.dir.path().to_owned(),
        database_url: Some(url.into()),
        store_patience: Duration::from_millis(500),
        ..Config::default()
    };
    (latchkey::cli::open::app(config, Clock::Fake(app.clock.clone())).unwrap(), wire)
}

/// Whether the token is good, as this portal answers.
async fn is_good(app: &App, secret: &HashedToken) -> Result<bool, Error> {
    let question = Question::new("reports", Some(secret.clone()));
    let verdict = check(app, question).await?.verdict;
    Ok(verdict.is_some_and(|verdict| verdict.granted(app.clock.now(), None).is_some()))
}

/// What this portal answers as soon as it answers again.
async fn in_the_end(app: &App, secret: &HashedToken) -> bool {
    let begun = Instant::now();
    loop {
        match is_good(app, secret).await {
            Ok(good) => return good,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "{error}"),
        }
    }
}

#[tokio::test]
async fn s10_another_portal_follows_within_a_second_or_refuses() {
    let app = TestApp::start(Flavour::Postgres).await;
    let scene = Scene::new(&app);
    let secret = PlainToken::parse(&scene.token).unwrap().hash();
    let id = app.last_token(scene.job);
    let suspend = || app.write(|cx| tokens::suspend(cx, scene.job, id, None)).version;
    let resume = || app.write(|cx| tokens::resume(cx, scene.job, id, None)).version;
    let (other, wire) = beside(&app);
    let bound = time::Duration::try_from(STALE).unwrap();
    assert_eq!(bound, time::Duration::SECOND, "as docs/CHECKING.md says");
    assert!(is_good(&other, &secret).await.unwrap());

    suspend();
    app.clock.advance(bound);
    assert!(!is_good(&other, &secret).await.unwrap(), "a second after it was answered");
    resume();
    app.clock.advance(bound);
    assert!(is_good(&other, &secret).await.unwrap(), "the other way round as well");

    for (what, mode) in [("cut", CUT), ("hanging", HUNG)] {
        wire.set(mode);
        suspend();
        app.clock.advance(bound);
        let answer = is_good(&other, &secret).await;
        assert!(matches!(answer, Err(Error::Busy(_))), "{what}: it fails closed");
        wire.set(OPEN);
        assert!(!in_the_end(&other, &secret).await, "{what}: come back, it knows");
        resume();
        app.clock.advance(bound);
        assert!(in_the_end(&other, &secret).await, "{what}: and goes on");
    }
}
