//! What is known of a token, in as few bytes as it takes: there may be a million of them in memory.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::clock::{from_micros, to_micros};
use crate::model::checks::TokenFacts;
use crate::model::ids::{ScopeId, TeamId, TokenId, UserId};
use crate::model::tokens::TokenType;

/// A token's facts, and the number of the change after which they were read.
#[derive(Clone)]
pub(super) struct Packed(Box<[u8]>);

/// As it is packed. Times are in microseconds.
#[derive(Serialize, Deserialize)]
struct Form<'a> {
    stamp: i64,
    id: i64,
    uuid: [u8; 16],
    name: &'a str,
    kind: TokenType,
    ended: bool,
    until: Option<i64>,
    created_at: i64,
    limit: Option<Vec<i64>>,
    networks: &'a str,
    scopes: Vec<i64>,
    noted_at: Option<i64>,
    user: i64,
}

impl Packed {
    /// Packs what was read after this change.
    pub fn of(facts: &TokenFacts, stamp: i64) -> Option<Self> {
        let form = Form {
            stamp,
            id: facts.id.0,
            uuid: facts.uuid.into_bytes(),
            name: &facts.name,
            kind: facts.kind,
            ended: facts.ended,
            until: facts.until.map(to_micros),
            created_at: to_micros(facts.created_at),
            limit: facts.limit.as_ref().map(|teams| teams.iter().map(|team| team.0).collect()),
            networks: &facts.networks.to_string(),
            scopes: facts.scopes.iter().map(|scope| scope.0).collect(),
            noted_at: facts.noted_at.map(to_micros),
            user: facts.user.0,
        };
        postcard::to_allocvec(&form).ok().map(|bytes| Self(bytes.into()))
    }

    /// The change after which it was read, and what was read.
    pub fn open(&self) -> Option<(i64, TokenFacts)> {
        let form: Form<'_> = postcard::from_bytes(&self.0).ok()?;
        let facts = TokenFacts {
            id: TokenId(form.id),
            uuid: Uuid::from_bytes(form.uuid),
            name: form.name.to_owned(),
            kind: form.kind,
            ended: form.ended,
            until: form.until.map(from_micros),
            created_at: from_micros(form.created_at),
            limit: form.limit.map(|teams| teams.into_iter().map(TeamId).collect()),
            networks: form.networks.parse().ok()?,
            scopes: form.scopes.into_iter().map(ScopeId).collect(),
            noted_at: form.noted_at.map(from_micros),
            user: UserId(form.user),
        };
        Some((form.stamp, facts))
    }

    /// How many bytes it takes.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_is_packed_is_what_comes_out_and_is_small() {
        let plain = TokenFacts {
            id: TokenId(1_000_000),
            uuid: Uuid::from_u128(7),
            name: "nightly".into(),
            kind: TokenType::Service,
            ended: false,
            until: Some(datetime!(2027-11-23 10:00:00.000_001 UTC)),
            created_at: datetime!(2026-11-23 10:00 UTC),
            limit: None,
            networks: "".parse().unwrap(),
            scopes: vec![ScopeId(1), ScopeId(4)],
            noted_at: None,
            user: UserId(100_000),
        };
        let full = TokenFacts {
            ended: true,
            until: None,
            limit: Some(BTreeSet::from([TeamId(2), TeamId(-1)])),
            networks: "192.0.2.0/24 2001:db8::/32".parse().unwrap(),
            noted_at: Some(datetime!(2026-11-23 10:00 UTC)),
            ..plain.clone()
        };
        for facts in [&plain, &full, &TokenFacts { limit: Some(BTreeSet::new()), ..plain.clone() }] {
            let packed = Packed::of(facts, 12).unwrap();
            assert_eq!(packed.open().unwrap(), (12, facts.clone()));
        }
        let small = Packed::of(&plain, 12).unwrap();
        assert!(small.len() <= 64, "{} bytes", small.len());
    }
}
