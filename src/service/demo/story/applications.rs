//! How the organisation's applications came to be.

use super::Story;
use crate::model::Result;
use crate::model::tokens::Overlap;
use crate::service::applications::{self, NewApplication, NewScope};
use crate::service::demo::cast::{APPLICATIONS, Application};

impl Story<'_> {
    /// An application with its scopes, and the teams that may use it.
    pub(super) fn application(&mut self, at: usize) -> Result<()> {
        let Application { name, slug, what, home, scopes, teams, by, .. } = &APPLICATIONS[at];
        let new = NewApplication {
            name: (*name).into(),
            slug: (*slug).into(),
            description: (*what).into(),
            home: Some(self.teams[*home]),
            ..NewApplication::default()
        };
        let id = self.by(*by, |cx| applications::create(cx, &new))?.id;
        for (name, level, what) in *scopes {
            let new = NewScope { name: (*name).into(), description: (*what).into(), level: (*level).into() };
            self.by(*by, |cx| applications::add_scope(cx, id, &new))?;
        }
        for team in *teams {
            let team = self.teams[*team];
            self.by(*by, |cx| applications::open(cx, id, team))?;
        }
        self.applications.push(id);
        Ok(())
    }

    /// A secret for it, or another one.
    pub(super) fn secret(&mut self, at: usize) -> Result<()> {
        let id = self.applications[at];
        self.by(APPLICATIONS[at].by, |cx| applications::issue(cx, id, Overlap::Day, (None, None))).map(drop)
    }
}
