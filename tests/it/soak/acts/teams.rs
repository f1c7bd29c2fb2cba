//! Acts on teams, their members, and what holds for all.

use latchkey::model::Result;
use latchkey::model::ids::UserId;
use latchkey::service::{agents, by_name, homes, members, settings, teams};

use super::{Account, Outcome, Try, none, nothing};

pub fn move_homes(by: &mut Try<'_>) -> Outcome {
    let from = by.place(by.act.permission())?;
    let to = by.place("service_accounts:create".parse().ok())?;
    let to = by.reading.teams[&to].clone();
    nothing(by.write(|cx| homes::move_all(cx, from, &to)))
}

pub fn change_settings(by: &mut Try<'_>) -> Outcome {
    let only_admins = !by.reading.only_admins_manage_machines;
    nothing(by.write(|cx| settings::update(cx, None, |settings| settings.only_admins_manage_machines = only_admins)))
}

pub fn stop_agents(by: &mut Try<'_>) -> Outcome {
    nothing(by.write(|cx| agents::stop(cx, None)))
}

pub fn resume_agents(by: &mut Try<'_>) -> Outcome {
    nothing(by.write(|cx| agents::resume(cx, None)))
}

/// Some account, mostly one that does not hold more than the actor.
pub fn to_join(by: &mut Try<'_>) -> Result<UserId> {
    let covered = |account: &Account| {
        let mut teams = account.teams.iter();
        by.power.covers(None, account.role.grants())
            && teams.all(|(team, role)| by.power.covers(Some(*team), by.reading.roles[role]))
    };
    let all = by.reading.accounts.iter().filter(|(_, account)| by.daring || covered(account));
    let all: Vec<_> = all.map(|(id, _)| *id).collect();
    by.one_of(&all).ok_or_else(none)
}

pub fn set_member(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.place(by.act.permission())?, to_join(by)?);
    let role = by.team_role(team);
    nothing(by.write(|cx| members::set(cx, team, user, role)))
}

pub fn set_member_by_name(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.place(by.act.permission())?, to_join(by)?);
    let role = by.dice.pick(&["Viewer", "Editor", "Maintainer", "Owner"]);
    by.tell(role);
    nothing(by.write(|cx| by_name::set_member(cx, team, user, role)))
}

pub fn end_membership(by: &mut Try<'_>) -> Outcome {
    let team = by.place(by.act.permission())?;
    let members = by.reading.accounts.iter().filter(|(_, account)| account.teams.contains_key(&team));
    let members: Vec<_> = members.map(|(id, _)| *id).collect();
    let user = by.one_of(&members).ok_or_else(none)?;
    nothing(by.write(|cx| members::remove(cx, team, user)))
}

pub fn make_team(by: &mut Try<'_>) -> Outcome {
    let name = by.fresh("team");
    nothing(by.write(|cx| teams::create(cx, &name, "", None)))
}

pub fn rename_team(by: &mut Try<'_>) -> Outcome {
    let (team, name) = (by.place(by.act.permission())?, by.fresh("team"));
    nothing(by.write(|cx| teams::update(cx, team, &name, "", None)))
}

pub fn delete_team(by: &mut Try<'_>) -> Outcome {
    let team = by.place(by.act.permission())?;
    nothing(by.write(|cx| teams::delete(cx, team)))
}
