//! A store for measuring checks of tokens: service accounts with ten tokens each for one application.

use std::collections::BTreeSet;
use std::io::Write;

use time::{Duration, OffsetDateTime};

use super::dice::Dice;
use super::names;
use crate::model::applications::AppScope;
use crate::model::ids::{ApplicationId, RoleId, TeamId};
use crate::model::permissions::PermissionSet;
use crate::model::roles::{AppLevel, OrgRole};
use crate::model::tokens::{Networks, PlainToken, TokenType};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::app::App;
use crate::store::{self, Tx};

/// How many accounts a transaction makes.
const AT_ONCE: usize = 1_000;
/// How many tokens each account has.
const EACH: usize = 10;
/// The application that all of them are for.
const SLUG: &str = "reports";

/// Fills a store with so many accounts, each with ten tokens that are good at the application `reports`, and writes these to `tokens`,
/// a line each. The last line is the secret of the application. `told` hears how many accounts there are so far.
///
/// # Errors
/// A fault, or the file cannot be written.
pub fn fill_for_checks(app: &App, accounts: usize, tokens: &mut impl Write, mut told: impl FnMut(usize)) -> Result<()> {
    let now = app.clock.now();
    let mut made = 0;
    let (application, teams, scopes) = app.store.write(|tx| {
        store::db::bulk(tx)?;
        application(tx, now)
    })?;
    let mut crowd = Crowd { dice: Dice::new(u64::try_from(accounts).unwrap_or_default()), teams, scopes, now };
    while made < accounts {
        app.store.write(|tx| {
            for _ in 0..AT_ONCE.min(accounts - made) {
                crowd.account(tx, made, tokens)?;
                made += 1;
            }
            Ok(())
        })?;
        told(made);
    }
    let secret = PlainToken::for_application();
    app.store.write(|tx| {
        store::applications::insert_secret(tx, application, (&secret.hint(), &secret.hash(), "demo"), (now, now))?;
        store::db::bulk_done(tx)
    })?;
    writeln!(tokens, "{}", secret.reveal()).map_err(Error::internal)
}

type Made = (ApplicationId, Vec<TeamId>, Vec<AppScope>);

fn application(tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<Made> {
    let teams = names::TEAMS.iter().take(20).map(|name| Ok(store::teams::insert(tx, name, "", now)?.id));
    let teams = teams.collect::<Result<Vec<_>>>()?;
    let home = teams.first().copied().unwrap_or(TeamId::PUBLIC);
    let new =
        store::applications::NewApplication { slug: SLUG, name: "Reports", description: "", home, audience: SLUG };
    let application = store::applications::insert(tx, &new, now)?;
    let mut scopes = Vec::new();
    for (name, level) in
        [("read", AppLevel::Read), ("write", AppLevel::Write), ("export", AppLevel::Read), ("admin", AppLevel::Admin)]
    {
        let scope = store::applications::NewScope { name, description: "", level };
        scopes.push(store::applications::insert_scope(tx, application.id, &scope)?.of(&application));
    }
    for team in teams.iter().take(15) {
        store::applications::open(tx, application.id, *team, now)?;
    }
    Ok((application.id, teams, scopes))
}

struct Crowd {
    dice: Dice,
    teams: Vec<TeamId>,
    scopes: Vec<AppScope>,
    now: OffsetDateTime,
}

impl Crowd {
    fn account(&mut self, tx: &mut Tx<'_>, number: usize, tokens: &mut impl Write) -> Result<()> {
        let (first, other) = (self.teams[number % 15], self.teams[15 + number % 5]);
        let row = store::users::NewUser {
            kind: Kind::Service,
            username: &format!("job_{number}@service"),
            display_name: &format!("Job {number}"),
            email: None,
            role: OrgRole::Member,
            description: "Made for measuring.",
            contact: None,
            sponsor: None,
            home_team: Some(first),
            password_hash: None,
        };
        let user = store::users::insert(tx, &row, self.now)?;
        store::memberships::set(tx, user.id, first, RoleId::EDITOR, self.now)?;
        if self.dice.chance(30) {
            store::memberships::set(tx, user.id, other, RoleId::VIEWER, self.now)?;
        }
        for nth in 0..EACH {
            let plain = PlainToken::generate(TokenType::Service);
            let all = self.scopes.iter().filter(|scope| scope.name == "read" || self.dice.chance(50));
            let app_scopes: BTreeSet<_> = all.cloned().collect();
            let new = store::tokens::NewToken {
                user: user.id,
                name: &format!("token {nth}"),
                description: "",
                kind: TokenType::Service,
                global_admin: false,
                scopes: PermissionSet::EMPTY,
                app_scopes: &app_scopes,
                teams: None,
                networks: &Networks::default(),
                hint: &plain.hint(),
                hash: &plain.hash(),
                expires_at: self.dice.chance(50).then(|| self.now + Duration::days(365)),
                created_by: "demo",
                parent: None,
            };
            store::tokens::insert(tx, &new, self.now)?;
            writeln!(tokens, "{}", plain.reveal()).map_err(Error::internal)?;
        }
        Ok(())
    }
}
