//! What happens in the organisation's months, and when.

use time::Duration;

use crate::service::demo::cast::{ADMIN, APPLICATIONS, Fate, MACHINES, Now, PEOPLE, ROLES, TEAMS, TOKENS};
use crate::service::demo::dice::Dice;

/// Something that happens at a moment. Numbers are places in the lists of the cast.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Team(usize),
    Role(usize),
    Person(usize),
    Application(usize),
    Secret(usize),
    Machine(usize),
    Token(usize),
    LogIn(usize),
    WrongPassword(usize),
    /// A service account at the door of the portal.
    Barred(usize),
    /// Somebody tries what they may not.
    Refused(usize),
    Use(usize),
    UseOld(usize),
    Rotate(usize),
    Suspend(usize),
    Revoke(usize),
    Leave(usize),
    Describe(usize),
}

/// Everything that happens, with how long ago, the oldest first.
pub(super) fn plan(dice: &mut Dice) -> Vec<(Duration, Act)> {
    let day = |days: i64| Duration::days(days);
    let mut plan = vec![(day(220), Act::Person(ADMIN))];
    let minute = Duration::minutes(1);
    for (at, minutes) in (0..TEAMS.len()).zip(1..) {
        plan.push((day(220) - minute * minutes, Act::Team(at)));
    }
    for (at, minutes) in (0..ROLES.len()).zip(30..) {
        plan.push((day(220) - minute * minutes, Act::Role(at)));
    }
    for (at, person) in PEOPLE.iter().enumerate().skip(1) {
        plan.push((day(person.came) - dice.up_to(hours(6)), Act::Person(at)));
        if let Now::Left(days) = person.now {
            plan.push((day(days), Act::Leave(at)));
        }
    }
    for (at, machine) in MACHINES.iter().enumerate() {
        plan.push((day(machine.made) - dice.up_to(hours(5)), Act::Machine(at)));
    }
    for (at, application) in APPLICATIONS.iter().enumerate() {
        plan.push((day(214) - minute * application.minutes, Act::Application(at)));
        plan.extend(application.secrets.iter().map(|ago| (hours(*ago), Act::Secret(at))));
    }
    for at in 0..TOKENS.len() {
        plan_token(dice, at, &mut plan);
    }
    plan_days(dice, &mut plan);
    plan.sort_by(|(one, _), (other, _)| other.cmp(one));
    plan
}

fn plan_token(dice: &mut Dice, at: usize, plan: &mut Vec<(Duration, Act)>) {
    let token = &TOKENS[at];
    // Some hours after the account itself, where both were made on one day.
    let made = Duration::days(token.made) - hours(6) - dice.up_to(hours(2));
    plan.push((made, Act::Token(at)));
    if let Some(used) = token.used.map(hours) {
        plan.push(((used + Duration::days(2)).min(made - hours(1)), Act::Use(at)));
        plan.push((used, Act::Use(at)));
    }
    match token.fate {
        Fate::Kept => {}
        Fate::Rotated(ago, _) => {
            plan.push((hours(ago), Act::Rotate(at)));
            if ago < 24 {
                plan.push((hours(ago) / 2, Act::UseOld(at)));
            }
        }
        Fate::Suspended(days) => plan.push((Duration::days(days), Act::Suspend(at))),
        Fate::Revoked(days) => plan.push((Duration::days(days), Act::Revoke(at))),
    }
}

/// What happens without a reason: people come and go, mistype, and try what they may not.
fn plan_days(dice: &mut Dice, plan: &mut Vec<(Duration, Act)>) {
    for (at, person) in PEOPLE.iter().enumerate() {
        let (until, times) = match person.now {
            Now::Invited => continue,
            Now::Left(days) => (Duration::days(days), 5),
            Now::Here => (Duration::ZERO, 11),
        };
        for _ in 0..times {
            plan.push((until + dice.up_to(Duration::days(person.came - 1) - until), Act::LogIn(at)));
        }
    }
    for _ in 0..14 {
        let at = dice.below(22);
        plan.push((dice.up_to(Duration::days(80)), Act::WrongPassword(at)));
        let at = 10 + dice.below(10);
        plan.push((dice.up_to(Duration::days(85)), Act::Refused(at)));
    }
    for at in 0..TEAMS.len() {
        plan.push((dice.up_to(Duration::days(200)), Act::Describe(at)));
    }
    plan.push((Duration::days(17), Act::Barred(3)));
    plan.push((Duration::days(17) - Duration::minutes(2), Act::Barred(3)));
}

fn hours(hours: i64) -> Duration {
    Duration::hours(hours)
}
