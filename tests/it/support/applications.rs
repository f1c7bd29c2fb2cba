//! Applications for tests, made as the command line would make them.

use latchkey::model::ids::{ApplicationId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::tokens::Overlap;
use latchkey::service::applications::{self, Issued, NewApplication, NewScope};
use latchkey::service::tokens::{self, NewToken};

use super::{TestApp, new_token};

impl TestApp {
    /// An application of this slug, at home in `home`, with scopes as `name level`.
    pub fn application(&self, slug: &str, home: TeamId, scopes: &[&str]) -> ApplicationId {
        let name = format!("The {slug}");
        let new = NewApplication { name, slug: slug.into(), home: Some(home), ..NewApplication::default() };
        let id = self.write(|cx| applications::create(cx, &new)).id;
        scopes.iter().for_each(|scope| self.scope(id, scope));
        id
    }

    /// Another scope, as `name level`.
    pub fn scope(&self, application: ApplicationId, scope: &str) {
        let (name, level) = scope.split_once(' ').unwrap();
        let description = format!("What {name} is for");
        let new = NewScope { name: name.into(), description, level: level.into() };
        self.write(|cx| applications::add_scope(cx, application, &new));
    }

    /// Gives a team access.
    pub fn open(&self, application: ApplicationId, team: TeamId) {
        self.write(|cx| applications::open(cx, application, team));
    }

    /// Makes a secret, in place of the one that is there, which stays good for an hour.
    pub fn credential(&self, application: ApplicationId) -> Issued {
        self.write(|cx| applications::issue(cx, application, Overlap::Hour, (None, None)))
    }

    /// A token of this user with these scopes, the portal's and those of applications, separated by blanks.
    pub fn token_for(&self, user: UserId, scopes: &str) -> String {
        let (uses, portal): (Vec<&str>, Vec<&str>) =
            scopes.split_whitespace().partition(|word| word.parse::<PermissionSet>().is_err());
        let new = NewToken {
            name: format!("token {}", self.number("SELECT COUNT(*) AS n FROM tokens")),
            scopes: portal.join(" ").parse().unwrap(),
            app_scopes: uses.into_iter().map(str::to_owned).collect(),
            ..new_token()
        };
        self.write(|cx| tokens::create(cx, user, new)).plain.reveal().to_owned()
    }
}
