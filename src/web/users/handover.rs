//! What a person leaves behind: seeing it, and giving it to somebody else.

use actix_web::http::StatusCode;
use askama::Template;

use super::choosing::NO_SUCH_PERSON;
use super::{UserHead, answered, counted, home, whom};
use crate::http::Portal;
use crate::model::ids::UserId;
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::handover::{self, Account, HandedOver, Left};
use crate::service::{Cx, teams, users};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, Who, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

/// How many people the contact field proposes.
const PROPOSED: i64 = 200;

#[derive(Template)]
#[template(path = "users/handover.html")]
struct Handover {
    page: Page,
    head: UserHead,
    action: String,
    cancel: String,
    error: Option<String>,
    name: String,
    summary: String,
    rows: Vec<Row>,
    others: Vec<Row>,
    chosen: Field,
    contact: Field,
    people: Vec<Choice>,
    teams: Vec<TeamLeft>,
    tokens: String,
}

/// A service account, and where it is at home.
struct Row {
    id: i64,
    who: Who,
    home: String,
    disabled: bool,
    ticked: bool,
    /// What the person is to it.
    part: &'static str,
}

/// A team that nobody else manages.
struct TeamLeft {
    name: String,
    href: String,
}

/// What the page is made of.
struct Known {
    head: UserHead,
    left: Left,
    homes: std::collections::HashMap<crate::model::ids::TeamId, String>,
    people: Vec<User>,
}

/// `GET /users/{id}/handover`.
pub async fn page(portal: Portal, Id(id): Id<UserId>) -> Answer {
    again(&portal, id, &Fields::default(), None).await
}

async fn again(portal: &Portal, id: UserId, fields: &Fields, error: Option<&Error>) -> Answer {
    let (shell, known) = portal.read(move |cx| Ok((Shell::of(cx)?, find(cx, id)?))).await?;
    let title = format!("Hand over: {}", known.left.person.user.display_name);
    let page = Page::of(portal, shell, "users", title);
    render_as(error.map_or(StatusCode::OK, errors::status), &handover(page, &known, fields, error))
}

fn find(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Known> {
    let left = handover::of(cx, id)?;
    let (_, _, head) = UserHead::find(cx, id, "")?;
    let homes = teams::names(cx, left.accounts.iter().filter_map(|account| account.user.home_team))?;
    let mut people = users::lookup_people(cx, "", PROPOSED)?;
    people.retain(|person| person.id != id);
    Ok(Known { head, left, homes, people })
}

fn handover(page: Page, known: &Known, fields: &Fields, error: Option<&Error>) -> Handover {
    let person = &known.left.person.user;
    let ticked: Option<Vec<UserId>> = fields.has("contact").then(|| fields.parse_all("account"));
    let row = |account: &Account| row(account, known, ticked.as_deref());
    let (mine, others): (Vec<_>, Vec<_>) = known.left.accounts.iter().partition(|account| account.may_change);
    Handover {
        page,
        head: known.head.clone(),
        action: format!("{}/handover", home(person.id)),
        cancel: home(person.id),
        error: error.map(|error| form_error(error, &["contact", "accounts"])),
        name: person.display_name.clone(),
        summary: summary(&known.left),
        rows: mine.into_iter().map(row).collect(),
        others: others.into_iter().map(row).collect(),
        chosen: Field::new("accounts", "").judged(error),
        contact: Field::new("contact", fields.get("contact")).judged(error),
        people: known.people.iter().map(|person| Choice::new(&person.username, &person.display_name, "")).collect(),
        teams: known
            .left
            .teams
            .iter()
            .map(|(id, name)| TeamLeft { name: name.clone(), href: format!("/teams/{id}") })
            .collect(),
        tokens: tokens(&known.left),
    }
}

fn row(Account { user, contact, sponsor, .. }: &Account, known: &Known, ticked: Option<&[UserId]>) -> Row {
    Row {
        id: user.id.0,
        who: Who::of(user),
        home: user.home_team.and_then(|id| known.homes.get(&id).cloned()).unwrap_or_default(),
        disabled: !user.is_enabled(),
        ticked: ticked.is_none_or(|ids| ids.contains(&user.id)),
        part: match (contact, sponsor) {
            (true, true) => "Contact and sponsor",
            (false, true) => "Sponsor",
            _ => "",
        },
    }
}

/// How many accounts there are, and how many of them are listed where those are not all.
fn summary(left: &Left) -> String {
    let total = usize::try_from(left.total.total()).unwrap_or_default();
    let all = answered(left.total);
    let listed = left.accounts.len();
    if listed < total { format!("{all}, of which these are the first {listed}") } else { all }
}

fn tokens(left: &Left) -> String {
    let n = usize::try_from(left.person.tokens.usable).unwrap_or_default();
    match (n, left.person.user.is_enabled()) {
        (0, _) => String::new(),
        (n, true) => {
            format!(
                "{} as soon as the account is disabled.",
                counted(n, "personal token stops", "personal tokens stop")
            )
        }
        (n, false) => {
            format!("{}: the account is disabled.", counted(n, "personal token stopped", "personal tokens stopped"))
        }
    }
}

/// `POST /users/{id}/handover`.
pub async fn hand_over(portal: Portal, Id(id): Id<UserId>, fields: Fields) -> Answer {
    let typed = fields.clone();
    match portal.write(move |cx| run(cx, id, &typed)).await {
        Ok(HandedOver { to, kinds, .. }) => {
            let have = if kinds.total() == 1 { "has" } else { "have" };
            let told = format!("{} {have} {} as the {} now.", answered(kinds), to.display_name, whom(kinds));
            portal.session.flash("good", told)?;
            see_other(home(id))
        }
        Err(error) if keeps_form(&error) => again(&portal, id, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

fn run(cx: &mut Cx<'_, '_>, id: UserId, fields: &Fields) -> Result<HandedOver> {
    // Whoever may hand over nothing learns that first, and not whether somebody of the typed name is there.
    handover::of(cx, id)?;
    let name = fields.get("contact").trim();
    let found = if name.is_empty() { None } else { users::by_username(cx, name)? };
    let to = found.ok_or_else(|| Error::field("contact", NO_SUCH_PERSON))?;
    handover::hand_over(cx, id, to, Some(&fields.parse_all::<UserId>("account")))
}
