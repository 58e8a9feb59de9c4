//! Key ranges of a table: which keys it has, where a range of so many rows ends, and the condition that cuts it out.
//!
//! Keys are compared in the server alone, by its own collations. Their values come and go as literals that the server
//! itself wrote, so that nothing here has to know a type or to quote.

use super::{EngineError, Row, Session, Value, Words};
use crate::model::backfill::{Backfill, Part, TableKey};

/// A column of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    name: String,
    /// The name as it stands in SQL.
    quoted: String,
    /// The expression that writes its value as a literal; `None` for a type whose values cannot be cut into ranges.
    literal: Option<String>,
    /// Its type, for a person.
    kind: String,
    /// Whether it may be NULL all the same.
    nullable: bool,
}

/// A unique key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The table as it stands in SQL.
    table: String,
    /// Whether it is the primary key.
    is_primary: bool,
    /// Its columns, in order.
    columns: Vec<Column>,
}

/// The values of a key in one row, each as a literal of SQL.
pub type Position = Vec<String>;

/// The rows behind `lower` up to `upper`, without an end where there is none. With `from_lower` the row at `lower` is one of them.
#[derive(Debug, Clone, Copy)]
pub struct Range<'a> {
    /// The lower end.
    pub lower: &'a Position,
    /// Whether the lower end is part of it.
    pub from_lower: bool,
    /// The upper end, which is part of it.
    pub upper: Option<&'a Position>,
}

/// The unique keys of a table, the primary key first; `None` when there is no such table.
///
/// # Errors
/// The server's.
pub async fn keys(session: &mut dyn Session, words: &Words, table: &str) -> Result<Option<Vec<Key>>, EngineError> {
    let (schema, name) = table.rsplit_once('.').unwrap_or(("", table));
    let pairs = words.keys.matches('?').count() / 2;
    let binds: Vec<Value> = (0..pairs).flat_map(|_| [schema.into(), name.into()]).collect();
    let rows = session.query(words.keys, &binds).await?;
    let mut keys: Vec<(String, Key)> = Vec::new();
    for row in &rows {
        let (Some(table), Some(id)) = (row.text(0)?, row.text(1)?) else { continue };
        if keys.last().is_none_or(|(last, _)| last != id) {
            let key = Key { table: table.to_owned(), is_primary: row.int(2)? == Some(1), columns: Vec::new() };
            keys.push((id.to_owned(), key));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(column(row)?);
        }
    }
    Ok((!rows.is_empty()).then(|| keys.into_iter().map(|(_, key)| key).collect()))
}

fn column(row: &Row) -> Result<Column, EngineError> {
    let owned = |column| row.text(column).map(|text| text.unwrap_or_default().to_owned());
    Ok(Column {
        name: owned(3)?,
        quoted: owned(4)?,
        literal: row.text(5)?.map(str::to_owned),
        kind: owned(6)?,
        nullable: row.int(7)? == Some(1),
    })
}

impl Key {
    /// What a plan needs to know of it.
    #[must_use]
    pub fn fact(&self) -> TableKey {
        let unfit = self.columns.iter().find(|column| column.literal.is_none());
        TableKey {
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            is_primary: self.is_primary,
            unfit: unfit.map(|column| format!("its column {} of type {}", column.name, column.kind)),
        }
    }

    /// A backfill's statement over a range.
    #[must_use]
    pub fn statement(&self, words: &Words, backfill: &Backfill, range: Range<'_>) -> String {
        let literal = |position: Option<&Position>| position.map(|values| values.join(", ")).unwrap_or_default();
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::After if range.from_lower => format!(">= {}", literal(Some(range.lower))),
            Part::After => format!("> {}", literal(Some(range.lower))),
            Part::Upto => format!("<= {}", literal(range.upper)),
            Part::Range(alias) => self.condition(words, alias.as_deref(), range),
        };
        backfill.parts.iter().map(part).collect()
    }

    /// The key of the first row; `None` for an empty table.
    ///
    /// # Errors
    /// The server's.
    pub async fn first(&self, session: &mut dyn Session) -> Result<Option<Position>, EngineError> {
        self.one(session, "", "ASC", 0).await
    }

    /// The key of the row that is the `rows`-th of a range; `None` when the range has fewer.
    ///
    /// # Errors
    /// The server's.
    pub async fn nth(
        &self,
        session: &mut dyn Session,
        words: &Words,
        range: Range<'_>,
        rows: u64,
    ) -> Result<Option<Position>, EngineError> {
        self.one(session, &self.filter(words, range), "ASC", rows.saturating_sub(1)).await
    }

    /// The key of a range's last row.
    ///
    /// # Errors
    /// The server's.
    pub async fn last(
        &self,
        session: &mut dyn Session,
        words: &Words,
        range: Range<'_>,
    ) -> Result<Option<Position>, EngineError> {
        self.one(session, &self.filter(words, range), "DESC", 0).await
    }

    /// The rows of a range, counted.
    ///
    /// # Errors
    /// The server's.
    pub async fn count(&self, session: &mut dyn Session, words: &Words, range: Range<'_>) -> Result<u64, EngineError> {
        counted(session, &format!("SELECT COUNT(*) FROM {}{}", self.table, self.filter(words, range))).await
    }

    /// The rows of the table, counted.
    ///
    /// # Errors
    /// The server's.
    pub async fn count_all(&self, session: &mut dyn Session) -> Result<u64, EngineError> {
        counted(session, &format!("SELECT COUNT(*) FROM {}", self.table)).await
    }

    /// The column in which some row has NULL, which no range holds.
    ///
    /// # Errors
    /// The server's.
    pub async fn with_null(&self, session: &mut dyn Session) -> Result<Option<&str>, EngineError> {
        for column in self.columns.iter().filter(|column| column.nullable) {
            let one = format!("SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1", self.table, column.quoted);
            if counted(session, &format!("SELECT COUNT(*) FROM ({one}) AS found")).await? > 0 {
                return Ok(Some(&column.name));
            }
        }
        Ok(None)
    }

    /// The condition that cuts a range out, with its columns as those of `alias` where one is given.
    #[must_use]
    pub fn condition(&self, words: &Words, alias: Option<&str>, range: Range<'_>) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| alias.map_or_else(|| column.quoted.clone(), |alias| format!("{alias}.{}", column.quoted)))
            .collect();
        let compare = |sign: &str, position: &Position| match (columns.as_slice(), position.as_slice()) {
            ([column], [value]) => format!("{column} {sign} {value}"),
            _ if words.compares_rows => format!("({}) {sign} ({})", columns.join(", "), position.join(", ")),
            (columns, values) => written_out(columns, sign, values),
        };
        let lower = compare(if range.from_lower { ">=" } else { ">" }, range.lower);
        match range.upper {
            Some(upper) => format!("({lower} AND {})", compare("<=", upper)),
            None => format!("({lower})"),
        }
    }

    fn filter(&self, words: &Words, range: Range<'_>) -> String {
        format!(" WHERE {}", self.condition(words, None, range))
    }

    async fn one(
        &self,
        session: &mut dyn Session,
        filter: &str,
        direction: &str,
        offset: u64,
    ) -> Result<Option<Position>, EngineError> {
        let literals: Vec<&str> = self.columns.iter().filter_map(|column| column.literal.as_deref()).collect();
        let order: Vec<String> = self.columns.iter().map(|column| format!("{} {direction}", column.quoted)).collect();
        let (literals, order, table) = (literals.join(", "), order.join(", "), &self.table);
        let sql = format!("SELECT {literals} FROM {table}{filter} ORDER BY {order} LIMIT 1 OFFSET {offset}");
        session.query(&sql, &[]).await?.first().map(position).transpose()
    }
}

/// `a > 1 OR a = 1 AND (b > 2 OR b = 2 AND c > 3)`: what a comparison of rows means.
fn written_out(columns: &[String], sign: &str, values: &[String]) -> String {
    match (columns, values) {
        ([column], [value, ..]) => format!("{column} {sign} {value}"),
        ([column, columns @ ..], [value, values @ ..]) => {
            let strict = sign.trim_end_matches('=');
            let rest = written_out(columns, sign, values);
            format!("({column} {strict} {value} OR ({column} = {value} AND {rest}))")
        }
        _ => "1 = 0".to_owned(),
    }
}

fn position(row: &Row) -> Result<Position, EngineError> {
    let literal = |(column, value): (usize, &Value)| match value {
        Value::Text(literal) => Ok(literal.clone()),
        other => Err(EngineError::Shape { column, expected: "a key", found: format!("{other:?}") }),
    };
    row.0.iter().enumerate().map(literal).collect()
}

async fn counted(session: &mut dyn Session, sql: &str) -> Result<u64, EngineError> {
    let rows = session.query(sql, &[]).await?;
    let number = rows.first().map_or(Ok(None), |row| row.int(0))?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
}
