//! What surrounds every page.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use askama::Template;

use super::errors::PageError;
use super::view::initials;
use super::{Answer, assets, errors};
use crate::http::Visitor;
use crate::http::session::Flash;
use crate::model::actor::Sight;
use crate::model::{Error, Result};
use crate::service::{Cx, applications, audit, roles, settings, tokens};

/// What every template knows.
pub struct Page {
    /// The title.
    pub title: String,
    /// The path and query it was asked for by.
    pub path: String,
    /// Light or dark; `None` for the system's.
    pub theme: Option<&'static str>,
    /// The active item of the navigation.
    pub nav: &'static str,
    /// Who is logged in.
    pub me: Option<Me>,
    /// What was just done.
    pub flash: Option<Flash>,
    /// What stands in the navigation.
    pub sees: Sees,
    /// Whether it says that all AI agents are stopped.
    pub agents_stopped: bool,
}

/// What stands in the navigation: what there is and the person may see.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sees {
    /// Users.
    pub users: bool,
    /// Teams.
    pub teams: bool,
    /// The inventory of tokens.
    pub tokens: bool,
    /// Applications.
    pub applications: bool,
    /// Roles.
    pub roles: bool,
    /// The audit log, or that of a team.
    pub audit: bool,
    /// Settings.
    pub settings: bool,
}

impl Sees {
    fn of(cx: &Cx<'_, '_>) -> Self {
        Self {
            users: true,
            teams: true,
            tokens: tokens::may_list(cx),
            applications: applications::may_list(cx),
            roles: roles::may_read(cx),
            audit: audit::may_read(cx),
            settings: settings::may_see(cx),
        }
    }
}

/// Who is logged in.
pub struct Me {
    /// Their display name.
    pub name: String,
    /// Their username.
    pub username: String,
    /// Their initials.
    pub initials: String,
    /// Their organisation role.
    pub role: String,
}

/// What the frame of a page wants to know; found out in the page's own use case.
pub struct Shell {
    me: Me,
    sees: Sees,
    agents_stopped: bool,
}

/// The pages that say so while all AI agents are stopped: those on which agents are met.
const WITH_AGENTS: &[&str] = &["dashboard", "users", "teams", "tokens"];

/// Whether the caller may know of agents at all: whoever does is told that they are stopped.
fn knows_agents(cx: &Cx<'_, '_>) -> bool {
    match cx.actor.sight() {
        Sight::All => true,
        Sight::Some { teams, homes, machines, .. } => machines || !teams.is_empty() || !homes.is_empty(),
    }
}

impl Shell {
    /// The frame for whoever asks.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub fn of(cx: &Cx<'_, '_>) -> Result<Self> {
        let who = cx.actor.identity().ok_or(Error::Unauthenticated("Log in first."))?;
        Ok(Self {
            sees: Sees::of(cx),
            agents_stopped: cx.actor.agents_stopped && knows_agents(cx),
            me: Me {
                name: who.display_name.clone(),
                username: who.username.clone(),
                initials: initials(&who.display_name),
                role: who.standing.role.to_string(),
            },
        })
    }
}

impl Page {
    /// A page without the sidebar.
    pub fn plain(visitor: &Visitor, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            path: visitor.path.clone(),
            theme: visitor.theme,
            nav: "",
            me: None,
            flash: None,
            sees: Sees::default(),
            agents_stopped: false,
        }
    }

    /// A page of the portal. What was just done is told here, once.
    pub fn of(visitor: &Visitor, shell: Shell, nav: &'static str, title: impl Into<String>) -> Self {
        Self {
            nav,
            me: Some(shell.me),
            flash: visitor.session.take_flash(),
            sees: shell.sees,
            agents_stopped: shell.agents_stopped && WITH_AGENTS.contains(&nav),
            ..Self::plain(visitor, title)
        }
    }

    /// Says so where the place in the list that was asked for leads nowhere.
    #[must_use]
    pub fn begun_again(mut self, again: bool) -> Self {
        if again {
            self.flash = Some(Flash { kind: "caution".into(), text: super::listing::GONE.into() });
        }
        self
    }

    /// The address of an embedded file.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// What a full list takes, in bytes, so that a page is not moved again and again while it grows.
const ROOM: usize = 96 * 1024;

/// A page that went well.
///
/// # Errors
/// The template failed, which is a fault.
pub fn render(template: &impl Template) -> Answer {
    render_as(StatusCode::OK, template)
}

/// A page with another status: 422 for a form that has to be mended.
///
/// # Errors
/// The template failed, which is a fault.
pub fn render_as(status: StatusCode, template: &impl Template) -> Answer {
    let mut html = String::with_capacity(ROOM);
    template.render_into(&mut html).map_err(|error| PageError(Error::internal(error)))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// A form's page: as it is first shown, or judged by `error`, with how long to wait where that is what it takes.
///
/// # Errors
/// The template failed, which is a fault.
pub fn render_judged(error: Option<&Error>, template: &impl Template) -> Answer {
    let mut answer = render_as(error.map_or(StatusCode::OK, errors::status), template)?;
    if let Some(Error::TooMany { seconds, .. }) = error {
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(*seconds));
    }
    Ok(answer)
}

/// After a POST: go and look there.
///
/// # Errors
/// None; it is an [`Answer`] so that handlers can end in it.
pub fn see_other(path: impl AsRef<str>) -> Answer {
    Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, path.as_ref())).finish())
}

/// The id in an address. What is no id is a page that does not exist.
pub struct Id<T>(pub T);

/// The two ids in an address, in their order.
pub struct Ids<A, B>(pub A, pub B);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = PageError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(part(request, 0).map(Self))
    }
}

impl<A: FromStr, B: FromStr> FromRequest for Ids<A, B> {
    type Error = PageError;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(part(request, 0).and_then(|first| Ok(Self(first, part(request, 1)?))))
    }
}

/// The `n`th `{part}` of the address.
fn part<T: FromStr>(request: &HttpRequest, n: usize) -> Result<T, PageError> {
    let parts = request.match_info();
    let found = parts.iter().nth(n).and_then(|(_, text)| text.parse().ok());
    found.ok_or(PageError(Error::NotFound("page")))
}

/// A path of ours to go back to; the first page where it is none. A browser reads `//host` and `/\host` as another site.
pub fn own_path(path: &str) -> &str {
    let ours = path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if ours { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_led_away() {
        assert_eq!(own_path("/users?q=a"), "/users?q=a");
        for elsewhere in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\tevil", "users"] {
            assert_eq!(own_path(elsewhere), "/");
        }
    }
}
