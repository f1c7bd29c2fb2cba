//! What a caller may do with an account.

use super::acts::may_wake;
use super::turn::{may_become_person, may_become_service};
use crate::model::Result;
use crate::model::access::{Holdings, Place};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::service::app::Cx;
use crate::store;

/// What the caller may do with an account, for drawing the controls.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each control of a page")]
pub struct Rights {
    /// Change its profile.
    pub update: bool,
    /// Change its role, username, contact and home, and switch it off and on.
    pub manage: bool,
    /// Switch it on, where it is off.
    pub enable: bool,
    /// Remove it.
    pub delete: bool,
    /// Move it to another home, or make a service account of a person: as [`Rights::manage`], where no setting leaves that to
    /// Admins.
    pub rehome: bool,
    /// Change its teams.
    pub assign: bool,
    /// See its tokens.
    pub see_tokens: bool,
    /// Make tokens for it.
    pub make_tokens: bool,
    /// Change its tokens.
    pub change_tokens: bool,
    /// Revoke its tokens.
    pub revoke_tokens: bool,
    /// See what it did.
    pub see_activity: bool,
    /// Hand out a link that sets its password.
    pub link: bool,
    /// Turn a person into a service account, or a service or agent account into a person.
    pub turn: bool,
}

/// What the caller may do with `user`.
///
/// # Errors
/// A fault.
pub fn rights(cx: &mut Cx<'_, '_>, user: &User) -> Result<Rights> {
    let mut rights = row_rights(cx, user)?;
    if !rights.manage {
        return Ok(rights);
    }
    if user.kind == Kind::Person {
        let held = Holdings::latent(&user.standing(store::memberships::roles(cx.tx, user.id)?));
        rights.link = user.is_enabled() && cx.actor.may_grant(&held).is_ok();
        rights.turn = may_become_service(cx, user).is_ok();
    } else {
        rights.turn = user.is_enabled() && may_become_person(cx, user).is_ok();
    }
    Ok(rights)
}

/// What the caller may do with a user of a list: all but handing out a link and turning it, which are not looked into.
///
/// # Errors
/// A fault.
pub fn row_rights(cx: &mut Cx<'_, '_>, user: &User) -> Result<Rights> {
    let enable = !user.is_enabled() && cx.actor.may_act_on(user, Action::Update).is_ok() && may_wake(cx, user).is_ok();
    let own = |action| cx.actor.owns(user.id, action);
    let may = |action| cx.actor.may_act_on(user, action).is_ok();
    let home = Place::of_home(user.home_team);
    let admin_ok = user.role != OrgRole::Admin || cx.actor.is_admin();
    let manages = cx.actor.may_manage(user.kind).is_ok();
    let token = |action| admin_ok && manages && cx.actor.can(Permission::new(Resource::Tokens, action), home);
    let person = user.kind == Kind::Person;
    let assign = cx.actor.can(Permission::new(Resource::Teams, Action::Update), Place::Everywhere)
        || !cx.actor.teams_with(Permission::new(Resource::Teams, Action::Update)).is_empty();
    Ok(Rights {
        enable,
        update: may(Action::Update) || own(Action::Update),
        manage: may(Action::Update),
        delete: may(Action::Delete),
        rehome: may(Action::Update) && cx.actor.may_manage(Kind::Service).is_ok(),
        assign: assign && admin_ok && manages,
        see_tokens: own(Action::Read) || cx.actor.can(Permission::new(Resource::Tokens, Action::Read), home),
        make_tokens: person && own(Action::Update) || token(Action::Create),
        change_tokens: person && own(Action::Update) || token(Action::Update),
        revoke_tokens: own(Action::Update) || token(Action::Delete),
        see_activity: own(Action::Read) || cx.actor.can(Permission::new(Resource::Audit, Action::Read), home),
        link: false,
        turn: false,
    })
}
