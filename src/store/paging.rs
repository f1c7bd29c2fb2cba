//! Pages by keyset: from the row at the edge of the page before, an index is entered where it stands.

use super::sql::{Condition, Sql, sql};
use crate::model::page::{Key, OTHER_ORDER, PageRequest};
use crate::model::{Error, Result};

/// The order of a list: by a column, and by ids where that is the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    /// Worded as its index is.
    column: &'static str,
    id: &'static str,
    is_text: bool,
}

impl Order {
    /// By a column of words.
    pub fn by_text(column: &'static str, id: &'static str) -> Self {
        Self { column, id, is_text: true }
    }

    /// By a column of numbers or times.
    pub fn by_number(column: &'static str, id: &'static str) -> Self {
        Self { column, id, is_text: false }
    }

    /// Those of `rows` (`SELECT … FROM …`) that meet all conditions, from the place that `request` names: up to one more than a page
    /// has.
    ///
    /// # Errors
    /// A cursor of another order.
    pub fn page<ST>(self, rows: Sql<ST>, mut conditions: Vec<Condition>, request: &PageRequest) -> Result<Sql<ST>> {
        let Self { column, id, .. } = self;
        let backwards = request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
        let (side, order) = if request.descending == backwards { (">", "ASC") } else { ("<", "DESC") };
        if let Some(cursor) = &request.cursor {
            // The first comparison is one that an index is entered by.
            let from = self.at(sql(format!("{column} {side}= ")), &cursor.key)?.sql(format!(" AND ({column} {side} "));
            let from = self.at(from, &cursor.key)?.sql(format!(" OR {id} {side} ")).number(cursor.id);
            conditions.push(from.sql(")"));
        }
        let mut page = rows.all_of(conditions).sql(format!(" ORDER BY {column} {order}"));
        if id != column {
            page = page.sql(format!(", {id} {order}"));
        }
        Ok(page.limit_of(request))
    }

    fn at(self, words: Condition, key: &Key) -> Result<Condition> {
        match key {
            Key::Text(key) if self.is_text => Ok(words.text(key)),
            Key::Number(key) if !self.is_text => Ok(words.number(*key)),
            _ => Err(Error::field("cursor", OTHER_ORDER)),
        }
    }
}
