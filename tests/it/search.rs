//! What a search finds, compared with a look at every row.

use std::collections::BTreeSet;

use latchkey::model::names::fold;
use latchkey::model::roles::OrgRole;
use latchkey::model::users::Kind;
use latchkey::service::users::{self, NewUser};

use crate::support::{Api, TestApp};

const ACCOUNTS: usize = 260;
const SEARCHES: usize = 160;
/// So many found are still sorted.
const SORTED: usize = 200;
const SIGNS: &[&str] = &[
    "a", "b", "ab", "ka", "Ok", "é", "É", "ß", "ñ", "Ö", "ö", "Ж", "ж", "Ω", "ω", "σ", "ς", "漢", "字", "かな", "🗝",
    "%", "_", "\\", "'", "\"", "*", "-", "(", ")", ":", "^", "AND", "NEAR", " ", ".", "1", "12", "İ", "ı", "x y",
];

/// The same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn text(&mut self, most: usize) -> String {
        (0..1 + self.below(most)).map(|_| SIGNS[self.below(SIGNS.len())]).collect()
    }
}

/// Accounts with random names: their ids and all that is searched.
fn populate(app: &TestApp, numbers: &mut Numbers) -> Vec<(i64, String, String)> {
    // Whoever answers for the agents; no search finds them.
    let sponsor = app.make_admin("zz");
    let made = (0..ACCOUNTS).map(|number| {
        // Most share a word, so that it is one of those that very many have.
        let common = if number % 10 == 0 { "" } else { "Umbra " };
        let name = format!("{common}{} {number}", numbers.text(8));
        let new = NewUser {
            kind: if number % 3 == 0 { Kind::Agent } else { Kind::Service },
            username: format!("acct.{number}"),
            display_name: name,
            email: String::new(),
            role: OrgRole::Member,
            teams: Vec::new(),
            home_team: None,
            description: String::new(),
            sponsor: Some(sponsor),
            name_field: "display_name",
            form_key: None,
        };
        let user = app.write(|cx| users::create(cx, new)).user;
        let all = [&user.display_name, &user.username, &user.email].map(|text| fold(text)).join("\n");
        (user.id.0, fold(&user.display_name), all)
    });
    made.collect()
}

/// Everything that a search lists, page by page.
async fn found(api: &Api, query: &str) -> Vec<i64> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/api/v1/users?limit=37&{query}{cursor}")).await;
        assert_eq!(page.status, 200, "{query}: {}", page.body);
        ids.extend(page.body["items"].as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

both! {
    async fn s15_a_search_finds_what_a_look_at_every_row_finds(app) {
        let api = app.root_api();
        let mut numbers = Numbers(20_261_122);
        let all = populate(&app, &mut numbers);
        let (mut sorted, mut by_age) = (0, 0);
        for round in 0..SEARCHES {
            let text = match round % 4 {
                // A piece of somebody's names, of any length.
                0 | 1 => {
                    let signs: Vec<char> = all[numbers.below(all.len())].2.chars().filter(|c| *c != '\n').collect();
                    let from = numbers.below(signs.len());
                    signs[from..].iter().take(1 + numbers.below(7)).collect()
                }
                2 => numbers.text(3),
                _ => ["umbra", "UMBRA", "acct.", "@latchkey", "mb", "u", "invalid", "qqx"][numbers.below(8)].to_owned(),
            };
            if fold(&text).is_empty() {
                continue;
            }
            let q = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let agents = if round % 5 == 0 { "&user_type=Agent" } else { "" };
            let here = found(&api, &format!("q={q}{agents}")).await;
            let here: Vec<_> = here.into_iter().filter(|id| all.iter().any(|(known, ..)| known == id)).collect();
            let mut rows: Vec<_> = all.iter().enumerate().filter(|(number, _)| agents.is_empty() || number % 3 == 0).map(|(_, row)| row).collect();
            rows.retain(|(.., names)| names.contains(&fold(&text)));
            let expected: BTreeSet<_> = rows.iter().map(|(id, ..)| *id).collect();
            assert_eq!(here.iter().copied().collect::<BTreeSet<_>>(), expected, "{text:?}");
            assert_eq!(here.len(), expected.len(), "{text:?}: nobody twice");
            if rows.len() < SORTED {
                rows.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
                sorted += usize::from(rows.len() > 1);
            } else {
                by_age += 1;
            }
            assert_eq!(here, rows.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), "{text:?}");
        }
        assert!(sorted > 20 && by_age > 10, "{sorted} searches were sorted, {by_age} by age");
    }

    async fn s15_a_page_says_that_very_many_are_found(app) {
        let mut numbers = Numbers(7);
        populate(&app, &mut numbers);
        let mut ada = app.admin().await;
        let many = ada.get("/users?q=umbra&sort=-name").await;
        assert!(many.has("of very many, in the order in which they were made"), "{}", many.text());
        let next = many.attribute("a[rel=next]", "href").unwrap();
        let back = ada.get(&next).await;
        assert!(back.has("of very many"), "{}", back.text());
        assert!(!ada.get("/users?q=umbra&kind=agent&sort=-name").await.has("of very many"));
        // A cursor of the other order leads to the first page.
        let cursor = next.split("cursor=").nth(1).unwrap().to_owned();
        assert!(ada.get(&format!("/users?q=acct.17&cursor={cursor}")).await.has("first one"));
    }

    async fn s15_what_is_counted_stays_right(app) {
        let team = app.team("Platform");
        let other = app.team("Web");
        let person = app.person("jonas", OrgRole::Member, &[(team, latchkey::model::ids::RoleId::VIEWER)]);
        let service = app.service("API Access", OrgRole::Member, &[(team, latchkey::model::ids::RoleId::VIEWER), (other, latchkey::model::ids::RoleId::VIEWER)]);
        let scribe = app.agent("Scribe", OrgRole::Member, &[(other, latchkey::model::ids::RoleId::EDITOR)]);
        assert_counted(&app);
        let ada = app.make_admin("ada");
        for (column, of) in [("contact_id", service), ("contact_id", scribe), ("sponsor_id", scribe)] {
            app.sql(&format!("UPDATE users SET {column} = {ada} WHERE id = {of}")).unwrap();
            assert_counted(&app);
        }
        for (change, of) in [("disabled_at = 1", scribe), ("disabled_at = NULL", scribe), ("role = 'Editor'", service), ("contact_id = NULL", scribe)] {
            app.sql(&format!("UPDATE users SET {change} WHERE id = {of}")).unwrap();
            assert_counted(&app);
        }
        app.write(|cx| users::turn_into_service(cx, person, team));
        assert_counted(&app);
        app.write(|cx| users::update(cx, service, users::UserChange { display_name: Some("Zeta".into()), ..users::UserChange::default() }));
        assert_counted(&app);
        app.sql(&format!("UPDATE users SET last_seen_at = 1795000000000000 WHERE id = {service}")).unwrap();
        assert_counted(&app);
        app.sql(&format!("UPDATE memberships SET role_id = 4 WHERE user_id = {service}")).unwrap();
        app.sql(&format!("DELETE FROM memberships WHERE user_id = {service} AND team_id = {team}")).unwrap();
        assert_counted(&app);
        app.write(|cx| users::delete(cx, person, None));
        assert_counted(&app);
        app.sql(&format!("UPDATE users SET home_team_id = 1 WHERE home_team_id IN ({team}, {other})")).unwrap();
        app.write(|cx| latchkey::service::teams::delete(cx, other));
        assert_counted(&app);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM team_counts WHERE team_id = {other}")), 0);
    }
}

/// That what the store counts by itself is what counting finds, and that memberships know their members.
fn assert_counted(app: &TestApp) {
    let wrong = "SELECT COUNT(*) AS n FROM user_counts c WHERE n <> (SELECT COUNT(*) FROM users u WHERE u.kind = c.kind AND u.role = c.role)";
    assert_eq!(app.number(wrong), 0, "users by kind and role");
    let missing = "SELECT COUNT(*) AS n FROM users u WHERE NOT EXISTS \
                   (SELECT 1 FROM user_counts c WHERE c.kind = u.kind AND c.role = u.role)";
    assert_eq!(app.number(missing), 0, "users that are not counted");
    let wrong = "SELECT COUNT(*) AS n FROM role_counts c WHERE n <> (SELECT COUNT(*) FROM memberships m WHERE m.role_id = c.role_id)";
    assert_eq!(app.number(wrong), 0, "members by role");
    let missing = "SELECT COUNT(*) AS n FROM memberships m WHERE NOT EXISTS (SELECT 1 FROM role_counts c WHERE c.role_id = m.role_id)";
    assert_eq!(app.number(missing), 0, "members whose role is not counted");
    let wrong = "SELECT COUNT(*) AS n FROM users u WHERE \
                 answers <> (SELECT COUNT(*) FROM users a WHERE a.disabled_at IS NULL AND (a.contact_id = u.id OR a.sponsor_id = u.id)) \
                 OR answers_agents <> (SELECT COUNT(*) FROM users a WHERE a.disabled_at IS NULL AND a.kind = 'agent' \
                 AND (a.contact_id = u.id OR a.sponsor_id = u.id))";
    assert_eq!(app.number(wrong), 0, "for whom each answers");
    let wrong = "SELECT COUNT(*) AS n FROM team_counts c WHERE n <> (SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id \
                 WHERE m.team_id = c.team_id AND (u.kind <> 'person') = c.machine)";
    assert_eq!(app.number(wrong), 0, "members by kind");
    let missing = "SELECT COUNT(*) AS n FROM memberships m WHERE NOT EXISTS \
                   (SELECT 1 FROM team_counts c WHERE c.team_id = m.team_id AND c.machine = m.machine)";
    assert_eq!(app.number(missing), 0, "members that are not counted");
    let wrong = "SELECT COUNT(*) AS n FROM memberships m JOIN users u ON u.id = m.user_id \
                 WHERE m.name_key <> u.display_name_key OR m.machine <> (u.kind <> 'person') OR m.last_seen_at <> u.last_seen_at";
    assert_eq!(app.number(wrong), 0, "what memberships know of their members");
    let wrong =
        "SELECT COUNT(*) AS n FROM users u WHERE teams <> (SELECT COUNT(*) FROM memberships m WHERE m.user_id = u.id)";
    assert_eq!(app.number(wrong), 0, "teams of each account");
}
