//! What forms offer: only what the caller may grant.

use super::app::Cx;
use crate::model::Result;
use crate::model::access::{Holdings, Standing};
use crate::model::ids::TeamId;
use crate::model::page::{MAX_LIMIT, PageRequest};
use crate::model::roles::{Grants, OrgRole, TeamRole};
use crate::model::teams::Team;
use crate::model::users::Kind;
use crate::store;

/// The organisation roles that the caller covers and so may give.
pub fn org_roles(cx: &Cx<'_, '_>) -> Vec<OrgRole> {
    let covered = |role: &OrgRole| {
        let standing = Standing { kind: Kind::Person, role: *role, teams: Vec::new() };
        cx.actor.holdings.lack_against(&Holdings::latent(&standing)).is_none()
    };
    OrgRole::ALL.iter().copied().filter(covered).collect()
}

/// Those of `roles` that the caller covers in `team` and so may give there.
fn team_roles(cx: &Cx<'_, '_>, team: TeamId, roles: &[TeamRole]) -> Vec<TeamRole> {
    roles.iter().filter(|role| covers(cx, team, role.grants)).cloned().collect()
}

/// The roles that the caller covers in `team` and so may give there.
///
/// # Errors
/// A fault.
pub fn roles_in(cx: &mut Cx<'_, '_>, team: TeamId) -> Result<Vec<TeamRole>> {
    let roles = super::roles::all(cx)?;
    Ok(team_roles(cx, team, &roles))
}

fn covers(cx: &Cx<'_, '_>, team: TeamId, grants: Grants) -> bool {
    let standing = Standing { kind: Kind::Person, role: OrgRole::Member, teams: vec![(team, grants)] };
    cx.actor.may_grant(&Holdings::latent(&standing)).is_ok()
}

/// A team that a new account may be put into, with the roles that may be given there.
#[derive(Clone, Debug)]
pub struct TeamOffer {
    /// The team.
    pub team: Team,
    /// The roles.
    pub roles: Vec<TeamRole>,
}

/// The teams, up to 200, that the caller may put a new account into; `machines` where it is a service account.
///
/// # Errors
/// A fault.
pub fn teams(cx: &mut Cx<'_, '_>, machines: bool) -> Result<Vec<TeamOffer>> {
    Ok(some_teams(cx, machines)?.0)
}

/// The same, and whether there are more: then a team has to be named.
///
/// # Errors
/// A fault.
pub fn some_teams(cx: &mut Cx<'_, '_>, machines: bool) -> Result<(Vec<TeamOffer>, bool)> {
    let (teams, more) = super::teams::assignable(cx, machines)?;
    let roles = super::roles::all(cx)?;
    let offers = teams.into_iter().map(|team| TeamOffer { roles: team_roles(cx, team.id, &roles), team });
    Ok((offers.filter(|offer| !offer.roles.is_empty()).collect(), more))
}

/// The teams, up to 200, that may be the home of a service account which the caller makes or moves. `Public` is among them
/// for those who may everywhere.
///
/// # Errors
/// A fault.
pub fn homes(cx: &mut Cx<'_, '_>) -> Result<Vec<Team>> {
    Ok(some_homes(cx)?.0)
}

/// The same, and whether there are more: then a home has to be named.
///
/// # Errors
/// A fault.
pub fn some_homes(cx: &mut Cx<'_, '_>) -> Result<(Vec<Team>, bool)> {
    let Ok(only) = super::users::may_create_somewhere(cx) else {
        return Ok((Vec::new(), false));
    };
    let page = store::teams::page(cx.tx, "", only.as_deref(), &PageRequest::first(MAX_LIMIT))?;
    let more = page.next.is_some();
    Ok((page.items, more))
}
