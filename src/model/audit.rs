//! Audit entries and the chain that holds them together.

mod boundary;
mod filter;
mod told;

use std::collections::BTreeSet;

use serde::Serialize;
use time::OffsetDateTime;

use super::ids::TeamId;
use super::roles::words;
use crate::base::crypto;

pub use boundary::{Boundary, KEEP_AT_LEAST, KEEP_AT_MOST};
pub use filter::{ActorKind, Filter, NAMES, Named, no_such_actor};
pub use told::{Told, ToldActor, ToldTarget, ToldToken};

/// The action under which retention is written down; `verify` compares it with the boundary.
pub const RETENTION: &str = "audit.retention";

words! {
    /// How an audited act ended.
    Outcome: "an outcome" {
        /// It was done.
        Done = "done",
        /// It was refused.
        Refused = "refused",
    }
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `person`, `service`, `agent`, `team`, `token`, …
    pub kind: &'static str,
    /// Its id.
    pub id: i64,
    /// Its name at that time.
    pub name: String,
}

/// An act to be written down, as a use case reports it.
#[derive(Clone, Debug)]
pub struct Event {
    /// `noun.verb`.
    pub action: &'static str,
    /// The account or team it was done to.
    pub target: Option<Target>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where it was refused.
    pub reason: Option<String>,
    /// What was changed, as it was; never a secret.
    pub before: Option<serde_json::Value>,
    /// What was changed, as it is now; never a secret.
    pub after: Option<serde_json::Value>,
    /// A team in which it was tried, where nothing else here names it.
    pub team: Option<TeamId>,
}

impl Event {
    /// Something done.
    pub fn done(action: &'static str, target: Option<Target>) -> Self {
        Self { action, target, outcome: Outcome::Done, reason: None, before: None, after: None, team: None }
    }

    /// Something refused.
    pub fn refused(action: &'static str, target: Option<Target>, reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Refused, reason: Some(reason.into()), ..Self::done(action, target) }
    }

    /// With what it was and what it is.
    #[must_use]
    pub fn change(mut self, before: Option<serde_json::Value>, after: Option<serde_json::Value>) -> Self {
        (self.before, self.after) = (before, after);
        self
    }

    /// The teams that it names: the one it was done to or in, and those that an account was or is at home or a member in. The
    /// teams that a token is limited to are no membership.
    pub fn teams(&self) -> BTreeSet<TeamId> {
        let target = self.target.as_ref().filter(|target| target.kind == "team" && target.id > 0);
        let mut named: BTreeSet<_> = target.map(|target| TeamId(target.id)).into_iter().chain(self.team).collect();
        for json in [&self.before, &self.after].into_iter().flatten() {
            let single = [&json["team"], &json["home_team"]].into_iter();
            let members = json["teams"].as_array().filter(|_| !self.action.starts_with("token."));
            let all = single.chain(members.into_iter().flatten());
            named.extend(all.filter_map(|team| team["id"].as_i64()).map(TeamId));
        }
        named
    }
}

/// An entry as it is kept. The order of the fields is the order in which they are authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// 1, 2, 3 … without a gap.
    pub seq: i64,
    /// Unix time in microseconds.
    pub at: i64,
    /// `person`, `service`, `agent`, `cli` or `anonymous`.
    pub actor_kind: String,
    /// The account that acted.
    pub actor_id: Option<i64>,
    /// Its username at that time.
    pub actor_name: String,
    /// The token it used.
    pub token_id: Option<i64>,
    /// That token's name.
    pub token_name: Option<String>,
    /// `noun.verb`.
    pub action: String,
    /// What kind of thing it was done to.
    pub target_kind: Option<String>,
    /// That thing's id.
    pub target_id: Option<i64>,
    /// That thing's name at that time.
    pub target_name: Option<String>,
    /// `done` or `refused`.
    pub outcome: String,
    /// Why it was refused.
    pub reason: Option<String>,
    /// JSON of what it was.
    pub before: Option<String>,
    /// JSON of what it became.
    pub after: Option<String>,
    /// The client's address.
    pub address: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The request's id in the log.
    pub request_id: Option<String>,
}

/// A message authentication code over an entry and the one before it.
pub type Mac = [u8; 32];

/// What stands before the first entry.
pub const GENESIS: Mac = [0; 32];

impl Entry {
    /// Its code, given that of the entry before.
    pub fn mac(&self, key: &[u8; 32], previous: &Mac) -> Mac {
        // Serialising a struct of integers and strings to memory cannot fail; an empty body would not verify anyway.
        let body = serde_json::to_vec(self).unwrap_or_default();
        crypto::hmac_sha256(key, &[previous, &body])
    }

    /// When it happened.
    pub fn time(&self) -> OffsetDateTime {
        crate::base::clock::from_micros(self.at)
    }

    /// All that is read in it, folded, a line for each: what a search for text looks through.
    pub fn text(&self) -> String {
        let mut lines = vec![self.actor_name.clone(), self.action.clone()];
        let others = [&self.token_name, &self.target_name, &self.reason, &self.address, &self.user_agent];
        lines.extend(others.into_iter().chain([&self.request_id]).flatten().cloned());
        for json in [&self.before, &self.after].into_iter().flatten() {
            match serde_json::from_str(json) {
                Ok(value) => spell(&value, "", &mut lines),
                Err(_) => lines.push(json.clone()),
            }
        }
        lines.join("\n").to_lowercase()
    }
}

/// The values in `json`, each behind the field that it stands in.
fn spell(json: &serde_json::Value, field: &str, lines: &mut Vec<String>) {
    use serde_json::Value;
    match json {
        Value::Null => {}
        Value::String(text) => lines.push(format!("{field} {text}")),
        Value::Array(items) => items.iter().for_each(|item| spell(item, field, lines)),
        Value::Object(fields) => fields.iter().for_each(|(field, value)| spell(value, field, lines)),
        Value::Bool(_) | Value::Number(_) => lines.push(format!("{field} {json}")),
    }
}

/// The last entry's number and code: shown to an administrator, it lets a cut tail be found later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 where there is no entry.
    pub seq: i64,
    /// Its code.
    pub mac: Mac,
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, crypto::hex(&self.mac))
    }
}

impl std::str::FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text
            .split_once(':')
            .and_then(|(seq, mac)| Some(Self { seq: seq.parse().ok()?, mac: crypto::unhex(mac)?.try_into().ok()? }));
        parsed.ok_or("a head has the form NUMBER:CODE, as `latchkey audit head` prints it")
    }
}

/// Where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing, or one was put in.
    #[error("entry {expected} is missing: entry {found} follows entry {}", .expected - 1)]
    Gap {
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// An entry, or the one before it, is not what was written.
    #[error("entry {0} was altered, or does not follow the entry before it")]
    Altered(i64),
    /// Entries after the last were cut off.
    #[error("the log ends at entry {found}, but it once reached entry {expected}")]
    Cut {
        /// The head that was shown.
        expected: i64,
        /// The last entry now.
        found: i64,
    },
    /// The log does not contain the head that was shown.
    #[error("entry {0} is not the one whose head was shown")]
    OtherHead(i64),
    /// The boundary was not made by retention, or was changed.
    #[error("the boundary at entry {0} is forged: its seal is not of this portal's key")]
    Forged(i64),
    /// The boundary says that entries were removed which are still there.
    #[error("entry {found} is there, but the boundary says that everything up to entry {boundary} was removed")]
    Before {
        /// The last entry that the boundary says was removed.
        boundary: i64,
        /// The entry that is there.
        found: i64,
    },
    /// The boundary is not the one that the log tells of.
    #[error("the boundary stands at entry {boundary}, but the log tells of a removal up to entry {told}")]
    OtherBoundary {
        /// Where it stands; 0 without one.
        boundary: i64,
        /// Up to where the last retention removed entries; 0 where the log tells of none.
        told: i64,
    },
}

/// A log that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Its last entry.
    pub head: Head,
    /// Where it begins, if retention has removed entries.
    pub boundary: Option<Boundary>,
}

/// Walks the chain, an entry at a time.
pub struct Verifier<'a> {
    key: &'a [u8; 32],
    shown: Option<Head>,
    boundary: Option<Boundary>,
    last: Head,
    /// Up to where the last retention told of removed entries.
    removed: i64,
}

impl<'a> Verifier<'a> {
    /// Begins before the first entry, or at the boundary that retention left. `shown` is a head that was noted earlier.
    ///
    /// # Errors
    /// The boundary is forged, or another than the head that was shown.
    pub fn new(key: &'a [u8; 32], shown: Option<Head>, boundary: Option<Boundary>) -> Result<Self, Broken> {
        let mut last = Head { seq: 0, mac: GENESIS };
        if let Some(boundary) = boundary {
            if !boundary.is_genuine(key) {
                return Err(Broken::Forged(boundary.seq));
            }
            last = Head { seq: boundary.seq, mac: boundary.mac };
        }
        match shown {
            Some(shown) if shown.seq == last.seq && shown.mac != last.mac => Err(Broken::OtherHead(last.seq)),
            _ => Ok(Self { key, shown, boundary, last, removed: 0 }),
        }
    }

    /// The next entry and the code kept beside it.
    ///
    /// # Errors
    /// Where the chain does not hold.
    pub fn next(&mut self, entry: &Entry, mac: &[u8]) -> Result<(), Broken> {
        let expected = self.last.seq + 1;
        if let Some(boundary) = self.boundary.filter(|boundary| entry.seq <= boundary.seq) {
            return Err(Broken::Before { boundary: boundary.seq, found: entry.seq });
        }
        if entry.seq != expected {
            return Err(Broken::Gap { expected, found: entry.seq });
        }
        let computed = entry.mac(self.key, &self.last.mac);
        if !crypto::same(&computed, mac) {
            return Err(Broken::Altered(entry.seq));
        }
        if entry.action == RETENTION && entry.outcome == Outcome::Done.as_str() {
            self.removed = removed_up_to(entry);
        }
        self.last = Head { seq: entry.seq, mac: computed };
        match self.shown {
            Some(shown) if shown.seq == entry.seq && shown.mac != computed => Err(Broken::OtherHead(entry.seq)),
            _ => Ok(()),
        }
    }

    /// After the last entry: what holds.
    ///
    /// # Errors
    /// The tail was cut, or the boundary is not the one that the log tells of.
    pub fn finish(self) -> Result<Verified, Broken> {
        let boundary = self.boundary.map_or(0, |boundary| boundary.seq);
        match self.shown {
            Some(shown) if shown.seq > self.last.seq => Err(Broken::Cut { expected: shown.seq, found: self.last.seq }),
            _ if boundary != self.removed => Err(Broken::OtherBoundary { boundary, told: self.removed }),
            _ => Ok(Verified { head: self.last, boundary: self.boundary }),
        }
    }
}

/// Up to which entry retention says that it removed the oldest.
fn removed_up_to(entry: &Entry) -> i64 {
    let after = entry.after.as_deref().and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
    after.and_then(|after| after["removed_up_to"].as_i64()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn chain(len: i64) -> Vec<(Entry, Mac)> {
        let mut last = GENESIS;
        let entry = |seq| Entry {
            seq,
            at: seq * 1_000_000,
            actor_kind: "cli".into(),
            actor_id: None,
            actor_name: "command line".into(),
            token_id: None,
            token_name: None,
            action: "team.create".into(),
            target_kind: Some("team".into()),
            target_id: Some(seq),
            target_name: Some(format!("Team {seq}")),
            outcome: "done".into(),
            reason: None,
            before: None,
            after: None,
            address: None,
            user_agent: None,
            request_id: None,
        };
        (1..=len)
            .map(|seq| {
                let entry = entry(seq);
                last = entry.mac(&KEY, &last);
                (entry, last)
            })
            .collect()
    }

    fn verify(chain: &[(Entry, Mac)], shown: Option<Head>) -> Result<Head, Broken> {
        verify_from(None, chain, shown)
    }

    fn verify_from(from: Option<Boundary>, chain: &[(Entry, Mac)], shown: Option<Head>) -> Result<Head, Broken> {
        let mut verifier = Verifier::new(&KEY, shown, from)?;
        chain.iter().try_for_each(|(entry, mac)| verifier.next(entry, mac))?;
        verifier.finish().map(|verified| verified.head)
    }

    /// The chain with an entry at its end that tells of a removal up to `seq`.
    fn retained(mut chain: Vec<(Entry, Mac)>, seq: i64) -> Vec<(Entry, Mac)> {
        let (last, mac) = chain.last().cloned().unwrap();
        let after = Some(format!("{{\"removed_up_to\":{seq}}}"));
        let entry = Entry { seq: last.seq + 1, action: RETENTION.into(), after, ..last };
        let mac = entry.mac(&KEY, &mac);
        chain.push((entry, mac));
        chain
    }

    #[test]
    fn a_log_begins_at_a_genuine_boundary_and_nowhere_else() {
        let whole = retained(chain(6), 3);
        let at = |seq: usize| Boundary::sealed(&KEY, (seq as i64, whole[seq - 1].1, 0));
        let rest = &whole[3..];
        let head = verify_from(Some(at(3)), rest, None).unwrap();
        assert_eq!(head.seq, 7);
        assert_eq!(verify_from(None, rest, None), Err(Broken::Gap { expected: 1, found: 4 }));
        let forged = Boundary { seq: 4, mac: whole[3].1, ..at(3) };
        assert_eq!(verify_from(Some(forged), &whole[4..], None), Err(Broken::Forged(4)));
        assert_eq!(verify_from(Some(at(2)), rest, None), Err(Broken::Gap { expected: 3, found: 4 }));
        assert_eq!(verify_from(Some(at(5)), rest, None), Err(Broken::Before { boundary: 5, found: 4 }));
        let elsewhere = Boundary::sealed(&KEY, (3, [9; 32], 0));
        assert_eq!(verify_from(Some(elsewhere), rest, None), Err(Broken::Altered(4)));
        let other = Err(Broken::OtherBoundary { boundary: 4, told: 3 });
        assert_eq!(verify_from(Some(at(4)), &whole[4..], None), other, "one of another history under the same key");
        assert_eq!(verify(&whole, None), Err(Broken::OtherBoundary { boundary: 0, told: 3 }));
        let shown = Head { seq: 3, mac: whole[2].1 };
        assert!(verify_from(Some(at(3)), rest, Some(shown)).is_ok());
        assert_eq!(verify_from(Some(at(3)), rest, Some(Head { mac: [1; 32], ..shown })), Err(Broken::OtherHead(3)));
    }

    #[test]
    fn an_event_is_filed_under_the_teams_it_names() {
        let account = || Some(Target { kind: "service", id: 7, name: "api_access@service".into() });
        let team = |id: i64| serde_json::json!({ "id": id, "name": "Team" });
        let moved = Event::done("user.update", account()).change(
            Some(serde_json::json!({ "home_team": team(2) })),
            Some(serde_json::json!({ "home_team": team(3) })),
        );
        assert_eq!(moved.teams(), BTreeSet::from([TeamId(2), TeamId(3)]));
        let joined = Event::done("team.set_member", account())
            .change(None, Some(serde_json::json!({ "team": team(4), "role": "Owner" })));
        assert_eq!(joined.teams(), BTreeSet::from([TeamId(4)]));
        let made = Some(serde_json::json!({ "teams": [team(5), team(6)] }));
        assert_eq!(Event::done("user.create", account()).change(None, made.clone()).teams().len(), 2);
        assert!(Event::done("token.create", account()).change(None, made).teams().is_empty());
        let renamed = Target { kind: "team", id: 8, name: "Team".into() };
        assert_eq!(Event::refused("team.update", Some(renamed), "no").teams(), BTreeSet::from([TeamId(8)]));
    }

    #[test]
    fn a_whole_chain_verifies() {
        let chain = chain(5);
        assert_eq!(verify(&chain, None).map(|head| head.seq), Ok(5));
        assert_eq!(verify(&[], None).map(|head| head.seq), Ok(0));
    }

    #[test]
    fn alteration_removal_insertion_and_a_cut_tail_are_found() {
        let whole = chain(5);
        let head = verify(&whole, None).unwrap();
        assert_eq!(head.to_string().parse(), Ok(head));

        let mut altered = whole.clone();
        altered[2].0.actor_name = "somebody else".into();
        assert_eq!(verify(&altered, None), Err(Broken::Altered(3)));

        let mut removed = whole.clone();
        removed.remove(2);
        assert_eq!(verify(&removed, None), Err(Broken::Gap { expected: 3, found: 4 }));
        for entry in &mut removed[2..] {
            entry.0.seq -= 1;
        }
        assert_eq!(verify(&removed, None), Err(Broken::Altered(3)), "renumbered");

        // Two histories under one key, as after going back to a backup: an entry of one does not fit into the other.
        let mut spliced = whole.clone();
        spliced[3] = {
            let mut other = whole[3].0.clone();
            other.actor_name = "in another history".into();
            let before = whole[2].0.mac(&KEY, &[9; 32]);
            let mac = other.mac(&KEY, &before);
            (other, mac)
        };
        assert_eq!(verify(&spliced, None), Err(Broken::Altered(4)));

        let mut inserted = whole.clone();
        inserted.push(inserted[4].clone());
        inserted[5].0.seq = 6;
        assert_eq!(verify(&inserted, None), Err(Broken::Altered(6)));

        assert_eq!(verify(&whole[..3], None).map(|head| head.seq), Ok(3), "a cut tail shows only against a head");
        assert_eq!(verify(&whole[..3], Some(head)), Err(Broken::Cut { expected: 5, found: 3 }));
        assert_eq!(verify(&whole, Some(Head { seq: 4, mac: [1; 32] })), Err(Broken::OtherHead(4)));
        assert_eq!(verify(&whole, Some(head)), Ok(head));
    }
}
