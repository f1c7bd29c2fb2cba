//! `/auth/verify/{application}`.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use latchkey::service::applications;
use reqwest::Method;

use super::{Scene, Told};
use crate::support::new_token;

both! {
    async fn s10_a_good_token_is_told_with_whose_it_is_and_for_what(app) {
        let scene = Scene::new(&app);
        let told = scene.verify(&scene.token).await;
        assert_eq!(told.status, 200);
        assert_eq!(told.header("x-auth-user"), "api_access@service");
        assert_eq!(told.header("x-auth-kind"), "service");
        assert_eq!(told.header("x-auth-teams"), "Data");
        assert_eq!(told.header("x-auth-scopes"), "reports:read reports:write");
        assert_eq!(told.header("x-auth-token"), "token%200");
        assert_eq!(told.header("cache-control"), "no-store");
        assert!(!told.header("x-request-id").is_empty() && !told.header("content-security-policy").is_empty());
    }

    async fn s10_any_method_and_any_path_behind_it_will_do(app) {
        let scene = Scene::new(&app);
        for (method, path) in [
            (Method::POST, ""), (Method::DELETE, "/v1/things/7"), (Method::OPTIONS, "/"), (Method::HEAD, "/a%2Fb"),
            (Method::from_bytes(b"PROPFIND").unwrap(), "/x?scope=read"),
        ] {
            let request = scene.request(method.clone(), &format!("/auth/verify/reports{path}")).bearer_auth(&scene.token);
            assert_eq!(Told::of(request).await.status, 200, "{method} {path}");
        }
        for path in ["/auth/verify", "/auth/verify/"] {
            assert_eq!(scene.verify_at(path, &scene.token).await.status, 404, "{path}");
        }
    }

    async fn s10_without_a_token_no_error_is_told_and_with_a_bad_one_it_is(app) {
        // RFC 6750, section 3.1.
        let scene = Scene::new(&app);
        let nobody = Told::of(scene.request(Method::GET, "/auth/verify/reports")).await;
        assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer realm=\"Latchkey\""));
        let basic = Told::of(scene.request(Method::GET, "/auth/verify/reports").basic_auth("a", Some("b"))).await;
        assert_eq!((basic.status, basic.header("www-authenticate")), (401, "Bearer realm=\"Latchkey\""));
        let mut mistyped = scene.token.clone();
        mistyped.replace_range(20..21, if &mistyped[20..21] == "a" { "b" } else { "a" });
        let unknown = latchkey::model::tokens::PlainToken::generate(latchkey::model::tokens::TokenType::Service);
        for bad in [mistyped.as_str(), unknown.reveal(), "nonsense", "lk_svc_", "é"] {
            let told = Told::of(scene.request(Method::GET, "/auth/verify/reports").header("authorization", format!("Bearer {bad}").into_bytes())).await;
            let expected = if bad == "é" { "Bearer realm=\"Latchkey\"" } else { "Bearer realm=\"Latchkey\", error=\"invalid_token\"" };
            assert_eq!((told.status, told.header("www-authenticate")), (401, expected), "{bad}");
            assert!(told.headers.keys().all(|name| !name.as_str().starts_with("x-auth-")), "{bad}");
        }
    }

    async fn s10_every_scope_that_is_asked_for_is_wanted(app) {
        let scene = Scene::new(&app);
        for (query, wanted) in [
            ("scope=read", ""),
            ("scope=reports:write&scope=read", ""),
            ("scope=read%20write", ""),
            ("other=admin", ""),
            ("scope=admin", "reports:admin"),
            ("scope=read&scope=reports:admin", "reports:read reports:admin"),
            ("scope=users:read", "users:read"),
            ("scope=other:read", "other:read"),
            ("scope=none", "reports:none"),
        ] {
            let told = scene.verify_at(&format!("/auth/verify/reports?{query}"), &scene.token).await;
            let challenge = format!("Bearer realm=\"Latchkey\", error=\"insufficient_scope\", scope=\"{wanted}\"");
            match wanted {
                "" => assert_eq!(told.status, 200, "{query}"),
                _ => assert_eq!((told.status, told.header("www-authenticate")), (403, &*challenge), "{query}"),
            }
        }
        for query in ["scope=", "scope", "scope=%20", "x=1&scope="] {
            let told = scene.verify_at(&format!("/auth/verify/reports?{query}"), &scene.token).await;
            let challenge = "Bearer realm=\"Latchkey\", error=\"insufficient_scope\"";
            assert_eq!((told.status, told.header("www-authenticate")), (403, challenge), "a scope, but none named: {query}");
        }
        let odd = scene.verify_at("/auth/verify/reports?scope=%22%0d%0aX-Auth-User:%20root", &scene.token).await;
        assert_eq!((odd.status, odd.header("x-auth-user")), (403, ""));
        assert!(!odd.header("www-authenticate").contains("root"));
    }

    async fn s10_a_token_of_one_application_is_refused_at_another(app) {
        let scene = Scene::new(&app);
        app.opened("billing", scene.team, &["read read"], &[scene.team]);
        let told = scene.verify_at("/auth/verify/billing", &scene.token).await;
        assert_eq!((told.status, told.header("www-authenticate")), (401, "Bearer realm=\"Latchkey\", error=\"invalid_token\""));
        assert_eq!(scene.verify_at("/auth/verify/billing?scope=reports:read", &scene.token).await.status, 401);
        assert_eq!(scene.verify_at("/auth/verify/unheard-of", &scene.token).await.status, 401);
        let both = app.token(scene.job, "reports:read billing:read users:read");
        let told = scene.verify_at("/auth/verify/billing", &both).await;
        assert_eq!((told.status, told.header("x-auth-scopes")), (200, "billing:read"), "only its own are told");
    }

    async fn s10_a_scope_wants_a_team_with_access_and_a_role_that_reaches_it(app) {
        let scene = Scene::new(&app);
        let elsewhere = app.team("Elsewhere");
        let outsider = app.service("Outsider", OrgRole::Admin, &[(elsewhere, RoleId::OWNER)]);
        let viewer = app.service("Viewer", OrgRole::Admin, &[(scene.team, RoleId::VIEWER), (elsewhere, RoleId::OWNER)]);
        let [outside, only_read] = [outsider, viewer].map(|user| app.token(user, "reports:read reports:write"));
        assert_eq!(scene.verify(&outside).await.status, 401, "an organisation role gives no use");
        let told = scene.verify(&only_read).await;
        assert_eq!((told.status, told.header("x-auth-scopes"), told.header("x-auth-teams")), (200, "reports:read", "Data"));
        assert_eq!(scene.verify(&app.global_admin(viewer)).await.status, 401, "nor does a global-admin token");
        let none = app.token(scene.job, "users:read");
        assert_eq!(scene.verify(&none).await.status, 401, "nor a token without a scope of it");
        let (_, limited) = app.limited_token(viewer, "reports:read", &[elsewhere]);
        assert_eq!(scene.verify(&limited).await.status, 401, "nor one that is limited to other teams");
        let (_, limited) = app.limited_token(viewer, "reports:read", &[scene.team]);
        assert_eq!(scene.verify(&limited).await.status, 200);
    }

    async fn s10_a_token_that_is_bound_to_networks_wants_an_address_from_a_trusted_proxy(app) {
        let scene = Scene::new(&app);
        let mut new = new_token();
        (new.name, new.networks) = ("bound".into(), "10.20.0.0/16 127.0.0.0/8".parse().unwrap());
        new.app_scopes = ["reports:read".to_owned()].into();
        let bound = app.write(|cx| latchkey::service::tokens::create(cx, scene.job, new)).plain.reveal().to_owned();
        let from = |forwarded: &'static str| {
            let request = scene.request(Method::GET, "/auth/verify/reports").bearer_auth(&bound);
            Told::of(request.header("x-forwarded-for", forwarded))
        };
        // The address of whoever asks is in the networks, and is not the client's.
        assert_eq!(scene.verify(&bound).await.status, 401, "no address");
        for forwarded in ["10.20.1.2", "127.0.0.1", "192.0.2.1"] {
            assert_eq!(from(forwarded).await.status, 401, "whoever asks is no trusted proxy: {forwarded}");
        }
    }

    async fn s10_of_two_tokens_neither_is_good(app) {
        let scene = Scene::new(&app);
        let other = app.token(scene.job, "reports:read");
        let request = scene.request(Method::GET, "/auth/verify/reports").bearer_auth(&scene.token);
        assert_eq!(Told::of(request.header("authorization", format!("Bearer {other}"))).await.status, 401);
    }

    async fn s10_headers_cannot_be_broken_by_names(app) {
        let scene = Scene::new(&app);
        let odd = app.team("R&D, \"Köln\" 100%");
        app.write(|cx| applications::open(cx, scene.reports, odd));
        app.write(|cx| latchkey::service::members::set(cx, odd, scene.job, RoleId::OWNER));
        let told = scene.verify(&scene.token).await;
        let teams: Vec<_> = told.header("x-auth-teams").split(',').collect();
        assert_eq!(teams, ["Data", "R&D%2C%20%22K%C3%B6ln%22%20100%25"]);
    }
}

#[tokio::test]
async fn s10_a_trusted_proxy_tells_the_address() {
    let trusting = |config: &mut latchkey::base::config::Config| {
        config.trusted_proxies = vec![std::net::Ipv4Addr::LOCALHOST.into()];
    };
    let app = crate::support::TestApp::with(crate::support::Flavour::Sqlite, trusting).await;
    let scene = Scene::new(&app);
    let mut new = new_token();
    (new.name, new.networks) = ("bound".into(), "10.20.0.0/16".parse().unwrap());
    new.app_scopes = ["reports:read".to_owned()].into();
    let bound = app.write(|cx| latchkey::service::tokens::create(cx, scene.job, new)).plain.reveal().to_owned();
    for (forwarded, status) in [
        ("10.20.1.2", 200),
        ("10.30.1.2", 401),
        ("10.20.1.2, 10.30.1.2", 401),
        ("10.30.1.2, 10.20.1.2", 200),
        ("10.20.1.2, 127.0.0.1", 200),
        ("nonsense", 401),
        ("10.20.1.2, nonsense", 401),
        ("", 401),
    ] {
        let request = scene.request(Method::GET, "/auth/verify/reports").bearer_auth(&bound);
        let told = Told::of(request.header("x-forwarded-for", forwarded)).await;
        assert_eq!(told.status, status, "{forwarded}");
    }
    assert_eq!(scene.verify(&bound).await.status, 401, "the proxy said nothing");
}
