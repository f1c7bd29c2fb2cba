//! What is left of an entry for somebody who may not read the whole log.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::READ;
use crate::model::access::Place;
use crate::model::audit::Entry;
use crate::model::error::{BECAUSE_OF, NOBODY_GRANTS_MORE, Undone};
use crate::model::ids::{ApplicationId, TeamId, UserId};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::app::Cx;
use crate::service::{applications, roles, teams, users};

/// Who reads, and which accounts they are known to see.
#[derive(Default)]
pub(super) struct Eyes {
    sees: HashMap<UserId, bool>,
}

impl Eyes {
    /// Takes out of an entry about an account what the caller may not know of: what it was done to, where that is somebody else,
    /// a role or a team elsewhere, and the names of teams.
    pub(super) fn redact(&mut self, cx: &mut Cx<'_, '_>, about: UserId, entry: &mut Entry) -> Result<()> {
        if cx.actor.can(READ, Place::Everywhere) {
            return Ok(());
        }
        let target = entry.target_kind.as_deref().zip(entry.target_id);
        let visible = match target {
            None => true,
            Some(("role", _)) => roles::may_read(cx),
            Some(("team", id)) => teams::is_known(cx, TeamId(id)),
            Some(("application", id)) => there(applications::find(cx, ApplicationId(id)))?,
            Some((kind, id)) if Kind::from_slug(kind).is_some() => UserId(id) == about || self.see(cx, UserId(id))?,
            Some(_) => false,
        };
        if !visible {
            entry.target_name = Some(UNSEEN.into());
            (entry.before, entry.after, entry.reason) = (None, None, None);
        }
        self.hide_elsewhere(cx, Some(about), entry)
    }

    /// Leaves of an entry that is filed under these teams what their readers may know.
    pub(super) fn of_teams(&mut self, cx: &mut Cx<'_, '_>, teams: &[TeamId], entry: &mut Entry) -> Result<()> {
        keep_of_teams(teams, entry);
        self.hide_elsewhere(cx, None, entry)
    }

    /// Takes out others' tokens and searches, what a refusal tells of power elsewhere, and who and what the caller may not know of.
    fn hide_elsewhere(&mut self, cx: &mut Cx<'_, '_>, about: Option<UserId>, entry: &mut Entry) -> Result<()> {
        let by_whom = entry.actor_id.map(UserId);
        if by_whom.is_some() && by_whom != about && !by_whom.map_or(Ok(true), |id| self.see(cx, id))? {
            (entry.token_name, entry.token_id) = (None, None);
        }
        let own = by_whom.is_some() && by_whom == cx.actor.id();
        if !own {
            entry.reason = entry.reason.take().map(without_elsewhere);
        }
        for json in [&mut entry.before, &mut entry.after] {
            let Some(text) = json.take() else { continue };
            let Ok(mut value) = serde_json::from_str::<Value>(&text) else { continue };
            if !own && entry.action.ends_with(".export") {
                without_filters(&mut value);
            }
            self.hide_people(cx, &mut value)?;
            hide_teams(cx, &mut value);
            *json = Some(value.to_string());
        }
        Ok(())
    }

    /// Takes out who answers for an agent, where that is nobody whom the caller may see.
    fn hide_people(&mut self, cx: &mut Cx<'_, '_>, value: &mut Value) -> Result<()> {
        if let Some(sponsor) = value.get_mut("sponsor").filter(|sponsor| sponsor.is_object())
            && !sponsor["id"].as_i64().map_or(Ok(false), |id| self.see(cx, UserId(id)))?
        {
            *sponsor = json!({ "name": "somebody whom you may not see" });
        }
        Ok(())
    }

    fn see(&mut self, cx: &mut Cx<'_, '_>, id: UserId) -> Result<bool> {
        if let Some(sees) = self.sees.get(&id) {
            return Ok(*sees);
        }
        let sees = there(users::get(cx, id))?;
        self.sees.insert(id, sees);
        Ok(sees)
    }
}

fn there<T>(found: Result<T>) -> Result<bool> {
    match found {
        Ok(_) => Ok(true),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

const UNSEEN: &str = "something that you may not see";

/// Leaves of what was done to somebody who is not at home in these teams what it did to their membership: the rest, such as the
/// tokens that went with an account, lies elsewhere. Whom it was done to is told, since that is why the entry is here.
fn keep_of_teams(teams: &[TeamId], entry: &mut Entry) {
    let parsed = [&entry.before, &entry.after].map(|json| serde_json::from_str(json.as_deref()?).ok());
    let [before, after]: [Option<Value>; 2] = parsed;
    let homes: Vec<_> =
        [&before, &after].into_iter().flatten().filter_map(|json| json["home_team"]["id"].as_i64()).collect();
    let person = entry.target_kind.as_deref() == Some(Kind::Person.slug());
    if !(person && homes.is_empty()) && (homes.is_empty() || homes.iter().any(|home| teams.contains(&TeamId(*home)))) {
        return;
    }
    let kept = |json: Option<Value>| {
        let json = json?;
        let of_membership = if json["team"].is_object() { &["team", "role"][..] } else { &["teams"][..] };
        let kept: Map<_, _> =
            of_membership.iter().filter_map(|key| Some(((*key).to_owned(), json.get(*key)?.clone()))).collect();
        Some(Value::Object(kept).to_string())
    };
    (entry.before, entry.after) = (kept(before), kept(after));
}

/// A reason without what it tells of what an account holds, or of another account. It is told by how it begins or ends, which no
/// name in it reaches.
fn without_elsewhere(reason: String) -> String {
    let names = |undone: Undone| reason.strip_prefix(undone.as_str()).is_some_and(|then| then.starts_with(BECAUSE_OF));
    if Undone::ALL.iter().copied().any(names) {
        "Another account stood in the way.".into()
    } else if reason.ends_with(NOBODY_GRANTS_MORE) {
        NOBODY_GRANTS_MORE.into()
    } else {
        reason
    }
}

/// What somebody looked for is nobody else's to know: it may name what lies elsewhere.
fn without_filters(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove("filters");
    }
}

/// Takes out the names of teams that the caller may not know of.
fn hide_teams(cx: &Cx<'_, '_>, value: &mut Value) {
    for field in ["team", "home_team"] {
        if let Some(team) = value.get_mut(field) {
            hide(cx, team);
        }
    }
    for team in value.get_mut("teams").and_then(Value::as_array_mut).into_iter().flatten() {
        hide(cx, team);
    }
}

fn hide(cx: &Cx<'_, '_>, team: &mut Value) {
    let known = team["id"].as_i64().is_some_and(|id| teams::is_known(cx, TeamId(id)));
    if !known && team.is_object() {
        *team = json!({ "name": "a team that you may not see" });
    }
}
