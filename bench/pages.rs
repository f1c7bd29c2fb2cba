//! What is measured. A new list is one more line here.

use crate::Outcome;

/// Who asks: a browser in a session, or a program with a token.
#[derive(Clone, Copy)]
pub enum Face {
    Web,
    Api,
}

/// A page of a list.
pub struct Page {
    /// As the table calls it.
    pub name: &'static str,
    pub face: Face,
    /// Its address, which ends in `?` or `&` where a cursor follows.
    pub path: &'static str,
    /// The list of the API whose cursor of page 1,000 it is asked for at, where it is.
    pub deep: Option<&'static str>,
    /// How many rows it has at least in every store, so that nothing empty is measured; `None` for exactly none.
    pub rows: Option<usize>,
    /// What every row holds once.
    pub row: &'static str,
}

const USER: &str = "class=\"row-check\"";
const TOKEN: &str = "data-label=\"State\"";
const ENTRY: &str = "href=\"/audit/";
/// The lists by whose cursors deep pages are found.
const USERS: Option<&str> = Some("/api/v1/users?limit=50");
const TOKENS: Option<&str> = Some("/api/v1/tokens?limit=50");
const ENTRIES: Option<&str> = Some("/api/v1/audit?limit=50");
const JSON: &str = "\"user_type\"";

const fn web(name: &'static str, path: &'static str, rows: Option<usize>) -> Page {
    Page { name, face: Face::Web, path, deep: None, rows, row: USER }
}

/// The lists, the plain ones first.
pub const PAGES: &[Page] = &[
    web("users, page 1", "/users", Some(50)),
    Page { deep: USERS, ..web("users, page 1,000", "/users?", Some(50)) },
    web("users, search, common", "/users?q=brackenmere", Some(50)),
    web("users, search, in a twelfth", "/users?q=agent", Some(50)),
    web("users, search, rare", "/users?q=bench%40exam", Some(1)),
    web("users, search, no hit", "/users?q=qqxyzzy", None),
    web("users, search, two letters", "/users?q=ka", Some(50)),
    web("users, by last seen", "/users?sort=-last_seen", Some(50)),
    web("users, by username", "/users?sort=username", Some(50)),
    web("users, newest", "/users?sort=-created", Some(50)),
    web("users, agents", "/users?kind=agent", Some(50)),
    web("users, agents by last seen", "/users?kind=agent&sort=-last_seen", Some(50)),
    web("users, Admins", "/users?role=Admin", Some(50)),
    web("users, of a large team", "/users?team=2", Some(30)),
    web("users, of a large team by last seen", "/users?team=2&sort=-last_seen", Some(30)),
    web("users, of a small team", "/users?team=61", Some(0)),
    web("users, active", "/users?status=active", Some(50)),
    web("users, idle", "/users?status=idle", Some(30)),
    web("users, disabled", "/users?status=disabled", Some(20)),
    web("users, invited", "/users?status=invited", Some(10)),
    Page { row: TOKEN, ..web("tokens, page 1", "/tokens?type=all", Some(50)) },
    Page { row: TOKEN, deep: TOKENS, ..web("tokens, page 1,000", "/tokens?type=all&", Some(50)) },
    Page { row: TOKEN, ..web("tokens of service accounts", "/tokens", Some(50)) },
    Page { row: TOKEN, ..web("tokens, by expiry", "/tokens?sort=expires", Some(50)) },
    Page { row: TOKEN, ..web("tokens, by last use", "/tokens?sort=-last_used", Some(50)) },
    Page { row: TOKEN, ..web("tokens, search, common", "/tokens?q=pipeline", Some(50)) },
    Page { row: TOKEN, ..web("tokens, search, no hit", "/tokens?q=qqxyzzy", None) },
    Page { row: TOKEN, ..web("tokens, never used", "/tokens?type=all&use=never", Some(20)) },
    Page { row: TOKEN, ..web("tokens, never expiring", "/tokens?type=all&expiry=never", Some(20)) },
    Page { row: TOKEN, ..web("tokens, suspended", "/tokens?type=all&state=suspended", Some(50)) },
    Page { row: TOKEN, ..web("tokens, dormant", "/tokens?type=all&use=dormant", Some(5)) },
    Page { row: TOKEN, ..web("tokens, dormant of service accounts", "/tokens?use=dormant", Some(5)) },
    Page { row: TOKEN, ..web("tokens, of a large team", "/tokens?type=all&team=2", Some(10)) },
    Page { row: ENTRY, ..web("audit, page 1", "/audit", Some(50)) },
    Page { row: ENTRY, deep: ENTRIES, ..web("audit, page 1,000", "/audit?", Some(50)) },
    Page { row: ENTRY, ..web("audit, two filters", "/audit?kind=person&action=token.create", Some(0)) },
    Page { row: ENTRY, ..web("audit, two filters, refusals", "/audit?kind=service&outcome=refused", Some(0)) },
    Page { row: ENTRY, ..web("audit, text and kind", "/audit?q=okafor&kind=person", Some(0)) },
    Page { row: "/teams/", ..web("teams", "/teams", Some(50)) },
    Page { row: "class=\"who\"", ..web("members of a large team", "/teams/2", Some(10)) },
    Page { row: "class=\"who\"", ..web("holders of a role", "/roles/2", Some(10)) },
    Page { row: "<time", ..web("activity of an account", "/users/1/activity", Some(50)) },
    Page { row: "", ..web("dashboard", "/", Some(0)) },
    Page { face: Face::Api, row: JSON, ..web("API: users, page 1", "/api/v1/users?limit=50", Some(50)) },
    Page {
        face: Face::Api,
        row: JSON,
        deep: USERS,
        ..web("API: users, page 1,000", "/api/v1/users?limit=50&", Some(50))
    },
    Page { face: Face::Api, row: JSON, ..web("API: users, search, rare", "/api/v1/users?q=bench%40exam", Some(1)) },
];

impl Page {
    /// That it is the page it should be.
    pub fn look(&self, body: &[u8], size: usize) -> Outcome<()> {
        let text = String::from_utf8_lossy(body);
        let found = if self.row.is_empty() { 0 } else { text.matches(self.row).count() };
        let right = self.rows.map_or(found == 0, |least| found >= least);
        if right { Ok(()) } else { Err(format!("{} at {size} has {found} rows", self.name).into()) }
    }
}
