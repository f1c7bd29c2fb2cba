//! What was found out of one token for one application.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use time::OffsetDateTime;

use super::Heard;
use super::changed::{Changed, Stamp};
use crate::base::clock::to_micros;
use crate::model::checks::{AccountFacts, Addressee, Facts, Grant, Headers, TokenFacts};
use crate::model::ids::{TokenId, UserId};

/// How long a last use that was noted counts as the last one, in microseconds: a minute.
const NOTED_EVERY: i64 = 60_000_000;

/// What a token is good for at an application, as it was read.
pub struct Verdict {
    facts: TokenFacts,
    account: Arc<AccountFacts>,
    /// As it was when this was found out: to no other one is anything told.
    to: Arc<Addressee>,
    grant: Option<Grant>,
    stamp: Stamp,
    until: i64,
    noted_at: AtomicI64,
    headers: OnceLock<Headers>,
    introspected: OnceLock<Bytes>,
}

/// What a token is good for at an application at this moment, from where it is used.
#[derive(Clone, Copy)]
pub struct Granted<'a> {
    verdict: &'a Verdict,
    grant: &'a Grant,
}

impl Verdict {
    pub(super) fn of(facts: TokenFacts, account: Arc<AccountFacts>, heard: &Heard, revision: i64) -> Self {
        Self {
            grant: heard.audience.grant(Facts { token: &facts, account: &account }),
            stamp: Stamp::new(revision),
            until: facts.until.map_or(i64::MAX, to_micros),
            noted_at: AtomicI64::new(facts.noted_at.map_or(i64::MIN, to_micros)),
            headers: OnceLock::new(),
            introspected: OnceLock::new(),
            facts,
            account,
            to: heard.addressee.clone(),
        }
    }

    /// The token.
    pub fn token(&self) -> TokenId {
        self.facts.id
    }

    /// Its account.
    pub fn user(&self) -> UserId {
        self.facts.user
    }

    /// Whether nothing that it rests on was changed up to this revision.
    pub(super) fn holds(&self, changed: &Changed, revision: i64) -> bool {
        changed.holds_of(&self.stamp, revision, (self.facts.id, self.facts.user))
    }

    /// What the token is good for at `now`, used from `address`. Where it is bound to networks and no address is known, that is nothing.
    pub fn granted(&self, now: OffsetDateTime, address: Option<&str>) -> Option<Granted<'_>> {
        let good = to_micros(now) < self.until && self.facts.networks.admit(address);
        self.grant.as_ref().filter(|_| good).map(|grant| Granted { verdict: self, grant })
    }

    /// Whether it depends on where it is used.
    pub fn is_bound(&self) -> bool {
        !self.facts.networks.is_anywhere()
    }

    /// Whether this use of it is to be noted: at most one a minute is.
    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        is_due(&self.noted_at, now)
    }

    /// Takes back that a use was noted: there was no room for it, so the next one is due.
    pub(super) fn was_not_noted(&self) {
        self.noted_at.store(i64::MIN, Ordering::Relaxed);
    }

    /// About how many bytes of memory it takes once it was told both ways, without what other verdicts have of the account as well.
    pub(super) fn weight(&self) -> usize {
        // The names that an introspection response has, its ids and its times.
        const RESPONSE: usize = 500;
        let of = |texts: &[String], each: usize| texts.iter().map(|text| text.len() + each).sum::<usize>();
        let told = self.grant.as_ref().map_or(0, |grant| {
            // A scope stands by itself, and behind the slug in either answer; so does a team, percent-encoded in one of them.
            let scopes = of(&grant.scopes, size_of::<String>()) + 2 * of(&grant.scopes, self.to.slug.len() + 2);
            scopes + of(&grant.teams, size_of::<String>()) + 4 * of(&grant.teams, 3)
        });
        let names = self.facts.name.len() + self.account.username.len() + self.to.audience.len();
        size_of::<Self>() + RESPONSE + told + 4 * names + 16 * self.facts.scopes.len()
    }
}

impl<'a> Granted<'a> {
    /// The names of the scopes, as the application has them.
    pub fn scopes(&self) -> &'a [String] {
        &self.grant.scopes
    }

    /// In headers for a proxy.
    pub fn headers(&self) -> &'a Headers {
        self.verdict.headers.get_or_init(|| self.grant.headers(self.facts(), &self.verdict.to))
    }

    /// As an introspection response (RFC 7662, section 2.2).
    pub fn introspected(&self) -> Bytes {
        let told = || self.grant.introspected(self.facts(), &self.verdict.to);
        self.verdict.introspected.get_or_init(told).clone()
    }

    fn facts(&self) -> Facts<'a> {
        Facts { token: &self.verdict.facts, account: &self.verdict.account }
    }
}

/// Whether what was last noted at `noted_at` is to be noted again; then it counts as noted.
pub(super) fn is_due(noted_at: &AtomicI64, now: OffsetDateTime) -> bool {
    let now = to_micros(now);
    let last = noted_at.load(Ordering::Relaxed);
    now.saturating_sub(last) >= NOTED_EVERY
        && noted_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}
