//! Audit entries and the chain that holds them together.

mod boundary;
mod chain;
mod filter;
mod told;

use std::collections::BTreeSet;

use serde::Serialize;
use time::OffsetDateTime;

use super::ids::TeamId;
use super::roles::words;
use crate::base::crypto;

pub use boundary::{Boundary, KEEP_AT_LEAST, KEEP_AT_MOST};
pub use chain::{Broken, Head, Verified, Verifier};
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
