//! A team role: its matrix, who has it, and changing a custom one.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;

use super::fields::{RoleForm, Start, level_label, read};
use super::{accounts, counted};
use crate::http::Portal;
use crate::model::effects::Unseen;
use crate::model::ids::RoleId;
use crate::model::page::PageRequest;
use crate::model::roles::TeamRole;
use crate::model::users::Kind;
use crate::model::{self, Error, page};
use crate::service::Cx;
use crate::service::roles::{self, RoleChange, RoleInfo, RoleRights, Usage};
use crate::web::confirm::{self, Confirm};
use crate::web::grid::Grid;
use crate::web::listing;
use crate::web::view::{Change, Pager, Who};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

/// How many of those who have it a page lists.
const HOLDERS: i64 = 50;
/// How many teams that keep a role from being deleted are listed.
const PLACES: usize = 10;

#[derive(Template)]
#[template(path = "roles/role.html")]
pub(super) struct RolePage {
    pub page: Page,
    pub name: String,
    pub badge: &'static str,
    pub lead: String,
    pub copy: String,
    pub action: String,
    pub version: i64,
    pub fields: Option<RoleForm>,
    pub conflict: Vec<Change>,
    pub grid: Option<Grid>,
    pub level: String,
    pub team: bool,
    pub who: String,
    pub who_href: String,
    pub holders: Vec<Holder>,
    pub more: bool,
    pub pager: Pager,
    pub delete: String,
    pub delete_text: String,
    pub places: Vec<Place>,
}

pub(super) struct Holder {
    who: Who,
    team: String,
    href: String,
}

/// A team in which a role is in use.
pub(super) struct Place {
    team: String,
    href: String,
    who: String,
}

impl RolePage {
    /// The page of a role of which nothing is known yet.
    pub fn of(page: Page) -> Self {
        Self {
            page,
            name: String::new(),
            badge: "",
            lead: String::new(),
            copy: String::new(),
            action: String::new(),
            version: 0,
            fields: None,
            conflict: Vec::new(),
            grid: None,
            level: String::new(),
            team: false,
            who: String::new(),
            who_href: String::new(),
            holders: Vec::new(),
            more: false,
            pager: Pager { summary: String::new(), prev: None, next: None },
            delete: String::new(),
            delete_text: String::new(),
            places: Vec::new(),
        }
    }
}

/// All that the page of a team role tells.
struct Found {
    shell: Shell,
    info: RoleInfo,
    rights: RoleRights,
    holders: page::Page<roles::Holder>,
    /// Whether the place among them that was asked for leads nowhere.
    again: bool,
    usages: Vec<Usage>,
}

impl Found {
    fn by(cx: &mut Cx<'_, '_>, id: RoleId, place: &listing::Place) -> model::Result<Self> {
        let info = roles::get(cx, id)?;
        let rights = roles::rights(cx);
        let (holders, again) = place.find(PageRequest::first(HOLDERS), |request| roles::members(cx, id, request))?;
        let usages = if rights.delete && !info.role.is_predefined() { roles::usages(cx, id)? } else { Vec::new() };
        Ok(Self { shell: Shell::of(cx)?, info, rights, holders, again, usages })
    }
}

/// `GET /roles/{id}`.
pub async fn page(portal: Portal, Id(id): Id<RoleId>, request: HttpRequest) -> Answer {
    shown(&portal, id, listing::Place::of(&Fields::of_query(&request)), None).await
}

/// `typed` is what came back, and why.
async fn shown(portal: &Portal, id: RoleId, place: listing::Place, typed: Option<(&Fields, &Error)>) -> Answer {
    let found = portal.read(move |cx| Found::by(cx, id, &place)).await?;
    let Found { shell, info, rights, holders, again, usages } = found;
    let (role, custom) = (&info.role, !info.role.is_predefined());
    let edits = custom && rights.update;
    let (fields, error) = (typed.map(|(fields, _)| fields), typed.map(|(_, error)| error));
    let grid = || Grid::show("permissions", &TeamRole::resources(), role.grants.permissions);
    let summary = counted(info.members, "member", "members");
    let template = RolePage {
        badge: if custom { "Custom team role" } else { "Predefined team role" },
        lead: role.description.clone(),
        copy: if rights.create { format!("/roles/new?from={id}") } else { String::new() },
        action: format!("/roles/{id}"),
        version: role.version,
        fields: edits.then(|| RoleForm::new(&Start::of(role), fields, error)),
        conflict: match typed {
            Some((typed, Error::Stale)) => changes(role, typed),
            _ => Vec::new(),
        },
        grid: (!edits).then(|| grid().titled("Permissions", "What a member with this role may do in the team.")),
        level: level_label(role.grants.level).into(),
        team: true,
        pager: Pager::of(&holders, summary, &format!("/roles/{id}"), &[]),
        more: info.members > 0,
        holders: holders.items.iter().map(holder).collect(),
        delete: if custom && rights.delete && info.members == 0 {
            format!("/roles/{id}/delete")
        } else {
            String::new()
        },
        delete_text: if custom && rights.delete { delete_text(info.members) } else { String::new() },
        places: places(&usages),
        name: role.name.clone(),
        ..RolePage::of(Page::of(portal, shell, "roles", role.name.clone()).begun_again(again))
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

fn holder(found: &roles::Holder) -> Holder {
    Holder { who: Who::of(&found.user), team: found.team_name.clone(), href: team_href(found.team, found.user.kind) }
}

fn team_href(team: model::ids::TeamId, kind: Kind) -> String {
    match kind {
        Kind::Person => format!("/teams/{team}"),
        Kind::Service | Kind::Agent => format!("/teams/{team}/service-accounts"),
    }
}

fn delete_text(members: i64) -> String {
    match members {
        0 => "Nobody has it. It is gone for good.".into(),
        n => format!(
            "It is in use: {}. Give them another role first, then it can be deleted.",
            counted(n, "member of a team has it", "members of teams have it")
        ),
    }
}

fn places(usages: &[Usage]) -> Vec<Place> {
    let mut places: Vec<_> = usages.iter().take(PLACES).map(place).collect();
    let rest: i64 = usages.iter().skip(PLACES).map(|usage| usage.count).sum();
    if rest > 0 {
        places.push(Place { team: "Other teams".into(), href: String::new(), who: counted(rest, "member", "members") });
    }
    places
}

fn place(usage: &Usage) -> Place {
    let who = accounts(usage.count, usage.kind);
    match &usage.team {
        Some((id, team)) => Place { team: team.clone(), href: team_href(*id, usage.kind), who },
        None => Place { team: "A team that you may not see".into(), href: String::new(), who },
    }
}

/// What the store holds now beside what was typed.
fn changes(now: &TeamRole, typed: &Fields) -> Vec<Change> {
    let ticked: model::permissions::PermissionSet = typed.parse_all("permission").into_iter().collect();
    let held = now.grants.permissions;
    let texts = [
        ("Name", typed.get("name").trim(), now.name.as_str()),
        ("Description", typed.get("description").trim(), &now.description),
        ("Application level", typed.get("level"), now.grants.level.as_str()),
    ];
    let texts = texts.into_iter().filter(|(_, typed, now)| typed != now).map(|(field, _, now)| Change::new(field, now));
    let permissions = (ticked != held).then(|| Change::new("Permissions", held.to_string()));
    texts.chain(permissions).collect()
}

/// `POST /roles/{id}`.
pub async fn update(portal: Portal, Id(id): Id<RoleId>, fields: Fields) -> Answer {
    let change = match read(&fields) {
        Ok(typed) => RoleChange {
            // A form without its version is treated as one that is out of date.
            version: Some(fields.parse("version").unwrap_or(0)),
            name: Some(typed.name),
            description: Some(typed.description),
            permissions: Some(typed.permissions),
            level: Some(typed.level),
        },
        Err(error) => return shown(&portal, id, listing::Place::default(), Some((&fields, &error))).await,
    };
    let seen = fields.get("effect").to_owned();
    let saved = portal.write(move |cx| roles::update(cx, id, change, Some(&seen))).await;
    match saved {
        Ok(_) => {
            portal.session.flash("good", "Saved.")?;
            see_other(format!("/roles/{id}"))
        }
        Err(Error::Unseen(unseen)) => question(&portal, id, &fields, *unseen).await,
        Err(error) if errors::is_mendable(&error) => {
            shown(&portal, id, listing::Place::default(), Some((&fields, &error))).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What the change would do, to be looked at before it is saved.
async fn question(portal: &Portal, id: RoleId, fields: &Fields, unseen: Unseen) -> Answer {
    let shell = portal.read(|cx| Shell::of(cx)).await?;
    let again = fields.has("effect");
    let mut hidden = fields.without(&["effect"]);
    hidden.push(("effect".into(), unseen.digest));
    let question = Confirm {
        title: format!("Change {} for those who have it?", unseen.name),
        lead: "It is in use. Once saved, from the next request on:".into(),
        losses: unseen.effects.into_iter().map(|effect| effect + ".").collect(),
        action: format!("/roles/{id}"),
        hidden,
        button: "Save changes".into(),
        cancel: format!("/roles/{id}"),
        error: again.then(|| {
            "Not saved: meanwhile somebody was given this role or lost it. Look again at what the change does now."
                .into()
        }),
        ..Confirm::default()
    };
    confirm::ask(Page::of(portal, shell, "roles", "Change role"), question, None)
}
