//! x
use crate::model::schema::Schema;
use sqlx::SqliteConnection;
pub(super) async fn schema(connection: &mut SqliteConnection, names: Option<&[String]>) -> Result<Schema, sqlx::Error> {
    let _ = (connection, names);
    Ok(Schema::default())
}
/// The first word of a statement, behind white space and comments.
pub(super) fn first_word(sql: &str) -> &str {
    sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}
