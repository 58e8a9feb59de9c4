//! How much of what is stored would go: counted in the server, by names in its own quotes.

use super::{EngineError, Session, Words};
use crate::model::loss::{LossItem, Vanishing};

/// So many things are counted by one statement, and so at one moment.
const COUNTED_AT_ONCE_MAX: usize = 50;

/// Counts what would go. Reads every row of the tables it is in; bounded by the limits of the session.
///
/// # Errors
/// The server's; [`EngineError::Refused`] when it takes longer than the session's statement timeout.
pub async fn counted(
    session: &mut dyn Session,
    words: &Words,
    vanishing: Vec<Vanishing>,
) -> Result<Vec<LossItem>, EngineError> {
    let mut items = Vec::with_capacity(vanishing.len());
    for some in vanishing.chunks(COUNTED_AT_ONCE_MAX) {
        let counts: Vec<String> = some.iter().map(|one| count(words, one)).collect();
        let rows = session.query(&format!("SELECT {}", counts.join(", ")), &[]).await?;
        for (column, one) in some.iter().enumerate() {
            let count = rows.first().map_or(Ok(None), |row| row.int(column))?;
            items.push(one.clone().counted(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()));
        }
    }
    Ok(items)
}

fn count(words: &Words, one: &Vanishing) -> String {
    let what = one.column.as_deref().map_or_else(|| "*".to_owned(), |column| words.quoted(column));
    let schema = one.schema.as_deref().map(|schema| format!("{}.", words.quoted(schema))).unwrap_or_default();
    let partition = one.partition.as_deref().map(|name| format!(" PARTITION ({})", words.quoted(name)));
    format!("(SELECT COUNT({what}) FROM {schema}{}{})", words.quoted(&one.table), partition.unwrap_or_default())
}

/// The schema that a name without one is in.
///
/// # Errors
/// The server's.
pub async fn default_schema(session: &mut dyn Session, words: &Words) -> Result<String, EngineError> {
    let rows = session.query(words.default_schema, &[]).await?;
    let name = rows.first().map_or(Ok(None), |row| row.text(0))?;
    Ok(name.unwrap_or_default().to_owned())
}
