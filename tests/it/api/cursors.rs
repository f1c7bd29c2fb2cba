//! Cursors belong to one list in one order (section 7), and tokens to no address (section 4).

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use serde_json::json;

use crate::support::TestApp;

/// A portal in which every list has a second page: the lists.
fn lists(app: &TestApp) -> Vec<String> {
    let (team, other) = (app.team("Platform"), app.team("Billing"));
    let both = [(team, RoleId::MAINTAINER), (other, RoleId::MAINTAINER)];
    let (job, twin) = (app.service("Job", OrgRole::Member, &both), app.service("Twin", OrgRole::Member, &both));
    for user in [job, job, twin, twin] {
        app.token(user, "teams:read");
    }
    let mut lists: Vec<String> = ["/api/v1/audit?", "/api/v1/teams?", "/api/v1/roles?"].map(str::to_owned).into();
    for sort in ["name", "-name", "last_seen", "-last_seen"] {
        lists.push(format!("/api/v1/users?sort={sort}&"));
    }
    for sort in ["created", "-created", "name", "-name", "expires", "-expires", "last_used", "-last_used"] {
        lists.push(format!("/api/v1/tokens?sort={sort}&"));
    }
    lists.extend([job, twin].map(|user| format!("/api/v1/users/{user}/tokens?")));
    lists.extend([team, other].map(|team| format!("/api/v1/teams/{team}/members?")));
    lists.push(format!("/api/v1/roles/{}/members?", RoleId::MAINTAINER));
    lists
}

both! {
    async fn s7_a_cursor_is_good_for_its_own_list_and_order_alone(app) {
        let root = app.root_api();
        let lists = lists(&app);
        let mut cursors = Vec::new();
        for list in &lists {
            let page = root.get(&format!("{list}limit=1")).await;
            let cursor = page.body["next_cursor"].as_str().unwrap_or_else(|| panic!("{list}: {}", page.body));
            cursors.push(cursor.to_owned());
        }
        let garbage = root.get("/api/v1/tokens?cursor=garbage").await;
        for list in &lists {
            for (of, cursor) in lists.iter().zip(&cursors) {
                let page = root.get(&format!("{list}limit=1&cursor={cursor}")).await;
                if of == list {
                    assert_eq!(page.status, 200, "{list}: {}", page.body);
                    continue;
                }
                assert_eq!((page.status, &page.body["type"]), (400, &garbage.body["type"]), "{of} in {list}: {}", page.body);
                assert_eq!(page.body["errors"][0]["parameter"], "cursor", "{of} in {list}: {}", page.body);
            }
        }
    }

    async fn s4_no_list_takes_a_token_in_its_address(app) {
        let root = app.root_api();
        let secret = app.token(app.service("Job", OrgRole::Member, &[]), "teams:read");
        let rest = &secret[7..];
        for list in ["/api/v1/tokens", "/api/v1/audit", "/api/v1/users", "/api/v1/teams"] {
            for text in [secret.clone(), rest.to_owned(), format!("LK_SVC_{rest}"), format!("{}%20{}", &secret[..20], &secret[20..]), secret[..25].to_owned()] {
                let reply = root.get(&format!("{list}?q={text}")).await;
                assert_eq!((reply.status, &reply.body["errors"][0]["parameter"]), (400, &json!("q")), "{list}?q={text}: {}", reply.body);
                assert!(!reply.body.to_string().contains(&rest[..10]), "{}", reply.body);
            }
        }
        for text in [format!(" {} {} ", &secret[..20], &secret[20..]), rest.to_owned(), format!("LK_SVC_{rest}")] {
            let found = root.post("/api/v1/tokens/lookup", json!({ "token": text })).await;
            assert_eq!((found.status, &found.body["user"]["user_name"]), (200, &json!("job@service")), "{}", found.body);
        }
    }
}
