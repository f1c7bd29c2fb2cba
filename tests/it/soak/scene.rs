//! Where a sequence begins: teams, custom roles, people, machines and tokens, some of which are in the hands of the set.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::{Lifetime, Networks};
use latchkey::model::users::Kind;
use latchkey::service::tokens::NewToken;
use latchkey::service::users::{NewUser, UserChange};
use latchkey::service::{Cx, teams, tokens, users};

use super::dice::Dice;
use super::hands::{Hands, KnownToken};
use crate::support::{TestApp, Window};

const TEAMS: usize = 4;
const CUSTOM_ROLES: usize = 3;
const PEOPLE: usize = 8;
const MACHINES: usize = 6;
const TOKENS: usize = 8;
const DISABLED: usize = 4;

/// How many people and tokens can be in the set.
pub const HOLDABLE: usize = PEOPLE + TOKENS;

/// Who is outside the set and gives.
pub struct Scene {
    /// An Admin.
    pub ada: UserId,
    /// What the set has in its hands.
    pub hands: Hands,
}

/// Sets the scene in one transaction of the command line. Passwords are no argon2 hashes, which nobody needs: the tests open
/// sessions as the log-in form does once a password was right.
pub fn set(portal: &TestApp, window: &mut Window, name: &str, (thrown, held): (&[u32], &[bool])) -> Scene {
    let dice = &mut Dice::new(thrown);
    for at in 0..CUSTOM_ROLES {
        let grants = dice.grants();
        window.execute(&format!(
            "INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) \
             VALUES ('{name} role {at}', '{name} role {at}', '', '{}', '{}', 0, 1)",
            grants.permissions, grants.level
        ));
    }
    let stopped = if dice.once_in(4) { "1" } else { "NULL" };
    window.execute(&format!("UPDATE settings SET only_admins_manage_machines = FALSE, agents_stopped_at = {stopped}"));
    let query = format!("SELECT '' || id AS t FROM roles WHERE id <= 4 OR name LIKE '{name} role %' ORDER BY id");
    let roles: Vec<_> = window.texts(&query).iter().map(|id| RoleId(id.parse().unwrap())).collect();
    let ada = person(format!("{name}ada"), OrgRole::Admin, Vec::new());
    let ada = portal.write(|cx| Ok(users::create(cx, ada)?.user.id));
    // Whoever has no password yet is nobody's sponsor.
    window.execute(&format!("UPDATE users SET password_hash = 'nobody types it' WHERE id = {ada}"));
    let scene = portal.write(|cx| {
        let mut places = Vec::new();
        for at in 0..TEAMS {
            places.push(teams::create(cx, &format!("{name}T{at}"), "", None)?.id);
        }
        let mut hands = Hands::default();
        let mut accounts = vec![ada];
        for (at, held) in held.iter().enumerate().take(PEOPLE) {
            let role =
                dice.pick(&[OrgRole::Member, OrgRole::Member, OrgRole::Member, OrgRole::Editor, OrgRole::Manager]);
            let new = person(format!("{name}p{at}"), role, memberships(dice, &places, &roles));
            let id = users::create(cx, new)?.user.id;
            // A Manager in the set holds nearly everything, so that little is left to be gained.
            if dice.once_in(if role == OrgRole::Manager { 6 } else { 2 }) && *held {
                hands.passwords.insert(id);
            }
            accounts.push(id);
        }
        for at in 0..MACHINES {
            let id = users::create(cx, machine(dice, (format!("{name}m{at}"), ada), &places, &roles))?.user.id;
            let contact = Some(Some(dice.pick(&accounts[..=PEOPLE])));
            users::update(cx, id, UserChange { contact, ..UserChange::default() })?;
            accounts.push(id);
        }
        for at in 0..TOKENS {
            // The first are narrow ones of an Admin, which is where scopes are all that keeps the set from everything.
            let narrow = at < TOKENS / 4;
            let account = if narrow { ada } else { dice.pick(&accounts) };
            let mut new = token(dice, format!("t{at}"), &places);
            if narrow && !dice.once_in(4) {
                let half = dice.permissions(new.scopes);
                new.scopes = dice.permissions(half);
            }
            if new.life == Lifetime::Never && users::get(cx, account)?.user.kind == Kind::Agent {
                new.life = Lifetime::Days(30);
            }
            let minted = tokens::create(cx, account, new)?;
            if dice.once_in(2) && held[PEOPLE + at] {
                hands.tokens.push(KnownToken::given(&minted));
            }
        }
        hidden_global_admin(cx, dice.pick(&accounts[1 + PEOPLE..]))?;
        for at in 0..DISABLED {
            let some = 1 + at * (accounts.len() - 1) / DISABLED;
            if dice.once_in(2) {
                users::disable(cx, accounts[some])?;
            }
        }
        Ok(Scene { ada, hands })
    });
    let people = format!("kind = 'person' AND username LIKE '{name}%'");
    window.execute(&format!("UPDATE users SET password_hash = 'nobody types it' WHERE {people}"));
    window.execute(&format!("DELETE FROM links WHERE user_id IN (SELECT id FROM users WHERE {people})"));
    scene
}

fn memberships(dice: &mut Dice, teams: &[TeamId], roles: &[RoleId]) -> Vec<(TeamId, RoleId)> {
    let count = dice.pick(&[0, 1, 1, 2, 2]);
    let mut chosen = Vec::new();
    for _ in 0..count {
        let team = dice.pick(teams);
        let role = if dice.once_in(3) { RoleId::OWNER } else { dice.pick(roles) };
        if chosen.iter().all(|(other, _)| *other != team) {
            chosen.push((team, role));
        }
    }
    chosen
}

fn person(name: String, role: OrgRole, teams: Vec<(TeamId, RoleId)>) -> NewUser {
    NewUser {
        kind: Kind::Person,
        email: format!("{name}@example.com"),
        username: name.clone(),
        display_name: name,
        role,
        teams,
        home_team: None,
        description: String::new(),
        sponsor: None,
        name_field: "display_name",
        form_key: None,
    }
}

fn machine(dice: &mut Dice, (name, sponsor): (String, UserId), teams: &[TeamId], roles: &[RoleId]) -> NewUser {
    let kind = dice.pick(&[Kind::Service, Kind::Service, Kind::Agent]);
    let role = dice.pick(&[
        OrgRole::Member,
        OrgRole::Member,
        OrgRole::Member,
        OrgRole::Manager,
        OrgRole::Editor,
        OrgRole::Admin,
    ]);
    let home = dice.pick(teams);
    NewUser {
        kind,
        username: String::new(),
        email: String::new(),
        home_team: Some(home).filter(|_| !dice.once_in(4)),
        sponsor: Some(sponsor),
        ..person(name, role, memberships(dice, teams, roles))
    }
}

fn token(dice: &mut Dice, name: String, teams: &[TeamId]) -> NewToken {
    let everything = PermissionSet::everything();
    let scopes = if dice.once_in(4) { everything } else { dice.permissions(everything) };
    let limit = dice.once_in(3).then(|| dice.some(teams));
    // Tokens of agents always end, and the account may be one.
    let life = dice.pick(&[Lifetime::Days(900), Lifetime::Days(1), Lifetime::Days(30)]);
    NewToken {
        name,
        description: String::new(),
        life,
        life_field: "expires",
        scopes,
        app_scopes: std::collections::BTreeSet::new(),
        teams: limit,
        global_admin: false,
        networks: Networks::default(),
        form_key: None,
    }
}

fn hidden_global_admin(cx: &mut Cx<'_, '_>, account: UserId) -> latchkey::model::Result<()> {
    let mut dice = Dice::new(&[]);
    let new = token(&mut dice, "global".into(), &[]);
    tokens::create(
        cx,
        account,
        NewToken { life: Lifetime::Days(30), global_admin: true, scopes: PermissionSet::EMPTY, teams: None, ..new },
    )
    .map(drop)
}
