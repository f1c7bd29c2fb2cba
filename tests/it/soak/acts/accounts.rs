//! Acts on accounts.

use latchkey::model::ids::TeamId;
use latchkey::model::users::Kind;
use latchkey::service::by_name::{self, PersonNamed, TeamWanted, UserEdit, UserWanted};
use latchkey::service::users::{PersonWanted, UserChange};
use latchkey::service::{bulk, handover, users, wizard};

use super::links::invited;
use super::{Account, KnownToken, Learned, MAILBOX, Outcome, Try, none, nothing};

pub fn make_person(by: &mut Try<'_>) -> Outcome {
    let new = by.new_user(Kind::Person);
    by.write(|cx| users::create(cx, new)).map(invited)
}

pub fn make_machine(by: &mut Try<'_>) -> Outcome {
    let kind = by.kind();
    let new = by.new_user(kind);
    by.write(|cx| users::create(cx, new)).map(invited)
}

pub fn make_by_name(by: &mut Try<'_>) -> Outcome {
    let kind = by.dice.pick(&[Kind::Service, Kind::Service, Kind::Agent, Kind::Person]);
    let new = by.new_user(kind);
    let person = kind == Kind::Person;
    let named = |team: &TeamId| by.reading.teams[team].clone();
    let wanted = UserWanted {
        user_type: Some(kind.as_str().into()),
        name: new.display_name,
        username: person.then_some(new.username),
        email: person.then_some(new.email),
        role: new.role.as_str().into(),
        teams: new.teams.iter().map(|(team, _)| TeamWanted { name: named(team), role: None }).collect(),
        home_team: new.home_team.as_ref().map(named),
        description: None,
        sponsor: new.sponsor.map(PersonNamed::Id),
    };
    by.write(|cx| by_name::create_user(cx, wanted)).map(invited)
}

pub fn finish_wizard(by: &mut Try<'_>) -> Outcome {
    let kind = by.kind();
    let user = by.new_user(kind);
    let token = by.new_token();
    let (_, minted) = by.write(|cx| wizard::finish(cx, user, token))?;
    Ok(vec![Learned::Token(KnownToken::made(&minted))])
}

/// The kind of account that the act is about.
pub fn of_kind(by: &Try<'_>) -> impl Fn(&Account) -> bool + use<> {
    let people = by.act.needs.starts_with("users:");
    move |account| (account.kind == Kind::Person) == people
}

pub fn change_role(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let role = by.org_role();
    by.change(user, UserChange { role: Some(role), ..UserChange::default() })
}

pub fn change_address(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let email = Some(format!("{}{MAILBOX}", by.fresh("e")));
    by.change(user, UserChange { email, ..UserChange::default() })
}

pub fn change_own_address(by: &mut Try<'_>) -> Outcome {
    let email = Some(format!("{}{MAILBOX}", by.fresh("e")));
    by.change(by.me, UserChange { email, ..UserChange::default() })
}

pub fn change_profile(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let contact = by.target(|account| account.kind == Kind::Person).ok();
    let display_name = Some(by.fresh("d"));
    by.change(user, UserChange { display_name, contact: contact.map(Some), ..UserChange::default() })
}

pub fn move_home(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let home = if by.dice.once_in(6) { TeamId::PUBLIC } else { by.place("service_accounts:create".parse().ok())? };
    by.change(user, UserChange { home_team: Some(home), ..UserChange::default() })
}

pub fn change_by_name(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    let mut edit = UserEdit::default();
    match by.dice.below(3) {
        0 => edit.role = Some(by.org_role().as_str().into()),
        1 => edit.enabled = Some(by.dice.once_in(2)),
        _ => edit.description = Some(by.fresh("text")),
    }
    by.tell(format!("{:?} {:?}", edit.role, edit.enabled));
    nothing(by.write(|cx| by_name::change_user(cx, user, edit)))
}

pub fn disable(by: &mut Try<'_>) -> Outcome {
    let of_kind = of_kind(by);
    let user = by.target(|account| account.enabled && of_kind(account))?;
    nothing(by.write(|cx| users::disable(cx, user)))
}

pub fn enable(by: &mut Try<'_>) -> Outcome {
    let of_kind = of_kind(by);
    let user = by.target(|account| !account.enabled && of_kind(account))?;
    nothing(by.write(|cx| users::enable(cx, user)))
}

pub fn delete(by: &mut Try<'_>) -> Outcome {
    let user = by.target(|_| true)?;
    by.write(|cx| users::delete(cx, user, None)).map(|()| Vec::new())
}

pub fn in_bulk(by: &mut Try<'_>) -> Outcome {
    let users = vec![by.target(|_| true)?, by.target(|_| true)?];
    let act = by.dice.pick(&[bulk::Act::Disable, bulk::Act::Revoke]);
    nothing(by.write(|cx| bulk::run(cx, &users, act)))
}

pub fn turn_into_service(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let home = by.place("service_accounts:create".parse().ok())?;
    nothing(by.write(|cx| users::turn_into_service(cx, user, home)))
}

pub fn turn_into_person(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let username = by.fresh("p");
    let email = format!("{username}{}", if by.dice.once_in(2) { MAILBOX } else { "@example.com" });
    let wanted = PersonWanted { username, email };
    by.write(|cx| users::turn_into_person(cx, user, &wanted)).map(invited)
}

pub fn hand_over(by: &mut Try<'_>) -> Outcome {
    let contacts: Vec<_> = by.reading.accounts.values().filter_map(|account| account.contact).collect();
    let from = by.one_of(&contacts).ok_or_else(none)?;
    let to = by.account(|account| account.kind == Kind::Person && account.enabled)?;
    nothing(by.write(|cx| handover::hand_over(cx, from, to, None)))
}

pub fn end_sessions(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    nothing(by.write(|cx| users::end_sessions(cx, user)))
}
