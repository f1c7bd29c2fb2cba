//! Every route of the table against every kind of caller. What each is to be answered stands in `pages.txt` and `api.txt`:
//! a line for each route and thing it is tried on, a column for each caller. A route without a line fails.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use latchkey::http::routing::{Face, Route};
use latchkey::server::routes::table;
use reqwest::Method;

use super::contents;
use super::requests::{form, json, path, things};
use super::scene::Scene;
use crate::support::{Browser, Flavour, Reply, TestApp};

/// Method, path and thing.
type Key = (String, String, String);
/// What each caller is answered.
type Table = BTreeMap<Key, Vec<String>>;
type Row = (Key, Vec<String>);

fn read(text: &str) -> Table {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            let mut next = || words.next().unwrap();
            ((next(), next(), next()), words.collect())
        })
        .collect()
}

fn write(callers: &[&str], rows: &[Row]) -> String {
    let mut text = String::from("# One column for each caller, in this order:\n");
    for (at, name) in callers.iter().enumerate() {
        writeln!(text, "# {:>2} {name}", at + 1).unwrap();
    }
    for ((method, path, thing), answers) in rows {
        let answers: String = answers.iter().map(|answer| format!(" {answer:>5}")).collect();
        writeln!(text, "{method:<6} {path:<52} {thing:<8}{answers}").unwrap();
    }
    text
}

fn of_face(face: Face) -> Vec<Route> {
    table().into_iter().filter(|route| route.face == face).collect()
}

/// Compares what was answered with the table, or writes the table where that is asked for.
fn settle(file: &str, committed: &str, callers: &[&str], rows: Vec<Row>) {
    if std::env::var_os("LATCHKEY_TEST_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/authz").join(file);
        std::fs::write(path, write(callers, &rows)).unwrap();
        return;
    }
    let mut expected = read(committed);
    let mut wrong = String::new();
    for (key, answers) in rows {
        let (method, path, thing) = &key;
        match expected.remove(&key) {
            None => writeln!(wrong, "{method} {path} {thing} has no line in {file}").unwrap(),
            Some(wanted) => {
                for ((who, wanted), answer) in callers.iter().zip(wanted).zip(answers) {
                    if wanted != answer {
                        writeln!(wrong, "{method} {path} {thing} by {who}: {answer}, but {file} says {wanted}")
                            .unwrap();
                    }
                }
            }
        }
    }
    for (method, path, thing) in expected.keys() {
        writeln!(wrong, "{file} has a line for {method} {path} {thing}, which is not there").unwrap();
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// `login` for whoever is led to the log-in, else the status.
async fn open(browser: &mut Browser, scene: &Scene, route: &Route, thing: &str) -> String {
    let method = Method::from_bytes(route.method.as_bytes()).unwrap();
    let mut request = browser.request(method, &path(scene, route, thing)).header("sec-fetch-site", "same-origin");
    if route.method != "GET" {
        request = request.form(&form(scene, route, thing));
    }
    let cookie = browser.cookie().map(str::to_owned);
    let answer = browser.send(request).await;
    if let Some(cookie) = cookie {
        browser.set_cookie(&cookie);
    }
    let to_log_in = answer.location.as_deref().is_some_and(|path| path.starts_with("/login?back") || path == "/login");
    if answer.status == 303 && to_log_in { "login".into() } else { answer.status.to_string() }
}

async fn pages(flavour: Flavour) {
    let mut scene = Scene::of(TestApp::start(flavour).await);
    let mut browsers = scene.browsers().await;
    scene.keep();
    let before = contents(&scene.app);
    let callers: Vec<_> = browsers.iter().map(|(name, _)| *name).collect();
    let mut rows = Vec::new();
    for route in of_face(Face::Page) {
        for thing in things(&route) {
            let mut answers = Vec::new();
            for (who, browser) in &mut browsers {
                let answer = open(browser, &scene, &route, thing).await;
                settle_store(&scene, &before, (&route, thing, who), &answer);
                answers.push(answer);
            }
            rows.push(((route.method.to_owned(), route.path.to_owned(), String::from(*thing)), answers));
        }
    }
    settle("pages.txt", include_str!("pages.txt"), &callers, rows);
}

/// A refused request has changed nothing; after one that was let through everything is put back.
fn settle_store(scene: &Scene, before: &[String], (route, thing, who): (&Route, &str, &str), answer: &str) {
    if route.method == "GET" {
        return;
    }
    if matches!(answer, "200" | "201" | "204" | "303") {
        scene.restore();
    } else {
        assert_eq!(contents(&scene.app), before, "{} {} {thing} by {who}: {answer}", route.method, route.path);
    }
}

async fn api(flavour: Flavour) {
    let mut scene = Scene::of(TestApp::start(flavour).await);
    let clients = scene.clients();
    scene.keep();
    let before = contents(&scene.app);
    let callers: Vec<_> = clients.iter().map(|(name, _)| *name).collect();
    let mut rows = Vec::new();
    for route in of_face(Face::Api) {
        for thing in things(&route) {
            let mut answers = Vec::new();
            for (who, client) in &clients {
                let method = Method::from_bytes(route.method.as_bytes()).unwrap();
                let request = client.request(method, &path(&scene, &route, thing));
                let body = json(&scene, &route, thing);
                let request = if route.method == "GET" { request } else { request.json(&body) };
                let answer = Reply::of(request).await.status.to_string();
                settle_store(&scene, &before, (&route, thing, who), &answer);
                answers.push(answer);
            }
            rows.push(((route.method.to_owned(), route.path.to_owned(), String::from(*thing)), answers));
        }
    }
    settle("api.txt", include_str!("api.txt"), &callers, rows);
}

mod every_page_answers_every_caller_as_the_table_says {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        pages(Flavour::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        pages(Flavour::Postgres).await;
    }
}

mod every_route_of_the_api_answers_every_caller_as_the_table_says {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        api(Flavour::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        api(Flavour::Postgres).await;
    }
}
