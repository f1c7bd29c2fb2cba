//! Acts on tokens.

use latchkey::model::Result;
use latchkey::model::ids::{TokenId, UserId};
use latchkey::model::permissions::{PermissionSet, Resource};
use latchkey::model::tokens::Overlap;
use latchkey::model::users::Kind;
use latchkey::service::by_name::{self, TokenEdit, TokenWanted};
use latchkey::service::tokens::{self, NewToken, Rotate, TokenChange};

use super::{KnownToken, Learned, Outcome, Pass, Try, none, nothing};

pub fn make_token(by: &mut Try<'_>) -> Outcome {
    let machine = !by.dice.once_in(4);
    let user = by.target(|account| (account.kind != Kind::Person) == machine)?;
    let new = by.new_token();
    by.make_token(user, new)
}

pub fn make_token_by_name(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|account| account.kind != Kind::Person)?;
    let NewToken { name, scopes, teams, .. } = by.new_token();
    let wanted = TokenWanted {
        name,
        expires_in_days: Some(1),
        scopes: Some(scopes.iter().map(|scope| scope.to_string()).collect()),
        teams: teams.map(|teams| teams.iter().map(|team| by.reading.teams[team].clone()).collect()),
        ..TokenWanted::default()
    };
    let minted = by.write(|cx| by_name::create_token(cx, user, wanted))?;
    Ok(vec![Learned::Token(KnownToken::made(&minted))])
}

pub fn make_own_token(by: &mut Try<'_>) -> Outcome {
    let new = by.new_token();
    by.make_token(by.me, new)
}

pub fn make_global_admin(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let new = NewToken { global_admin: true, scopes: PermissionSet::EMPTY, teams: None, ..by.new_token() };
    by.make_token(user, new)
}

/// Some token of those that the filter lets through; one whose secret is known twice as often.
pub fn some_token(by: &mut Try<'_>, fits: impl Fn(&Pass) -> bool) -> Option<(TokenId, UserId)> {
    let known_only = by.dice.once_in(2);
    let hands = by.hands;
    let known = |id: &TokenId| !known_only || hands.tokens.iter().any(|token| token.id == *id);
    let fitting = by.reading.tokens.iter().filter(|(id, pass)| known(id) && fits(pass));
    let all: Vec<_> = fitting.map(|(id, pass)| (*id, pass.user)).collect();
    let found = by.dice.any(&all)?;
    by.tell(format!("token {} of {}", found.0, found.1));
    Some(found)
}

pub fn change_token(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |_| true).ok_or_else(none)?;
    let mut change = TokenChange::default();
    let what = by.dice.below(8);
    if what & 1 == 0 {
        change.scopes = Some(by.scopes());
    }
    if what & 2 == 0 {
        change.teams = Some(by.token_teams());
    }
    if what & 4 == 0 {
        change.global_admin = Some(false);
        by.tell("no global admin");
    }
    nothing(by.write(|cx| tokens::change(cx, user, token, &change)))
}

pub fn change_token_by_name(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |_| true).ok_or_else(none)?;
    let scopes = by.scopes().iter().map(|scope| scope.to_string()).collect();
    let team = by.team().filter(|_| by.dice.once_in(2));
    let teams = team.and_then(|id| by.reading.teams.get(&id).cloned()).map(|name| vec![name]);
    let edit = TokenEdit {
        name: Some(by.fresh("t")),
        scopes: Some(scopes),
        teams: by.dice.once_in(2).then_some(teams),
        ..TokenEdit::default()
    };
    nothing(by.write(|cx| by_name::change_token(cx, user, token, edit)))
}

/// Some token of those that the filter lets through, mostly one that can do no more than the actor.
fn covered_token(by: &mut Try<'_>, fits: impl Fn(&Pass) -> bool) -> Result<(TokenId, UserId)> {
    let (reading, power, daring) = (by.reading, by.power, by.daring);
    let own = PermissionSet::all_of(&[Resource::Own]);
    let covered = |pass: &Pass| {
        let beyond = pass.scopes.without(power.anywhere().or(own));
        daring || (beyond.is_empty() && reading.of_pass(pass).beyond(power).is_empty())
    };
    some_token(by, |pass| fits(pass) && !pass.revoked && covered(pass)).ok_or_else(none)
}

pub fn rotate_token(by: &mut Try<'_>) -> Outcome {
    let (token, user) = covered_token(by, |pass| !pass.suspended)?;
    let overlap = by.dice.pick(Overlap::ALL);
    let wanted = Rotate { version: None, overlap, form_key: None };
    let minted = by.write(|cx| tokens::rotate(cx, user, token, &wanted))?;
    Ok(vec![Learned::Token(KnownToken::made(&minted))])
}

pub fn finish_rotation(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |pass| pass.secrets.len() > 1 && !pass.revoked).ok_or_else(none)?;
    nothing(by.write(|cx| tokens::finish(cx, user, token, None)))
}

pub fn suspend_token(by: &mut Try<'_>) -> Outcome {
    let (token, user) = covered_token(by, |pass| !pass.suspended)?;
    nothing(by.write(|cx| tokens::suspend(cx, user, token, None)))
}

pub fn resume_token(by: &mut Try<'_>) -> Outcome {
    let (token, user) = covered_token(by, |pass| pass.suspended)?;
    nothing(by.write(|cx| tokens::resume(cx, user, token, None)))
}

pub fn give_global_admin(by: &mut Try<'_>) -> Outcome {
    let (token, user) = some_token(by, |pass| !pass.global_admin).ok_or_else(none)?;
    let change = TokenChange { global_admin: Some(true), ..TokenChange::default() };
    nothing(by.write(|cx| tokens::change(cx, user, token, &change)))
}

pub fn revoke_token(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let theirs = by.reading.tokens.iter().filter(|(_, pass)| pass.user == user && !pass.revoked);
    let theirs: Vec<_> = theirs.map(|(id, _)| *id).collect();
    let token = by.dice.any(&theirs).ok_or_else(none)?;
    by.tell(format!("token {token}"));
    nothing(by.write(|cx| tokens::revoke(cx, user, token)))
}
