//! What was changed since something was read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::model::ids::{TokenId, UserId};
use crate::store::checks::{self, Changes};

/// Of how many tokens and accounts it is known that they were changed. Of one more, and all that was read before counts as changed.
const ROOM: usize = 100_000;

/// The last changes, by what they were of. What was read after a change of this number (its stamp) and was not changed since is as good
/// as read now.
#[derive(Default)]
pub(super) struct Changed(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// Whatever was read before that counts as changed.
    floor: i64,
    /// The number of the last change that was ever noted, by whichever thread.
    last: i64,
    all: i64,
    tokens: HashMap<TokenId, i64>,
    users: HashMap<UserId, i64>,
}

/// The number of the change after which something was read, or after which it was found unchanged.
pub(super) struct Stamp(AtomicI64);

impl Stamp {
    pub fn new(revision: i64) -> Self {
        Self(AtomicI64::new(revision))
    }
}

impl Changed {
    /// Notes changes. They count for whoever is told their last number after that.
    pub fn note(&self, changes: &Changes) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.last = known.last.max(changes.last);
        let Some(of) = &changes.of else { return known.forget() };
        for (n, what) in of {
            let last = match what {
                checks::Changed::Token(token) => known.tokens.entry(*token).or_default(),
                checks::Changed::User(user) => known.users.entry(*user).or_default(),
                checks::Changed::All => &mut known.all,
            };
            *last = (*last).max(*n);
        }
        if known.tokens.len() + known.users.len() > ROOM {
            known.forget();
        }
    }

    /// Whether an application that was read by then is as it was.
    pub fn holds(&self, stamp: &Stamp, revision: i64) -> bool {
        self.stamped(stamp, revision, |known| known.all)
    }

    /// Whether what was found out by then of this token for an application is as it was.
    pub fn holds_of(&self, stamp: &Stamp, revision: i64, (token, user): (TokenId, UserId)) -> bool {
        self.stamped(stamp, revision, |known| known.all.max(known.of_token(token)).max(known.of_user(user)))
    }

    /// Whether this token is as it was when it was read.
    pub fn holds_token(&self, stamp: i64, token: TokenId) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        stamp >= known.floor.max(known.of_token(token))
    }

    /// Whether this account is as it was when it was read.
    pub fn holds_user(&self, stamp: i64, user: UserId) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        stamp >= known.floor.max(known.of_user(user))
    }

    /// With nothing changed since the stamp, nobody looks; and what was looked at once is as good as read by this revision.
    fn stamped(&self, Stamp(stamp): &Stamp, revision: i64, changed: impl FnOnce(&Known) -> i64) -> bool {
        let read = stamp.load(Ordering::Relaxed);
        if read == revision {
            return true;
        }
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let holds = read >= known.floor.max(changed(&known));
        if holds {
            stamp.fetch_max(revision, Ordering::Relaxed);
        }
        holds
    }
}

impl Known {
    fn of_token(&self, token: TokenId) -> i64 {
        self.tokens.get(&token).copied().unwrap_or(0)
    }

    fn of_user(&self, user: UserId) -> i64 {
        self.users.get(&user).copied().unwrap_or(0)
    }

    /// Forgets what the changes were of: everything that was read before the last of them counts as changed.
    fn forget(&mut self) {
        *self = Self { floor: self.last, last: self.last, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::checks::Changed::{All, Token, User};

    const TOKEN: TokenId = TokenId(1);
    const USER: UserId = UserId(1);

    fn after(last: i64, of: &[(i64, checks::Changed)]) -> Changed {
        let changed = Changed::default();
        changed.note(&Changes { last, of: Some(of.to_vec()) });
        changed
    }

    #[test]
    fn what_was_read_holds_until_something_of_it_is_changed() {
        let verdict = |changed: &Changed, stamp| changed.holds_of(&Stamp::new(stamp), 9, (TOKEN, USER));
        let others = after(9, &[(7, Token(TokenId(2))), (8, User(UserId(2)))]);
        assert!(verdict(&others, 5) && others.holds(&Stamp::new(5), 9));
        for of in [Token(TOKEN), User(USER), All] {
            let changed = after(9, &[(7, of), (6, of)]);
            assert!(!verdict(&changed, 6), "read before {of:?}");
            assert!(verdict(&changed, 7), "read after {of:?}");
        }
        let changed = after(9, &[(7, Token(TOKEN)), (8, User(USER))]);
        assert!(!changed.holds_token(6, TOKEN) && changed.holds_token(7, TOKEN) && changed.holds_token(6, TokenId(2)));
        assert!(!changed.holds_user(7, USER) && changed.holds_user(8, USER) && changed.holds_user(7, UserId(2)));
        assert!(changed.holds(&Stamp::new(1), 9), "an application is none of them");
        assert!(!after(9, &[(7, All)]).holds(&Stamp::new(6), 9));
    }

    #[test]
    fn where_it_is_not_known_what_was_changed_all_was() {
        let changed = Changed::default();
        changed.note(&Changes { last: 9, of: None });
        assert!(!changed.holds(&Stamp::new(8), 9) && changed.holds(&Stamp::new(9), 10));
        assert!(!changed.holds_token(8, TOKEN) && !changed.holds_user(8, USER));
        let very_many: Vec<_> = (0..=ROOM as i64).map(|id| (id + 2, Token(TokenId(id)))).collect();
        let last = ROOM as i64 + 2;
        let changed = after(last, &very_many);
        assert!(!changed.holds_token(last - 1, TokenId(-5)) && changed.holds_token(last, TokenId(-5)));
    }

    #[test]
    fn whoever_comes_late_with_changes_that_are_not_known_hides_no_later_one() {
        let changed = Changed::default();
        changed.note(&Changes { last: 9, of: Some(vec![(9, Token(TOKEN))]) });
        changed.note(&Changes { last: 7, of: None });
        assert!(!changed.holds_of(&Stamp::new(8), 9, (TOKEN, USER)) && !changed.holds_token(8, TOKEN));
        assert!(changed.holds_token(9, TOKEN));
    }

    #[test]
    fn what_was_found_unchanged_is_as_good_as_read_then() {
        let changed = Changed::default();
        let stamp = Stamp::new(5);
        assert!(changed.holds_of(&stamp, 9, (TOKEN, USER)));
        changed.note(&Changes { last: 10, of: Some(vec![(9, Token(TOKEN))]) });
        assert!(changed.holds_of(&stamp, 9, (TOKEN, USER)), "it was looked at after that change");
        changed.note(&Changes { last: 10, of: Some(vec![(10, Token(TOKEN))]) });
        assert!(!changed.holds_of(&stamp, 10, (TOKEN, USER)));
    }
}
