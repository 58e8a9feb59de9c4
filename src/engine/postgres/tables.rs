//! Our own tables in PostgreSQL's words.
//!
//! `schema_version` and `migration_history` keep the columns that other readers know; what windlass adds to them is
//! nullable, and is added to tables that were there before. Versions are `VARCHAR(64)`, as a semantic version with a
//! pre-release and build part may be longer than 20 characters.

use crate::engine::Words;

/// See [`Words`].
pub(super) static WORDS: Words = Words {
    create_tables: &[
        SCHEMA_VERSION,
        "CREATE INDEX IF NOT EXISTS idx_schema_version_version ON schema_version (version)",
        "CREATE INDEX IF NOT EXISTS idx_schema_version_number ON schema_version (migration_number)",
        MIGRATION_HISTORY,
        "CREATE INDEX IF NOT EXISTS idx_migration_history_version ON migration_history (version)",
        "CREATE INDEX IF NOT EXISTS idx_migration_history_applied_at ON migration_history (applied_at)",
        ADDITIONS,
        JOURNAL,
        BACKFILL,
        ARCHIVE,
        LOCK,
        "INSERT INTO windlass_lock (id, layout, epoch) VALUES (1, 3, 0) ON CONFLICT (id) DO UPDATE SET layout = 3",
    ],
    clock: "clock_timestamp()",
    elapsed_ms: "(SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp() - heartbeat) * 1000 AS BIGINT) \
                 FROM windlass_lock WHERE id = 1)",
    epoch_ms: ("CAST(EXTRACT(EPOCH FROM ", ") * 1000 AS BIGINT)"),
    count_table: "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                  WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f') AND c.relname = ?",
    count_foreign_tables: r"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
          AND NOT (n.nspname IS NOT DISTINCT FROM current_schema()
                   AND (c.relname IN ('schema_version', 'migration_history') OR c.relname LIKE 'windlass\_%'))
          AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')",
    quote: '"',
    default_schema: "SELECT current_schema()::text",
    is_plain_column: str::is_empty,
    // What the server prints is the statement; what stands behind it says more than a statement could.
    create_index: |_, _, told| (told.starts_with("CREATE ") && !told.contains("; ")).then(|| told.to_owned()),
    keys: KEYS,
    compares_rows: true,
    text_of_hex: ("convert_from('\\x", "', 'UTF8')"),
    // Lock not available, query canceled (by a timeout), deadlock, serialization failure (PostgreSQL manual, appendix A).
    passing: &["55P03", "57014", "40P01", "40001"],
    // A crash loses the last commits, or more (PostgreSQL manual, "Asynchronous Commit" and `fsync`).
    forgets: Some(
        "SELECT name || ' = ' || setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') AND setting = 'off'",
    ),
    never_taken_back: None,
    calling: super::hearing::CALLING,
    breath_ms: 0,
};

/// Unique keys that hold for every row at once: valid, not deferred, over whole columns without NULL (PostgreSQL manual,
/// `pg_index`). `quote_literal` writes a value as text, which takes the type of the column it is compared with.
const KEYS: &str = "\
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), i.indexrelid::text, \
       CASE WHEN i.indisprimary THEN 1 ELSE 0 END, a.attname::text, quote_ident(a.attname), \
       'quote_literal(' || quote_ident(a.attname) || ')', format_type(a.atttypid, a.atttypmod), 0 \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
LEFT JOIN (pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS u (column_number, place) \
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.column_number) \
  ON i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL \
 AND i.indexprs IS NULL AND u.place <= i.indnkeyatts \
 AND NOT EXISTS (SELECT 1 FROM pg_attribute o WHERE o.attrelid = i.indrelid AND NOT o.attnotnull \
                 AND o.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) \
WHERE c.relkind IN ('r', 'p') AND n.nspname = coalesce(nullif(?, ''), current_schema()) AND c.relname = ? \
ORDER BY i.indisprimary DESC, i.indexrelid, u.place";

const ARCHIVE: &str = "\
CREATE TABLE IF NOT EXISTS windlass_archive (
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    at TIMESTAMPTZ(3) DEFAULT clock_timestamp()
)";

const BACKFILL: &str = "\
CREATE TABLE IF NOT EXISTS windlass_backfill (
    run_id VARCHAR(26) NOT NULL,
    seq INT NOT NULL,
    table_name TEXT NOT NULL,
    key_columns TEXT NOT NULL,
    after_key TEXT,
    rows_done BIGINT NOT NULL,
    rows_total BIGINT NOT NULL,
    batch_rows BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    at TIMESTAMPTZ(3) DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, seq)
)";

const SCHEMA_VERSION: &str = "\
CREATE TABLE IF NOT EXISTS schema_version (
    id INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    version VARCHAR(64) NOT NULL,
    migration_number INT NOT NULL,
    applied_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    backend_version VARCHAR(64) NOT NULL,
    description TEXT,
    checksum VARCHAR(64),
    name TEXT,
    run_id VARCHAR(26)
)";

const MIGRATION_HISTORY: &str = "\
CREATE TABLE IF NOT EXISTS migration_history (
    id INTEGER GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    migration_number INT NOT NULL UNIQUE,
    version VARCHAR(64) NOT NULL,
    description TEXT NOT NULL,
    applied_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    applied_by VARCHAR(100),
    execution_time_ms INT,
    success BOOLEAN DEFAULT TRUE,
    error_message TEXT,
    rollback_available BOOLEAN DEFAULT TRUE,
    name TEXT,
    checksum TEXT,
    run_id VARCHAR(26)
)";

/// Adds what an older tool's tables lack. It looks first: even with IF NOT EXISTS, ALTER TABLE would lock the table
/// against readers (PostgreSQL manual, "ALTER TABLE": "An ACCESS EXCLUSIVE lock is acquired unless explicitly noted").
const ADDITIONS: &str = "\
DO $windlass$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT w.tab, w.col, w.kind
        FROM (VALUES ('schema_version', 'name', 'TEXT'), ('schema_version', 'run_id', 'VARCHAR(26)'),
                     ('schema_version', 'checksum', 'VARCHAR(64)'), ('migration_history', 'name', 'TEXT'),
                     ('migration_history', 'checksum', 'TEXT'), ('migration_history', 'run_id', 'VARCHAR(26)')
             ) AS w (tab, col, kind)
        WHERE NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = to_regclass(w.tab) AND a.attname = w.col
                          AND NOT a.attisdropped)
    LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN %I %s', wanted.tab, wanted.col, wanted.kind);
    END LOOP;
END
$windlass$";

const LOCK: &str = "\
CREATE TABLE IF NOT EXISTS windlass_lock (
    id SMALLINT PRIMARY KEY,
    layout INT NOT NULL,
    epoch BIGINT NOT NULL,
    holder TEXT,
    since TIMESTAMPTZ(3),
    heartbeat TIMESTAMPTZ(3)
)";

const JOURNAL: &str = "\
CREATE TABLE IF NOT EXISTS windlass_journal (
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
    at TIMESTAMPTZ(3) DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, seq, statement)
)";
