//! Access tokens: making, listing, revoking.

use std::collections::BTreeSet;

use serde_json::json;

use super::app::{Cx, account};
use crate::model::access::{Holdings, Place};
use crate::model::actor::{TokenUse, Via};
use crate::model::error::Problems;
use crate::model::ids::{TeamId, TokenId, UserId};
use crate::model::page::{Cursor, Key, Page, PageRequest};
use crate::model::permissions::{Action, Permission, PermissionSet, Resource};
use crate::model::tokens::{Lifetime, PlainToken, Token, TokenType};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, names};
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
    /// The teams it is limited to.
    pub teams: Option<BTreeSet<TeamId>>,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// The form's key, so that sending it twice makes one token.
    pub form_key: Option<String>,
}

/// A new token, with its secret this once.
pub struct Minted {
    /// What is kept of it.
    pub token: Token,
    /// The secret.
    pub plain: PlainToken,
    /// What it can do at this moment.
    pub effective: PermissionSet,
}

/// A token with what it can do at this moment.
#[derive(Clone, Debug)]
pub struct TokenInfo {
    /// The token.
    pub token: Token,
    /// Its scopes and what its account may do.
    pub effective: PermissionSet,
}

/// Makes a token for a user.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, user: UserId, new: NewToken) -> Result<Minted> {
    let user = super::users::get(cx, user)?.user;
    cx.attempt("token.create");
    may_make(cx, &user)?;
    cx.first_time(new.form_key.as_deref())?;
    let minted = mint(cx, &user, &new)?;
    cx.made(new.form_key.as_deref(), minted.token.id.0)?;
    Ok(minted)
}

/// Rules 1 to 3: one's own as a person, or `tokens:create` in the account's home; and only Admins for Admins.
pub(super) fn may_make(cx: &Cx<'_, '_>, user: &User) -> Result<()> {
    if user.kind == Kind::Person && cx.actor.owns(user.id, Action::Update) {
        return Ok(());
    }
    cx.actor.may(Permission::new(Resource::Tokens, Action::Create), Place::of_home(user.home_team))?;
    cx.actor.may_manage(user.kind)?;
    cx.actor.may_touch(user)
}

/// Lets those go on who may make tokens for `user`.
///
/// # Errors
/// A refusal, or an account that is disabled.
pub fn making(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    cx.attempt("token.create");
    cx.on(account(user));
    may_make(cx, user)?;
    must_be_enabled(user)
}

fn must_be_enabled(user: &User) -> Result<()> {
    if user.is_enabled() {
        return Ok(());
    }
    Err(Error::Conflict(format!("{} is disabled. Enable it first.", user.username)))
}

/// Makes the token; the caller may make tokens for this account, but what this one can do is checked here.
pub(super) fn mint(cx: &mut Cx<'_, '_>, user: &User, new: &NewToken) -> Result<Minted> {
    must_be_enabled(user)?;
    let (name, description, expires_at) = checked(cx, user, new)?;
    let standing = user.standing(store::memberships::roles(cx.tx, user.id)?);
    let limited = |held: Holdings| held.limited(new.scopes, new.teams.as_ref());
    let can = if new.global_admin { Holdings::everything() } else { limited(Holdings::of(&standing)) };
    if new.global_admin {
        may_make_global_admin(cx, new)?;
    } else {
        cx.actor.may_grant(&limited(Holdings::latent(&standing)))?;
        may_lay_by(cx, user, new.scopes)?;
    }
    if let Some(parent) = cx.actor.token() {
        within_parent(cx, parent, new, expires_at)?;
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
        teams: new.teams.as_ref(),
        hint: &plain.hint(),
        hash: &plain.hash(),
        expires_at,
        created_by: &created_by,
        parent,
    };
    let token = store::tokens::insert(cx.tx, &row, cx.now)?;
    cx.attempt("token.create");
    let made = told(cx, &token)?;
    cx.done(account(user), None, Some(made))?;
    Ok(Minted { token, plain, effective: can.anywhere() })
}

/// A scope that the account cannot use today may wake when its roles grow, so whoever puts it on a token must hold it too.
fn may_lay_by(cx: &Cx<'_, '_>, user: &User, scopes: PermissionSet) -> Result<()> {
    let mine = to_give(cx, user.kind, cx.actor.id() == Some(user.id));
    match scopes.without(mine).iter().next() {
        None => Ok(()),
        Some(scope) => Err(Error::Forbidden(crate::model::error::Refusal {
            missing: Some(scope),
            reason: format!("You do not have {scope} to give here. Nobody grants more than they hold."),
        })),
    }
}

/// Checks the fields of a new token, and that its name is free.
pub(super) fn checked(
    cx: &mut Cx<'_, '_>,
    user: &User,
    new: &NewToken,
) -> Result<(String, String, Option<time::OffsetDateTime>)> {
    let mut problems = Problems::default();
    let name = problems.take(names::display("name", &new.name));
    let description = problems.take(names::description(&new.description));
    let end = problems.take(cx.app.token_policy().end_of(new.life, cx.now, new.life_field));
    if let Some(name) = &name
        && store::tokens::name_taken(cx.tx, user.id, name)?
    {
        problems.add("name", format!("{} has a token of this name already. Choose another one.", user.username));
    }
    for team in new.teams.iter().flatten() {
        if team.is_public() || !super::teams::is_known(cx, *team) || store::teams::get(cx.tx, *team).is_err() {
            problems.add("limit_teams", "Choose teams that you know, other than Public.");
            break;
        }
    }
    problems.check()?;
    Ok((name.unwrap_or_default(), description.unwrap_or_default(), end.flatten()))
}

/// A global-admin token is made by an Admin in person, with the password typed lately, or on the command line.
pub(super) fn may_make_global_admin(cx: &Cx<'_, '_>, new: &NewToken) -> Result<()> {
    if !cx.actor.is_admin() || cx.actor.token().is_some() {
        return Err(Error::refused("Only Admins make global-admin tokens, in the portal or on the command line."));
    }
    if !new.scopes.is_empty() || new.teams.is_some() {
        return Err(Error::field(
            "global_admin",
            "A global-admin token has no scopes and no teams of its own: it acts as an Admin.",
        ));
    }
    cx.actor.typed_password_lately(cx.now)
}

/// A token made by a token neither outlives nor exceeds it.
fn within_parent(cx: &Cx<'_, '_>, parent: &TokenUse, new: &NewToken, end: Option<time::OffsetDateTime>) -> Result<()> {
    if parent.expires_at.is_some_and(|limit| end.is_none_or(|end| end > limit)) {
        let message = "A token cannot outlive the token that makes it. Choose an earlier end.";
        return Err(Error::field(new.life_field, message));
    }
    let beyond = new.scopes.without(cx.actor.holdings.anywhere());
    if let Some(scope) = beyond.iter().next().filter(|_| !parent.global_admin) {
        return Err(Error::Forbidden(crate::model::error::Refusal {
            missing: Some(scope),
            reason: format!("The token that makes it does not have {scope} itself. Nobody grants more than they hold."),
        }));
    }
    match (&parent.teams, &new.teams) {
        (Some(allowed), Some(wanted)) if wanted.is_subset(allowed) => Ok(()),
        (Some(_), _) => Err(Error::refused("A token cannot act in teams in which the token that makes it cannot.")),
        (None, _) => Ok(()),
    }
}

/// What the audit log keeps of a token.
fn told(cx: &mut Cx<'_, '_>, token: &Token) -> Result<serde_json::Value> {
    let mut kept = json!({
        "token_id": token.id,
        "name": token.name,
        "hint": token.hint,
        "scopes": token.scopes,
        "global_admin": token.global_admin,
        "expires_at": token.expires_at.map(|end| end.unix_timestamp()),
    });
    if let Some(limit) = &token.teams {
        let mut teams = Vec::new();
        for id in limit {
            teams.push(json!({ "id": id, "name": store::teams::get(cx.tx, *id)?.name }));
        }
        kept["teams"] = teams.into();
    }
    Ok(kept)
}

/// All tokens of a user, the newest first.
///
/// # Errors
/// A refusal.
pub fn of_user(cx: &mut Cx<'_, '_>, user: UserId) -> Result<Vec<TokenInfo>> {
    let user = super::users::get(cx, user)?.user;
    cx.attempt("token.list");
    if !cx.actor.owns(user.id, Action::Read) {
        cx.actor.may(Permission::new(Resource::Tokens, Action::Read), Place::of_home(user.home_team))?;
    }
    let held = Holdings::of(&user.standing(store::memberships::roles(cx.tx, user.id)?));
    let tokens = store::tokens::of_user(cx.tx, user.id)?;
    let enabled = user.is_enabled();
    Ok(tokens
        .into_iter()
        .map(|token| {
            let can = if token.global_admin {
                Holdings::everything()
            } else {
                held.limited(token.scopes, token.teams.as_ref())
            };
            let good = enabled && token.is_usable(cx.now);
            TokenInfo { effective: if good { can.anywhere() } else { PermissionSet::EMPTY }, token }
        })
        .collect())
}

/// A page of a user's tokens, the newest first.
///
/// # Errors
/// A refusal, or a cursor that is none.
pub fn page(cx: &mut Cx<'_, '_>, user: UserId, request: &PageRequest) -> Result<Page<TokenInfo>> {
    let mut tokens = of_user(cx, user)?;
    if let Some(Cursor { id, backwards, .. }) = request.cursor {
        tokens.retain(|info| (info.token.id.0 < id) != backwards && info.token.id.0 != id);
        if backwards {
            tokens.reverse();
        }
    }
    Ok(Page::build(request, tokens, |info| (Key::Number(info.token.id.0), info.token.id.0)))
}

/// One token of a user.
///
/// # Errors
/// A refusal, or no such token.
pub fn get(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<TokenInfo> {
    let found = of_user(cx, user)?.into_iter().find(|info| info.token.id == token);
    found.ok_or(Error::NotFound("token"))
}

/// Revokes a token for good.
///
/// # Errors
/// A refusal, or no such token.
pub fn revoke(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<()> {
    let user = super::users::get(cx, user)?.user;
    cx.attempt("token.revoke");
    may_revoke(cx, &user)?;
    let token = store::tokens::get(cx.tx, user.id, token)?;
    if token.revoked_at.is_some() {
        return Ok(());
    }
    store::tokens::revoke(cx.tx, token.id, cx.now)?;
    let lost = told(cx, &token)?;
    cx.done(account(&user), Some(lost), None)
}

/// A token that the caller is about to revoke.
///
/// # Errors
/// A refusal, or no such token.
pub fn revoking(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<TokenInfo> {
    let account = super::users::get(cx, user)?.user;
    cx.attempt("token.revoke");
    may_revoke(cx, &account)?;
    get(cx, user, token)
}

fn may_revoke(cx: &Cx<'_, '_>, user: &User) -> Result<()> {
    if cx.actor.owns(user.id, Action::Update) && cx.actor.may_manage(user.kind).is_ok() {
        return Ok(());
    }
    cx.actor.may(Permission::new(Resource::Tokens, Action::Delete), Place::of_home(user.home_team))?;
    cx.actor.may_manage(user.kind)?;
    cx.actor.may_touch(user)
}

/// Revokes every token of a user that still could be used. How many there were.
///
/// # Errors
/// A refusal.
pub fn revoke_all(cx: &mut Cx<'_, '_>, user: UserId) -> Result<usize> {
    let tokens = store::tokens::of_user(cx.tx, user)?;
    let usable: Vec<_> = tokens.into_iter().filter(|token| token.is_usable(cx.now)).map(|token| token.id).collect();
    if usable.is_empty() {
        let user = super::users::get(cx, user)?.user;
        cx.attempt("token.revoke");
        may_revoke(cx, &user)?;
    }
    for token in &usable {
        revoke(cx, user, *token)?;
    }
    Ok(usable.len())
}

/// The scopes that the caller may put on a token of an account with these holdings: what both hold somewhere, and the
/// account's own things.
pub fn grantable(cx: &Cx<'_, '_>, kind: Kind, account: &Holdings, own: bool) -> PermissionSet {
    account.anywhere().and(to_give(cx, kind, own))
}

/// What the caller has to put on a token. A person's own things are theirs alone; a machine's are whoever manages it.
fn to_give(cx: &Cx<'_, '_>, kind: Kind, own: bool) -> PermissionSet {
    let things = PermissionSet::all_of(&[Resource::Own]);
    let held = cx.actor.holdings.anywhere();
    match kind {
        _ if matches!(cx.actor.via, Via::Cli) => held,
        Kind::Person if own => held,
        Kind::Person => held.without(things),
        Kind::Service | Kind::Agent => held.or(things),
    }
}

/// What an account holds at this moment.
///
/// # Errors
/// A fault.
pub fn holdings(cx: &mut Cx<'_, '_>, user: &User) -> Result<Holdings> {
    Ok(Holdings::of(&user.standing(store::memberships::roles(cx.tx, user.id)?)))
}
