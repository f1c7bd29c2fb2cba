//! The graph of layers in `docs/ARCHITECTURE.md`, checked against what every file imports.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer and what it may import.
const GRAPH: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("model", &["base"]),
    ("store", &["base", "model"]),
    ("clients", &["base", "model"]),
    ("service", &["base", "model", "store", "clients"]),
    ("http", &["base", "model", "service"]),
    ("web", &["base", "model", "service", "http"]),
    ("api", &["base", "model", "service", "http"]),
    ("oauth", &["base", "model", "service", "http"]),
    ("server", &["base", "model", "service", "http", "web", "api", "oauth"]),
    ("worker", &["base", "model", "service", "clients"]),
    ("cli", &["base", "model", "service", "server", "worker"]),
];

/// Each crate that has one home, and the layers, or folders of one, that may use it.
const HOMES: &[(&str, &[&str])] = &[
    ("diesel", &["store"]),
    ("diesel_migrations", &["store"]),
    ("r2d2", &["store"]),
    ("askama", &["web", "service/mail"]),
    ("actix_web", &["http", "web", "api", "oauth", "server", "cli"]),
    ("actix_session", &["http"]),
    ("clap", &["cli"]),
    ("rand", &["base"]),
    ("argon2", &["service"]),
    ("governor", &["service"]),
    ("lettre", &["clients"]),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The layer of each file, and its code without comments.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    let code = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    let in_layer = found.into_iter().filter(|path| path.parent() != Some(&root));
    in_layer
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap().components().next().unwrap();
            let layer = inside.as_os_str().to_str().unwrap().to_owned();
            let text = code(&path);
            (layer, path, text)
        })
        .collect()
}

/// Every `name` that follows `prefix` in `code`, `prefix{a, b}` included.
fn after<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let word = |text: &'a str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group.split('}').next().unwrap().split(',').map(|name| word(name.trim()))),
            None => names.push(word(rest)),
        }
    }
    names
}

#[test]
fn nothing_imports_upward_or_sideways() {
    let mut wrong = Vec::new();
    for (layer, path, code) in sources() {
        let Some((_, allowed)) = GRAPH.iter().find(|(name, _)| *name == layer) else {
            panic!("{} stands in no layer of the graph", path.display());
        };
        for imported in after(&code, "crate::") {
            let is_layer = GRAPH.iter().any(|(name, _)| *name == imported);
            if is_layer && imported != layer && !allowed.contains(&imported) {
                wrong.push(format!("{} imports {imported}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_crate_stays_in_its_home() {
    let mut wrong = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (_, path, code) in sources() {
        let inside = path.strip_prefix(&root).unwrap();
        for (name, homes) in HOMES {
            let used = code.contains(&format!("{name}::")) || code.contains(&format!("use {name};"));
            if used && !homes.iter().any(|home| inside.starts_with(home)) {
                wrong.push(format!("{} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_itself_sees_what_it_should() {
    assert_eq!(after("use crate::store::users;\nuse crate::{web, api::errors};", "crate::"), ["store", "web", "api"]);
}
