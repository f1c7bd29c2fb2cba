//! What the Admin outside the set does: gives, takes, and changes what holds for all.

use latchkey::base::secret::Secret;
use latchkey::model::actor::Origin;
use latchkey::model::roles::OrgRole;
use latchkey::service::users::UserChange;
use latchkey::service::{Caller, links, members, settings, tokens, users};

use super::acts::{Act, Outcome, act, change_team_role, none};
use super::hands::{KnownToken, Learned};
use super::run::Try;

/// All that the Admin outside does.
pub const GIFTS: &[Act] = &[
    act(4, "give a role", "", give_role),
    act(6, "give a membership", "", give_membership),
    act(2, "withdraw a membership", "", withdraw_membership),
    act(3, "switch off", "", switch_off),
    act(3, "switch on", "", switch_on),
    act(3, "make a token and keep it", "", keep_token),
    act(2, "make a token and show it", "", show_token),
    act(1, "have a password set", "", reset_password),
    act(3, "change what a team role gives", "", change_team_role),
    act(2, "toggle who manages service accounts", "", toggle_rule_eight),
];

fn give_role(by: &mut Try<'_>) -> Outcome {
    let me = by.me;
    let ada = by.reading.accounts[&me].name.clone();
    let user = by.account(|account| account.name != ada)?;
    let role = by.dice.pick(&[OrgRole::Member, OrgRole::Editor, OrgRole::Manager, OrgRole::Admin]);
    by.tell(role.as_str());
    by.write(|cx| users::update(cx, user, UserChange { role: Some(role), ..UserChange::default() }))?;
    Ok(Vec::new())
}

fn give_membership(by: &mut Try<'_>) -> Outcome {
    let (team, user) = (by.team().ok_or_else(none)?, by.account(|_| true)?);
    let role = by.team_role(team);
    by.write(|cx| members::set(cx, team, user, role))?;
    Ok(Vec::new())
}

fn withdraw_membership(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| !account.teams.is_empty())?;
    let team = *by.reading.accounts[&user].teams.keys().next().ok_or_else(none)?;
    by.write(|cx| members::remove(cx, team, user))?;
    Ok(Vec::new())
}

fn switch_off(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.enabled && account.role != OrgRole::Admin)?;
    by.write(|cx| users::disable(cx, user))?;
    Ok(Vec::new())
}

fn switch_on(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| !account.enabled)?;
    by.write(|cx| users::enable(cx, user))?;
    Ok(Vec::new())
}

fn keep_token(by: &mut Try<'_>) -> Outcome {
    show_token(by).map(|_| Vec::new())
}

fn show_token(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.kind != latchkey::model::users::Kind::Person)?;
    let new = by.new_token();
    let minted = by.write(|cx| tokens::create(cx, user, new))?;
    Ok(vec![Learned::Token(KnownToken::given(&minted))])
}

/// Somebody outside the set gets a link and uses it, as after a log-in that was stolen.
fn reset_password(by: &mut Try<'_>) -> Outcome {
    let user = by.account(|account| account.has_password && account.enabled && account.role != OrgRole::Admin)?;
    let links::Issued { purpose, secret, .. } = by.write(|cx| links::issue_for(cx, user))?;
    let password = Secret::new(crate::support::PASSWORD.into());
    links::choose_password(&by.portal().app, &Caller::nobody(Origin::default()), &secret, purpose, &password)?;
    Ok(vec![Learned::Password(user)])
}

fn toggle_rule_eight(by: &mut Try<'_>) -> Outcome {
    let to = !by.reading.only_admins_manage_machines;
    by.tell(to.to_string());
    by.write(|cx| settings::update(cx, None, |settings| settings.only_admins_manage_machines = to))?;
    Ok(Vec::new())
}
