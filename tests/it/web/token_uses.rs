//! Scopes of applications where tokens are made and changed.

use latchkey::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;

use crate::support::{Browser, Html, TestApp};

const FORM: &str = "form[data-changes]";

/// A team with access to an application of three levels, its Maintainer, and a service account that owns the team.
struct Scene {
    team: TeamId,
    reports: ApplicationId,
    bot: UserId,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let team = app.team("Billing");
        app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let reports = app.application("reports", team, &["look read", "edit write", "purge admin"]);
        app.open(reports, team);
        Self { team, reports, bot: app.service("Bot", OrgRole::Member, &[(team, RoleId::OWNER)]) }
    }

    /// The page of a new token of the service account with these scopes.
    fn page(&self, app: &TestApp, scopes: &str) -> String {
        app.token(self.bot, scopes);
        format!("/users/{}/tokens/{}", self.bot, app.last_token(self.bot))
    }
}

/// The scopes that have a box, with a `+` where it is ticked.
fn boxes(page: &Html) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let boxes = scraper::Selector::parse(".app-use input[name=scope]").unwrap();
    let told = |tick: scraper::ElementRef<'_>| {
        let on = if tick.value().attr("checked").is_some() { "+" } else { "" };
        format!("{on}{}", tick.value().attr("value").unwrap())
    };
    document.select(&boxes).map(told).collect()
}

/// Opens a form, ticks and clears scopes, and sends it.
async fn send(browser: &mut Browser, path: &str, more: &[&str], less: &[&str]) -> Html {
    let mut fields = browser.get(path).await.form(FORM);
    fields.retain(|(_, value)| !less.contains(&value.as_str()));
    fields.extend(more.iter().map(|scope| ("scope".to_owned(), (*scope).to_owned())));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

fn words(app: &TestApp) -> Vec<String> {
    app.db.texts(
        "SELECT applications.slug || ':' || application_scopes.name AS t FROM token_scopes \
         JOIN application_scopes ON application_scopes.id = token_scopes.scope_id \
         JOIN applications ON applications.id = application_scopes.application_id ORDER BY 1",
    )
}

both! {
    async fn s4_saving_a_token_keeps_its_application_scopes(app) {
        let scene = Scene::of(&app);
        let path = scene.page(&app, "tokens:read reports:look reports:edit");
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&path).await;
        assert_eq!(boxes(&page), ["+reports:edit", "+reports:look"], "{}", page.text());
        assert!(page.has("The reports reports") && page.has("reports:look read What look is for"), "{}", page.text());
        assert_eq!(page.count(".app-use input[data-was]"), 2, "what is a change is marked");
        assert_eq!(page.count(".app-use input[data-read]"), 1);
        let saved = send(&mut mia, &path, &[], &[]).await;
        assert_eq!((saved.status, words(&app)), (303, vec!["reports:edit".into(), "reports:look".into()]));
        assert!(mia.get(&path).await.has("What it may do is as it was."));
        let less = send(&mut mia, &path, &[], &["reports:look"]).await;
        assert_eq!((less.status, words(&app)), (303, vec!["reports:edit".into()]));
        let page = mia.get(&path).await;
        assert!(page.has("− reports:look") && boxes(&page) == ["+reports:edit", "reports:look"], "{}", page.text());
        assert_eq!(send(&mut mia, &path, &["reports:look"], &[]).await.status, 303);
        assert!(mia.get(&path).await.has("+ reports:look"));
        app.assert_chain();
    }

    async fn s5_a_scope_beyond_the_editor_is_shown_and_taken_away_but_not_given(app) {
        let scene = Scene::of(&app);
        let path = scene.page(&app, "reports:purge");
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&path).await;
        assert!(boxes(&page).contains(&"+reports:purge".to_owned()), "{:?}", boxes(&page));
        assert!(page.has("You may only take away"), "{}", page.text());
        assert_eq!(send(&mut mia, &path, &[], &["reports:purge"]).await.status, 303);
        assert!(words(&app).is_empty());
        let page = mia.get(&path).await;
        assert_eq!(boxes(&page), ["reports:edit", "reports:look"], "no box for what a Maintainer does not reach");
        let refused = send(&mut mia, &path, &["reports:purge"], &[]).await;
        assert_eq!((refused.status, words(&app).len()), (403, 0), "{}", refused.text());
        assert!(refused.has("your role does not reach that far"), "{}", refused.text());
        let mut ada = app.log_in("ada").await;
        assert_eq!(send(&mut ada, &path, &["reports:purge"], &[]).await.status, 303);
        assert_eq!(words(&app), ["reports:purge"]);
    }

    async fn s4_a_new_token_is_given_application_scopes(app) {
        let scene = Scene::of(&app);
        let mut mia = app.log_in("mia").await;
        let path = format!("/users/{}/tokens/new", scene.bot);
        let form = mia.get(&path).await;
        assert_eq!(boxes(&form), ["reports:edit", "reports:look"], "{}", form.text());
        let key = form.value("form_key");
        let fields = |name: &'static str, scope: &'static str| {
            vec![("form_key", key.clone()), ("token_name", name.into()), ("expires", "30".into()), ("scope", scope.into())]
        };
        let post = |fields: Vec<(&'static str, String)>| fields;
        let wrong = post(fields("", "reports:look"));
        let wrong: Vec<_> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let back = mia.post(&path, &wrong).await;
        assert_eq!((back.status, boxes(&back)), (422, vec!["reports:edit".into(), "+reports:look".into()]), "kept");
        for (scope, status) in [("reports:purge", 403), ("reports:fly", 422), ("hidden:look", 422)] {
            let sent = post(fields("x", scope));
            let sent: Vec<_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(mia.post(&path, &sent).await.status, status, "{scope}");
        }
        let good = post(fields("ci", "reports:look"));
        let good: Vec<_> = good.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let made = mia.post(&path, &good).await;
        assert!(made.status == 200 && made.has("reports:look"), "{}", made.text());
        let me = app.api(&made.inner("#secret").unwrap()).get("/api/v1/me").await;
        assert_eq!(me.body["token"]["effective_scopes"], serde_json::json!(["reports:look"]), "{}", me.body);
        let agent = app.agent("Helper", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let form = mia.get(&format!("/users/{agent}/tokens/new")).await;
        assert_eq!(boxes(&form), ["reports:edit", "+reports:look"], "an agent begins with what only reads");
    }

    async fn s3_the_wizard_offers_what_the_account_will_be_able_to_use(app) {
        let scene = Scene::of(&app);
        let mut mia = app.log_in("mia").await;
        let team = scene.team;
        let second = |role: &str, name: &str| {
            format!("/users/service/new/token?name={name}&role=Member&team={team}&team_role_{team}={role}&home_team={team}")
        };
        assert_eq!(boxes(&mia.get(&second("Viewer", "One")).await), ["reports:look"]);
        let page = mia.get(&second("Maintainer", "One")).await;
        assert_eq!(boxes(&page), ["reports:edit", "reports:look"], "{}", page.text());
        let role = format!("team_role_{team}");
        let team = team.to_string();
        let fields = [
            ("name", "One"), ("role", "Member"), ("team", &*team), (&*role, "Viewer"), ("home_team", &*team),
            ("form_key", "k1"), ("token_name", "first"), ("expires", "30"), ("scope", "reports:look"), ("scope", "teams:read"),
        ];
        let made = mia.post("/users/service", &fields).await;
        assert!(made.status == 200 && made.has("reports:look"), "{}", made.text());
        assert_eq!(words(&app), ["reports:look"]);
        let back = mia.post("/users/service", &[&fields[..], &[("step", "back")]].concat()).await;
        assert!(back.location.unwrap().contains("scope=reports%3Alook"), "Back keeps them");
    }

    async fn s4_global_admin_clears_application_scopes(app) {
        let scene = Scene::of(&app);
        let path = scene.page(&app, "reports:look");
        let mut ada = app.log_in("ada").await;
        let mut fields = ada.get(&path).await.form(FORM);
        fields.push(("global_admin".into(), "on".into()));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let saved = ada.post(&path, &fields).await;
        assert_eq!((saved.status, words(&app).len()), (303, 0), "{}", saved.text());
        assert_eq!(ada.get(&path).await.count(".app-uses"), 0);
    }

    async fn s10_a_token_is_told_what_it_may_use_and_why_not(app) {
        let scene = Scene::of(&app);
        let path = scene.page(&app, "reports:look reports:edit reports:purge");
        let mut ada = app.log_in("ada").await;
        let page = ada.get(&path).await;
        assert!(page.has("reports:look Billing · Owner, team role"), "{}", page.text());
        app.join_by_sql(scene.team, scene.bot, RoleId::EDITOR);
        let page = ada.get(&path).await;
        assert!(page.has("reports:edit Billing · Editor, team role"), "{}", page.text());
        assert!(page.has("No team of its account has access to the application with a role that reaches the level admin."));
        let reports = scene.reports;
        app.write(|cx| latchkey::service::applications::close(cx, reports, scene.team));
        assert!(ada.get(&path).await.has("that reaches the level read."));
        let other = app.team("Other");
        app.open(reports, scene.team);
        let mut fields = ada.get(&path).await.form(FORM);
        fields.retain(|(name, _)| name != "limit");
        fields.extend([("limit".to_owned(), "teams".to_owned()), ("limit_team".to_owned(), other.to_string())]);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(ada.post(&path, &fields).await.status, 303);
        let page = ada.get(&path).await;
        assert!(page.has("It is limited to Other, where no team has access"), "{}", page.text());
        app.sql(&format!("DELETE FROM memberships WHERE user_id = {}", scene.bot)).unwrap();
        assert!(ada.get(&path).await.has("Its account is in no team besides Public, and applications are used through teams alone."));
    }
}
