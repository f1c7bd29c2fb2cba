//! The one table of routes.

use std::fs;
use std::path::Path;

use latchkey::server::routes::table;

/// The table as a file, so that a change shows in review and the browser tests know every page.
#[test]
fn the_table_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/routes.json");
    let now = serde_json::to_string_pretty(&table()).unwrap() + "\n";
    if std::env::var_os("LATCHKEY_TEST_BLESS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, now, "the table changed: look at it, then run the tests once with LATCHKEY_TEST_BLESS=1");
}

#[test]
fn no_route_stands_there_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for route in table() {
        assert!(seen.insert((route.method, route.path)), "{} {}", route.method, route.path);
        let faces: Vec<_> = table().iter().filter(|other| other.path == route.path).map(|other| other.face).collect();
        assert!(faces.iter().all(|face| *face == route.face), "{} belongs to two faces", route.path);
    }
}

#[tokio::test]
async fn a_path_says_which_methods_it_takes() {
    let app = crate::support::TestApp::start(crate::support::Flavour::Sqlite).await;
    for (path, allowed) in [("/login", "GET, POST, HEAD"), ("/api/v1/me", "GET, HEAD")] {
        let request = app.visitor().request(reqwest::Method::DELETE, path).header("sec-fetch-site", "same-origin");
        let answer = app.visitor().send(request).await;
        assert_eq!((answer.status, answer.headers.get("allow").unwrap().to_str().unwrap()), (405, allowed), "{path}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let app = crate::support::TestApp::start(crate::support::Flavour::Sqlite).await;
    let answer = app.visitor().post("/login", &[("login", &"x".repeat(70_000))]).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
}
