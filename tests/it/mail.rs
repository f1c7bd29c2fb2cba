//! What is mailed, by a real mail server: to whom, over what, and what happens when it is not there.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use latchkey::base::clock::Clock;
use latchkey::base::config::Config;
use latchkey::base::secret::Secret;
use latchkey::cli::open;
use latchkey::model::roles::OrgRole;
use serde_json::json;

use crate::support::{Flavour, PASSWORD, PostOffice, TestApp};

const SUNITA: [(&str, &str); 4] =
    [("username", "sunita"), ("display_name", "Sunita Nair"), ("email", "sunita@example.com"), ("role", "Member")];

both_with_mail! {
    async fn an_invitation_is_mailed_as_well_as_shown(app, post) {
        let mut ada = app.admin().await;
        let answer = ada.post("/users/new", &SUNITA).await;
        assert!(answer.has("It was also mailed to sunita@example.com"), "{}", answer.text());
        let mail = post.next();
        assert_eq!((mail.to(), mail.subject()), ("sunita@example.com", "ada the Admin invites you to Latchkey"));
        assert_eq!((mail.header("from"), mail.header("to")), ("Latchkey <latchkey@example.com>", "Sunita Nair <sunita@example.com>"));
        assert_eq!((mail.header("auto-submitted"), mail.header("date")), ("auto-generated", "Sun, 22 Nov 2026 10:00:00 +0000"));
        for text in [mail.text(), mail.html()] {
            for told in ["ada the Admin made an account for you", "Your username is sunita", "for 72 hours: until 25 November 2026, 10:00 UTC", "did not expect this, do nothing"] {
                assert!(text.contains(told), "{told} in {text}");
            }
        }
        assert!(!mail.html().contains("src=") && !mail.html().contains("<link") && !mail.html().contains("url("), "{}", mail.html());
        let path = mail.link(&app.url);
        assert_eq!(path, answer.link("invitation"));
        assert_eq!(app.visitor().post(&path, &[("password", PASSWORD)]).await.status, 303);
        app.log_in("sunita").await;
        assert_eq!(app.mails_noted(1).await, ["mail.send done sunita -"]);
        let id = app.number("SELECT id AS n FROM users WHERE username = 'sunita'");
        let activity = ada.get(&format!("/users/{id}/activity")).await;
        assert!(activity.has("Mailed sunita") && activity.has("invitation"), "{}", activity.text());
        app.assert_chain();
        post.assert_empty();
    }

    async fn the_api_and_a_new_link_mail_it_too(app, post) {
        let api = app.root_api();
        let body = json!({ "name": "Noor Haddad", "user_type": "Person", "username": "noor", "email": "noor@example.com", "role": "Member" });
        let made = api.post("/api/v1/users", body).await;
        assert_eq!((made.status, &made.body["invitation_mailed"]), (201, &json!(true)), "{}", made.body);
        let first = post.next();
        assert_eq!(format!("{}{}", app.url, first.link(&app.url)), made.body["invitation"].as_str().unwrap());
        assert_eq!(first.subject(), "Root invites you to Latchkey");
        let machine = api.post("/api/v1/users", json!({ "name": "Deployer", "role": "Member" })).await;
        assert!(machine.body.get("invitation_mailed").is_none(), "{}", machine.body);
        let mut ada = app.admin().await;
        let asked = ada.get(&format!("/users/{}/link", made.body["id"])).await;
        assert!(asked.has("It is mailed to noor@example.com"), "{}", asked.text());
        let again = ada.post(&format!("/users/{}/link", made.body["id"]), &[]).await;
        let second = post.next();
        assert_eq!(second.link(&app.url), again.link("invitation"));
        assert_eq!(app.visitor().get(&first.link(&app.url)).await.status, 404);
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        assert_eq!(post.next().subject(), "You are invited to Latchkey", "the command line has no name");
        let reset = ada.post(&format!("/users/{jonas}/link"), &[]).await.link("reset");
        let mail = post.next();
        assert_eq!((mail.to(), mail.link(&app.url)), ("jonas@example.com", reset));
        assert!(mail.text().contains("ada the Admin made a link with which you choose a new password"), "{}", mail.text());
    }

    async fn a_new_address_is_told_to_the_old_one(app, post) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        post.next();
        let version = ada.get(&format!("/users/{id}")).await.value("version");
        ada.submit(&format!("/users/{id}"), &[("version", version.as_str()), ("email", "jonas@example.org")]).await;
        let told = post.next();
        assert_eq!((told.to(), told.subject()), ("jonas@example.com", "Your Latchkey account has another email address now"));
        assert!(told.text().contains("ada the Admin gave your account jonas") && !told.text().contains("example.org"), "{}", told.text());
        let mut jonas = app.log_in("jonas").await;
        let version = jonas.get("/account").await.value("version");
        let fields = [("version", version.as_str()), ("display_name", "jonas"), ("email", "jonas@example.net")];
        jonas.submit("/account", &fields).await;
        let told = post.next();
        assert_eq!(told.to(), "jonas@example.org");
        assert!(told.text().contains("You, or somebody logged in as you, gave"), "{}", told.text());
        jonas.submit("/account/password", &[("current_password", PASSWORD), ("password", "another harbour of plums")]).await;
        let told = post.next();
        assert_eq!((told.to(), told.subject()), ("jonas@example.net", "Your Latchkey password was changed"));
        let version = jonas.get("/account").await.value("version");
        jonas.submit("/account", &[("version", version.as_str()), ("display_name", "Jonas L"), ("email", "jonas@example.net")]).await;
        assert_eq!(app.mails_noted(4).await.len(), 4);
        post.assert_empty();
    }

    async fn what_no_mail_reaches_is_sent_none(app, post) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        assert_eq!(post.next().to(), "jonas@example.com");
        app.service("API Access", OrgRole::Member, &[]);
        app.agent("Release notes", OrgRole::Member, &[]);
        for address in ["jonas@latchkey.invalid", "jonas@Mail.INVALID", "jonas@invalid", "jonas@latchkey.invalid."] {
            app.sql(&format!("UPDATE users SET email = '{address}' WHERE id = {id}")).unwrap();
            let answer = ada.post(&format!("/users/{id}/link"), &[]).await;
            assert!(answer.status == 200 && answer.has("Nothing was mailed"), "{address}: {}", answer.text());
        }
        app.sql(&format!("UPDATE users SET email = 'jonas@example.com' WHERE id = {id}")).unwrap();
        ada.submit(&format!("/users/{id}/turn-into-service"), &[("home_team", "1")]).await;
        ada.post("/users/new", &SUNITA).await;
        assert_eq!(post.next().to(), "sunita@example.com", "the next mail is hers");
        assert_eq!(app.mails_noted(2).await.len(), 2);
    }

    async fn what_is_rolled_back_is_not_mailed(app, post) {
        let mut ada = app.admin().await;
        let mut fields = SUNITA.to_vec();
        fields.push(("form_key", "the same form"));
        assert_eq!(ada.post("/users/new", &fields).await.status, 200);
        assert_eq!(post.next().to(), "sunita@example.com");
        assert_eq!(ada.post("/users/new", &fields).await.status, 303, "sent twice");
        let fails: Result<(), _> = app.app.write(&latchkey::service::Caller::cli(), |cx| {
            let id = latchkey::model::ids::UserId(2);
            latchkey::service::links::issue_for(cx, id)?;
            Err(latchkey::model::Error::Conflict("after all not".into()))
        });
        assert!(fails.is_err());
        app.person("jonas", OrgRole::Member, &[]);
        assert_eq!(post.next().to(), "jonas@example.com", "the next mail is his");
        assert_eq!(app.mails_noted(2).await.len(), 2);
    }
}

/// A portal beside a mail server that does as `settings` say.
async fn beside(settings: serde_json::Value) -> (TestApp, PostOffice) {
    let post = PostOffice::with(settings);
    (TestApp::with(Flavour::Sqlite, |config| post.settings(config)).await, post)
}

#[tokio::test]
async fn a_mail_server_that_is_gone_keeps_nobody_waiting() {
    let (app, mut post) = beside(json!({})).await;
    post.close();
    let mut ada = app.admin().await;
    let answer = ada.post("/users/new", &SUNITA).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(app.visitor().post("/forgotten", &[("login", "ada")]).await.status, 303);
    let noted = app.mails_noted(2).await;
    assert_eq!(noted.len(), 2);
    for (line, who) in noted.iter().zip(["sunita", "ada"]) {
        assert_eq!(*line, format!("mail.send refused {who} the mail server cannot be reached"));
    }
    let id = app.number("SELECT id AS n FROM users WHERE username = 'sunita'");
    let activity = ada.get(&format!("/users/{id}/activity")).await;
    assert!(activity.has("Tried to mail sunita") && activity.has("cannot be reached"), "{}", activity.text());
    assert_eq!(app.visitor().get(&answer.link("invitation")).await.status, 200, "the link shown is as good as ever");
}

#[tokio::test]
async fn what_is_put_off_is_tried_again_and_what_is_refused_is_not() {
    let (app, post) = beside(json!({ "answers": ["451 4.7.1 Come back later", "451 4.7.1 Come back later"] })).await;
    let mut ada = app.admin().await;
    ada.post("/users/new", &SUNITA).await;
    assert_eq!([post.answered(), post.answered()].map(|answer| answer[..3].to_owned()), ["451", "451"]);
    assert_eq!(post.next().to(), "sunita@example.com");
    assert_eq!(app.mails_noted(1).await, ["mail.send done sunita -"]);

    // A server may repeat what the mail says, and so the link: none of its words are kept.
    let (app, post) = beside(json!({ "answers": ["550 5.7.1 Not with http://evil.example/in/it"] })).await;
    let mut ada = app.admin().await;
    ada.post("/users/new", &SUNITA).await;
    assert!(post.answered().starts_with("550"));
    assert_eq!(app.mails_noted(1).await, ["mail.send refused sunita the mail server refused it (550)"]);
    post.assert_empty();

    let (app, post) = beside(json!({ "answers": ["451 no", "451 no", "451 no"] })).await;
    app.person("jonas", OrgRole::Member, &[]);
    assert_eq!(app.mails_noted(1).await, ["mail.send refused jonas the mail server put it off (451)"], "in the end");
    assert_eq!([(); 3].map(|()| post.answered()), ["451 no"; 3]);
    post.assert_empty();
}

/// A certificate for this machine that nobody but its holder vouches for, and its key, as files.
fn certificate(dir: &Path) -> [String; 2] {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let files = ["cert.pem", "key.pem"].map(|name| dir.join(name).to_str().unwrap().to_owned());
    std::fs::write(&files[0], made.cert.pem()).unwrap();
    std::fs::write(&files[1], made.signing_key.serialize_pem()).unwrap();
    files
}

#[tokio::test]
async fn mail_goes_over_tls_to_a_server_that_is_known_and_knows_us() {
    let dir = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(dir.path());
    let post = PostOffice::with(json!({ "tls": [&certificate, key], "login": ["latchkey", "p@ss:word"] }));
    let portal = |password: &'static str, known: bool| {
        let (port, certificate) = (post.port, certificate.clone());
        let settings = move |config: &mut Config| {
            config.smtp_url = Some(Secret::new(format!("smtp://latchkey:{password}@127.0.0.1:{port}?tls=required")));
            config.smtp_from = Some("latchkey@example.com".into());
            config.smtp_ca_file = known.then(|| certificate.into());
            config.mail_retries = Vec::new();
        };
        TestApp::with(Flavour::Sqlite, settings)
    };
    let app = portal("p%40ss%3Aword", true).await;
    app.person("jonas", OrgRole::Member, &[]);
    let mail = post.next();
    assert_eq!((mail.to(), mail.by()), ("jonas@example.com", (true, Some("latchkey"))));

    let stranger = portal("p%40ss%3Aword", false).await;
    stranger.person("jonas", OrgRole::Member, &[]);
    let noted = stranger.mails_noted(1).await;
    assert!(noted[0].starts_with("mail.send refused jonas"), "nobody vouches for it: {noted:?}");

    let mistaken = portal("wrong", true).await;
    mistaken.person("jonas", OrgRole::Member, &[]);
    assert_eq!(mistaken.mails_noted(1).await, ["mail.send refused jonas the mail server refused it (535)"]);
    post.assert_empty();

    // A server that offers no TLS is given nothing.
    let plain = PostOffice::open();
    let app = TestApp::with(Flavour::Sqlite, |config| {
        plain.settings(config);
        config.smtp_url = Some(Secret::new(format!("smtp://127.0.0.1:{}?tls=required", plain.port)));
    })
    .await;
    app.person("jonas", OrgRole::Member, &[]);
    assert!(app.mails_noted(1).await[0].starts_with("mail.send refused jonas"));
    plain.assert_empty();
}

#[test]
fn a_program_that_ends_lets_its_mail_go_first() {
    let post = PostOffice::open();
    let dir = tempfile::tempdir().unwrap();
    let admin = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.arg("admin").args(args).arg("--password-stdin").env_clear().env("LATCHKEY_DATA_DIR", dir.path());
        command.env("LATCHKEY_SMTP_URL", format!("smtp://127.0.0.1:{}", post.port));
        command.env("LATCHKEY_SMTP_FROM", "latchkey@example.com");
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    };
    admin(&["create", "--username", "ada", "--email", "ada@example.com", "--display-name", "Ada"]);
    admin(&["reset", "--username", "ada"]);
    let mail = post.next();
    assert_eq!((mail.to(), mail.subject()), ("ada@example.com", "Your Latchkey password was changed"));
}

#[test]
fn settings_that_cannot_work_stop_the_portal_and_show_no_password() {
    let dir = tempfile::tempdir().unwrap();
    let start = |vars: &[(&str, &str)]| {
        let data = ("LATCHKEY_DATA_DIR".to_owned(), dir.path().to_str().unwrap().to_owned());
        let vars = vars.iter().map(|(name, value)| (format!("LATCHKEY_SMTP_{name}"), (*value).to_owned()));
        let config = Config::load(None, vars.chain([data])).map_err(|error| error.to_string())?;
        assert!(!format!("{config:?}").contains("hunter2"));
        open::app(config, Clock::System).map(drop).map_err(|error| error.to_string())
    };
    let url = "smtp://latchkey:hunter2@mail.example.com";
    for (vars, told) in [
        (vec![("URL", url)], "belong together"),
        (vec![("FROM", "latchkey@example.com")], "belong together"),
        (vec![("URL", url), ("FROM", "latchkey")], "LATCHKEY_SMTP_FROM must be an address"),
        (vec![("URL", "hunter2"), ("FROM", "latchkey@example.com")], "LATCHKEY_SMTP_URL must look like"),
        (
            vec![("URL", "smtp://a:hunter2@mail.example.com?tls=none"), ("FROM", "latchkey@example.com")],
            "LATCHKEY_SMTP_ALLOW_PLAINTEXT",
        ),
        (
            vec![("URL", url), ("FROM", "latchkey@example.com"), ("CA_FILE", "/nowhere.pem")],
            "LATCHKEY_SMTP_CA_FILE, /nowhere.pem",
        ),
        (vec![("URL", url), ("FROM", "latchkey@example.com"), ("ALLOW_PLAINTEXT", "maybe")], "smtp_allow_plaintext"),
    ] {
        let error = start(&vars).unwrap_err();
        assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
    }
    assert_eq!(start(&[("URL", url), ("FROM", "Latchkey <latchkey@example.com>")]), Ok(()));

    let file = dir.path().join("latchkey.toml");
    std::fs::write(&file, "log = \"info\"\nsmtp_url = \"smtp://a:hunter2@mail.example.com\n").unwrap();
    let error = Config::load(Some(&file), std::iter::empty()).unwrap_err().to_string();
    assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
}
