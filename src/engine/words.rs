//! An engine's SQL for our own tables, where the engines differ.

use crate::{
    model::schema::Column,
    sql::{self, Dialect},
};

/// What an engine's own SQL for our tables looks like, where the engines differ.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The statements that create our tables and indexes if they are missing: the lock's table after all others, its row last.
    pub create_tables: &'static [&'static str],
    /// The wall clock with milliseconds, moving within a transaction.
    pub clock: &'static str,
    /// Milliseconds (an integer) from `windlass_lock.heartbeat` to now, as a scalar expression without a FROM clause.
    pub elapsed_ms: &'static str,
    /// Turns a timestamp column into milliseconds since 1970 in UTC: text before and after the column.
    pub epoch_ms: (&'static str, &'static str),
    /// A query that gives one row with the number of tables in the connection's database or schema whose name is bound as the only parameter.
    pub count_table: &'static str,
    /// A query that gives one row with the number of tables in the connection's database or schema that are not windlass's own.
    pub count_foreign_tables: &'static str,
    /// What a name is quoted with.
    pub quote: char,
    /// A query that gives one row with the name of the schema that a name without one is in.
    pub default_schema: &'static str,
    /// Whether what a schema tells of a column beside its type is nothing but what every column has.
    pub is_plain_column: fn(extra: &str) -> bool,
    /// The statement that makes an index, of its name and its table in quotes and what a schema tells of it; `None` where that
    /// does not tell, or where it belongs to a constraint.
    pub create_index: fn(name: &str, table: &str, told: &str) -> Option<String>,
    /// A query for the keys of the table whose schema (or an empty text) and name are bound, in turn: one row for each column of each
    /// unique key, in order, the primary key first, and one without a key for a table that has none. See [`ranges`].
    pub keys: &'static str,
    /// Whether a comparison of rows, `(a, b) > (1, 2)`, finds its place in an index.
    pub compares_rows: bool,
    /// Turns hexadecimal digits of UTF-8 into text: text before and after them.
    pub text_of_hex: (&'static str, &'static str),
    /// Codes of refusals that the same statement may not meet again: waits that took too long, deadlocks.
    pub passing: &'static [&'static str],
    /// A query for the settings under which the server may forget what it has acknowledged, each as `name = value`; `None`
    /// where none does.
    pub forgets: Option<&'static str>,
    /// A query for the tables of the connection's database whose rows no transaction takes back, each with what it is stored
    /// by; `None` where there are none.
    pub never_taken_back: Option<&'static str>,
    /// Behind a write that changes what a look tells: calls those who listen ([`Session::heard`](super::Session::heard)), once it
    /// is committed; nothing where nobody can listen.
    pub calling: &'static str,
    /// How long writers of the application are left alone between two batches, in milliseconds, where they do not queue for
    /// a lock but look for it now and then.
    pub breath_ms: u64,
}

impl Words {
    /// A name in quotes.
    #[must_use]
    pub fn quoted(&self, name: &str) -> String {
        let quote = self.quote;
        format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
    }

    /// A text as an expression of SQL that holds nothing but hexadecimal digits of it.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        use std::fmt::Write;
        let (before, after) = self.text_of_hex;
        let hex = text.bytes().fold(String::with_capacity(text.len() * 2), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        format!("{before}{hex}{after}")
    }

    /// The statement that adds a column again, for a person to read; `None` where rows that are there could not have it (it is
    /// NOT NULL without a default), where it is computed, or where its default cannot be told from its words.
    #[must_use]
    pub fn column_again(&self, dialect: Dialect, table: &str, column: &Column) -> Option<String> {
        let is_fillable = column.nullable || column.default.is_some();
        let is_clear = column.default.as_deref().is_none_or(|default| {
            let is_literal = |first: char| first == '\'' || first == '-' || first.is_ascii_digit();
            default.starts_with(is_literal) || default.contains('(') || default.eq_ignore_ascii_case("null")
        });
        (is_fillable && is_clear && (self.is_plain_column)(&column.extra)).then_some(())?;
        let null = if column.nullable { "" } else { " NOT NULL" };
        let default = column.default.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
        let (table, name) = (self.table_quoted(dialect, table), self.quoted(&column.name));
        Some(format!("ALTER TABLE {table} ADD COLUMN {name} {}{default}{null};", column.data_type))
    }

    /// The statement that makes an index again, for a person to read; `told` is what a schema tells of it. `None` for one that
    /// belongs to a constraint, or that its words do not tell.
    #[must_use]
    pub fn index_again(&self, dialect: Dialect, table: &str, name: &str, told: &str) -> Option<String> {
        let statement = (self.create_index)(&self.quoted(name), &self.table_quoted(dialect, table), told);
        statement.map(|statement| format!("{statement};"))
    }

    fn table_quoted(&self, dialect: Dialect, table: &str) -> String {
        match sql::name_parts(dialect, table) {
            (Some(schema), name) => format!("{}.{}", self.quoted(schema), self.quoted(name)),
            (None, name) => self.quoted(name),
        }
    }
}
