//! Whether the entries still hold together.

use super::{Boundary, Entry, GENESIS, Mac, Outcome, RETENTION};
use crate::base::crypto;

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
    /// The head that was shown, where it lies before all that is left: whether the log ever held it cannot be told.
    pub uncompared: Option<Head>,
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

    /// The next entry and the code kept beside it; its number and code, now that they are known to be its own.
    ///
    /// # Errors
    /// Where the chain does not hold.
    pub fn next(&mut self, entry: &Entry, mac: &[u8]) -> Result<Head, Broken> {
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
            _ => Ok(self.last),
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
            _ => {
                let uncompared = self.shown.filter(|shown| shown.seq < boundary);
                Ok(Verified { head: self.last, boundary: self.boundary, uncompared })
            }
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
        chain.iter().try_for_each(|(entry, mac)| verifier.next(entry, mac).map(drop))?;
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
    fn a_head_before_the_beginning_is_told_to_be_uncompared() {
        let whole = retained(chain(6), 3);
        let boundary = Boundary::sealed(&KEY, (3, whole[2].1, 0));
        let uncompared = |from, chain: &[(Entry, Mac)], seq: i64, mac| {
            let mut verifier = Verifier::new(&KEY, Some(Head { seq, mac }), from).unwrap();
            chain.iter().try_for_each(|(entry, mac)| verifier.next(entry, mac).map(drop)).unwrap();
            verifier.finish().unwrap().uncompared
        };
        for seq in [0, 2] {
            let (mac, told) = ([1; 32], Some(Head { seq, mac: [1; 32] }));
            assert_eq!(uncompared(Some(boundary), &whole[3..], seq, mac), told, "{seq}");
        }
        assert_eq!(uncompared(Some(boundary), &whole[3..], 3, whole[2].1), None);
        assert_eq!(uncompared(Some(boundary), &whole[3..], 5, whole[4].1), None);
        assert!(uncompared(None, &chain(6), -1, [1; 32]).is_some(), "nor is there an entry of such a number");
        assert_eq!(uncompared(None, &chain(6), 0, GENESIS), None);
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
