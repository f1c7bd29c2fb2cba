//! `latchkey audit verify`, whatever somebody does to the store, and retention, which it can still check.

use time::Duration;

use super::{err, latchkey, out};
use crate::support::{Database, TestApp};

/// Five entries and more: `ada` and some teams.
fn fill(app: &TestApp) {
    app.make_admin("ada");
    for name in ["One", "Two", "Three", "Four", "Five", "Six"] {
        app.team(name);
        app.clock.advance(Duration::days(1));
    }
}

fn verify(app: &TestApp) -> String {
    err(&latchkey(app, &["audit", "verify"], ""))
}

fn holds(app: &TestApp) -> String {
    out(&latchkey(app, &["audit", "verify"], ""))
}

/// Has entries older than these days removed.
fn retain(app: &TestApp, days: i64) -> usize {
    app.write(|cx| latchkey::service::settings::update(cx, None, |settings| settings.audit_keep_days = Some(days)));
    latchkey::service::audit::retain(&app.app).unwrap()
}

/// Bytes as SQL writes them.
fn bytes(app: &TestApp, hex: &str) -> String {
    if matches!(app.db, Database::Sqlite(_)) { format!("x'{hex}'") } else { format!("'\\x{hex}'") }
}

const COLUMNS: &str = "at, actor_kind, actor_id, actor_name, token_id, token_name, action, target_kind, target_id, target_name, \
                       outcome, reason, before, after, address, user_agent, request_id, mac";

both! {
    async fn s13_a_wrong_folder_is_no_log_that_holds(app) {
        let mut app = app;
        let home = std::mem::replace(&mut app.dir, tempfile::tempdir().unwrap());
        for what in ["verify", "head"] {
            assert!(err(&latchkey(&app, &["audit", what], "")).contains("there is no portal here"), "{what}");
        }
        assert_eq!(std::fs::read_dir(app.dir.path()).unwrap().count(), 0, "nothing is made by looking");
        app.dir = home;
        holds(&app);
    }

    async fn s13_every_break_of_the_chain_is_found_and_named(app) {
        fill(&app);
        let kept = crate::support::Snapshot::of(&app.db);
        let insert = |from: i64, to: i64| format!("INSERT INTO audit (seq, {COLUMNS}) SELECT {to}, {COLUMNS} FROM audit WHERE seq = {from}");
        let moved = |from: i64, to: i64| format!("UPDATE audit SET seq = {to} WHERE seq = {from}");
        for (what, statements, told) in [
            ("an actor", vec!["UPDATE audit SET actor_name = 'eve' WHERE seq = 3".into()], "entry 3 was altered"),
            ("a time", vec!["UPDATE audit SET at = at + 1 WHERE seq = 4".into()], "entry 4 was altered"),
            ("what became of it", vec!["UPDATE audit SET after = '{}' WHERE seq = 2".into()], "entry 2 was altered"),
            ("a reason", vec!["UPDATE audit SET reason = 'x' WHERE seq = 7".into()], "entry 7 was altered"),
            ("a code", vec![format!("UPDATE audit SET mac = {} WHERE seq = 5", bytes(&app, &"00".repeat(32)))], "entry 5 was altered"),
            ("one removed", vec!["DELETE FROM audit WHERE seq = 4".into()], "entry 4 is missing"),
            ("one removed, the rest moved up", vec!["DELETE FROM audit WHERE seq = 4".into(), moved(5, 4), moved(6, 5), moved(7, 6)], "entry 4 was altered"),
            ("two swapped", vec![moved(3, 99), moved(4, 3), moved(99, 4)], "entry 3 was altered"),
            ("one put in", vec![moved(7, 8), moved(6, 7), insert(2, 6)], "entry 6 was altered"),
            ("one put at the end", vec![insert(7, 8)], "entry 8 was altered"),
            ("one put before the first", vec![insert(1, 0)], "entry 1 is missing"),
            ("the beginning cut", vec!["DELETE FROM audit WHERE seq <= 3".into()], "entry 1 is missing"),
        ] {
            for statement in statements {
                app.sql(&statement).unwrap();
            }
            let found = verify(&app);
            assert!(found.contains(told), "{what}: {found}");
            kept.restore(&app.db);
            assert!(holds(&app).contains("holds: 7 entries"), "{what}");
        }
        let head = out(&latchkey(&app, &["audit", "head"], ""));
        app.sql("DELETE FROM audit WHERE seq > 5").unwrap();
        assert!(holds(&app).contains("holds: 5 entries"), "a cut tail shows only against a head");
        let found = err(&latchkey(&app, &["audit", "verify", "--head", &head], ""));
        assert!(found.contains("the log ends at entry 5, but it once reached entry 7"), "{found}");
    }

    async fn s13_retention_leaves_a_boundary_that_is_checked(app) {
        fill(&app);
        app.clock.advance(Duration::days(30));
        assert_eq!(latchkey::service::audit::retain(&app.app).unwrap(), 0, "nothing is set");
        // Six days of teams, thirty days ago; of these three days are older than 33.
        assert_eq!(retain(&app, 33), 4, "{:?}", app.audit());
        assert_eq!(app.number("SELECT MIN(seq) AS n FROM audit"), 5);
        let told = holds(&app);
        assert!(told.contains("holds: 5 entries") && told.contains("begins at entry 5: retention removed those up to entry 4"), "{told}");
        assert_eq!(latchkey::service::audit::retain(&app.app).unwrap(), 0, "twice does nothing more");
        let last = app.db.texts("SELECT actor_kind || ' ' || action || ' ' || after AS t FROM audit ORDER BY seq DESC").remove(0);
        assert_eq!(last, "system audit.retention {\"entries_removed\":4,\"kept_for_days\":33,\"removed_up_to\":4}");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit_words WHERE seq <= 4"), 0, "nor is it searched for");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit_teams WHERE seq <= 4"), 0);
        let mut ada = app.log_in("ada").await;
        let page = ada.get("/audit?q=two").await;
        assert_eq!(page.count("tbody tr"), 0, "{}", page.text());
        assert!(ada.get("/audit").await.has("Removed old entries of the audit log"));
        app.clock.advance(Duration::days(400));
        assert!(retain(&app, 31) > 0);
        assert!(app.number("SELECT COUNT(*) AS n FROM audit") > 0, "the newest entry stays");
        assert!(holds(&app).contains("its boundary is genuine"));
        app.team("Later");
        app.assert_chain();
    }

    async fn s13_retention_signs_nothing_that_does_not_verify(app) {
        use latchkey::model::Error;
        fill(&app);
        app.clock.advance(Duration::days(30));
        assert_eq!(retain(&app, 35), 2);
        app.write(|cx| latchkey::service::settings::update(cx, None, |settings| settings.audit_keep_days = Some(33)));
        let kept = crate::support::Snapshot::of(&app.db);
        let all = "SELECT COUNT(*) AS n FROM audit";
        let (count, boundary) = (app.number(all), app.number("SELECT seq AS n FROM audit_boundary"));
        let last = app.number("SELECT MAX(seq) AS n FROM audit") - 1;
        for (what, statement, told) in [
            ("made old", format!("UPDATE audit SET at = 0 WHERE seq <= {last}"), "entry 3 was altered"),
            ("the first that is kept made old", "UPDATE audit SET at = 0 WHERE seq = 5".into(), "entry 5 was altered"),
            ("made young, to stay", format!("UPDATE audit SET at = {} WHERE seq = 3", i64::MAX / 2), "entry 3 was altered"),
            ("altered and old", "UPDATE audit SET actor_name = 'eve' WHERE seq = 3".into(), "entry 3 was altered"),
            ("another code", format!("UPDATE audit SET mac = {} WHERE seq = 4", bytes(&app, &"11".repeat(32))), "entry 4 was altered"),
            ("one removed", "DELETE FROM audit WHERE seq = 3".into(), "entry 3 is missing"),
            ("a forged boundary", "UPDATE audit_boundary SET seq = 3, mac = (SELECT mac FROM audit WHERE seq = 3)".into(), "the boundary at entry 3 is forged"),
            ("no boundary", "DELETE FROM audit_boundary".into(), "entry 1 is missing"),
        ] {
            app.sql(&statement).unwrap();
            let there = app.number(all);
            let refused = latchkey::service::audit::retain(&app.app);
            assert!(matches!(&refused, Err(Error::Internal(why)) if why.contains(told)), "{what}: {refused:?}");
            assert_eq!(app.number(all), there, "{what}: nothing was removed, and nothing said to be");
            let found = verify(&app);
            assert!(found.contains(told), "{what}: it is still found: {found}");
            kept.restore(&app.db);
        }
        assert_eq!((app.number(all), app.number("SELECT seq AS n FROM audit_boundary")), (count, boundary));
        assert_eq!(latchkey::service::audit::retain(&app.app).unwrap(), 2, "and what holds is removed");
        app.assert_chain();
    }

    async fn s13_a_head_from_before_the_boundary_is_not_said_to_be_compared(app) {
        fill(&app);
        let head = |app: &TestApp| out(&latchkey(app, &["audit", "head"], ""));
        let early = head(&app);
        app.team("The last that goes");
        app.clock.advance(Duration::days(60));
        app.team("Later");
        assert!(retain(&app, 31) > 0);
        let checked = latchkey(&app, &["audit", "verify", "--head", &early], "");
        assert!(String::from_utf8_lossy(&checked.stdout).contains("its boundary is genuine"));
        let found = err(&checked);
        assert!(found.contains("the head at entry 7 was not compared, because the log begins at entry 9 now"), "{found}");
        let later = head(&app);
        out(&latchkey(&app, &["audit", "verify", "--head", &later], ""));
    }

    async fn s13_many_entries_are_removed_in_portions_and_by_two_at_once(app) {
        app.make_admin("ada");
        let team = app.team("Billing");
        for _ in 0..3 {
            app.write(|cx| {
                for round in 0..1_500 {
                    latchkey::service::teams::update(cx, team, "Billing", &format!("round {round}"), None)?;
                }
                Ok(())
            });
        }
        app.clock.advance(Duration::days(40));
        app.write(|cx| latchkey::service::settings::update(cx, None, |settings| settings.audit_keep_days = Some(30)));
        let removed: usize = std::thread::scope(|scope| {
            let both = [0, 1].map(|_| scope.spawn(|| latchkey::service::audit::retain(&app.app).unwrap()));
            both.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(removed, 4_502, "each entry once");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE action = 'audit.retention'"), 3, "a portion, an entry");
        app.assert_chain();
    }

    async fn s13_a_boundary_is_neither_forged_nor_moved(app) {
        fill(&app);
        app.clock.advance(Duration::days(30));
        retain(&app, 34);
        let kept = crate::support::Snapshot::of(&app.db);
        let boundary = app.number("SELECT seq AS n FROM audit_boundary");
        assert_eq!(boundary, 3);
        let next = boundary + 1;
        let cases = [
            ("no boundary", "DELETE FROM audit_boundary".to_owned(), "entry 1 is missing"),
            ("moved on", format!("UPDATE audit_boundary SET seq = {next}, mac = (SELECT mac FROM audit WHERE seq = {next})"), "the boundary at entry 4 is forged"),
            ("another code", format!("UPDATE audit_boundary SET mac = {}", bytes(&app, &"11".repeat(32))), "the boundary at entry 3 is forged"),
            ("another time", "UPDATE audit_boundary SET at = at + 1".into(), "the boundary at entry 3 is forged"),
            ("a code as its seal", "UPDATE audit_boundary SET seal = mac".into(), "the boundary at entry 3 is forged"),
            ("nonsense", format!("UPDATE audit_boundary SET seal = {}", bytes(&app, "00")), "the boundary at entry 3 is forged"),
            ("more removed", format!("DELETE FROM audit WHERE seq = {next}"), "entry 4 is missing"),
        ];
        for (what, statement, told) in &cases {
            app.sql(statement).unwrap();
            if *what == "moved on" {
                app.sql(&format!("DELETE FROM audit WHERE seq = {next}")).unwrap();
            }
            let found = verify(&app);
            assert!(found.contains(told), "{what}: {found}");
            kept.restore(&app.db);
            holds(&app);
        }
        // A genuine boundary of another day: first an older one, with the entries behind it gone, then a newer one, with them there.
        app.sql("CREATE TABLE older AS SELECT * FROM audit_boundary").unwrap();
        retain(&app, 32);
        app.sql("CREATE TABLE newer AS SELECT * FROM audit_boundary").unwrap();
        app.sql("DELETE FROM audit_boundary").unwrap();
        app.sql("INSERT INTO audit_boundary SELECT * FROM older").unwrap();
        let found = verify(&app);
        assert!(found.contains("entry 4 is missing: entry 6 follows"), "{found}");
        kept.restore(&app.db);
        app.sql("DELETE FROM audit_boundary").unwrap();
        app.sql("INSERT INTO audit_boundary SELECT * FROM newer").unwrap();
        let found = verify(&app);
        assert!(found.contains("entry 4 is there, but the boundary says that everything up to entry 5 was removed"), "{found}");
        app.sql("DELETE FROM audit WHERE seq <= 5").unwrap();
        let found = verify(&app);
        assert!(found.contains("the boundary stands at entry 5, but the log tells of a removal up to entry 3"), "{found}");
    }

    async fn s13_how_long_entries_are_kept_is_a_setting(app) {
        let mut ada = app.admin().await;
        let version = ada.get("/settings").await.value("version");
        for (typed, told) in [("29", "30 to 36500"), ("soon", "number of days"), ("-1", "30 to 36500"), ("40000", "30 to 36500")] {
            let page = ada.post("/settings/audit", &[("version", &version), ("audit_keep_days", typed)]).await;
            assert!(page.status == 422 && page.error("audit_keep_days").is_some_and(|error| error.contains(told)), "{typed}: {}", page.text());
            assert_eq!(page.value("audit_keep_days"), typed);
        }
        let page = ada.submit("/settings/audit", &[("version", &version), ("audit_keep_days", "365")]).await;
        assert!(page.has("Entries older than 365 days") && page.value("audit_keep_days") == "365", "{}", page.text());
        let api = app.root_api();
        assert_eq!(api.get("/api/v1/settings").await.body["audit_keep_days"], 365);
        let refused = api.patch("/api/v1/settings", serde_json::json!({ "audit_keep_days": 3 })).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/audit_keep_days"]), "{}", refused.body);
        let changed = api.patch("/api/v1/settings", serde_json::json!({ "audit_keep_days": null })).await;
        assert_eq!((changed.status, &changed.body["audit_keep_days"]), (200, &serde_json::Value::Null), "{}", changed.body);
        assert!(app.sql("UPDATE settings SET audit_keep_days = 1").is_err(), "nor does the store take it");
        let told = app.db.texts("SELECT before || ' > ' || after AS t FROM audit WHERE action = 'settings.update' AND outcome = 'done' ORDER BY seq");
        assert_eq!(told, ["{\"audit_keep_days\":null} > {\"audit_keep_days\":365}", "{\"audit_keep_days\":365} > {\"audit_keep_days\":null}"]);
    }
}
