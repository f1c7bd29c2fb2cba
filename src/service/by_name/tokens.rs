//! Tokens as programs ask for them.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{not_too_many, one_more, word};
use crate::model::Result;
use crate::model::applications::{Written, apart};
use crate::model::error::Problems;
use crate::model::ids::{TeamId, TokenId, UserId};
use crate::model::permissions::PermissionSet;
use crate::model::tokens::{Lifetime, Networks};
use crate::service::app::Cx;
use crate::service::tokens::{self, Changed, Minted, TokenChange, TokenInfo};
use crate::service::users;

/// A new token.
#[derive(Clone, Debug, Default)]
pub struct TokenWanted {
    /// Unique for the account.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// So many days from now, …
    pub expires_in_days: Option<i64>,
    /// … or until this moment (RFC 3339), …
    pub expires_at: Option<String>,
    /// … or without end: exactly one of the three.
    pub never: Option<bool>,
    /// What it may be used for.
    pub scopes: Option<Vec<String>>,
    /// The teams it is limited to.
    pub teams: Option<Vec<String>>,
    /// Whether it is to act as an Admin.
    pub global_admin: bool,
    /// From where it may be used.
    pub networks: Option<Vec<String>>,
}

/// Makes a token for a user.
///
/// # Errors
/// A refusal, or everything that is wrong with the fields.
pub fn create_token(cx: &mut Cx<'_, '_>, user: UserId, wanted: TokenWanted) -> Result<Minted> {
    let account = users::get(cx, user)?.user;
    cx.attempt("token.create");
    tokens::may_make(cx, &account)?;
    let mut problems = Problems::default();
    let (life, life_field) = lifetime(&wanted, &mut problems);
    not_too_many("scopes", wanted.scopes.as_deref().unwrap_or_default())?;
    not_too_many("teams", wanted.teams.as_deref().unwrap_or_default())?;
    if wanted.scopes.is_none() && !wanted.global_admin {
        problems.add("scopes", "Say what the token may be used for. Without a scope it can do nothing.");
    }
    let (scopes, app_scopes) = scopes(wanted.scopes.as_deref().unwrap_or_default(), &mut problems);
    let teams = limit(cx, wanted.teams.as_deref(), &mut problems)?;
    let networks = networks(wanted.networks.as_deref().unwrap_or_default(), &mut problems);
    let new = tokens::NewToken {
        name: wanted.name,
        description: wanted.description.unwrap_or_default(),
        life: life.unwrap_or(Lifetime::Days(1)),
        life_field,
        scopes,
        app_scopes,
        teams,
        global_admin: wanted.global_admin,
        networks,
        form_key: None,
    };
    if new.global_admin {
        tokens::may_make_as_admin(cx, &new)?;
    }
    if !problems.is_empty() {
        problems.merge(tokens::checked(cx, &account, &new))?;
        problems.check()?;
    }
    tokens::create(cx, user, new)
}

/// What is to be changed of a token; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TokenEdit {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other scopes.
    pub scopes: Option<Vec<String>>,
    /// The teams it is limited to from now on, or no limit.
    pub teams: Option<Option<Vec<String>>>,
    /// From where it may be used from now on; none for anywhere.
    pub networks: Option<Vec<String>>,
}

/// Changes a token.
///
/// # Errors
/// [`Stale`](crate::model::Error::Stale) where somebody else changed it meanwhile, a refusal, or everything that is wrong with the fields.
pub fn change_token(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, edit: TokenEdit) -> Result<TokenInfo> {
    let (account, before) = tokens::changing(cx, user, token)?;
    let mut problems = Problems::default();
    not_too_many("scopes", edit.scopes.as_deref().unwrap_or_default())?;
    let named = edit.teams.as_ref().and_then(Option::as_deref);
    not_too_many("teams", named.unwrap_or_default())?;
    let (scopes, app_scopes) = edit.scopes.map(|words| scopes(&words, &mut problems)).unzip();
    let teams = limit(cx, named, &mut problems)?;
    let change = TokenChange {
        version: edit.version,
        name: edit.name,
        description: edit.description,
        scopes,
        app_scopes,
        // Where none of the names is good, that is told already.
        teams: edit.teams.map(|_| teams).filter(|teams| teams.as_ref().is_none_or(|teams| !teams.is_empty())),
        networks: edit.networks.map(|words| networks(&words, &mut problems)),
        global_admin: None,
    };
    if !problems.is_empty() {
        problems.merge(tokens::checked_change(cx, &account, &before, &change))?;
        problems.check()?;
    }
    let Changed { after, .. } = tokens::change(cx, user, token, &change)?;
    tokens::told_of(cx, &account, after)
}

fn lifetime(wanted: &TokenWanted, problems: &mut Problems) -> (Option<Lifetime>, &'static str) {
    let mut ways = Vec::new();
    if let Some(days) = wanted.expires_in_days {
        ways.push(("expires_in_days", Some(Lifetime::Days(days))));
    }
    if let Some(text) = &wanted.expires_at {
        let end = OffsetDateTime::parse(text, &Rfc3339);
        if end.is_err() {
            problems.add("expires_at", "Write the time as RFC 3339 does, for example 2027-01-31T12:00:00Z.");
        }
        ways.push(("expires_at", end.ok().map(Lifetime::Until)));
    }
    if wanted.never == Some(true) {
        ways.push(("never", Some(Lifetime::Never)));
    }
    match ways.as_slice() {
        [(field, life)] => return (*life, field),
        [] => {
            problems.add("expires_in_days", "Say when the token ends: expires_in_days, expires_at, or \"never\": true.")
        }
        [_, more @ ..] => {
            for (field, _) in more {
                problems.add(*field, "Give one of expires_in_days, expires_at and never, not several.");
            }
        }
    }
    (None, "expires_in_days")
}

fn scopes(words: &[String], problems: &mut Problems) -> (PermissionSet, BTreeSet<String>) {
    let words = words.iter().enumerate();
    apart(words.filter_map(|(at, text)| word::<Written>(problems, &format!("scopes/{at}"), text)))
}

fn networks(words: &[String], problems: &mut Problems) -> Networks {
    let networks = words.iter().enumerate().filter_map(|(at, text)| match text.parse::<Networks>() {
        // Nothing is no network: taken for one, it would let in everybody.
        Ok(network) if network.is_anywhere() => {
            problems.add(format!("networks/{at}"), "Write a network here, or send an empty list for anywhere.");
            None
        }
        Ok(network) => Some(network.to_string()),
        Err(wrong) => {
            problems.add(format!("networks/{at}"), wrong);
            None
        }
    });
    let all = networks.collect::<Vec<_>>().join(" ").parse();
    all.map_err(|wrong: String| problems.add("networks", wrong)).unwrap_or_default()
}

fn limit(cx: &mut Cx<'_, '_>, named: Option<&[String]>, problems: &mut Problems) -> Result<Option<BTreeSet<TeamId>>> {
    let Some(named) = named else { return Ok(None) };
    if named.is_empty() {
        problems.add("teams", "Name at least one team, or leave teams out for a token without such a limit.");
    }
    let mut teams = BTreeSet::new();
    for (at, name) in named.iter().enumerate() {
        let field = format!("teams/{at}");
        if let Some(id) = one_more(cx, &field, name, &|id| teams.contains(&id), problems)? {
            teams.insert(id);
        }
    }
    Ok(Some(teams))
}
