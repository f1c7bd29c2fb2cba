//! What the profile is made of.

use time::OffsetDateTime;

use crate::model::ids::UserId;
use crate::model::roles::OrgRole;
use crate::model::teams::Team;
use crate::model::users::{Kind, User, UserState};
use crate::model::{Error, Result};
use crate::service::handover::{self, Left};
use crate::service::users::{self, Rights, UserInfo};
use crate::service::{Cx, choices};
use crate::web::Fields;
use crate::web::users::{UserHead, answered, home, whom};
use crate::web::view::Who;

/// How many people the contact field proposes.
const PROPOSED: i64 = 200;

/// Why a service account cannot do anything yet, with the link that does it.
pub(super) struct Missing {
    pub text: &'static str,
    pub href: String,
    pub button: &'static str,
}

/// What somebody else changed meanwhile.
pub(super) struct Change {
    pub field: &'static str,
    pub theirs: String,
}

/// What the page is made of.
pub(super) struct Known {
    pub info: UserInfo,
    pub rights: Rights,
    pub head: UserHead,
    pub roles: Vec<OrgRole>,
    pub homes: Vec<Team>,
    pub home: Option<Team>,
    pub contact: Option<User>,
    /// Where they are in sight.
    pub sponsor: Option<User>,
    /// Whether the contact's page may be seen.
    sees_contact: bool,
    pub people: Vec<User>,
    pub own: bool,
    /// What the person leaves behind.
    pub left: Option<Left>,
    pub now: OffsetDateTime,
}

/// This account, where the caller may see it.
pub(super) fn in_sight(cx: &mut Cx<'_, '_>, id: Option<UserId>) -> Result<Option<User>> {
    let Some(id) = id else { return Ok(None) };
    match users::get(cx, id) {
        Ok(found) => Ok(Some(found.user)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Known {
    pub fn find(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Self> {
        let (info, rights, head) = UserHead::find(cx, id, "Profile")?;
        let machine = info.user.kind != Kind::Person;
        let editing = machine && rights.manage;
        let mut roles = choices::org_roles(cx);
        if !roles.contains(&info.user.role) {
            roles.push(info.user.role);
        }
        let home = users::home(cx, &info.user)?;
        let mut homes = if editing { choices::homes(cx)? } else { Vec::new() };
        if let Some(home) = home.as_ref().filter(|home| !homes.contains(home)) {
            homes.push(home.clone());
        }
        let left = if machine { None } else { Some(handover::left_by(cx, info.clone())?) };
        Ok(Self {
            left: left.filter(|left| !left.is_empty()),
            contact: users::named(cx, info.user.contact)?,
            sponsor: in_sight(cx, info.user.sponsor)?,
            sees_contact: in_sight(cx, info.user.contact)?.is_some(),
            people: if editing { users::lookup_people(cx, "", PROPOSED)? } else { Vec::new() },
            own: cx.actor.id() == Some(id),
            now: cx.now,
            roles,
            homes,
            home,
            info,
            rights,
            head,
        })
    }

    /// What the store holds in each field of the form.
    pub fn stored(&self, name: &str) -> String {
        let user = &self.info.user;
        match name {
            "username" => user.username.clone(),
            "display_name" => user.display_name.clone(),
            "email" => user.email.clone(),
            "role" => user.role.to_string(),
            "description" => user.description.clone(),
            "contact" => self.contact.as_ref().map(|person| person.username.clone()).unwrap_or_default(),
            "sponsor" => self.sponsor.as_ref().map(|person| person.username.clone()).unwrap_or_default(),
            "home_team" => user.home_team.map(|id| id.to_string()).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// What the store holds where it is not what was typed.
    pub fn differences(&self, fields: &Fields) -> Vec<Change> {
        let named = [
            ("display_name", "Display name"),
            ("username", "Username"),
            ("email", "Email"),
            ("role", "Organisation role"),
            ("home_team", "Home team"),
            ("contact", "Contact"),
            ("sponsor", "Sponsor"),
            ("description", "Description"),
        ];
        let differing = named
            .into_iter()
            .filter(|(name, _)| fields.has(name) && fields.get(name).replace("\r\n", "\n").trim() != self.stored(name));
        let change = |(name, field): (&str, &'static str)| Change {
            field,
            theirs: match (name, self.stored(name)) {
                ("home_team", _) => self.home.as_ref().map(|team| team.name.clone()).unwrap_or_default(),
                (_, empty) if empty.is_empty() => "empty".into(),
                (_, value) => value,
            },
        };
        differing.map(change).collect()
    }

    /// The contact, and the sponsor.
    pub fn answering(&self) -> [Option<Who>; 2] {
        let who = |person: &Option<User>, sees: bool| {
            let mut who = Who::of(person.as_ref()?);
            if !sees {
                who.href.clear();
            }
            Some(who)
        };
        [who(&self.contact, self.sees_contact), who(&self.sponsor, true)]
    }

    /// Whether it has a sponsor whom the caller may not see.
    pub fn sponsor_hidden(&self) -> bool {
        self.sponsor.is_none() && self.info.user.sponsor.is_some()
    }

    /// What the person answers for, in words; nothing where that is nothing, or the caller may do nothing about it.
    pub fn answers_for(&self) -> Option<String> {
        let left = self.left.as_ref()?;
        let concerned = self.rights.manage || self.own || left.accounts.iter().any(|account| account.may_change);
        let accounts =
            (left.total.total() > 0).then(|| format!("the {} of {}", whom(left.total), answered(left.total)));
        let names: Vec<_> = left.teams.iter().map(|(_, name)| name.as_str()).collect();
        let teams = (!names.is_empty()).then(|| format!("the only one who manages {}", names.join(", ")));
        let all: Vec<_> = accounts.into_iter().chain(teams).collect();
        concerned.then(|| all.join(", and "))
    }

    pub fn missing(&self) -> Vec<Missing> {
        let base = home(self.info.user.id);
        let mut missing = Vec::new();
        if self.info.state != UserState::Idle {
            return missing;
        }
        let link = |path: &str, may: bool| if may { format!("{base}{path}") } else { String::new() };
        if !self.info.has_team {
            missing.push(Missing {
                text: "It has no role in a team besides Public.",
                href: link("/teams", self.rights.assign),
                button: "Add it to a team",
            });
        }
        if self.info.tokens.usable == 0 && self.info.tokens.suspended > 0 {
            missing.push(Missing {
                text: "All its access tokens are suspended.",
                href: link("/tokens", self.rights.see_tokens),
                button: "See its tokens",
            });
        } else if self.info.tokens.usable == 0 {
            missing.push(Missing {
                text: "It has no access token that is good.",
                href: link("/tokens/new", self.rights.make_tokens),
                button: "Make a token",
            });
        }
        missing
    }
}
