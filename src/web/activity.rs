//! Audit entries as people read them.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::view::{Status, When, Who, day, initials};
use crate::model::audit;
use crate::model::users::Kind;

/// A line of the audit log or of an Activity tab.
pub struct Entry {
    /// Its own page; empty where there is no link to it.
    pub href: String,
    /// When it happened.
    pub when: When,
    /// Who did it; `None` for the command line and for nobody known.
    pub who: Option<Who>,
    /// Who did it, where that is no account.
    pub actor: String,
    /// The token that was used.
    pub token: String,
    /// What was done, or tried.
    pub what: String,
    /// Why it was refused.
    pub reason: String,
    /// What was changed.
    pub change: Vec<Delta>,
    /// From which address.
    pub address: String,
    /// How it ended.
    pub outcome: Status,
}

/// A field's values before and after.
#[derive(Debug, PartialEq, Eq)]
pub struct Delta {
    /// The field.
    pub field: String,
    /// What it held; empty where it was not there.
    pub before: String,
    /// What it holds; empty where it is gone.
    pub after: String,
}

/// `entries`, seen from `now`.
pub fn entries(entries: Vec<audit::Entry>, now: OffsetDateTime) -> Vec<Entry> {
    entries.into_iter().map(|one| entry(one, now)).collect()
}

/// One entry, seen from `now`.
pub fn entry(entry: audit::Entry, now: OffsetDateTime) -> Entry {
    let refused = entry.outcome == audit::Outcome::Refused.as_str();
    Entry {
        href: String::new(),
        when: When::of(entry.time(), now),
        who: who(&entry, refused),
        actor: match entry.actor_kind.as_str() {
            "cli" => "Command line".into(),
            "system" => "Latchkey itself".into(),
            _ => "Not logged in".into(),
        },
        what: what(&entry, refused),
        change: deltas(entry.before.as_deref(), entry.after.as_deref()),
        token: entry.token_name.unwrap_or_default(),
        reason: entry.reason.unwrap_or_default(),
        address: entry.address.unwrap_or_default(),
        outcome: Status {
            word: if refused { "Refused" } else { "Done" },
            tone: if refused { "danger" } else { "good" },
        },
    }
}

/// The account that acted. Whoever logs in, or uses a link, is nobody until it is done, and then that account.
fn who(entry: &audit::Entry, refused: bool) -> Option<Who> {
    // Anybody may say that a password is forgotten, so that is no sign of whose it is.
    let stays_nobody = ["mail.send", "user.forgotten", "token.leak"].contains(&entry.action.as_str());
    let became = entry.actor_kind == "anonymous" && !refused && !stays_nobody;
    let (kind, id, name) = if became {
        (entry.target_kind.as_deref()?, entry.target_id?, entry.target_name.as_deref()?)
    } else {
        (entry.actor_kind.as_str(), entry.actor_id?, entry.actor_name.as_str())
    };
    let kind = Kind::from_slug(kind)?;
    Some(Who {
        href: format!("/users/{id}"),
        name: name.to_owned(),
        username: name.to_owned(),
        initials: initials(name),
        service: kind == Kind::Service,
        agent: kind == Kind::Agent,
    })
}

/// What each action is called once done, and what was tried where it was refused. `{}` is what it was done to.
const ACTS: &[(&str, &str, &str)] = &[
    ("agents.resume", "Let all AI agents go again", "let all AI agents go again"),
    ("agents.stop", "Stopped all AI agents", "stop all AI agents"),
    ("application.add_scope", "Added a scope to {}", "add a scope to {}"),
    ("application.change_scope", "Changed a scope of {}", "change a scope of {}"),
    ("application.create", "Created the application {}", "create the application {}"),
    ("application.delete", "Deleted the application {}", "delete the application {}"),
    ("application.finish_rotation", "Ended the old secret of {}", "end the old secret of {}"),
    ("application.grant_access", "Gave a team access to {}", "give a team access to {}"),
    ("application.issue_secret", "Made a secret for {}", "make a secret for {}"),
    ("application.list", "Listed applications", "list applications"),
    ("application.read", "Opened the application {}", "open the application {}"),
    ("application.remove_scope", "Removed a scope of {}", "remove a scope of {}"),
    ("application.remove_secret", "Took the credential of {} away", "take the credential of {} away"),
    ("application.update", "Changed the application {}", "change the application {}"),
    ("application.withdraw_access", "Withdrew a team's access to {}", "withdraw a team's access to {}"),
    ("audit.export", "Exported the audit log", "export the audit log"),
    ("audit.list", "Read the audit log", "read the audit log"),
    ("audit.read", "Read the activity of {}", "read the activity of {}"),
    ("audit.retention", "Removed old entries of the audit log", "remove old entries of the audit log"),
    ("mail.send", "Mailed {}", "mail {}"),
    ("portal.setup", "Set up the portal", "set up the portal"),
    ("role.create", "Created the role {}", "create the role {}"),
    ("role.delete", "Deleted the role {}", "delete the role {}"),
    ("role.list", "Listed roles", "list roles"),
    ("role.read", "Opened the role {}", "open the role {}"),
    ("role.update", "Changed the role {}", "change the role {}"),
    ("session.confirm", "Typed the password again", "confirm by password"),
    ("session.create", "Logged in", "log in"),
    ("session.end", "Ended sessions", "end sessions"),
    ("session.use", "Used a session", "use a session"),
    ("settings.read", "Opened the settings", "open the settings"),
    ("settings.update", "Changed the settings", "change the settings"),
    ("team.add_member", "Added a member to {}", "add a member to {}"),
    ("team.create", "Created the team {}", "create the team {}"),
    ("team.delete", "Deleted the team {}", "delete the team {}"),
    ("team.list", "Listed teams", "list teams"),
    ("team.move_homes", "Moved the accounts at home in {}", "move the accounts at home in {}"),
    ("team.read", "Opened the team {}", "open the team {}"),
    ("team.remove_member", "Removed {} from a team", "remove {} from a team"),
    ("team.set_member", "Gave {} a role in a team", "give {} a role in a team"),
    ("team.update", "Changed the team {}", "change the team {}"),
    ("token.cap", "Capped a token of {} by policy", "cap tokens by policy"),
    ("token.create", "Made a token for {}", "make a token for {}"),
    ("token.export", "Exported a list of tokens", "export a list of tokens"),
    ("token.finish_rotation", "Ended the old secret of a token of {}", "end the old secret of a token of {}"),
    ("token.leak", "Reported a leaked token of {}", "report a leaked token"),
    ("token.list", "Listed the tokens of {}", "list the tokens of {}"),
    ("token.look_up", "Looked up a token of {}", "look up a token"),
    ("token.resume", "Resumed a token of {}", "resume a token of {}"),
    ("token.revoke", "Revoked a token of {}", "revoke a token of {}"),
    ("token.rotate", "Rotated a token of {}", "rotate a token of {}"),
    ("token.suspend", "Suspended a token of {}", "suspend a token of {}"),
    ("token.update", "Changed a token of {}", "change a token of {}"),
    ("token.use", "Used a token", "use a token"),
    ("user.accept_invitation", "Accepted the invitation of {}", "accept the invitation of {}"),
    ("user.change_password", "Changed the password", "change the password"),
    ("user.create", "Created {}", "create {}"),
    ("user.delete", "Deleted {}", "delete {}"),
    ("user.disable", "Disabled {}", "disable {}"),
    ("user.enable", "Enabled {}", "enable {}"),
    ("user.end_sessions", "Ended all sessions of {}", "end all sessions of {}"),
    ("user.forgotten", "Asked for a new password for {}", "ask for a new password for {}"),
    ("user.handover", "Handed over what {} answers for", "hand over what {} answers for"),
    ("user.invite", "Made an invitation for {}", "make an invitation for {}"),
    ("user.link", "Made a password link for {}", "make a password link for {}"),
    ("user.reset_link", "Made a reset link for {}", "make a reset link for {}"),
    ("user.reset_password", "Chose a new password for {} by a link", "choose a new password for {} by a link"),
    ("user.turn_into_person", "Turned {} into a person", "turn {} into a person"),
    ("user.turn_into_service", "Turned {} into a service account", "turn {} into a service account"),
    ("user.update", "Changed {}", "change {}"),
];

/// Every action, as the log spells it.
pub fn actions() -> impl Iterator<Item = &'static str> {
    ACTS.iter().map(|(action, ..)| *action)
}

fn what(entry: &audit::Entry, refused: bool) -> String {
    let target = entry.target_name.as_deref().unwrap_or("an account");
    match ACTS.iter().find(|(action, ..)| *action == entry.action) {
        Some((_, _, tried)) if refused => format!("Tried to {}", tried.replace("{}", target)),
        Some((_, done, _)) => done.replace("{}", target),
        None => entry.action.clone(),
    }
}

/// Every field of what was and of what is.
pub fn fields(before: Option<&str>, after: Option<&str>) -> Vec<Delta> {
    let (before, after) = (object(before), object(after));
    let fields = before.keys().chain(after.keys().filter(|key| !before.contains_key(*key)));
    let delta = |key: &String| Delta {
        field: label(key),
        before: shown(key, before.get(key)),
        after: shown(key, after.get(key)),
    };
    fields.map(delta).collect()
}

/// The fields that changed.
fn deltas(before: Option<&str>, after: Option<&str>) -> Vec<Delta> {
    fields(before, after)
        .into_iter()
        // The team says where another field changed, so it stands there though it did not.
        // A token's number says nothing to people; its name and hint stand beside.
        .filter(|delta| !["Token id", "Leaked token id"].contains(&delta.field.as_str()))
        .filter(|delta| delta.field == "Team" || delta.field == "Token" || delta.before != delta.after)
        .filter(|Delta { before, after, .. }| ![before, after].into_iter().all(|value| value.is_empty() || value == EMPTY))
        .collect()
}

/// The fields that hold a time. Older entries have it in seconds since 1970.
const TIMES: [&str; 3] = ["expires_at", "old_secret_until", "until"];
/// How an empty text is shown.
const EMPTY: &str = "empty";

fn object(json: Option<&str>) -> Map<String, Value> {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// `display_name` as `Display name`.
fn label(key: &str) -> String {
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn shown(key: &str, value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Null) if key == "expires_at" => "never".into(),
        Some(Value::Null) => "none".into(),
        Some(Value::Bool(true)) => "yes".into(),
        Some(Value::Bool(false)) => "no".into(),
        Some(Value::String(text)) if text.is_empty() => EMPTY.into(),
        Some(Value::String(text)) if TIMES.contains(&key) => {
            OffsetDateTime::parse(text, &Rfc3339).map_or_else(|_| text.clone(), day)
        }
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if TIMES.contains(&key) => number
            .as_i64()
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
            .map_or_else(|| number.to_string(), day),
        Some(Value::Array(items)) if items.is_empty() => "none".into(),
        Some(Value::Array(items)) => items.iter().map(|item| shown("", Some(item))).collect::<Vec<_>>().join(", "),
        Some(Value::Object(fields)) if fields.contains_key("name") => {
            let role = fields.get("role").and_then(Value::as_str).map(|role| format!(" as {role}"));
            format!("{}{}", shown("", fields.get("name")), role.unwrap_or_default())
        }
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(key, value)| format!("{} {}", key.replace('_', " "), shown(key, Some(value))))
            .collect::<Vec<_>>()
            .join(", "),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_field_by_field() {
        let told = deltas(
            Some(r#"{"role":"Member","enabled":true}"#),
            Some(r#"{"role":"Editor","enabled":true,"home_team":null}"#),
        );
        assert_eq!(
            told,
            [
                Delta { field: "Role".into(), before: "Member".into(), after: "Editor".into() },
                Delta { field: "Home team".into(), before: String::new(), after: "none".into() },
            ]
        );
    }

    #[test]
    fn nonsense_is_no_change() {
        assert!(deltas(Some("{"), None).is_empty());
        assert!(deltas(None, Some("[1]")).is_empty());
    }
}
