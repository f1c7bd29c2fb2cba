//! Permissions as a matrix: a row for each resource, a column for each action. See `templates/components/grid.html`.

use time::OffsetDateTime;

use super::view::{long_day, relative};
use crate::model::permissions::{Action, Permission, PermissionSet, Resource};
use crate::model::tokens::uses::Watched;

/// A matrix to tick, or to read.
pub struct Grid {
    /// Tells it from others on the same page.
    pub id: &'static str,
    /// What stands above it.
    pub title: String,
    /// A sentence beside the title.
    pub note: String,
    /// What is said below it.
    pub below: String,
    /// Under which name a ticked box is posted.
    pub name: &'static str,
    /// Whether there is anything to tick.
    pub edit: bool,
    /// Whether what differs from the beginning is marked.
    pub marks: bool,
    /// By resource.
    pub rows: Vec<GridRow>,
    /// What is wrong with what was ticked.
    pub error: Option<String>,
    /// Which of it is in use, where that is known.
    pub uses: Option<GridUses>,
}

/// Which scopes of a token are in use.
pub struct GridUses {
    /// A sentence.
    pub lead: String,
    /// Each that was not used in the last 90 days, with what is known of it.
    pub unused: Vec<(String, String)>,
}

/// A resource.
pub struct GridRow {
    /// What it is called.
    pub label: &'static str,
    /// What it is called in a permission.
    pub slug: &'static str,
    /// Its actions, in the order of the columns.
    pub cells: Vec<GridCell>,
}

/// An action on a resource.
pub struct GridCell {
    /// The permission, for example `users:read`.
    pub value: String,
    /// Whether there is such a permission.
    pub exists: bool,
    /// Whether it may be ticked here; else it is only shown.
    pub open: bool,
    /// Whether it is ticked.
    pub on: bool,
    /// Whether it was when the page was first shown, so that a change can be seen.
    pub was: bool,
    /// Whether it only looks.
    pub read: bool,
    /// When it was last used; empty where nothing is known of that.
    pub last_use: String,
    /// Whether it is known not to have been used in the last 90 days.
    pub unused: bool,
}

/// What of a matrix is ticked.
#[derive(Clone, Copy)]
pub struct Ticks {
    /// Now.
    pub on: PermissionSet,
    /// At first; `None` where nothing was there yet, so that nothing is a change.
    pub was: Option<PermissionSet>,
}

impl Ticks {
    /// Nothing was changed yet.
    pub fn unchanged(on: PermissionSet) -> Self {
        Self { on, was: Some(on) }
    }
}

impl Grid {
    /// A matrix over `resources` in which the `open` permissions may be ticked, posted as `name`.
    pub fn edit(
        id: &'static str,
        name: &'static str,
        resources: &[Resource],
        open: PermissionSet,
        ticks: Ticks,
    ) -> Self {
        let rows = resources.iter().map(|resource| row(*resource, open, ticks)).collect();
        Self {
            id,
            title: String::new(),
            note: String::new(),
            below: String::new(),
            name,
            edit: !open.is_empty(),
            marks: ticks.was.is_some(),
            rows,
            error: None,
            uses: None,
        }
    }

    /// A matrix over `resources` that shows what is `held`.
    pub fn show(id: &'static str, resources: &[Resource], held: PermissionSet) -> Self {
        Self::edit(id, "", resources, PermissionSet::EMPTY, Ticks::unchanged(held))
    }

    /// With these words above it.
    #[must_use]
    pub fn titled(self, title: impl Into<String>, note: impl Into<String>) -> Self {
        Self { title: title.into(), note: note.into(), ..self }
    }

    /// With these words below it.
    #[must_use]
    pub fn explained(self, below: impl Into<String>) -> Self {
        Self { below: below.into(), ..self }
    }

    /// With what is known of the use of what was ticked at first.
    #[must_use]
    pub fn used(mut self, watched: &[Watched], now: OffsetDateTime) -> Self {
        let mut unused = Vec::new();
        for cell in self.rows.iter_mut().flat_map(|row| &mut row.cells) {
            let Some(known) = watched.iter().find(|known| known.scope.to_string() == cell.value) else { continue };
            cell.last_use = last_use(known, now);
            cell.unused = !known.is_in_use(now);
            if cell.unused {
                unused.push((cell.value.clone(), cell.last_use.clone()));
            }
        }
        let lead = match (unused.len(), watched.len()) {
            (_, 0) => return self,
            (0, _) => "Every scope was used in the last 90 days.".into(),
            (1, all) => format!("1 of {all} scopes was not used in the last 90 days."),
            (n, all) => format!("{n} of {all} scopes were not used in the last 90 days."),
        };
        self.uses = Some(GridUses { lead, unused });
        self
    }

    /// With what is wrong.
    #[must_use]
    pub fn judged(self, error: Option<&str>) -> Self {
        Self { error: error.map(str::to_owned), ..self }
    }
}

/// What is known of the use of a scope, without claiming anything about the time before it was watched.
fn last_use(known: &Watched, now: OffsetDateTime) -> String {
    match known.last_used_at {
        // Uses are kept by the day.
        Some(last) if last.date() == now.date() => "used today".into(),
        Some(last) => format!("last used {}", relative(last, now)),
        None if known.is_young(now) => format!("not used since {}", long_day(known.since)),
        None => "not used in the last 90 days".into(),
    }
}

fn row(resource: Resource, open: PermissionSet, ticks: Ticks) -> GridRow {
    let cell = |action: Action| {
        let permission = Permission::new(resource, action);
        GridCell {
            value: permission.to_string(),
            exists: resource.actions().contains(&action),
            open: open.has(permission),
            on: ticks.on.has(permission),
            was: ticks.was.is_some_and(|was| was.has(permission)),
            read: action == Action::Read,
            last_use: String::new(),
            unused: false,
        }
    };
    GridRow { label: resource.label(), slug: resource.slug(), cells: Action::ALL.into_iter().map(cell).collect() }
}
