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
    /// Whether it is asked for at the cursor of page 1,000.
    pub deep: bool,
    /// How many rows it has at least in every store, so that nothing empty is measured; `None` for exactly none.
    pub rows: Option<usize>,
    /// What every row holds once.
    pub row: &'static str,
}

const USER: &str = "class=\"row-check\"";
const JSON: &str = "\"user_type\"";

const fn web(name: &'static str, path: &'static str, rows: Option<usize>) -> Page {
    Page { name, face: Face::Web, path, deep: false, rows, row: USER }
}

/// The lists, the plain ones first.
pub const PAGES: &[Page] = &[
    web("users, page 1", "/users", Some(50)),
    Page { deep: true, ..web("users, page 1,000", "/users?", Some(50)) },
    web("users, search, common", "/users?q=brackenmere", Some(50)),
    web("users, search, in a tenth", "/users?q=okafor", Some(1)),
    web("users, search, rare", "/users?q=bench%40exam", Some(1)),
    web("users, search, no hit", "/users?q=qqxyzzy", None),
    web("users, search, two letters", "/users?q=ka", Some(50)),
    web("users, by last seen", "/users?sort=-last_seen", Some(50)),
    web("users, by username", "/users?sort=username", Some(50)),
    web("users, newest", "/users?sort=-created", Some(50)),
    web("users, agents", "/users?kind=agent", Some(50)),
    web("users, agents by last seen", "/users?kind=agent&sort=-last_seen", Some(50)),
    web("users, Admins", "/users?role=Admin", Some(1)),
    web("users, of a large team", "/users?team=2", Some(30)),
    web("users, of a large team by last seen", "/users?team=2&sort=-last_seen", Some(30)),
    web("users, of a small team", "/users?team=61", Some(0)),
    web("users, active", "/users?status=active", Some(50)),
    web("users, idle", "/users?status=idle", Some(30)),
    web("users, disabled", "/users?status=disabled", Some(20)),
    web("users, invited", "/users?status=invited", Some(10)),
    Page { row: "/teams/", ..web("teams", "/teams", Some(50)) },
    Page { row: "class=\"who\"", ..web("members of a large team", "/teams/2", Some(10)) },
    Page { row: "", ..web("dashboard", "/", Some(0)) },
    Page { face: Face::Api, row: JSON, ..web("API: users, page 1", "/api/v1/users?limit=50", Some(50)) },
    Page {
        face: Face::Api,
        row: JSON,
        deep: true,
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
