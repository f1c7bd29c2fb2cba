//! The tokens of all accounts over REST (section 4).

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use serde_json::{Value, json};

use crate::support::{Reply, TestApp};

const TOKENS: &str = "/api/v1/tokens";

fn names(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["items"].as_array().unwrap().iter().map(|item| item["user"]["user_name"].as_str().unwrap()).collect()
}

/// A service account with a token, and an agent with one in another team.
fn scene(app: &TestApp) -> String {
    let (team, other) = (app.team("Platform"), app.team("Billing"));
    let deployer = app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
    let agent = app.agent("Helper", OrgRole::Member, &[(other, RoleId::VIEWER)]);
    let secret = app.token(deployer, "teams:read tokens:read");
    app.token(agent, "teams:read");
    secret
}

both! {
    async fn s4_the_inventory_filters_sorts_and_pages_as_the_page_does(app) {
        scene(&app);
        let root = app.root_api();
        let all = root.get(&format!("{TOKENS}?sort=created")).await;
        assert_eq!(names(&all), ["deployer@service", "helper@agent", "root@service"]);
        assert_eq!(all.body["items"][1]["user"], json!({ "id": all.body["items"][1]["user"]["id"], "user_name": "helper@agent", "name": "Helper", "user_type": "Agent" }));
        assert!(all.body["items"][0]["hint"].is_string() && all.body["items"][0].get("token").is_none());
        for (query, wanted) in [
            ("type=Agent", vec!["helper@agent"]),
            ("type=Service&sort=created", vec!["deployer@service", "root@service"]),
            ("global_admin=true", vec!["root@service"]),
            ("team=Billing", vec!["helper@agent"]),
            ("state=active&sort=name&q=token", vec!["root@service", "helper@agent", "deployer@service"]),
            ("usage=never&sort=created", vec!["deployer@service", "helper@agent"]),
            ("ending=never", vec![]),
        ] {
            let mut found = names(&root.get(&format!("{TOKENS}?{query}")).await).into_iter().map(str::to_owned).collect::<Vec<_>>();
            let mut wanted: Vec<_> = wanted.into_iter().map(str::to_owned).collect();
            // The tokens have the same name, so that nothing but their ids tells their order.
            if query.contains("sort=name") { found.sort(); wanted.sort(); }
            assert_eq!(found, wanted, "{query}");
        }
        let user = all.body["items"][0]["user"]["id"].as_i64().unwrap();
        assert_eq!(names(&root.get(&format!("{TOKENS}?user_id={user}")).await), ["deployer@service"]);
        let first = root.get(&format!("{TOKENS}?limit=2&sort=created")).await;
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = root.get(&format!("{TOKENS}?limit=2&sort=created&cursor={cursor}")).await;
        assert_eq!((names(&second), &second.body["next_cursor"]), (vec!["root@service"], &Value::Null));
    }

    async fn s4_wrong_filters_are_named(app) {
        let secret = scene(&app);
        let root = app.root_api();
        for (query, name) in [("state=good", "state"), ("type=Robot", "type"), ("usage=x", "usage"), ("ending=x", "ending"), ("sort=age", "sort"), ("team=Nowhere", "team"), ("global_admin=1", "global_admin"), ("who=me", "who"), ("user_id=x", "user_id")] {
            let reply = root.get(&format!("{TOKENS}?{query}")).await;
            assert_eq!(reply.status, 400, "{query}: {}", reply.body);
            assert!(reply.body["errors"].to_string().contains(name), "{query}: {}", reply.body);
        }
        let told = root.get(&format!("{TOKENS}?q={secret}")).await;
        assert!(told.status == 400 && !told.body.to_string().contains(&secret), "a secret does not belong in an address: {}", told.body);
    }

    async fn s4_a_token_is_looked_up_by_its_secret_in_the_body(app) {
        let secret = scene(&app);
        let root = app.root_api();
        let found = root.post(&format!("{TOKENS}/lookup"), json!({ "token": secret })).await;
        assert_eq!((found.status, &found.body["user"]["user_name"]), (200, &json!("deployer@service")), "{}", found.body);
        assert!(!found.body.to_string().contains(&secret));
        let unknown = latchkey::model::tokens::PlainToken::generate(latchkey::model::tokens::TokenType::Agent);
        assert_eq!(root.post(&format!("{TOKENS}/lookup"), json!({ "token": unknown.reveal() })).await.status, 404);
        let broken = root.post(&format!("{TOKENS}/lookup"), json!({ "token": "lk_svc_nonsense" })).await;
        assert_eq!((broken.status, broken.pointers()), (422, vec!["/token"]));
        let narrow = app.api(&secret);
        let agents = app.number("SELECT user_id AS n FROM tokens WHERE kind = 'Agent'");
        let hidden = app.token(latchkey::model::ids::UserId(agents), "teams:read");
        assert_eq!(narrow.post(&format!("{TOKENS}/lookup"), json!({ "token": hidden })).await.status, 404, "what one may not read is told like nothing");
    }

    async fn s4_a_teams_machine_lists_the_tokens_of_its_team_alone(app) {
        let secret = scene(&app);
        assert_eq!(names(&app.api(&secret).get(TOKENS).await), ["deployer@service"]);
        let other = app.service("Other", OrgRole::Member, &[(app.team("Third"), RoleId::VIEWER)]);
        let blind = app.api(&app.token(other, "teams:read")).get(TOKENS).await;
        assert_eq!((blind.status, &blind.body["missing_permission"]), (403, &json!("tokens:read")), "{}", blind.body);
    }
}
