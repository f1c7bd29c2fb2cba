//! The form that changes a token.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::model::applications::AppScope;
use crate::model::error::Problems;
use crate::model::ids::TeamId;
use crate::model::permissions::PermissionSet;
use crate::model::tokens::Token;
use crate::model::{Error, Result};
use crate::service::applications::Offer;
use crate::service::tokens::{Changed, Editing, TokenChange};
use crate::web::Fields;
use crate::web::grid::{Grid, Ticks};
use crate::web::tokens::scopes;
use crate::web::tokens::uses::{self, UsesForm};
use crate::web::view::{Change, Field};

/// The names of the fields beside which the form shows errors.
pub const SHOWN: &[&str] = &["name", "description", "scopes", "limit_teams", "networks", "password"];

/// The form.
pub struct EditForm {
    pub action: String,
    pub version: String,
    /// Its scopes; none where it acts as an Admin.
    pub grid: Option<Grid>,
    /// Those of applications; none where it has none and none may be given.
    pub uses: Option<UsesForm>,
    pub limit: Option<Limit>,
    pub name: Field,
    pub name_was: String,
    pub description: Field,
    pub description_was: String,
    pub networks: Field,
    pub networks_was: String,
    /// Whether *Global admin* is shown.
    pub global: bool,
    pub global_admin: bool,
    pub global_was: bool,
    pub ask_password: bool,
    pub password: Field,
}

/// Where a token acts.
pub struct Limit {
    pub limited: bool,
    pub limited_was: bool,
    pub may_lift: bool,
    pub teams: Vec<LimitBox>,
    /// `and 2 teams that you may not see`.
    pub hidden: String,
    /// Whether there are teams that may not be added.
    pub closed: bool,
    pub error: Option<String>,
}

/// One team.
pub struct LimitBox {
    pub id: i64,
    pub name: String,
    pub on: bool,
    pub was: bool,
    pub open: bool,
}

impl EditForm {
    /// The form for `token`, with what was typed and what is wrong with it.
    pub fn new(
        (token, offer, apps): (&Token, &Editing, &[Offer]),
        action: String,
        typed: Option<&Fields>,
        error: Option<&Error>,
    ) -> Self {
        let field = |name, stored: &str| {
            let value = typed.map_or(stored, |typed| typed.get(name));
            Field::new(name, value).judged(error)
        };
        let mut password = Field::new("password", "").judged(error);
        if matches!(error, Some(Error::PasswordNeeded)) {
            password.error = Some("Type your password to give a token this power.".into());
        }
        let stale = matches!(error, Some(Error::Stale));
        Self {
            action,
            // A form that came back for another reason still stands on what was read at first.
            version: match typed.map(|typed| typed.get("version")) {
                Some(read) if !read.is_empty() && !stale => read.to_owned(),
                _ => token.version.to_string(),
            },
            grid: (!token.global_admin).then(|| grid(token, offer, typed, error)),
            uses: (!apps.is_empty() && !token.global_admin).then(|| of_applications(token, apps, typed)),
            limit: limit(token, offer, typed, error),
            name: field("name", &token.name),
            name_was: token.name.clone(),
            description: field("description", &token.description),
            description_was: token.description.clone(),
            networks: field("networks", &token.networks.to_string()),
            networks_was: token.networks.to_string(),
            global: offer.may_global || token.global_admin,
            global_admin: typed.map_or(token.global_admin, |typed| typed.has("global_admin")),
            global_was: token.global_admin,
            ask_password: (!token.global_admin && offer.ask_password) || matches!(error, Some(Error::PasswordNeeded)),
            password,
        }
    }

    /// What the store holds now where it is not what was typed.
    pub fn conflict(&self, token: &Token, typed: &Fields) -> Vec<Change> {
        let mut found = Vec::new();
        for (field, name, now) in [("Name", "name", &token.name), ("Description", "description", &token.description)] {
            if typed.get(name).replace("\r\n", "\n").trim() != now {
                found.push(Change::new(field, now));
            }
        }
        let networks = token.networks.to_string();
        if typed.get("networks").parse().ok().as_ref() != Some(&token.networks) {
            found.push(Change::new("Networks", if networks.is_empty() { "anywhere".into() } else { networks }));
        }
        let ticked = |name| typed.all(name).map(str::to_owned).collect::<BTreeSet<_>>();
        let scopes: BTreeSet<_> = token.words().into_iter().collect();
        if scopes != ticked("scope") {
            let now: Vec<_> = scopes.into_iter().collect();
            found.push(Change::new("Scopes", now.join(", ")));
        }
        if let Some(limit) = &self.limit {
            let now: Vec<_> = limit.teams.iter().filter(|team| team.was).collect();
            let same = now.iter().map(|team| team.id.to_string()).collect::<BTreeSet<_>>() == ticked("limit_team");
            if limit.limited != limit.limited_was || (limit.limited_was && !same) {
                let names: Vec<_> = now.iter().map(|team| team.name.as_str()).collect();
                let theirs = if limit.limited_was { names.join(", ") } else { "wherever its account may".into() };
                found.push(Change::new("Teams", theirs));
            }
        }
        if self.global_admin != self.global_was {
            found.push(Change::new("Global admin", if self.global_was { "on" } else { "off" }));
        }
        found
    }
}

fn grid(token: &Token, offer: &Editing, typed: Option<&Fields>, error: Option<&Error>) -> Grid {
    let on = typed.map_or(token.scopes, scopes::ticked);
    let open = offer.scopes.or(token.scopes);
    let note = "What this token may be used for. It never does more than its account may do at that moment.";
    scopes::matrix(open, Ticks { on, was: Some(token.scopes) })
        .titled("Scopes", note)
        .explained(not_given(open, offer))
        .judged(error.and_then(|error| error.of_field("scopes")))
}

fn of_applications(token: &Token, apps: &[Offer], typed: Option<&Fields>) -> UsesForm {
    let ticked = typed.map(uses::ticked);
    let on = |scope: &AppScope| match &ticked {
        Some(ticked) => ticked.contains(&scope.to_string()),
        None => token.app_scopes.contains(scope),
    };
    UsesForm::new(apps, on, Some(&token.app_scopes))
}

/// Rule 2 in words, where it leaves something out.
fn not_given(open: PermissionSet, offer: &Editing) -> String {
    match &offer.only_less {
        Some(reason) => format!("You may only take away from this token, because it can do more than you may give. {reason}"),
        None if PermissionSet::everything().without(open).is_empty() => String::new(),
        None => "Only scopes that you may give have a box: those that you hold yourself, wherever this token could use them. A scope that is ticked can be taken away in any case.".into(),
    }
}

fn limit(token: &Token, offer: &Editing, typed: Option<&Fields>, error: Option<&Error>) -> Option<Limit> {
    if token.global_admin || (offer.teams.is_empty() && token.teams.is_none()) {
        return None;
    }
    let ticked: Option<Vec<TeamId>> = typed.map(|typed| typed.parse_all("limit_team"));
    let teams = offer.teams.iter().map(|team| LimitBox {
        id: team.id.0,
        name: team.name.clone(),
        on: ticked.as_ref().map_or(team.ticked, |ticked| ticked.contains(&team.id)),
        was: team.ticked,
        open: team.ticked || team.may_add,
    });
    let teams: Vec<_> = teams.collect();
    Some(Limit {
        limited: match typed.map(|typed| typed.get("limit")) {
            Some("teams") => true,
            Some("all") => false,
            _ => token.teams.is_some(),
        },
        limited_was: token.teams.is_some(),
        may_lift: offer.may_lift,
        closed: teams.iter().any(|team| !team.open),
        teams,
        hidden: match offer.hidden_teams {
            0 => String::new(),
            1 => "and 1 team that you may not see. It stays.".into(),
            n => format!("and {n} teams that you may not see. They stay."),
        },
        error: error.and_then(|error| error.of_field("limit_teams")).map(str::to_owned),
    })
}

/// Reads the form. A global-admin token has no scopes and teams of its own, so what is ticked of those does not count.
///
/// # Errors
/// What cannot be read, at its field.
pub fn read(fields: &Fields) -> Result<TokenChange> {
    let mut problems = Problems::default();
    let global_admin = fields.has("global_admin");
    let read = scopes::read(fields);
    if read.is_none() {
        problems.add("scopes", "One of these is no scope. Tick them again.");
    }
    let teams: Option<BTreeSet<TeamId>> = fields.all("limit_team").map(|id| id.parse().ok()).collect();
    if teams.is_none() {
        problems.add("limit_teams", "One of these is no team. Tick them again.");
    }
    let limit = match fields.get("limit") {
        "all" => Some(None),
        "teams" => Some(Some(teams.unwrap_or_default())),
        // Where an account has no teams there is nothing to choose from.
        "" => None,
        _ => {
            problems.add("limit_teams", "Choose where the token acts.");
            None
        }
    };
    let networks = fields.has("networks").then(|| fields.get("networks").parse());
    let networks = networks.transpose().map_err(|wrong: String| problems.add("networks", wrong)).unwrap_or_default();
    problems.check()?;
    let (scopes, app_scopes) = read.filter(|_| !global_admin).unzip();
    let sent = |name| fields.has(name).then(|| fields.get(name).to_owned());
    Ok(TokenChange {
        // Without the version that was read, nothing is known of what was changed meanwhile.
        version: Some(fields.parse("version").unwrap_or(-1)),
        name: sent("name"),
        description: sent("description"),
        scopes,
        app_scopes,
        teams: limit.filter(|_| !global_admin),
        networks,
        global_admin: Some(global_admin),
    })
}

/// Something that a change adds to what a token may do, or takes away.
#[derive(Debug, PartialEq, Eq)]
pub struct Delta {
    more: bool,
    what: String,
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.more { '+' } else { '−' }, self.what)
    }
}

/// What a change added and took away; `names` are those of the teams that may be told.
pub fn deltas(Changed { before, after }: &Changed, names: &HashMap<TeamId, String>) -> Vec<Delta> {
    let scopes = |more, one: &Token, other: &Token| {
        let other = other.words();
        let gone = one.words().into_iter().filter(move |word| !other.contains(word));
        gone.map(move |what| Delta { more, what }).collect::<Vec<_>>()
    };
    let named = |more, ids: BTreeSet<TeamId>| {
        ids.iter().filter_map(|id| names.get(id)).map(|name| Delta { more, what: format!("in {name}") }).collect()
    };
    let mut all = scopes(true, after, before);
    all.extend(scopes(false, before, after));
    if before.global_admin != after.global_admin {
        all.push(Delta { more: after.global_admin, what: "Global admin".into() });
    }
    let teams: Vec<Delta> = match (&before.teams, &after.teams) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Delta { more: true, what: "every team of its account".into() }],
        (None, Some(limit)) => {
            let known: Vec<_> = limit.iter().filter_map(|id| names.get(id).map(String::as_str)).collect();
            vec![Delta { more: false, what: format!("everything outside {}", known.join(", ")) }]
        }
        (Some(before), Some(after)) => {
            let mut teams: Vec<Delta> = named(true, after.difference(before).copied().collect());
            teams.extend::<Vec<Delta>>(named(false, before.difference(after).copied().collect()));
            teams
        }
    };
    all.extend(teams);
    all.extend(networks(before, after));
    all
}

fn networks(before: &Token, after: &Token) -> Vec<Delta> {
    let [was, is] = [before, after].map(|token| token.networks.iter().collect::<BTreeSet<_>>());
    let from = |more, network: &String| Delta { more, what: format!("from {network}") };
    match (was.is_empty(), is.is_empty()) {
        (false, true) => vec![Delta { more: true, what: "from any address".into() }],
        (true, false) => {
            let named: Vec<_> = is.into_iter().collect();
            vec![Delta { more: false, what: format!("from everywhere but {}", named.join(", ")) }]
        }
        _ => is.difference(&was).map(|n| from(true, n)).chain(was.difference(&is).map(|n| from(false, n))).collect(),
    }
}
