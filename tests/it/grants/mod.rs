//! Nobody grants more than they hold: what team people and machines try in order to widen their power.

mod accounts;
mod links;
mod sight;
mod tokens;

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use serde_json::json;

use crate::support::{Api, Browser, PASSWORD, TestApp};

/// A team with a Maintainer who knows the API, and a team that the Maintainer may not know of.
struct Scene {
    team: TeamId,
    secret: TeamId,
    mia: UserId,
    api: Api,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let (team, secret) = (app.team("Data Engineering"), app.team("Secret Project"));
        let mia = app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let api = app.api(&app.token(mia, &PermissionSet::everything().to_string()));
        Self { team, secret, mia, api }
    }
}

fn roles_above_member(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) AS n FROM users WHERE kind <> 'person' AND role <> 'Member'")
}

async fn page_of(browser: &mut Browser, id: UserId) -> (String, crate::support::Html) {
    let path = format!("/users/{id}");
    let page = browser.get(&path).await;
    (path, page)
}
