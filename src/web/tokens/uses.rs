//! The scopes of applications that a token may have, as boxes to tick: the same for a new token, in the wizard and on a token's
//! page.

use std::collections::BTreeSet;

use crate::model::applications::AppScope;
use crate::model::roles::AppLevel;
use crate::service::applications::Offer;
use crate::web::Fields;

/// Under which name a ticked scope is posted: the same as that of the portal's scopes.
const NAME: &str = "scope";

/// What may be ticked, by application.
pub struct UsesForm {
    /// The applications, by name.
    pub applications: Vec<AppBox>,
    /// Whether what differs from the beginning is marked.
    pub marks: bool,
}

/// An application.
pub struct AppBox {
    /// Its name.
    pub name: String,
    /// What its scopes begin with.
    pub slug: String,
    /// Its scopes, by name.
    pub scopes: Vec<ScopeTick>,
}

/// A scope.
pub struct ScopeTick {
    /// `slug:scope`.
    pub value: String,
    /// How far a role has to reach for it.
    pub level: &'static str,
    /// What it allows.
    pub description: String,
    /// Whether it only reads.
    pub read: bool,
    /// Whether it is ticked.
    pub on: bool,
    /// Whether it was at first.
    pub was: bool,
}

impl UsesForm {
    /// The boxes of what is on `offer`, of which these are ticked; `was` is what was ticked at first, `None` where nothing was there
    /// yet.
    pub fn new(offer: &[Offer], on: impl Fn(&AppScope) -> bool, was: Option<&BTreeSet<AppScope>>) -> Self {
        let tick = |(scope, description): &(AppScope, String)| ScopeTick {
            value: scope.to_string(),
            level: scope.level.as_str(),
            description: description.clone(),
            read: scope.level == AppLevel::Read,
            on: on(scope),
            was: was.is_some_and(|was| was.contains(scope)),
        };
        let boxes = offer.iter().map(|one| AppBox {
            name: one.application.name.clone(),
            slug: one.application.slug.clone(),
            scopes: one.scopes.iter().map(tick).collect(),
        });
        Self { applications: boxes.collect(), marks: was.is_some() }
    }
}

/// What was ticked, as it was sent.
pub fn ticked(typed: &Fields) -> BTreeSet<String> {
    typed.all(NAME).map(str::to_owned).collect()
}
