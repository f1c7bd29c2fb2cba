//! How far the last rotation of a token has come.

use super::Known;
use crate::model::tokens::LastUse;
use crate::web::tokens::Whose;
use crate::web::tokens::acts::What;
use crate::web::view::When;

/// What the page tells of a rotation.
pub struct RotationView {
    /// When it was.
    pub at: When,
    /// The secret in force.
    pub new: SecretView,
    /// The secret before.
    pub old: SecretView,
    /// Until when the secret before is or was good.
    pub ends: When,
    /// Whether it still is.
    pub overlaps: bool,
    /// Where it is ended now; empty where that may not be.
    pub finish: String,
}

/// A secret and its last use.
pub struct SecretView {
    /// Prefix and last four.
    pub hint: String,
    /// When it was last used.
    pub last: Option<When>,
    /// From where.
    pub address: String,
    /// By which program.
    pub program: String,
}

impl RotationView {
    pub(super) fn of(whose: Whose, known: &Known) -> Option<Self> {
        let rotation = known.power.info.rotation.as_ref()?;
        let (token, now) = (known.token(), known.now);
        let secret = |hint: &str, last: Option<&LastUse>| SecretView {
            hint: hint.to_owned(),
            last: last.map(|last| When::of(last.at, now)),
            address: last.and_then(|last| last.address.clone()).unwrap_or_default(),
            program: last.and_then(|last| last.user_agent.clone()).unwrap_or_default(),
        };
        let overlaps = rotation.old.ends_at > now && !token.is_over(now);
        let finish = format!("{}/{}", whose.one(token.id), What::Finish.slug());
        Some(Self {
            at: When::of(rotation.at, now),
            new: secret(&token.hint, rotation.last_use.as_ref()),
            old: secret(&rotation.old.hint, rotation.old.last_use.as_ref()),
            ends: When::of(rotation.old.ends_at, now),
            overlaps,
            finish: if overlaps && known.acts.suspend { finish } else { String::new() },
        })
    }
}
