//! Our own tables, in this engine's words.

use crate::engine::Words;

/// What differs here. Names are compared byte by byte (`utf8mb4_bin`), as the catalog compares them.
///
/// Moments are TIMESTAMP columns: they hold UTC whatever `time_zone` a migration sets, `CURRENT_TIMESTAMP` goes into them
/// without a detour through local time, and `UNIX_TIMESTAMP` of such a column reads it back without one (MySQL manual,
/// "Date and Time Functions"). Differences are taken from `UTC_TIMESTAMP`, so an hour that a clock change repeats counts once.
pub(super) static WORDS: Words = Words {
    create_tables: &[SCHEMA_VERSION, MIGRATION_HISTORY, JOURNAL, BACKFILL, ARCHIVE, LOCK, LOCK_ROW],
    clock: "CURRENT_TIMESTAMP(3)",
    elapsed_ms: "(SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 \
                 - CAST(UNIX_TIMESTAMP(heartbeat) * 1000 AS SIGNED) FROM windlass_lock WHERE id = 1)",
    epoch_ms: ("CAST(UNIX_TIMESTAMP(", ") * 1000 AS SIGNED)"),
    count_table: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
    count_foreign_tables: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() \
                           AND LEFT(table_name, 9) <> 'windlass_' \
                           AND table_name NOT IN ('schema_version', 'migration_history')",
    quote: '`',
    default_schema: "SELECT DATABASE()",
    is_plain_column: |extra| extra.starts_with(" collation=") && extra.ends_with(" generated= comment="),
    create_index: |name, table, told| {
        let (unique, rest) = told.strip_prefix("unique ").map_or(("", told), |rest| ("UNIQUE ", rest));
        let columns = rest.strip_prefix("BTREE comment= on ")?.replace(' ', ", ").replace(", desc", " DESC");
        (name != "`PRIMARY`").then(|| format!("CREATE {unique}INDEX {name} ON {table} ({columns})"))
    },
    keys: KEYS,
    // It reads the whole index (measured on MariaDB 10.11 with EXPLAIN); the same written out with OR and AND finds its place.
    compares_rows: false,
    text_of_hex: ("CONVERT(X'", "' USING utf8mb4)"),
    // Lock wait timeout, deadlock, statement interrupted, statement timeout (MariaDB and MySQL manuals, error codes).
    passing: &["1205", "1213", "1317", "1969", "3024"],
    // With 0 and 2 a crash loses the last commits, and not the schema changes before them (MariaDB manual,
    // `innodb_flush_log_at_trx_commit`).
    forgets: Some(
        "SELECT CONCAT('innodb_flush_log_at_trx_commit = ', @@global.innodb_flush_log_at_trx_commit) FROM DUAL \
         WHERE @@global.innodb_flush_log_at_trx_commit <> 1",
    ),
    // Storage engines tell whether they roll back (MariaDB manual, "Information Schema ENGINES Table").
    never_taken_back: Some(
        "SELECT t.table_name, t.engine FROM information_schema.tables t \
         JOIN information_schema.engines e ON e.engine = t.engine \
         WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND e.transactions = 'NO'",
    ),
    calling: "",
    breath_ms: 0,
};

/// Unique keys over whole columns without NULL. Each part asks for one table by its name: without that, the server would open
/// those of every database. How a value is written as a literal depends on its type; a literal with a
/// character set yields to the column's collation (MariaDB manual, "Literals", coercibility). Where types compare in another
/// order than they sort (ENUM, SET), or a literal is not the value (floating point, TIMESTAMP in local time), there is none.
const KEYS: &str = "\
SELECT CONCAT('`', REPLACE(t.table_schema, '`', '``'), '`.`', REPLACE(t.table_name, '`', '``'), '`') AS tab, \
  NULL AS name, 0 AS is_primary, NULL AS col, NULL AS quoted, NULL AS literal, NULL AS kind, 0 AS nullable, 0 AS place \
FROM information_schema.tables t WHERE t.table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND t.table_name = ? \
  AND t.table_type = 'BASE TABLE' \
UNION ALL \
SELECT CONCAT('`', REPLACE(s.table_schema, '`', '``'), '`.`', REPLACE(s.table_name, '`', '``'), '`'), s.index_name, \
  IF(s.index_name = 'PRIMARY', 1, 0), s.column_name, CONCAT('`', REPLACE(s.column_name, '`', '``'), '`'), \
  REPLACE(CASE \
    WHEN c.data_type IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year') THEN 'CAST(@ AS CHAR)' \
    WHEN c.data_type IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext') \
      THEN 'CONCAT(''_utf8mb4 X'''''', HEX(CONVERT(@ USING utf8mb4)), '''''''')' \
    WHEN c.data_type IN ('binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob') \
      THEN 'CONCAT(''X'''''', HEX(@), '''''''')' \
    WHEN c.data_type IN ('uuid', 'inet4', 'inet6', 'date', 'datetime') THEN 'CONCAT('''''''', @, '''''''')' \
  END, '@', CONCAT('`', REPLACE(s.column_name, '`', '``'), '`')), c.data_type, 0, s.seq_in_index \
FROM information_schema.statistics s JOIN information_schema.columns c ON c.column_name = s.column_name \
WHERE s.table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND s.table_name = ? AND s.non_unique = 0 \
  AND c.table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND c.table_name = ? AND NOT EXISTS \
     (SELECT 1 FROM information_schema.statistics o WHERE o.table_schema = COALESCE(NULLIF(?, ''), DATABASE()) \
      AND o.table_name = ? AND o.index_name = s.index_name \
      AND (o.sub_part IS NOT NULL OR o.nullable = 'YES' OR o.column_name IS NULL)) \
ORDER BY is_primary DESC, name, place";

const ARCHIVE: &str = "CREATE TABLE IF NOT EXISTS windlass_archive (
  name VARCHAR(255) NOT NULL,
  content LONGTEXT NOT NULL,
  epoch BIGINT NOT NULL,
  at TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

const BACKFILL: &str = "CREATE TABLE IF NOT EXISTS windlass_backfill (
  run_id VARCHAR(26) NOT NULL,
  seq INT NOT NULL,
  table_name TEXT NOT NULL,
  key_columns TEXT NOT NULL,
  after_key TEXT,
  rows_done BIGINT NOT NULL,
  rows_total BIGINT NOT NULL,
  batch_rows BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  at TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (run_id, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

/// Whether a table or object is windlass's own.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with("windlass_") || name == "schema_version" || name == "migration_history"
}

const SCHEMA_VERSION: &str = "CREATE TABLE IF NOT EXISTS schema_version (
  id INT PRIMARY KEY AUTO_INCREMENT,
  version VARCHAR(64) NOT NULL,
  migration_number INT NOT NULL,
  applied_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  backend_version VARCHAR(64) NOT NULL,
  description TEXT,
  checksum VARCHAR(64),
  name VARCHAR(255),
  run_id VARCHAR(26),
  INDEX idx_version (version),
  INDEX idx_migration_number (migration_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

const MIGRATION_HISTORY: &str = "CREATE TABLE IF NOT EXISTS migration_history (
  id INT PRIMARY KEY AUTO_INCREMENT,
  migration_number INT NOT NULL UNIQUE,
  version VARCHAR(64) NOT NULL,
  description TEXT NOT NULL,
  applied_at TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP,
  applied_by VARCHAR(100),
  execution_time_ms INT,
  success BOOLEAN DEFAULT TRUE,
  error_message TEXT,
  rollback_available BOOLEAN DEFAULT TRUE,
  name VARCHAR(255),
  checksum TEXT,
  run_id VARCHAR(26),
  INDEX idx_version (version),
  INDEX idx_migration_number (migration_number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

/// The fence is `UPDATE windlass_lock SET epoch = CASE WHEN epoch = 7 THEN 7 END`: it must fail when the epoch has moved.
/// A NOT NULL column would not do: without strict mode a migration's session stores 0 there and warns. So NULL is
/// allowed and refused twice, both regardless of `sql_mode`: by the CHECK (which `check_constraint_checks = 0` can switch
/// off on MariaDB) and by `epoch_held`, whose sum leaves the range of its type for NULL, always an error (MySQL manual,
/// "Out-of-Range and Overflow Handling").
const LOCK: &str = "CREATE TABLE IF NOT EXISTS windlass_lock (
  id SMALLINT PRIMARY KEY,
  layout INT NOT NULL,
  epoch BIGINT NULL,
  holder TEXT,
  since TIMESTAMP(3) NULL DEFAULT NULL,
  heartbeat TIMESTAMP(3) NULL DEFAULT NULL,
  epoch_held BIGINT UNSIGNED AS (CAST(COALESCE(epoch, -1) AS UNSIGNED) + 1) STORED,
  CONSTRAINT windlass_epoch_held CHECK (epoch IS NOT NULL)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

const LOCK_ROW: &str =
    "INSERT INTO windlass_lock (id, layout, epoch) VALUES (1, 3, 0) ON DUPLICATE KEY UPDATE layout = 3";

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS windlass_journal (
  run_id VARCHAR(26) NOT NULL,
  seq INT NOT NULL,
  statement INT NOT NULL,
  direction VARCHAR(4) NOT NULL,
  state VARCHAR(10) NOT NULL,
  name VARCHAR(255) NOT NULL,
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
  at TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (run_id, seq, statement)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
