//! The fields of a new token, shared by the wizard's second step and the pages of an account.

use std::collections::BTreeSet;

use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::model::access::{Holdings, Standing};
use crate::model::applications::AppScope;
use crate::model::error::Problems;
use crate::model::ids::TeamId;
use crate::model::permissions::{Action, PermissionSet};
use crate::model::roles::AppLevel;
use crate::model::tokens::{Lifetime, Policy, TokenType};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::applications::{self, Offer};
use crate::service::tokens::{NewToken, grantable, grantable_uses};
use crate::service::{Cx, teams};
use crate::web::Fields;
use crate::web::grid::{Grid, Ticks};
use crate::web::tokens::scopes;
use crate::web::tokens::uses::{self, UsesForm};
use crate::web::view::{Choice, Field, long_day};

/// The fields of the form, as they are posted. The password is not among them: it is never sent back.
pub const NAMES: &[&str] = &["token_name", "expires", "expires_on", "scope", "limit_team", "networks", "global_admin"];
const LIVES: [(i64, &str); 4] = [(30, "30 days"), (60, "60 days"), (90, "90 days"), (365, "1 year")];

/// How narrow scopes make a token.
const NARROW: &str =
    "No scope ticked means no access at all. A token never does more than its account may do at that moment.";

/// The form.
pub struct TokenForm {
    /// Its name.
    pub token_name: Field,
    /// How long it lives.
    pub expires: Field,
    /// The lives that policy allows.
    pub expires_list: Vec<Choice>,
    /// Through which day.
    pub expires_on: Field,
    /// What is recommended, and what policy says.
    pub expires_hint: String,
    /// Its type, filled in.
    pub kind: String,
    /// What the account is called.
    pub account_label: &'static str,
    /// The account's username, filled in.
    pub account: String,
    /// The scopes that may be given.
    pub scopes: Grid,
    /// Those of applications; none where there are none to give.
    pub uses: Option<UsesForm>,
    /// The teams it may be limited to.
    pub limit: Vec<LimitTeam>,
    /// Whether they are shown from the start.
    pub limit_open: bool,
    /// What is wrong with them.
    pub limit_error: Option<String>,
    /// From where it may be used.
    pub networks: Field,
    /// Whether it may be made to act as an Admin.
    pub may_global: bool,
    /// Whether it is to.
    pub global_admin: bool,
    /// What is wrong with that.
    pub global_error: Option<String>,
    /// Whether the password has to be typed for it.
    pub ask_password: bool,
    /// Where.
    pub password: Field,
}

/// A team that a token may be limited to.
pub struct LimitTeam {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is ticked.
    pub checked: bool,
}

/// The account that is to have the token, which in the wizard does not exist yet.
pub struct Prospect {
    kind: Kind,
    username: String,
    scopes: PermissionSet,
    uses: Vec<Offer>,
    teams: Vec<(TeamId, String)>,
    may_global: bool,
    ask_password: bool,
    now: OffsetDateTime,
    policy: Policy,
}

impl Prospect {
    /// An account of this kind and name, with how it stands and its teams.
    ///
    /// # Errors
    /// A fault.
    pub fn of(
        cx: &mut Cx<'_, '_>,
        (kind, username): (Kind, String),
        standing: &Standing,
        own: bool,
        ids: Vec<TeamId>,
    ) -> Result<Self> {
        let mut names = teams::names(cx, ids.iter().copied())?;
        let uses = grantable_uses(cx, standing)?;
        let named = ids.into_iter().filter(|id| !id.is_public());
        Ok(Self {
            kind,
            username,
            scopes: grantable(cx, kind, &Holdings::of(standing), own),
            uses: applications::described(cx, &uses)?,
            teams: named.filter_map(|id| names.remove(&id).map(|name| (id, name))).collect(),
            may_global: cx.actor.is_admin() && cx.actor.token().is_none(),
            ask_password: cx.actor.typed_password_lately(cx.now).is_err(),
            now: cx.now,
            policy: cx.token_policy(TokenType::from(kind))?,
        })
    }
}

impl TokenForm {
    /// The form for `account`, with what was typed and what is wrong with it. `prefix` stands before the names of the
    /// token's fields in errors.
    pub fn new(account: &Prospect, fields: &Fields, error: Option<&Error>, prefix: &str) -> Self {
        let wrong = |name: &str| {
            let found = error.and_then(|error| error.of_field(&format!("{prefix}{name}")));
            found.map(str::to_owned)
        };
        let field = |name, value: &str, known: &str| Field { name, value: value.to_owned(), error: wrong(known) };
        let lives = lives(account.policy);
        let begin_with = |days: &i64| account.policy.default_days.is_none_or(|most| *days <= most);
        let standard = lives.iter().rfind(|(value, _)| value.parse::<i64>().is_ok_and(|days| begin_with(&days)));
        let standard = standard.map_or("date", |(value, _)| value);
        let life = if fields.has("expires") { fields.get("expires") } else { standard };
        let mut password = Field::new("password", "").judged(error);
        if matches!(error, Some(Error::PasswordNeeded)) {
            password.error = Some("Type your password to give a token this power.".into());
        }
        Self {
            token_name: field("token_name", fields.get("token_name"), "name"),
            expires_list: lives.iter().map(|(value, label)| Choice::new(value, label, life)).collect(),
            expires: field("expires", life, "expires"),
            expires_on: field("expires_on", fields.get("expires_on"), "expires_on"),
            expires_hint: hint(account),
            kind: TokenType::from(account.kind).to_string(),
            account_label: label(account.kind),
            account: account.username.clone(),
            scopes: grid(account, fields).judged(wrong("scopes").as_deref()),
            uses: of_applications(account, fields),
            limit: limit(account, fields),
            limit_open: fields.has("limit_team") || wrong("limit_teams").is_some(),
            limit_error: wrong("limit_teams"),
            networks: field("networks", fields.get("networks"), "networks"),
            may_global: account.may_global,
            global_admin: fields.has("global_admin"),
            global_error: wrong("global_admin"),
            ask_password: account.ask_password || matches!(error, Some(Error::PasswordNeeded)),
            password,
        }
    }
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "User",
        Kind::Service => "Service user",
        Kind::Agent => "AI service account",
    }
}

/// The lives to choose from, the longest of the ordinary ones being the standard.
fn lives(policy: Policy) -> Vec<(String, String)> {
    // No more is offered than is allowed, and never nothing.
    let standard = policy.default_days.map(|days| policy.max_days.map_or(days, |max| days.min(max)));
    let mut days: Vec<i64> = LIVES.into_iter().map(|(days, _)| days).chain(standard).collect();
    days.retain(|days| policy.max_days.is_none_or(|max| *days <= max));
    days.sort_unstable();
    days.dedup();
    let named = |days: i64| LIVES.iter().find(|(known, _)| *known == days).map(|(_, label)| (*label).to_owned());
    let label = |days: i64| named(days).unwrap_or_else(|| format!("{days} days"));
    let mut all: Vec<_> = days.into_iter().map(|days| (days.to_string(), label(days))).collect();
    if policy.never_allowed() {
        all.push(("never".into(), "Never".into()));
    }
    all.push(("date".into(), "Until a date".into()));
    all
}

fn hint(account: &Prospect) -> String {
    let policy = match account.policy.max_days {
        Some(365) => "Policy: at most 1 year.".into(),
        Some(days) => format!("Policy: at most {days} days."),
        None if account.policy.never_allowed() => "Policy: no limit.".into(),
        None if account.kind == Kind::Agent => "The tokens of an AI agent always expire.".into(),
        None => "Policy: every token expires.".into(),
    };
    let year = Duration::days(365);
    let within = account.policy.max_days.is_none_or(|days| days >= 365);
    let advice = match account.now.checked_add(year).filter(|_| within) {
        Some(end) => format!("For production, 1 year (until {}) with a plan to rotate it before.", long_day(end)),
        None => "For production, the longest life with a plan to rotate it before.".into(),
    };
    format!("{advice} {policy}")
}

/// The scopes that may be given. An agent begins with those that only look; what comes back stays as it was ticked.
fn grid(account: &Prospect, fields: &Fields) -> Grid {
    let open = account.scopes;
    let on = if begins_reading(account, fields) {
        open.iter().filter(|permission| permission.action == Action::Read).collect()
    } else {
        scopes::ticked(fields)
    };
    let below = match (open.is_empty(), PermissionSet::everything().without(open).is_empty()) {
        (true, _) => "No scope can be given yet: without a role in a team the account may do nothing.".into(),
        (false, true) => NARROW.to_owned(),
        (false, false) => {
            format!("{NARROW} Only scopes that you hold yourself and that its account may use have a box.")
        }
    };
    scopes::matrix(open, Ticks { on, was: None }).titled("Scopes", "").explained(below)
}

fn begins_reading(account: &Prospect, fields: &Fields) -> bool {
    account.kind == Kind::Agent && !fields.has("token_name")
}

fn of_applications(account: &Prospect, fields: &Fields) -> Option<UsesForm> {
    if account.uses.is_empty() {
        return None;
    }
    let (reading, ticked) = (begins_reading(account, fields), uses::ticked(fields));
    let on = |scope: &AppScope| match reading {
        true => scope.level == AppLevel::Read,
        false => ticked.contains(&scope.to_string()),
    };
    Some(UsesForm::new(&account.uses, on, None))
}

fn limit(account: &Prospect, fields: &Fields) -> Vec<LimitTeam> {
    let ticked: Vec<TeamId> = fields.parse_all("limit_team");
    let teams =
        account.teams.iter().map(|(id, name)| LimitTeam { id: id.0, name: name.clone(), checked: ticked.contains(id) });
    teams.collect()
}

/// Reads the form. A global-admin token has no scopes and teams of its own, so what is ticked of those does not count.
///
/// # Errors
/// What cannot be read, at its field with `prefix` before the name.
pub fn read(fields: &Fields, prefix: &str) -> Result<NewToken> {
    let mut problems = Problems::default();
    let mut wrong = |name: &str, message: &str| problems.add(format!("{prefix}{name}"), message);
    let global_admin = fields.has("global_admin");
    let (life, life_field) = match fields.get("expires") {
        "never" => (Some(Lifetime::Never), "expires"),
        "date" => (day(fields.get("expires_on")).map(Lifetime::Through), "expires_on"),
        days => (days.parse().ok().map(Lifetime::Days), "expires"),
    };
    if life.is_none() {
        let message = match life_field {
            "expires_on" => "Choose a day, written as in 2027-01-31.",
            _ => "Choose how long it is to live.",
        };
        wrong(life_field, message);
    }
    let read = scopes::read(fields);
    if read.is_none() {
        wrong("scopes", "One of these is no scope. Tick them again.");
    }
    let teams: Option<BTreeSet<TeamId>> = fields.all("limit_team").map(|id| id.parse().ok()).collect();
    if teams.is_none() {
        wrong("limit_teams", "One of these is no team. Tick them again.");
    }
    let networks = fields.get("networks").parse();
    if let Err(wrong) = &networks {
        problems.add(format!("{prefix}networks"), String::clone(wrong));
    }
    problems.check()?;
    let (scopes, app_scopes) = read.filter(|_| !global_admin).unwrap_or_default();
    Ok(NewToken {
        name: fields.get("token_name").to_owned(),
        description: String::new(),
        life: life.unwrap_or(Lifetime::Days(1)),
        life_field,
        scopes,
        app_scopes,
        teams: teams.filter(|teams| !teams.is_empty() && !global_admin),
        global_admin,
        networks: networks.unwrap_or_default(),
        form_key: Some(fields.get("form_key").to_owned()),
    })
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text.trim(), format_description!("[year]-[month]-[day]")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(pairs: &[(&str, &str)]) -> Result<NewToken> {
        let known = [("token_name", "ci"), ("expires", "30")];
        let pairs = known.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        read(&pairs.collect(), "token_")
    }

    #[test]
    fn what_cannot_be_read_is_told_and_never_widens() {
        for (sent, field) in [(("limit_team", "x"), "token_limit_teams"), (("scope", "users:fly"), "token_scopes")] {
            assert!(read_from(&[sent]).unwrap_err().of_field(field).is_some(), "{sent:?}");
        }
        assert_eq!(read_from(&[]).unwrap().teams, None);
        assert!(read_from(&[]).unwrap().scopes.is_empty());
        assert_eq!(read_from(&[("limit_team", "7")]).unwrap().teams, Some(BTreeSet::from([TeamId(7)])));
    }

    #[test]
    fn a_global_admin_token_has_neither_scopes_nor_teams() {
        let new = read_from(&[("global_admin", "on"), ("scope", "users:read"), ("limit_team", "7")]).unwrap();
        assert!(new.global_admin && new.scopes.is_empty() && new.teams.is_none());
    }

    #[test]
    fn policy_says_which_lives_may_be_chosen() {
        let offered = |max_days, allow_never| -> Vec<String> {
            let lives = lives(Policy { allowed: true, max_days, allow_never, default_days: None });
            lives.into_iter().map(|(value, _)| value).collect()
        };
        assert_eq!(offered(None, true), ["30", "60", "90", "365", "never", "date"]);
        assert_eq!(offered(Some(90), true), ["30", "60", "90", "date"]);
        assert_eq!(offered(Some(7), false), ["date"]);
        let often = Policy { allowed: true, max_days: Some(90), allow_never: false, default_days: Some(45) };
        assert_eq!(lives(often)[1], ("45".to_owned(), "45 days".to_owned()));
    }
}
