//! The parts of forms that choose roles, teams and a home team.

use crate::model::error::Problems;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::roles::{OrgRole, Predefined};
use crate::model::teams::Team;
use crate::model::users::Kind;
use crate::model::{Error, FieldError, Result};
use crate::service::choices::{self, TeamOffer};
use crate::service::users::NewUser;
use crate::service::{Cx, roles, users};
use crate::web::Fields;
use crate::web::view::{Choice, Field};

/// A team to be ticked, with the role in it.
pub(super) struct TeamChoice {
    pub id: i64,
    pub name: String,
    pub checked: bool,
    pub locked: bool,
    pub roles: Vec<Choice>,
}

/// What the person at the form may grant.
pub(super) struct Offers {
    roles: Vec<OrgRole>,
    teams: Vec<TeamOffer>,
    homes: Vec<Team>,
}

impl Offers {
    /// What the caller may grant.
    pub fn of(cx: &mut Cx<'_, '_>) -> Result<Self> {
        let machines = users::may_create_somewhere(cx).is_ok();
        Ok(Self { roles: choices::org_roles(cx), teams: choices::teams(cx, machines)?, homes: choices::homes(cx)? })
    }

    /// Whether service accounts may be made.
    pub fn may_service(&self) -> bool {
        !self.homes.is_empty()
    }

    /// The organisation roles, the least chosen at first.
    pub fn roles(&self, fields: &Fields) -> (Field, Vec<Choice>) {
        let chosen = if fields.has("role") { fields.get("role") } else { OrgRole::Member.as_str() };
        (Field::new("role", chosen), Choice::words(&self.roles, chosen))
    }

    /// `Public`, which is included, and the teams that may be chosen. Whoever comes from a team's page finds it ticked.
    pub fn teams(&self, fields: &Fields) -> Vec<TeamChoice> {
        let ticked: Vec<TeamId> = fields.parse_all("team");
        let begun = self.begun(fields);
        let public =
            TeamChoice { id: TeamId::PUBLIC.0, name: "Public".into(), checked: true, locked: true, roles: Vec::new() };
        let choice = |offer: &TeamOffer| TeamChoice {
            id: offer.team.id.0,
            name: offer.team.name.clone(),
            checked: ticked.contains(&offer.team.id) || begun == Some(offer.team.id),
            locked: false,
            roles: Choice::roles(&offer.roles, fields.get(&role_field(offer.team.id))),
        };
        std::iter::once(public).chain(self.teams.iter().map(choice)).collect()
    }

    /// The homes that may be chosen.
    pub fn homes(&self, fields: &Fields) -> (Field, Vec<Choice>) {
        let chosen = match self.begun(fields) {
            Some(team) => team.to_string(),
            None => fields.get("home_team").to_owned(),
        };
        let mut all = vec![Choice::new("", "The first team chosen", &chosen)];
        all.extend(self.homes.iter().map(|team| home_choice(team, &chosen)));
        (Field::new("home_team", chosen), all)
    }

    /// The home at the beginning of the wizard: the team whose page led here, or the only one there is to choose.
    fn begun(&self, fields: &Fields) -> Option<TeamId> {
        match self.homes.as_slice() {
            _ if fields.has("name") || fields.has("form_key") => None,
            [only] if !only.id.is_public() => Some(only.id),
            _ => fields.parse("home_team"),
        }
    }
}

/// A home team as a choice.
pub(super) fn home_choice(team: &Team, chosen: &str) -> Choice {
    let label = if team.id.is_public() { "Public (organisation roles only)".to_owned() } else { team.name.clone() };
    Choice::new(team.id.to_string(), label, chosen)
}

fn role_field(team: TeamId) -> String {
    format!("team_role_{team}")
}

/// Reads role, teams and home of a form for a new account; its names are for the service to check.
///
/// # Errors
/// What cannot be read, at its field.
pub(super) fn read(cx: &mut Cx<'_, '_>, fields: &Fields, kind: Kind, name_field: &'static str) -> Result<NewUser> {
    let mut problems = Problems::default();
    let sponsor = match kind {
        Kind::Agent => problems.take(sponsor(cx, fields.get("sponsor").trim())?).flatten(),
        Kind::Person | Kind::Service => None,
    };
    let wrong = |field, message| FieldError::new(field, message);
    let role = fields.parse::<OrgRole>("role");
    let role = problems.take(role.ok_or_else(|| wrong("role", "Choose a role.")));
    let chosen = teams(cx, fields);
    let teams = chosen.as_ref().map(Vec::clone).unwrap_or_default();
    problems.merge(chosen)?;
    let home_team = match fields.get("home_team").trim() {
        "" => None,
        id => problems.take(id.parse().map_err(|_| wrong("home_team", "Choose a home team."))),
    };
    problems.check()?;
    let person = kind == Kind::Person;
    Ok(NewUser {
        kind,
        username: fields.get("username").to_owned(),
        display_name: fields.get(name_field).to_owned(),
        // The fields that a service account does not have are cleared, whatever the browser sent.
        email: if person { fields.get("email").to_owned() } else { String::new() },
        role: role.unwrap_or(OrgRole::Member),
        teams,
        home_team: home_team.filter(|_| !person),
        description: String::new(),
        sponsor,
        name_field,
        form_key: Some(fields.get("form_key").to_owned()),
    })
}

/// The person of this username; nobody where nothing was typed, who is whoever makes the account.
fn sponsor(cx: &mut Cx<'_, '_>, name: &str) -> Result<Result<Option<UserId>, FieldError>> {
    if name.is_empty() {
        return Ok(Ok(None));
    }
    let found = users::by_username(cx, name)?;
    Ok(found.map(Some).ok_or_else(users::sponsor_unfit))
}

/// How many people the field for a sponsor proposes.
const PROPOSED: i64 = 200;

/// Who is to answer for a new agent, at first whoever makes it, and who may.
///
/// # Errors
/// A fault.
pub(super) fn sponsor_field(cx: &mut Cx<'_, '_>, fields: &Fields) -> Result<(Field, Vec<Choice>)> {
    let typed = match fields.has("sponsor") {
        true => fields.get("sponsor"),
        false => cx.actor.identity().map_or("", |who| who.username.as_str()),
    };
    let field = Field::new("sponsor", typed);
    let people = users::lookup_people(cx, "", PROPOSED)?;
    Ok((field, people.iter().map(|person| Choice::new(&person.username, &person.display_name, "")).collect()))
}

/// What is told where a typed username is nobody's.
pub(super) const NO_SUCH_PERSON: &str = "There is no such person, or none that you may see. Type their username.";

fn teams(cx: &mut Cx<'_, '_>, fields: &Fields) -> Result<Vec<(TeamId, RoleId)>> {
    let mut chosen: Vec<(TeamId, RoleId)> = Vec::new();
    for text in fields.all("team") {
        let id = text.parse().map_err(|_| Error::field("teams", "One of these is no team. Tick them again."))?;
        let role = match fields.get(&role_field(id)) {
            "" => Predefined::Viewer.id(),
            name => roles::named(cx, "teams", name)?,
        };
        if !chosen.iter().any(|(known, _)| *known == id) {
            chosen.push((id, role));
        }
    }
    Ok(chosen)
}

/// What is wrong with the teams that were ticked.
pub(super) fn teams_error(error: Option<&Error>) -> Option<String> {
    error.and_then(|error| error.of_field("teams")).map(str::to_owned)
}
