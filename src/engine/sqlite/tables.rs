//! Our own tables in SQLite's words.
//!
//! Types are written as the other engines write them; SQLite keeps them as affinities (SQLite manual, "Datatypes In SQLite").
//! Times are text, `YYYY-MM-DD HH:MM:SS.SSS` in UTC, which its date functions read and which sorts as time does.

use crate::engine::Words;
pub(super) use crate::engine::bookkeeping::is_ours;

/// A table of the application: no table of SQLite's own (`sqlite_…`) and none of ours. `_` is a wildcard of LIKE, hence the escape.
macro_rules! foreign {
    () => {
        "type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'windlass\\_%' ESCAPE '\\' \
         AND lower(name) NOT IN ('schema_version', 'migration_history')"
    };
}

/// The condition on `sqlite_schema` that leaves the application's own tables.
pub(super) const FOREIGN: &str = foreign!();

/// What is particular to SQLite about them.
pub(super) static WORDS: Words = Words {
    create_tables: &[
        SCHEMA_VERSION,
        "CREATE INDEX IF NOT EXISTS idx_schema_version_version ON schema_version (version)",
        "CREATE INDEX IF NOT EXISTS idx_schema_version_applied_at ON schema_version (applied_at)",
        MIGRATION_HISTORY,
        "CREATE INDEX IF NOT EXISTS idx_migration_history_version ON migration_history (version)",
        "CREATE INDEX IF NOT EXISTS idx_migration_history_applied_at ON migration_history (applied_at)",
        WINDLASS_JOURNAL,
        WINDLASS_BACKFILL,
        WINDLASS_ARCHIVE,
        WINDLASS_LOCK,
        "INSERT INTO windlass_lock (id, layout, epoch) VALUES (1, 3, 0) ON CONFLICT (id) DO UPDATE SET layout = 3",
    ],
    clock: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    elapsed_ms: "(SELECT CAST(round((unixepoch('now', 'subsec') - unixepoch(heartbeat, 'subsec')) * 1000) AS INTEGER) \
                 FROM windlass_lock WHERE id = 1)",
    epoch_ms: ("CAST(round(unixepoch(", ", 'subsec') * 1000) AS INTEGER)"),
    count_table: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE",
    count_foreign_tables: concat!("SELECT count(*) FROM sqlite_schema WHERE ", foreign!()),
    quote: '"',
    default_schema: "SELECT 'main'",
    is_plain_column: str::is_empty,
    create_index: |name, table, told| {
        let (unique, columns) = told.strip_prefix("unique ").map_or(("", told), |columns| ("UNIQUE ", columns));
        let is_told = columns.starts_with('(') && name != "\"primary key\"";
        is_told.then(|| format!("CREATE {unique}INDEX {name} ON {table} {columns}"))
    },
    keys: KEYS,
    compares_rows: true,
    text_of_hex: ("CAST(X'", "' AS TEXT)"),
    // Busy and locked, also while a snapshot is stale (SQLite manual, "Result and Error Codes").
    passing: &["5", "6", "261", "262", "517"],
    forgets: None,
    never_taken_back: None,
    calling: "",
    breath_ms: 5,
};

/// The primary key by its columns, as that of a rowid table has no index of its own, then every unique index over whole
/// columns. A primary key may hold NULL (SQLite manual, "CREATE TABLE", "The PRIMARY KEY"); the last column says whether it
/// can. A text is written by its bytes, since `quote` ends at a NUL.
const KEYS: &str = "\
WITH held (tab) AS (SELECT name FROM sqlite_schema WHERE type = 'table' AND ?1 IN ('', 'main') AND name = ?2 COLLATE NOCASE), \
keyed (tab, key, is_primary, col, place, kind, nullable) AS ( \
  SELECT h.tab, '', 1, c.name, c.pk, c.type, CASE WHEN c.\"notnull\" = 1 OR (lower(c.type) = 'integer' AND 1 = \
         (SELECT count(*) FROM pragma_table_info(h.tab) o WHERE o.pk > 0)) THEN 0 ELSE 1 END \
  FROM held h JOIN pragma_table_info(h.tab) c WHERE c.pk > 0 \
  UNION ALL SELECT h.tab, i.name, 0, x.name, x.seqno + 1, c.type, 0 \
  FROM held h JOIN pragma_index_list(h.tab) i JOIN pragma_index_xinfo(i.name) x JOIN pragma_table_info(h.tab) c \
    ON c.name = x.name \
  WHERE i.\"unique\" = 1 AND i.partial = 0 AND i.origin <> 'pk' AND x.key = 1 \
    AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(i.name) o LEFT JOIN pragma_table_info(h.tab) p ON p.name = o.name \
                    WHERE o.key = 1 AND coalesce(p.\"notnull\", 0) = 0)) \
SELECT '\"' || replace(h.tab, '\"', '\"\"') || '\"', k.key, k.is_primary, k.col, '\"' || replace(k.col, '\"', '\"\"') || '\"', \
       replace('CASE typeof(@) WHEN ''text'' THEN ''CAST(X'''''' || hex(@) || '''''' AS TEXT)'' ELSE quote(@) END', '@', \
               '\"' || replace(k.col, '\"', '\"\"') || '\"'), k.kind, k.nullable \
FROM held h LEFT JOIN keyed k ON k.tab = h.tab ORDER BY k.is_primary DESC, k.key, k.place";

const WINDLASS_ARCHIVE: &str = "CREATE TABLE IF NOT EXISTS windlass_archive (
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
)";

const WINDLASS_BACKFILL: &str = "CREATE TABLE IF NOT EXISTS windlass_backfill (
    run_id VARCHAR(26) NOT NULL,
    seq INT NOT NULL,
    table_name TEXT NOT NULL,
    key_columns TEXT NOT NULL,
    after_key TEXT,
    rows_done BIGINT NOT NULL,
    rows_total BIGINT NOT NULL,
    batch_rows BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    PRIMARY KEY (run_id, seq)
)";

const SCHEMA_VERSION: &str = "CREATE TABLE IF NOT EXISTS schema_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version VARCHAR(64) NOT NULL,
    migration_number INT NOT NULL,
    applied_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    backend_version VARCHAR(64) NOT NULL,
    description TEXT,
    checksum VARCHAR(64),
    name TEXT,
    run_id VARCHAR(26)
)";

const MIGRATION_HISTORY: &str = "CREATE TABLE IF NOT EXISTS migration_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    migration_number INT NOT NULL UNIQUE,
    version VARCHAR(64) NOT NULL,
    description TEXT NOT NULL,
    applied_at TIMESTAMP DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    applied_by VARCHAR(100),
    execution_time_ms INT,
    success BOOLEAN DEFAULT TRUE,
    error_message TEXT,
    rollback_available BOOLEAN DEFAULT TRUE,
    name TEXT,
    checksum TEXT,
    run_id VARCHAR(26)
)";

const WINDLASS_LOCK: &str = "CREATE TABLE IF NOT EXISTS windlass_lock (
    id INTEGER PRIMARY KEY,
    layout INT NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT,
    since TEXT,
    heartbeat TEXT
)";

const WINDLASS_JOURNAL: &str = "CREATE TABLE IF NOT EXISTS windlass_journal (
    run_id VARCHAR(26) NOT NULL,
    seq INT NOT NULL,
    statement INT NOT NULL,
    direction VARCHAR(4) NOT NULL,
    state VARCHAR(10) NOT NULL,
    name TEXT NOT NULL,
    number INT NOT NULL,
    version VARCHAR(64) NOT NULL,
    description TEXT,
    checksum TEXT,
    bytes_sha256 VARCHAR(64),
    rollback_available BOOLEAN,
    backend_version VARCHAR(64),
    applied_by VARCHAR(100),
    sql_sha256 VARCHAR(64),
    fingerprint_before VARCHAR(64),
    epoch BIGINT NOT NULL,
    connection_id VARCHAR(20),
    at TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
    PRIMARY KEY (run_id, seq, statement)
)";
