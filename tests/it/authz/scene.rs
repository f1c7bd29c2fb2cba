//! Who tries, and on what.

use latchkey::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::{AppLevel, OrgRole};
use latchkey::service::tokens::{self, NewToken};
use std::collections::BTreeSet;

use crate::support::{Api, Browser, Snapshot, TestApp};

/// People, in the order of the tables' columns. The first four have an organisation role and no team; the next four a role
/// in the team of the things, and four the same in another; then one whose custom role holds `service_accounts:create` alone,
/// and one who is disabled.
const PEOPLE: [(&str, OrgRole, Place); 14] = [
    ("member", OrgRole::Member, Place::None),
    ("editor", OrgRole::Editor, Place::None),
    ("manager", OrgRole::Manager, Place::None),
    ("admin", OrgRole::Admin, Place::None),
    ("owner", OrgRole::Member, Place::Here(RoleId::OWNER)),
    ("maintainer", OrgRole::Member, Place::Here(RoleId::MAINTAINER)),
    ("team-editor", OrgRole::Member, Place::Here(RoleId::EDITOR)),
    ("viewer", OrgRole::Member, Place::Here(RoleId::VIEWER)),
    ("owner-elsewhere", OrgRole::Member, Place::Elsewhere(RoleId::OWNER)),
    ("maintainer-elsewhere", OrgRole::Member, Place::Elsewhere(RoleId::MAINTAINER)),
    ("editor-elsewhere", OrgRole::Member, Place::Elsewhere(RoleId::EDITOR)),
    ("viewer-elsewhere", OrgRole::Member, Place::Elsewhere(RoleId::VIEWER)),
    ("maker", OrgRole::Member, Place::Here(CUSTOM)),
    ("disabled", OrgRole::Manager, Place::Here(RoleId::OWNER)),
];

/// The first custom role, which the scene makes.
pub const CUSTOM: RoleId = RoleId(5);
/// The second, which nobody has.
pub const FREE: RoleId = RoleId(6);

#[derive(Clone, Copy)]
enum Place {
    None,
    Here(RoleId),
    Elsewhere(RoleId),
}

/// What is tried on.
pub struct Scene {
    pub app: TestApp,
    pub team: TeamId,
    pub elsewhere: TeamId,
    pub service: UserId,
    pub person: UserId,
    pub admin: UserId,
    /// A service account and a person in no team.
    outsiders: [UserId; 2],
    /// A token of the service account, of the person, of the Admin.
    pub tokens: [i64; 3],
    /// The secret of the first of them.
    pub secret: String,
    /// At home in the team, which has access to it, with a scope and a secret.
    pub application: ApplicationId,
    kept: Option<Snapshot>,
}

impl Scene {
    pub fn of(app: TestApp) -> Self {
        let admin = app.make_admin("grace");
        let (team, elsewhere) = (app.team("Billing"), app.team("Platform"));
        for name in ["Robot maker", "Nobody's"] {
            app.role(name, "service_accounts:create", AppLevel::None);
        }
        let service = app.service("Importer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let person = app.person("paula", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.sql(&format!("UPDATE users SET contact_id = {person} WHERE id = {service}")).unwrap();
        let outsiders = [app.service("Loner", OrgRole::Member, &[]), app.person("otto", OrgRole::Member, &[])];
        let mut secrets = Vec::new();
        let tokens = [service, person, admin].map(|user| {
            secrets.push(app.token(user, "self:read"));
            app.number(&format!("SELECT MAX(id) AS n FROM tokens WHERE user_id = {user}"))
        });
        let application = app.application("reports", team, &["look read"]);
        app.open(application, team);
        app.credential(application);
        app.credential(application);
        Self {
            application,
            app,
            team,
            elsewhere,
            service,
            person,
            admin,
            outsiders,
            tokens,
            secret: secrets.remove(0),
            kept: None,
        }
    }

    /// Somebody of this kind who is in no team.
    pub fn outsider(&self, thing: &str) -> UserId {
        self.outsiders[usize::from(thing == "person")]
    }

    /// From now on [`Scene::restore`] goes back to this.
    pub fn keep(&mut self) {
        self.kept = Some(Snapshot::of(&self.app.db));
    }

    /// Everything as it was kept.
    pub fn restore(&self) {
        self.kept.as_ref().unwrap().restore(&self.app.db);
    }

    fn people(&self) -> Vec<(&'static str, UserId)> {
        PEOPLE
            .iter()
            .map(|(name, role, place)| {
                let teams = match *place {
                    Place::None => vec![],
                    Place::Here(role) => vec![(self.team, role)],
                    Place::Elsewhere(role) => vec![(self.elsewhere, role)],
                };
                (*name, self.app.person(name, *role, &teams))
            })
            .collect()
    }

    fn disable(&self, id: UserId) {
        self.app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {id}")).unwrap();
    }

    /// Everybody at a browser: a visitor first, then the people.
    pub async fn browsers(&self) -> Vec<(&'static str, Browser)> {
        let mut all = vec![("nobody", self.app.visitor())];
        for (name, id) in self.people() {
            all.push((name, self.app.log_in(name).await));
            if name == "disabled" {
                self.disable(id);
            }
        }
        all
    }

    /// Everybody with a token: nobody, the people with personal tokens of all scopes, then tokens of service accounts.
    pub fn clients(&self) -> Vec<(&'static str, Api)> {
        let (app, every) = (&self.app, PermissionSet::everything().to_string());
        let mut all = vec![("nobody", app.api(""))];
        for (name, id) in self.people() {
            all.push((name, app.api(&app.token(id, &every))));
            if name == "disabled" {
                self.disable(id);
            }
        }
        let here = [(self.team, RoleId::MAINTAINER)];
        let service = |name: &str, teams: &[(TeamId, RoleId)]| app.service(name, OrgRole::Member, teams);
        let deployer = service("Deployer", &here);
        let token = |scopes: &str| app.token(deployer, scopes);
        all.push(("no-scopes", app.api(&token(""))));
        let stray = app.service("Stray", OrgRole::Admin, &[]);
        all.push(("no-team", app.api(&app.token(stray, &every))));
        all.push(("service", app.api(&token(&every))));
        let expired = token(&every);
        app.sql("UPDATE tokens SET expires_at = 1 WHERE id = (SELECT MAX(id) FROM tokens)").unwrap();
        all.push(("expired", app.api(&expired)));
        let revoked = token(&every);
        app.sql("UPDATE tokens SET revoked_at = 1 WHERE id = (SELECT MAX(id) FROM tokens)").unwrap();
        all.push(("revoked", app.api(&revoked)));
        let both = service("Both", &[(self.team, RoleId::MAINTAINER), (self.elsewhere, RoleId::MAINTAINER)]);
        all.push(("limited-elsewhere", app.api(&self.limited(both))));
        all.push(("global-admin", app.api(&app.global_admin(stray))));
        all
    }

    /// A token of all scopes that acts in the other team alone.
    fn limited(&self, user: UserId) -> String {
        let new = NewToken {
            name: "limited".into(),
            description: String::new(),
            life: latchkey::model::tokens::Lifetime::Days(90),
            life_field: "expires",
            scopes: PermissionSet::everything(),
            app_scopes: std::collections::BTreeSet::new(),
            teams: Some(BTreeSet::from([self.elsewhere])),
            global_admin: false,
            networks: latchkey::model::tokens::Networks::default(),
            form_key: None,
        };
        self.app.write(|cx| tokens::create(cx, user, new)).plain.reveal().to_owned()
    }
}
