//! What credentials can do, read from the store and reckoned here once more by the rules of the specification, so that a fault
//! in the product's own reckoning does not hide itself.

use std::collections::{BTreeMap, BTreeSet};

use latchkey::model::access::Place;
use latchkey::model::actor::Actor;
use latchkey::model::ids::{RoleId, TeamId, TokenId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::{Grants, OrgRole, Predefined};
use latchkey::model::users::Kind;

use crate::support::Window;

/// Permissions and reach into applications place by place (`None` is everywhere), and whether it acts as an Admin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Power {
    admin: bool,
    places: BTreeMap<Option<TeamId>, Grants>,
}

impl Power {
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// What the product says that an actor has at this moment.
    pub fn of(actor: &Actor) -> Self {
        let mut power = Self { admin: actor.is_admin(), places: BTreeMap::new() };
        for (place, grants) in actor.holdings.places() {
            power.put(if let Place::Team(team) = place { Some(team) } else { None }, grants);
        }
        power
    }

    fn put(&mut self, place: Option<TeamId>, grants: Grants) {
        let sum = either(self.places.get(&place).copied().unwrap_or(Grants::NOTHING), grants);
        if sum != Grants::NOTHING {
            self.places.insert(place, sum);
        }
    }

    /// Takes all of `other` into this.
    pub fn add(&mut self, other: &Self) {
        self.admin |= other.admin;
        for (place, grants) in &other.places {
            self.put(*place, *grants);
        }
    }

    /// What is held at a place.
    pub fn at(&self, place: Option<TeamId>) -> Grants {
        let held = |place| self.places.get(&place).copied().unwrap_or(Grants::NOTHING);
        either(held(None), held(place))
    }

    /// Whether all of `grants` is held at a place.
    pub fn covers(&self, place: Option<TeamId>, grants: Grants) -> bool {
        let held = self.at(place);
        grants.permissions.without(held.permissions).is_empty() && grants.level <= held.level
    }

    /// Every permission held at any place.
    pub fn anywhere(&self) -> PermissionSet {
        self.places.values().fold(PermissionSet::EMPTY, |all, held| all.or(held.permissions))
    }

    /// In words, what this has and `ceiling` has not; empty where there is nothing of the kind.
    pub fn beyond(&self, ceiling: &Self) -> String {
        let mut extra = Vec::new();
        if self.admin && !ceiling.admin {
            extra.push("acting as an Admin".to_owned());
        }
        for (place, has) in &self.places {
            let held = ceiling.at(*place);
            let permissions = has.permissions.without(held.permissions);
            let place = place.map_or("everywhere".to_owned(), |team| format!("in team {team}"));
            if !permissions.is_empty() {
                extra.push(format!("{permissions} {place}"));
            }
            if has.level > held.level {
                extra.push(format!("applications at {} {place}", has.level));
            }
        }
        extra.join("; ")
    }
}

fn either(one: Grants, other: Grants) -> Grants {
    Grants { permissions: one.permissions.or(other.permissions), level: one.level.max(other.level) }
}

/// An account as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub kind: Kind,
    pub role: OrgRole,
    pub enabled: bool,
    pub has_password: bool,
    pub home: Option<TeamId>,
    pub contact: Option<UserId>,
    pub email: String,
    pub teams: BTreeMap<TeamId, RoleId>,
}

/// A token as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    pub user: UserId,
    pub agents: bool,
    pub global_admin: bool,
    pub limit: Option<BTreeSet<TeamId>>,
    pub ends_at: i64,
    pub revoked: bool,
    pub suspended: bool,
    pub scopes: PermissionSet,
    /// Until when each of its secrets is good, by its hint.
    pub secrets: BTreeMap<String, i64>,
}

/// All that one sequence has in the store.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub accounts: BTreeMap<UserId, Account>,
    pub tokens: BTreeMap<TokenId, Pass>,
    /// Whose link it is, and when it ends.
    pub links: BTreeMap<i64, (UserId, i64)>,
    pub roles: BTreeMap<RoleId, Grants>,
    pub teams: BTreeMap<TeamId, String>,
    pub only_admins_manage_machines: bool,
    pub agents_stopped: bool,
}

/// The last rows of earlier sequences.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    users: i64,
    teams: i64,
    tokens: i64,
    roles: i64,
}

impl Base {
    /// Where the store's rows end now.
    pub fn here(window: &mut Window) -> Self {
        let mut last = |table| {
            let query = format!("SELECT '' || COALESCE(MAX(id), 0) AS t FROM {table}");
            window.texts(&query)[0].parse::<i64>().unwrap()
        };
        Self { users: last("users"), teams: last("teams"), tokens: last("tokens"), roles: last("roles") }
    }
}

impl Reading {
    /// Everything after `base`, and the predefined roles.
    pub fn of(window: &mut Window, base: Base) -> Self {
        let yes = |what: &str| format!("CASE WHEN {what} THEN '1' ELSE '0' END");
        let Base { users, teams, tokens, roles } = base;
        let query = format!(
            "SELECT 'u|' || id || '|' || username || '|' || kind || '|' || role || '|' || {enabled} || '|' || {password} \
             || '|' || COALESCE(home_team_id, 0) || '|' || COALESCE(contact_id, 0) || '|' || email AS t FROM users WHERE id > {users} \
             UNION ALL SELECT 'm|' || user_id || '|' || team_id || '|' || role_id FROM memberships WHERE user_id > {users} \
             UNION ALL SELECT 'r|' || id || '|' || level || '|' || permissions FROM roles WHERE id > {roles} \
             UNION ALL SELECT 't|' || id || '|' || user_id || '|' || {global} || '|' || {limited} || '|' \
             || COALESCE(expires_at, {never}) || '|' || {revoked} || '|' || scopes || '|' || {suspended} || '|' || kind FROM tokens WHERE id > {tokens} \
             UNION ALL SELECT 'k|' || token_id || '|' || hint || '|' || COALESCE(ends_at, {never}) FROM token_secrets WHERE token_id > {tokens} \
             UNION ALL SELECT 'x|' || token_id || '|' || team_id FROM token_teams WHERE token_id > {tokens} \
             UNION ALL SELECT 'l|' || id || '|' || user_id || '|' || expires_at FROM links WHERE user_id > {users} \
             UNION ALL SELECT 'g|' || id || '|' || name FROM teams WHERE id > {teams} \
             UNION ALL SELECT 's|' || {setting} || '|' || {stopped} FROM settings",
            enabled = yes("disabled_at IS NULL"),
            password = yes("password_hash IS NOT NULL"),
            global = yes("global_admin"),
            limited = yes("limited"),
            revoked = yes("revoked_at IS NOT NULL"),
            suspended = yes("suspended_at IS NOT NULL"),
            stopped = yes("agents_stopped_at IS NOT NULL"),
            setting = yes("only_admins_manage_machines"),
            never = i64::MAX,
        );
        let mut reading = Self::default();
        for role in Predefined::ALL {
            reading.roles.insert(role.id(), role.grants());
        }
        let mut rows = window.texts(&query);
        // What belongs to an account or token comes after it.
        rows.sort_by_key(|row| matches!(row.as_bytes()[0], b'm' | b'x' | b'k'));
        for row in rows {
            reading.take(&row.split('|').collect::<Vec<_>>());
        }
        reading
    }

    fn take(&mut self, row: &[&str]) {
        let number = |at: usize| row[at].parse::<i64>().unwrap();
        match row[0] {
            "u" => {
                let account = Account {
                    name: row[2].into(),
                    kind: Kind::from_slug(row[3]).unwrap(),
                    role: row[4].parse().unwrap(),
                    enabled: row[5] == "1",
                    has_password: row[6] == "1",
                    home: Some(TeamId(number(7))).filter(|home| home.0 > 0),
                    contact: Some(UserId(number(8))).filter(|contact| contact.0 > 0),
                    email: row[9].into(),
                    teams: BTreeMap::new(),
                };
                self.accounts.insert(UserId(number(1)), account);
            }
            "m" => {
                let teams = &mut self.accounts.get_mut(&UserId(number(1))).unwrap().teams;
                teams.insert(TeamId(number(2)), RoleId(number(3)));
            }
            "r" => {
                let grants = Grants { level: row[2].parse().unwrap(), permissions: row[3].parse().unwrap() };
                self.roles.insert(RoleId(number(1)), grants);
            }
            "t" => {
                let pass = Pass {
                    user: UserId(number(2)),
                    global_admin: row[3] == "1",
                    limit: (row[4] == "1").then(BTreeSet::new),
                    ends_at: number(5),
                    revoked: row[6] == "1",
                    scopes: row[7].parse().unwrap(),
                    suspended: row[8] == "1",
                    agents: row[9] == "Agent",
                    secrets: BTreeMap::new(),
                };
                self.tokens.insert(TokenId(number(1)), pass);
            }
            "x" => {
                let limit = &mut self.tokens.get_mut(&TokenId(number(1))).unwrap().limit;
                limit.as_mut().unwrap().insert(TeamId(number(2)));
            }
            "k" => {
                let secrets = &mut self.tokens.get_mut(&TokenId(number(1))).unwrap().secrets;
                secrets.insert(row[2].into(), number(3));
            }
            "l" => drop(self.links.insert(number(1), (UserId(number(2)), number(3)))),
            "g" => drop(self.teams.insert(TeamId(number(1)), row[2].into())),
            _ => (self.only_admins_manage_machines, self.agents_stopped) = (row[1] == "1", row[2] == "1"),
        }
    }

    /// What an account can do at this moment (rules 1 and 4).
    fn account(&self, account: &Account) -> Power {
        let mut power = Power::default();
        let teamless = account.teams.is_empty() && account.kind != Kind::Person;
        if !account.enabled || teamless {
            return power;
        }
        power.put(None, account.role.grants());
        for (team, role) in &account.teams {
            power.put(Some(*team), self.roles[role]);
        }
        power
    }

    /// What whoever knows this person's password can do; `None` where it lets nobody in.
    pub fn by_password(&self, user: UserId) -> Option<Power> {
        let account = self.accounts.get(&user).filter(|account| account.has_password)?;
        self.as_person(account)
    }

    /// What whoever gets this person's mail can do, or has a link for them.
    pub fn by_link(&self, user: UserId) -> Option<Power> {
        self.as_person(self.accounts.get(&user)?)
    }

    fn as_person(&self, account: &Account) -> Option<Power> {
        let may_enter = account.enabled && account.kind == Kind::Person;
        may_enter.then(|| Power { admin: account.role == OrgRole::Admin, ..self.account(account) })
    }

    /// What the secret of this hint can do at `now` (rule 1, and section 4); `None` where it is not good.
    pub fn by_token(&self, token: TokenId, hint: &str, now: i64) -> Option<Power> {
        let pass = self.tokens.get(&token)?;
        if pass.suspended
            || (pass.agents && self.agents_stopped)
            || pass.secrets.get(hint).is_none_or(|ends| *ends <= now)
        {
            return None;
        }
        let good = !pass.revoked && pass.ends_at > now && self.accounts.get(&pass.user)?.enabled;
        good.then(|| self.of_pass(pass))
    }

    /// What a token that is good can do.
    pub fn of_pass(&self, pass: &Pass) -> Power {
        if pass.global_admin {
            return Power { admin: true, places: BTreeMap::from([(None, OrgRole::Admin.grants())]) };
        }
        let held = self.account(&self.accounts[&pass.user]);
        let narrow = |grants: Grants| Grants {
            permissions: grants.permissions.and(pass.scopes),
            level: grants.level.limited(pass.scopes),
        };
        let mut power = Power::default();
        match &pass.limit {
            None => held.places.iter().for_each(|(place, grants)| power.put(*place, narrow(*grants))),
            Some(limit) => limit.iter().for_each(|team| power.put(Some(*team), narrow(held.at(Some(*team))))),
        }
        power
    }

    /// In words, what somebody who is no Admin did to service and agent accounts between `before` and this although the setting
    /// leaves that to Admins (rule 8).
    pub fn meddled(&self, before: &Self) -> Option<String> {
        let machines = |reading: &Self| {
            let all = reading.accounts.clone().into_iter();
            all.filter(|(_, account)| account.kind != Kind::Person).collect::<BTreeMap<_, _>>()
        };
        let were = machines(before);
        for (id, account) in machines(self) {
            let Some(was) = were.get(&id) else { return Some(format!("{} was made", account.name)) };
            let mut still = was.teams.clone();
            still.retain(|team, _| self.teams.contains_key(team));
            if account.teams != still || account.home != was.home {
                return Some(format!("{} was assigned", account.name));
            }
        }
        let tokens = |reading: &Self| {
            let mut all = reading.tokens.clone();
            all.retain(|_, pass| were.contains_key(&pass.user) && self.accounts.contains_key(&pass.user));
            all.values_mut()
                .filter_map(|pass| pass.limit.as_mut())
                .for_each(|limit| limit.retain(|team| self.teams.contains_key(team)));
            all
        };
        (tokens(self) != tokens(before)).then(|| "tokens were changed".into())
    }
}
