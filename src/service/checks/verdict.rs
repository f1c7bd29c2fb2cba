//! What was found out of one token for one application.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use time::OffsetDateTime;

use crate::base::clock::to_micros;
use crate::model::checks::{Audience, Facts, Headers};
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::Networks;

/// How long a last use that was noted counts as the last one, in microseconds: a minute.
const NOTED_EVERY: i64 = 60_000_000;

/// What a token is good for at an application, as it was read.
pub struct Verdict {
    /// The token.
    pub token: TokenId,
    /// Its account.
    pub user: UserId,
    /// What it is good for; `None` where that is nothing.
    granted: Option<Granted>,
    /// How often what checks rest on had changed when it was read.
    pub(super) revision: i64,
    until: i64,
    networks: Networks,
    noted_at: AtomicI64,
}

/// What a token is good for, as it is told.
pub struct Granted {
    /// The names of the scopes, as the application has them.
    pub scopes: Vec<String>,
    /// In headers for a proxy.
    pub headers: Headers,
    /// As an introspection response (RFC 7662, section 2.2).
    pub introspected: Bytes,
}

impl Verdict {
    pub(super) fn of(facts: &Facts, audience: &Audience, revision: i64, issuer: &str) -> Self {
        let granted = audience.grant(facts).map(|grant| Granted {
            headers: grant.headers(facts, audience),
            introspected: grant.introspected(facts, audience, issuer),
            scopes: grant.scopes,
        });
        Self {
            token: facts.token,
            user: facts.user,
            granted,
            revision,
            until: facts.until.map_or(i64::MAX, to_micros),
            networks: facts.networks.clone(),
            noted_at: AtomicI64::new(facts.noted_at.map_or(i64::MIN, to_micros)),
        }
    }

    /// With a use counting as noted that the verdict before this one had noted: the store may not know of it yet.
    pub(super) fn noted_as(self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            self.noted_at.fetch_max(before.noted_at.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self
    }

    /// What the token is good for at `now`, used from `address`. Where it is bound to networks and no address is known, that is nothing.
    pub fn granted(&self, now: OffsetDateTime, address: Option<&str>) -> Option<&Granted> {
        let in_time = to_micros(now) < self.until;
        self.granted.as_ref().filter(|_| in_time && self.networks.admit(address))
    }

    /// Whether it depends on where it is used.
    pub fn is_bound(&self) -> bool {
        !self.networks.is_anywhere()
    }

    /// Whether this use of it is to be noted: at most one a minute is.
    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        is_due(&self.noted_at, now)
    }

    /// Takes back that a use was noted: there was no room for it, so the next one is due.
    pub(super) fn was_not_noted(&self) {
        self.noted_at.store(i64::MIN, Ordering::Relaxed);
    }

    /// About how many bytes of memory it takes, with its place among those that are kept.
    pub(super) fn weight(&self) -> u64 {
        const OWN: usize = size_of::<Verdict>() + 128;
        let told = self.granted.as_ref().map_or(0, |granted| {
            let Headers { user, kind: _, teams, scopes, token } = &granted.headers;
            let texts = [user, teams, scopes, token, &granted.introspected].map(|text| text.len() + 48);
            texts.iter().sum::<usize>() + granted.scopes.iter().map(|name| name.capacity() + 40).sum::<usize>()
        });
        (OWN + told) as u64
    }
}

/// Whether what was last noted at `noted_at` is to be noted again; then it counts as noted.
pub(super) fn is_due(noted_at: &AtomicI64, now: OffsetDateTime) -> bool {
    let now = to_micros(now);
    let last = noted_at.load(Ordering::Relaxed);
    now.saturating_sub(last) >= NOTED_EVERY
        && noted_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}
