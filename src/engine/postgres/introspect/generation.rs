//! What tells a table or index that was written anew from the one before: the file it stands in.

use sqlx::{PgConnection, Row};

use super::refusal;
use crate::engine::EngineError;

/// Tables and indexes called so, the indexes of such tables, and what is stored beside them (TOAST): each with its file, and
/// whether an index can be used. VACUUM FULL, CLUSTER and REINDEX write a new file (PostgreSQL manual, "`pg_class`",
/// column `relfilenode`).
const FILES: &str = r"
WITH named AS (
    SELECT c.oid, c.reltoastrelid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE lower(c.relname) = ANY ($1) AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
)
SELECT DISTINCT c.oid::text || '=' || c.relfilenode || CASE x.indisvalid WHEN false THEN '!' ELSE '' END AS told
FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid
WHERE c.oid IN (SELECT oid FROM named) OR c.oid IN (SELECT reltoastrelid FROM named) OR x.indrelid IN (SELECT oid FROM named)
   OR x.indrelid IN (SELECT reltoastrelid FROM named WHERE reltoastrelid <> 0)
ORDER BY 1";

/// The files of what is called so.
pub(in crate::engine::postgres) async fn generation(
    connection: &mut PgConnection,
    names: &[String],
) -> Result<String, EngineError> {
    let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let read = async {
        let rows = sqlx::query(FILES).bind(names).persistent(false).fetch_all(connection).await?;
        rows.iter().map(|row| row.try_get::<String, _>("told")).collect::<Result<Vec<String>, _>>()
    };
    read.await.map(|told| told.join(";")).map_err(|error: sqlx::Error| refusal::of(&error))
}
