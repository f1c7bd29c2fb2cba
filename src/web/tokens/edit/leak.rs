//! That a token was found where none belongs.

use super::Known;
use crate::model::tokens::leak::WhatLeaked;
use crate::web::view::When;

/// What the page tells of it.
pub struct LeakView {
    /// When it was reported.
    pub at: When,
    /// What happened, in a sentence.
    pub what: &'static str,
    /// Where it was found, in the finder's words: text, never a link, since anybody may have written it.
    pub place: String,
    /// What to do now.
    pub advice: &'static str,
}

impl LeakView {
    pub(super) fn of(known: &Known) -> Option<Self> {
        let leak = known.power.info.leak.as_ref()?;
        let by_this = known.token().revoked_at == Some(leak.at);
        let (what, advice) = match leak.what {
            WhatLeaked::Itself if by_this => (
                "Revoked, because it was found where no token belongs.",
                "What was made with it is revoked too. Look at what it did before (the Activity of its account), and give its programs another token.",
            ),
            WhatLeaked::Itself => (
                "It was found where no token belongs, when it had been revoked already.",
                "What was made with it and was still good is revoked now.",
            ),
            WhatLeaked::Former => (
                "A secret that it had before was found where no token belongs.",
                "That secret was over already, so this token goes on. What was made with it while it was good is revoked.",
            ),
            WhatLeaked::Maker => (
                "Revoked, because a token that it was made or rotated with was found where none belongs.",
                "Whoever had that token may know this one. If a program of yours needs it, give it another.",
            ),
        };
        Some(Self { at: When::of(leak.at, known.now), what, place: leak.place.clone(), advice })
    }
}
