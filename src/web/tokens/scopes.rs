//! The matrix in which a token's scopes are ticked: the same for a new token, in the wizard and on a token's page.

use std::collections::BTreeSet;

use crate::model::applications::{Written, apart};
use crate::model::permissions::{Permission, PermissionSet, Resource};
use crate::web::Fields;
use crate::web::grid::{Grid, Ticks};

/// Under which name a ticked scope is posted.
const NAME: &str = "scope";

/// The resources of which something may be ticked; of those, what may not be has no box.
pub fn matrix(open: PermissionSet, ticks: Ticks) -> Grid {
    let some_of = |resource: &Resource| open.iter().any(|permission| permission.resource == *resource);
    let rows: Vec<_> = Resource::ALL.into_iter().filter(some_of).collect();
    Grid::edit("scopes", NAME, &rows, open, Ticks { on: ticks.on.and(open), ..ticks })
}

/// What was ticked in it, as far as it can be read.
pub fn ticked(typed: &Fields) -> PermissionSet {
    typed.parse_all::<Permission>(NAME).into_iter().collect()
}

/// What was ticked in it, of the portal and of applications; `None` where one of it is no scope.
pub fn read(typed: &Fields) -> Option<(PermissionSet, BTreeSet<String>)> {
    typed.all(NAME).map(|word| word.parse::<Written>().ok()).collect::<Option<Vec<_>>>().map(apart)
}
