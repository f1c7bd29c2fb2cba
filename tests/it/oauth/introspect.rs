//! `POST /oauth/introspect` (RFC 7662).

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::Overlap;
use reqwest::Method;
use serde_json::json;

use super::{Scene, Told};
use crate::support::new_token;

const PATH: &str = "/oauth/introspect";

both! {
    async fn s10_rfc7662_2_2_an_active_token_is_told_of(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let told = Told::of(scene.form(PATH, &[("token", &scene.token)]).basic_auth(&id, Some(&secret))).await;
        assert_eq!((told.status, told.header("content-type"), told.header("cache-control")), (200, "application/json", "no-store"));
        let body = &told.body;
        assert_eq!(body["active"], true);
        assert_eq!(body["scope"], "reports:read reports:write");
        assert_eq!(body["username"], "api_access@service");
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["aud"], "reports");
        assert_eq!(body["iss"], app.url);
        let (iat, exp) = (body["iat"].as_i64().unwrap(), body["exp"].as_i64().unwrap());
        assert_eq!((iat, exp - iat), (1_795_341_600, 90 * 86_400));
        assert!(["sub", "jti"].iter().all(|name| body[name].as_str().unwrap().len() == 36));
        assert_eq!((&body["user_kind"], &body["teams"], &body["token_name"]), (&json!("service"), &json!(["Data"]), &json!("token 0")));
    }

    async fn s10_rfc7662_2_2_of_any_other_token_nothing_is_told(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        app.opened("billing", scene.team, &["read read"], &[scene.team]);
        let others = [app.token(scene.job, "billing:read"), app.token(scene.job, "users:read")];
        let unknown = latchkey::model::tokens::PlainToken::generate(latchkey::model::tokens::TokenType::Service);
        for token in [&*others[0], &*others[1], unknown.reveal(), "nonsense", "", &secret] {
            let told = Told::of(scene.form(PATH, &[("token", token)]).basic_auth(&id, Some(&secret))).await;
            assert_eq!((told.status, &told.body), (200, &json!({ "active": false })), "{token}");
        }
    }

    async fn s10_rfc7662_2_1_a_client_shows_who_it_is_in_one_of_three_ways(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let token = scene.token.as_str();
        let posted = scene.form(PATH, &[("token", token), ("client_id", &id), ("client_secret", &secret)]);
        assert_eq!(Told::of(posted).await.body["active"], true, "client_secret_post");
        let by_slug = scene.form(PATH, &[("token", token)]).basic_auth("reports", Some(&secret));
        assert_eq!(Told::of(by_slug).await.body["active"], true, "the slug is a name as well");
        let hinted = scene.form(PATH, &[("token", token), ("token_type_hint", "refresh_token"), ("more", "1")]);
        assert_eq!(Told::of(hinted.basic_auth(&id, Some(&secret))).await.body["active"], true, "hints and more do not count");
        let home = app.write(|cx| latchkey::service::applications::find(cx, scene.reports)).home;
        let reader = app.service("Reader", OrgRole::Member, &[(home, RoleId::VIEWER)]);
        let bearer = app.token(reader, "applications:read");
        let asked = scene.form(PATH, &[("token", token), ("client_id", "reports")]).bearer_auth(&bearer);
        assert_eq!(Told::of(asked).await.body["active"], true, "a bearer token");
    }

    async fn s10_rfc6749_5_2_whoever_is_not_known_is_an_invalid_client(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let other = app.opened("billing", scene.team, &["read read"], &[scene.team]);
        let other_secret = scene.secret(other);
        let form = || scene.form(PATH, &[("token", &scene.token)]);
        let nobody = uuid::Uuid::nil().to_string();
        for (what, request) in [
            ("nobody", form()),
            ("a wrong secret", form().basic_auth(&id, Some("lk_app_nonsense"))),
            ("another's secret", form().basic_auth(&id, Some(&other_secret))),
            ("the token as the secret", form().basic_auth(&id, Some(&scene.token))),
            ("no such application", form().basic_auth(&nobody, Some(&secret))),
            ("no secret", form().basic_auth(&id, Some(""))),
            ("no Base64", form().header("authorization", "Basic !!!")),
            ("an id alone", scene.form(PATH, &[("token", &scene.token), ("client_id", &id)])),
        ] {
            let told = Told::of(request).await;
            assert_eq!((told.status, &told.body["error"]), (401, &json!("invalid_client")), "{what}");
            assert_eq!(told.header("www-authenticate"), "Basic realm=\"Latchkey\", charset=\"UTF-8\"", "{what}");
        }
    }

    async fn s10_a_bearer_token_wants_the_scope_on_that_application(app) {
        let scene = Scene::new(&app);
        let elsewhere = app.team("Elsewhere");
        let outsider = app.service("Outsider", OrgRole::Member, &[(elsewhere, RoleId::OWNER)]);
        let insider = app.service("Insider", OrgRole::Editor, &[(elsewhere, RoleId::VIEWER)]);
        let ask = |bearer: String, client: &'static str| {
            let form = [("token", scene.token.as_str()), ("client_id", client)];
            Told::of(scene.form(PATH, &form[..if client.is_empty() { 1 } else { 2 }]).bearer_auth(bearer))
        };
        let told = ask(app.token(outsider, "applications:read"), "reports").await;
        assert_eq!((told.status, &told.body["error"]), (400, &json!("invalid_request")), "one that it may not read");
        let told = ask(app.token(insider, "users:read"), "reports").await;
        assert_eq!(told.status, 400, "without the scope it reads none");
        let told = ask(app.token(insider, "applications:read"), "").await;
        assert_eq!((told.status, &told.body["error"]), (400, &json!("invalid_request")), "it names none");
        assert_eq!(ask(app.token(insider, "applications:read"), "reports").await.body["active"], true);
        let told = ask("lk_svc_nonsense".into(), "reports").await;
        assert_eq!((told.status, &told.body["error"]), (401, &json!("invalid_token")));
        assert!(told.header("www-authenticate").starts_with("Bearer realm=\"Latchkey\", error=\"invalid_token\""));
        assert_eq!(ask(app.token(insider, ""), "reports").await.status, 403);
    }

    async fn s10_rfc7662_2_3_what_is_no_request_is_told(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let long = "x".repeat(20_000);
        let with = |request: reqwest::RequestBuilder| request.basic_auth(&id, Some(&secret));
        for (what, request, status) in [
            ("no token", with(scene.form(PATH, &[])), 400),
            ("twice", with(scene.form(PATH, &[("token", "a"), ("token", "b")])), 400),
            ("two ways", with(scene.form(PATH, &[("token", "a"), ("client_secret", &secret)])), 400),
            ("another id", with(scene.form(PATH, &[("token", "a"), ("client_id", "billing")])), 400),
            ("JSON", with(scene.request(Method::POST, PATH).json(&json!({ "token": "a" }))), 400),
            ("too long", with(scene.form(PATH, &[("token", &long)])), 413),
        ] {
            let told = Told::of(request).await;
            assert_eq!((told.status, &told.body["error"]), (status, &json!("invalid_request")), "{what}");
            assert!(!told.body["error_description"].as_str().unwrap().is_empty());
        }
        let got = Told::of(with(scene.request(Method::GET, PATH))).await;
        assert_eq!((got.status, got.header("allow")), (405, "POST"));
    }

    async fn s10_a_secret_is_rotated_with_an_overlap(app) {
        let scene = Scene::new(&app);
        let id = scene.client_id(scene.reports);
        let active = |secret: String| {
            let request = scene.form(PATH, &[("token", &scene.token)]).basic_auth(&id, Some(secret));
            async move { Told::of(request).await.status }
        };
        let first = scene.secret(scene.reports);
        let second = app.application_secret(scene.reports, Overlap::Hour);
        assert_eq!((active(first.clone()).await, active(second.clone()).await), (200, 200));
        app.clock.advance(time::Duration::hours(1));
        assert_eq!((active(first).await, active(second.clone()).await), (401, 200), "after the overlap the new one alone");
        let third = app.application_secret(scene.reports, Overlap::Week);
        assert_eq!((active(second.clone()).await, active(third.clone()).await), (200, 200));
        app.write(|cx| latchkey::service::applications::finish(cx, scene.reports));
        assert_eq!((active(second).await, active(third.clone()).await), (401, 200), "ended by hand");
        app.write(|cx| latchkey::service::applications::end(cx, scene.reports));
        assert_eq!(active(third).await, 401, "without a credential it asks about nothing");
    }

    async fn s10_the_application_tells_the_address_for_a_token_that_is_bound_to_networks(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let mut new = new_token();
        (new.name, new.networks) = ("bound".into(), "10.20.0.0/16".parse().unwrap());
        new.app_scopes = ["reports:read".to_owned()].into();
        let bound = app.write(|cx| latchkey::service::tokens::create(cx, scene.job, new)).plain.reveal().to_owned();
        for (address, active) in [("10.20.1.2", true), ("10.30.1.2", false), ("nonsense", false), ("", false)] {
            let form = [("token", bound.as_str()), ("address", address)];
            let told = Told::of(scene.form(PATH, &form).basic_auth(&id, Some(&secret))).await;
            assert_eq!(told.body["active"], active, "{address}");
        }
        let told = Told::of(scene.form(PATH, &[("token", &bound)]).basic_auth(&id, Some(&secret))).await;
        assert_eq!(told.body, json!({ "active": false }), "where there is none it is inactive");
    }

    async fn s10_rfc8414_metadata_says_where_the_endpoints_are(app) {
        let scene = Scene::new(&app);
        let told = Told::of(scene.request(Method::GET, "/.well-known/oauth-authorization-server")).await;
        assert_eq!(told.status, 200);
        assert_eq!(told.body["issuer"], app.url);
        for (name, path) in [("introspection_endpoint", PATH), ("revocation_endpoint", "/oauth/revoke")] {
            assert_eq!(told.body[name], format!("{}{path}", app.url));
            let ways = &told.body[format!("{name}_auth_methods_supported")];
            assert_eq!(ways, &json!(["client_secret_basic", "client_secret_post"]));
        }
    }

    async fn s14_metrics_tell_of_checks_and_only_this_machine_reads_them(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        scene.verify(&scene.token).await;
        scene.verify(&scene.token).await;
        scene.verify("nonsense").await;
        scene.verify_at("/auth/verify/reports?scope=admin", &scene.token).await;
        scene.verify_at("/auth/verify/unheard-of", &scene.token).await;
        Told::of(scene.form(PATH, &[("token", &scene.token)]).basic_auth(&id, Some(&secret))).await;
        let get = || scene.request(Method::GET, "/metrics");
        let text = get().send().await.unwrap().text().await.unwrap();
        for line in [
            r#"latchkey_checks_total{application="reports",endpoint="verify",outcome="allowed"} 2"#,
            r#"latchkey_checks_total{application="reports",endpoint="verify",outcome="refused"} 1"#,
            r#"latchkey_checks_total{application="reports",endpoint="verify",outcome="forbidden"} 1"#,
            r#"latchkey_checks_total{application="reports",endpoint="introspect",outcome="allowed"} 1"#,
            r#"latchkey_checks_total{application="unknown",endpoint="verify",outcome="refused"} 1"#,
            "latchkey_check_duration_seconds_count 6",
            "latchkey_check_cache_hits_total",
            "latchkey_store_connections{pool=\"checks\"}",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        assert!(!text.contains(&scene.token) && !text.contains(&secret));
        let through = get().header("x-forwarded-for", "10.0.0.1").send().await.unwrap();
        assert_eq!(through.status().as_u16(), 404, "whoever comes through a proxy is somebody else");
    }

    async fn s10_a_wrong_method_is_told_what_is_right(app) {
        let scene = Scene::new(&app);
        let told = Told::of(scene.request(Method::GET, PATH)).await;
        assert_eq!((told.status, told.header("allow"), told.header("cache-control")), (405, "POST", "no-store"));
        assert!(!told.header("x-request-id").is_empty() && !told.header("content-security-policy").is_empty());
    }
}

#[tokio::test]
async fn s14_a_portal_with_an_address_for_others_tells_no_figures_without_a_token() {
    let public = |config: &mut latchkey::base::config::Config| {
        config.public_url = Some("https://keys.example.com".parse().unwrap());
    };
    let app = crate::support::TestApp::with(crate::support::Flavour::Sqlite, public).await;
    // A proxy on this machine that tells nothing of itself could not be told from this machine.
    let answer = reqwest::get(format!("http://{}/metrics", app.app.config.listen)).await.unwrap();
    assert_eq!(answer.status(), 404);
}
