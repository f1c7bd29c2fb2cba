//! Applications for tests, made as the command line would make them.

use latchkey::model::ids::{ApplicationId, TeamId};
use latchkey::model::tokens::Overlap;
use latchkey::service::applications::{self, Issued, NewApplication, NewScope};

use super::TestApp;

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

    /// An application of this slug, at home in `home`, with scopes as `name level`, that these teams may use.
    pub fn opened(&self, slug: &str, home: TeamId, scopes: &[&str], teams: &[TeamId]) -> ApplicationId {
        let id = self.application(slug, home, scopes);
        teams.iter().for_each(|team| self.open(id, *team));
        id
    }

    /// A new secret for an application; one that is there stays good for the overlap.
    pub fn application_secret(&self, id: ApplicationId, overlap: Overlap) -> String {
        self.write(|cx| applications::issue(cx, id, overlap, (None, None))).plain.reveal().to_owned()
    }
}
