//! The configurations in `docs/proxies`, with a real nginx and a real Caddy before an API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Scene, Told};
use crate::support::{Flavour, TestApp, new_token};

/// An API that answers with the headers that reached it, as JSON.
fn api() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| echo(&stream)));
    port
}

fn echo(mut stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let head = lines.take_while(|line| !line.is_empty());
    let headers = head.filter_map(|line| Some(line.split_once(": ")?).map(|(n, v)| (n.to_lowercase(), json!(v))));
    let mut told: serde_json::Map<String, Value> = headers.collect();
    told.insert("request".into(), json!(first));
    let body = Value::Object(told).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    // Whoever asked may have gone away.
    let _ = stream.write_all(answer.as_bytes());
}

/// A proxy under way with the documented configuration, its addresses put in.
struct Proxy {
    child: Child,
    port: u16,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// What stands in `docs/proxies/{name}`, with these pieces of it replaced.
fn documented(name: &str, replaced: &[(&str, String)]) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proxies").join(name);
    replaced.iter().fold(std::fs::read_to_string(file).unwrap(), |text, (from, to)| {
        assert!(text.contains(from), "{name} has no {from}");
        text.replace(from, to)
    })
}

impl Proxy {
    /// Runs a proxy until it listens on `port`.
    fn run(mut command: Command, port: u16) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let started = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let missing =
            format!("no {program} for the tests: run them with `make test` (Debian: apt install nginx caddy)");
        let mut child = started.expect(&missing);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(20) || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                let mut why = String::new();
                child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
                panic!("{program} does not start: {why}");
            }
            std::thread::yield_now();
        }
        // Nobody reads what it says any more, and it must not wait for somebody who does.
        let mut said = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { child, port }
    }

    fn nginx(folder: &Path, latchkey: u16, api: u16) -> Self {
        let port = free_port();
        let here = [("8080", latchkey), ("9000", api), ("8081", port)]
            .map(|(documented, here)| (format!("127.0.0.1:{documented};"), format!("127.0.0.1:{here};")));
        let ours = documented("nginx.conf", &here.each_ref().map(|(from, to)| (from.as_str(), to.clone())));
        let at = folder.display();
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {at}/{name};"));
        // One process: a worker would outlive its master, and hold on to whatever the tests print to.
        let whole = format!(
            "daemon off; master_process off; pid {at}/nginx.pid; error_log stderr warn;\nevents {{}}\nhttp {{ access_log off; {}\n{ours}}}\n",
            temporary.join(" ")
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, whole).unwrap();
        let program = ["/usr/sbin/nginx", "nginx"].into_iter().find(|path| Path::new(path).exists()).unwrap_or("nginx");
        let mut command = Command::new(program);
        command.arg("-c").arg(&file).args(["-e", "stderr"]);
        Self::run(command, port)
    }

    fn caddy(folder: &Path, latchkey: u16, api: u16) -> Self {
        let port = free_port();
        let here = [
            ("reports.example.com", format!("http://127.0.0.1:{port}")),
            ("latchkey.internal:8080", format!("127.0.0.1:{latchkey}")),
            ("reports.internal:9000", format!("127.0.0.1:{api}")),
        ];
        let file = folder.join("Caddyfile");
        // Without its interface for administrators, which would listen on a port of its own.
        std::fs::write(&file, format!("{{\n\tadmin off\n}}\n{}", documented("Caddyfile", &here))).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        Self::run(command, port)
    }
}

#[tokio::test]
async fn s10_nginx_lets_through_what_latchkey_allows_and_nothing_else() {
    lets_through_what_is_allowed(Proxy::nginx).await;
}

#[tokio::test]
async fn s10_caddy_lets_through_what_latchkey_allows_and_nothing_else() {
    lets_through_what_is_allowed(Proxy::caddy).await;
}

async fn lets_through_what_is_allowed(start: fn(&Path, u16, u16) -> Proxy) {
    let trusting = |config: &mut latchkey::base::config::Config| {
        config.trusted_proxies = vec![std::net::Ipv4Addr::LOCALHOST.into()];
    };
    let app = TestApp::with(Flavour::Sqlite, trusting).await;
    let scene = Scene::new(&app);
    let viewer = app.service("Viewer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
    let only_read = app.token(viewer, "reports:read reports:write");
    app.opened("billing", scene.team, &["read read"], &[scene.team]);
    let other = app.token(scene.job, "billing:read");
    let latchkey = app.app.config.listen.port();
    let proxy = start(app.dir.path(), latchkey, api());
    let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let ask = |method: Method, token: &str| {
        let request = client.request(method, format!("http://127.0.0.1:{}/v1/things?x=1", proxy.port));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    };

    let told = Told::of(ask(Method::GET, &scene.token)).await;
    assert_eq!(told.status, 200, "allowed");
    assert!(told.body["request"].as_str().unwrap().starts_with("GET /v1/things?x=1 HTTP/1."), "{}", told.body);
    assert_eq!(told.body["x-auth-user"], "api_access@service");
    assert_eq!((&told.body["x-auth-kind"], &told.body["x-auth-teams"]), (&json!("service"), &json!("Data")));
    assert_eq!(
        (&told.body["x-auth-scopes"], &told.body["x-auth-token"]),
        (&json!("reports:read reports:write"), &json!("token%200"))
    );
    assert_eq!(told.body["authorization"], Value::Null, "the API never sees the token");

    for bad in ["", "nonsense", &other] {
        let told = Told::of(ask(Method::GET, bad)).await;
        assert_eq!(told.status, 401, "refused: {bad}");
        assert!(told.header("www-authenticate").starts_with("Bearer realm=\"Latchkey\""), "{bad}");
    }

    assert_eq!(Told::of(ask(Method::GET, &only_read)).await.status, 200);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(Told::of(ask(method.clone(), &only_read).body("x=1")).await.status, 403, "missing scope: {method}");
        assert_eq!(Told::of(ask(method.clone(), &scene.token).body("x=1")).await.status, 200, "{method}");
    }

    let mut forged = ask(Method::GET, &only_read);
    for name in ["X-Auth-User", "X-Auth-Kind", "X-Auth-Teams", "X-Auth-Scopes", "X-Auth-Token"] {
        forged = forged.header(name, "root").header(name.replace('-', "_"), "root");
    }
    let told = Told::of(forged).await;
    assert_eq!((told.status, &told.body["x-auth-user"]), (200, &json!("viewer@service")), "forged headers");
    assert!(told.body.as_object().unwrap().values().all(|value| value != "root"), "{}", told.body);

    let mut new = new_token();
    (new.name, new.networks) = ("bound".into(), "10.20.0.0/16".parse().unwrap());
    new.app_scopes = ["reports:read".to_owned()].into();
    let bound = app.write(|cx| latchkey::service::tokens::create(cx, scene.job, new)).plain.reveal().to_owned();
    let forged = ask(Method::GET, &bound).header("x-forwarded-for", "10.20.1.2");
    assert_eq!(Told::of(forged).await.status, 401, "the client's word about its address does not count");
}
