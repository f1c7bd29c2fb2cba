//! Applications that tokens are checked for.

use latchkey::model::ids::{ApplicationId, TeamId};
use latchkey::model::tokens::Overlap;
use latchkey::service::applications::{self, NewApplication, NewScope};

use super::TestApp;

impl TestApp {
    /// An application of this slug at home in `home`, with scopes of these names and levels, that these teams may use.
    pub fn application(&self, slug: &str, home: TeamId, scopes: &[(&str, &str)], teams: &[TeamId]) -> ApplicationId {
        self.write(|cx| {
            let new = NewApplication {
                name: format!("The {slug}"),
                slug: slug.into(),
                home: Some(home),
                ..NewApplication::default()
            };
            let id = applications::create(cx, &new)?.id;
            for (name, level) in scopes {
                let scope = NewScope { name: (*name).into(), level: (*level).into(), description: String::new() };
                applications::add_scope(cx, id, &scope)?;
            }
            for team in teams {
                applications::open(cx, id, *team)?;
            }
            Ok(id)
        })
    }

    /// A new secret for an application; one that is there stays good for the overlap.
    pub fn application_secret(&self, id: ApplicationId, overlap: Overlap) -> String {
        self.write(|cx| applications::issue(cx, id, overlap, (None, None))).plain.reveal().to_owned()
    }
}
