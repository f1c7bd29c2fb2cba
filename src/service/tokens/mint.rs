//! Making tokens.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::giving::{Extent, may_give, named_uses, within_parent};
use super::{effect, may_manage, told};
use crate::model::actor::TokenUse;
use crate::model::applications::AppScope;
use crate::model::effective::Effect;
use crate::model::error::Problems;
use crate::model::ids::{TeamId, UserId};
use crate::model::permissions::{Action, PermissionSet};
use crate::model::tokens::{Lifetime, Networks, PlainToken, Token, TokenType};
use crate::model::users::User;
use crate::model::{Error, FieldError, Result, names};
use crate::service::app::{Cx, account};
use crate::service::{teams, users};
use crate::store;

/// What the form for a new token, or the API, asks for.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Unique for the account.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How long it is to live.
    pub life: Lifetime,
    /// Under what name the form calls the lifetime, for errors.
    pub life_field: &'static str,
    /// What it may be used for.
    pub scopes: PermissionSet,
    /// What it may be used for in applications, as `slug:scope`.
    pub app_scopes: BTreeSet<String>,
    /// The teams it is limited to.
    pub teams: Option<BTreeSet<TeamId>>,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// From where it may be used.
    pub networks: Networks,
    /// The form's key, so that sending it twice makes one token.
    pub form_key: Option<String>,
}

impl NewToken {
    fn extent<'a>(&'a self, app_scopes: &'a BTreeSet<AppScope>) -> Extent<'a> {
        Extent { scopes: self.scopes, app_scopes, teams: self.teams.as_ref(), networks: &self.networks }
    }
}

/// A new token, with its secret this once.
pub struct Minted {
    /// What is kept of it.
    pub token: Token,
    /// The secret.
    pub plain: PlainToken,
    /// What it can do at this moment.
    pub effective: Effect,
}

/// Makes a token for a user.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, user: UserId, new: NewToken) -> Result<Minted> {
    let user = users::get(cx, user)?.user;
    cx.attempt("token.create");
    may_make(cx, &user)?;
    cx.first_time(new.form_key.as_deref())?;
    let minted = mint(cx, &user, &new)?;
    cx.made(new.form_key.as_deref(), minted.token.id.0)?;
    Ok(minted)
}

/// Rules 1 to 3 for a new token.
pub(in crate::service) fn may_make(cx: &Cx<'_, '_>, user: &User) -> Result<()> {
    may_manage(cx, user, Action::Create)
}

/// Lets those go on who may make tokens for `user`.
///
/// # Errors
/// A refusal, or an account that is disabled.
pub fn making(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    cx.attempt("token.create");
    cx.on(account(user));
    may_make(cx, user)?;
    must_be_enabled(user)?;
    cx.token_policy(TokenType::from(user.kind))?.permits()
}

pub(super) fn must_be_enabled(user: &User) -> Result<()> {
    if user.is_enabled() {
        return Ok(());
    }
    Err(Error::Conflict(format!("{} is disabled. Enable it first.", user.username)))
}

/// Makes the token; the caller may make tokens for this account, but what this one can do is checked here.
pub(in crate::service) fn mint(cx: &mut Cx<'_, '_>, user: &User, new: &NewToken) -> Result<Minted> {
    must_be_enabled(user)?;
    cx.token_policy(TokenType::from(user.kind))?.permits()?;
    let Checked { name, description, expires_at, app_scopes } = checked(cx, user, new)?;
    let standing = user.standing(store::memberships::roles(cx.tx, user.id)?);
    let extent = new.extent(&app_scopes);
    match new.global_admin {
        true => may_make_global_admin(cx, extent)?,
        false => may_give(cx, user, &standing, extent)?,
    }
    if let Some(parent) = cx.actor.token() {
        ends_within(parent, expires_at, new.life_field)?;
        within_parent(cx, parent, extent)?;
    }
    let kind = TokenType::from(user.kind);
    let plain = PlainToken::generate(kind);
    let created_by = cx.actor.name().to_owned();
    let parent = cx.actor.token().map(|token| token.id);
    let row = store::tokens::NewToken {
        user: user.id,
        name: &name,
        description: &description,
        kind,
        global_admin: new.global_admin,
        scopes: new.scopes,
        app_scopes: &app_scopes,
        teams: new.teams.as_ref(),
        hint: &plain.hint(),
        hash: &plain.hash(),
        expires_at,
        created_by: &created_by,
        networks: &new.networks,
        parent,
    };
    let token = store::tokens::insert(cx.tx, &row, cx.now)?;
    cx.attempt("token.create");
    let made = told(cx, &token)?;
    cx.done(account(user), None, Some(made))?;
    Ok(Minted { effective: effect(cx, user, &token)?, token, plain })
}

/// The fields of a new token, with which nothing is wrong.
pub(in crate::service) struct Checked {
    name: String,
    description: String,
    expires_at: Option<OffsetDateTime>,
    app_scopes: BTreeSet<AppScope>,
}

/// Checks the fields of a new token, and that its name is free.
pub(in crate::service) fn checked(cx: &mut Cx<'_, '_>, user: &User, new: &NewToken) -> Result<Checked> {
    let mut problems = Problems::default();
    let name = problems.take(names::display("name", &new.name));
    let description = problems.take(names::description(&new.description));
    let kind = TokenType::from(user.kind);
    let policy = cx.token_policy(kind)?;
    let end = match new.life {
        Lifetime::Never if kind.always_ends() => Err(FieldError::new(new.life_field, AGENTS_TOKENS_END)),
        life => policy.end_of(life, cx.now, new.life_field),
    };
    let end = problems.take(end);
    if let Some(name) = &name
        && store::tokens::name_taken(cx.tx, user.id, name, None)?
    {
        problems.add("name", name_taken(user));
    }
    problems.merge(known_teams(cx, new.teams.iter().flatten().copied()))?;
    let standing = user.standing(store::memberships::roles(cx.tx, user.id)?);
    let app_scopes = problems.gather(named_uses(cx, &new.app_scopes, &standing, &BTreeSet::new()))?;
    problems.check()?;
    Ok(Checked {
        name: name.unwrap_or_default(),
        description: description.unwrap_or_default(),
        expires_at: end.flatten(),
        app_scopes: app_scopes.unwrap_or_default(),
    })
}

const AGENTS_TOKENS_END: &str = "The tokens of an AI agent always expire. Choose an end.";

pub(super) fn name_taken(user: &User) -> String {
    format!("{} has a token of this name already. Choose another one.", user.username)
}

/// A token is limited to teams that whoever limits it knows, other than `Public`.
pub(super) fn known_teams(cx: &mut Cx<'_, '_>, wanted: impl IntoIterator<Item = TeamId>) -> Result<()> {
    for team in wanted {
        if team.is_public() {
            return Err(Error::field("limit_teams", "A token cannot be limited to Public, which gives nothing."));
        }
        teams::there_is(cx, team, "limit_teams")?;
    }
    Ok(())
}

/// A token made by a token ends no later.
fn ends_within(parent: &TokenUse, end: Option<OffsetDateTime>, field: &str) -> Result<()> {
    if parent.expires_at.is_some_and(|limit| end.is_none_or(|end| end > limit)) {
        let message = "A token cannot outlive the token that makes it. Choose an earlier end.";
        return Err(Error::field(field, message));
    }
    Ok(())
}

/// Lets those go on who may make this one a global-admin token, before anything else is looked at.
pub(in crate::service) fn may_make_as_admin(cx: &Cx<'_, '_>, new: &NewToken) -> Result<()> {
    if !new.app_scopes.is_empty() {
        return Err(global_admin_has_no_scopes());
    }
    may_make_global_admin(cx, new.extent(&BTreeSet::new()))
}

fn global_admin_has_no_scopes() -> Error {
    Error::field("global_admin", "A global-admin token has no scopes and no teams of its own: it acts as an Admin.")
}

/// A global-admin token is made by an Admin in person, with the password typed lately, or on the command line.
pub(super) fn may_make_global_admin(cx: &Cx<'_, '_>, extent: Extent<'_>) -> Result<()> {
    if !cx.actor.is_admin() || cx.actor.token().is_some() {
        return Err(Error::refused("Only Admins make global-admin tokens, in the portal or on the command line."));
    }
    if !extent.scopes.is_empty() || !extent.app_scopes.is_empty() || extent.teams.is_some() {
        return Err(global_admin_has_no_scopes());
    }
    cx.actor.typed_password_lately(cx.now)
}
