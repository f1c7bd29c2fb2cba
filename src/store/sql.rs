//! SQL of our own: lists that are put together from conditions, and pieces that the query builder has no words for.
//!
//! A literal of diesel's has its statement prepared anew each time. Statements with these are kept by their connection for as long
//! as it lives: so whatever differs from one request to the next is bound, save a [`limit`](Sql::limit), and never stands in the
//! text. Where a text is put together from filters, of which there are very many together, it is for [`once`](Sql::once).

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Binary, Bool, HasSqlType, Text, Untyped};
use diesel::sqlite::Sqlite;

use super::conn::MultiBackend;
use crate::model::page::{LISTED, MAX_LIMIT, PageRequest};

/// A piece of SQL of the type `ST`, or a whole query: its rows have the types of the tuple `ST`, or, where it is a [`Statement`],
/// are read by the names of their columns.
#[derive(Debug)]
pub(super) struct Sql<ST> {
    parts: Vec<Part>,
    kept: bool,
    typed: PhantomData<ST>,
}

/// A condition.
pub(super) type Condition = Sql<Bool>;
/// A query, or part of one.
pub(super) type Statement = Sql<Untyped>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(Cow<'static, str>),
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// A few numbers, made up with the last of them to one of a few lengths, so that there are few texts.
    Few(Vec<i64>),
    /// Very many numbers, with commas between them.
    Many(String),
}

/// So many numbers at most are bound one by one, in lists of these lengths, a page's among them; more as one text. Each number of a
/// list costs, those that make it up too.
const LENGTHS: [usize; 9] = [1, 2, 4, 8, 16, 32, 40, 50, 64];

/// Begins with these words.
pub(super) fn sql<ST>(words: impl Into<Cow<'static, str>>) -> Sql<ST> {
    Sql { parts: vec![Part::Words(words.into())], kept: true, typed: PhantomData }
}

/// Begins a condition with these words.
pub(super) fn condition(words: impl Into<Cow<'static, str>>) -> Condition {
    sql(words)
}

impl<ST> PartialEq for Sql<ST> {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl<ST> Eq for Sql<ST> {}

impl<ST> Clone for Sql<ST> {
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), ..*self }
    }
}

impl<ST> Sql<ST> {
    /// Goes on with these words.
    pub fn sql(self, words: impl Into<Cow<'static, str>>) -> Self {
        self.with(Part::Words(words.into()))
    }

    /// Goes on with a number.
    pub fn number(self, number: i64) -> Self {
        self.with(Part::Number(number))
    }

    /// Goes on with a text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Part::Text(text.into()))
    }

    /// Goes on with bytes.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.with(Part::Bytes(bytes.to_vec()))
    }

    /// Goes on with ` IN (…)` of these numbers, of which there may be none.
    pub fn among(self, numbers: impl IntoIterator<Item = i64>) -> Self {
        let mut numbers: Vec<_> = numbers.into_iter().collect();
        let Some(length) = LENGTHS.into_iter().find(|length| numbers.len() <= *length) else {
            return self.with(Part::Many(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",")));
        };
        let Some(last) = numbers.last().copied() else {
            return self.sql(" IN (NULL)");
        };
        numbers.resize(length, last);
        self.with(Part::Few(numbers))
    }

    /// Goes on with ` LIMIT …`, a number of the program's own. It stands in the text: where it is bound, SQLite looks at it to plan,
    /// and so prepares the statement anew each time.
    pub fn limit(self, limit: i64) -> Self {
        self.sql(format!(" LIMIT {limit}"))
    }

    /// The same for a page, one row more than it holds. Somebody may have chosen how many: a statement with an unusual number is not
    /// kept.
    pub fn limit_of(self, request: &PageRequest) -> Self {
        let kept = self.kept && matches!(request.limit, LISTED | MAX_LIMIT);
        Self { kept, ..self.limit(request.limit.saturating_add(1)) }
    }

    /// Goes on with another piece.
    pub fn then<Other>(mut self, other: Sql<Other>) -> Self {
        self.parts.extend(other.parts);
        self.kept &= other.kept;
        self
    }

    /// Goes on with ` WHERE …`: all of these, of which there may be none.
    pub fn all_of(self, conditions: impl IntoIterator<Item = Condition>) -> Self {
        let joined = |(all, word): (Self, _), next| (all.sql(word).then(next), " AND ");
        conditions.into_iter().fold((self, " WHERE "), joined).0
    }

    /// Has a statement with this not be kept.
    pub fn once(self) -> Self {
        Self { kept: false, ..self }
    }

    fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}

/// What the databases have different words for.
pub(super) trait Dialect: Backend {
    /// What stands before and behind a text of numbers with commas between them, to say that a number is one of them.
    fn among(&self) -> (&'static str, &'static str);
}

impl Dialect for Sqlite {
    fn among(&self) -> (&'static str, &'static str) {
        (" IN (SELECT value FROM json_each('[' || ", " || ']'))")
    }
}

impl Dialect for Pg {
    fn among(&self) -> (&'static str, &'static str) {
        (" = ANY(string_to_array(", ", ',')::bigint[])")
    }
}

impl Dialect for MultiBackend {
    fn among(&self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite(sqlite) => sqlite.among(),
            Self::Postgres(postgres) => postgres.among(),
        }
    }
}

impl<ST, DB> QueryFragment<DB> for Sql<ST>
where
    DB: Dialect + HasSqlType<BigInt> + HasSqlType<Text> + HasSqlType<Binary>,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
    Vec<u8>: ToSql<Binary, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.kept {
            out.unsafe_to_cache_prepared();
        }
        for part in &self.parts {
            match part {
                Part::Words(words) => out.push_sql(words),
                Part::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Part::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Part::Bytes(bytes) => out.push_bind_param::<Binary, _>(bytes)?,
                Part::Few(numbers) => {
                    for (at, number) in numbers.iter().enumerate() {
                        out.push_sql(if at == 0 { " IN (" } else { ", " });
                        out.push_bind_param::<BigInt, _>(number)?;
                    }
                    out.push_sql(")");
                }
                Part::Many(numbers) => {
                    let (before, behind) = out.backend().among();
                    out.push_sql(before);
                    out.push_bind_param::<Text, _>(numbers)?;
                    out.push_sql(behind);
                }
            }
        }
        Ok(())
    }
}

impl<ST> QueryId for Sql<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST: TypedExpressionType> Expression for Sql<ST> {
    type SqlType = ST;
}

impl<QS, ST> SelectableExpression<QS> for Sql<ST> where Self: Expression {}

impl<QS, ST> AppearsOnTable<QS> for Sql<ST> where Self: Expression {}

impl<GB, ST> ValidGrouping<GB> for Sql<ST> {
    type IsAggregate = is_aggregate::Never;
}

impl<ST> Query for Sql<ST> {
    type SqlType = ST;
}

impl<ST, Conn> RunQueryDsl<Conn> for Sql<ST> {}

/// The columns that a row is read from, as one piece: diesel would write each name anew for every query, which costs as much as
/// many a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<ST> {
    names: &'static str,
    table: &'static str,
    typed: PhantomData<ST>,
}

impl<ST> Columns<ST> {
    /// `names` have these types, in this order.
    pub fn of(names: &'static str, table: &'static str) -> Self {
        Self { names, table, typed: PhantomData }
    }

    /// The query for all rows of the table.
    pub fn rows(self) -> Sql<ST> {
        sql("SELECT ").sql(self.names).sql(" FROM ").sql(self.table)
    }

    /// The query for these and two more columns, with what they are read from: `more` is what comes behind the comma.
    pub fn and<One, Other>(self, more: &'static str) -> Sql<(ST, One, Other)> {
        sql("SELECT ").sql(self.names).sql(", ").sql(more)
    }
}

/// Gives a row its `columns()`, in the order of its fields.
macro_rules! columns {
    ($row:ident of $table:ident: $first:ident $(, $column:ident)* $(; $expression:literal as $type:ty)?) => {
        impl $row {
            /// What a row is read from.
            pub fn columns() -> $crate::store::sql::Columns<(
                diesel::dsl::SqlTypeOf<$table::$first>,
                $(diesel::dsl::SqlTypeOf<$table::$column>,)*
                $($type,)?
            )> {
                $crate::store::sql::Columns::of(concat!(
                    stringify!($table), ".", stringify!($first)
                    $(, ", ", stringify!($table), ".", stringify!($column))*
                    $(, ", ", $expression)?
                ), stringify!($table))
            }
        }
    };
}
pub(super) use columns;

impl<ST, DB: Backend> QueryFragment<DB> for Columns<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.names);
        Ok(())
    }
}

impl<ST> QueryId for Columns<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST: TypedExpressionType> Expression for Columns<ST> {
    type SqlType = ST;
}

impl<QS, ST> SelectableExpression<QS> for Columns<ST> where Self: Expression {}

impl<QS, ST> AppearsOnTable<QS> for Columns<ST> where Self: Expression {}

impl<GB, ST> ValidGrouping<GB> for Columns<ST> {
    type IsAggregate = is_aggregate::Never;
}
