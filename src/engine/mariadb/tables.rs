//! Our own tables, in this engine's words.

use crate::engine::Words;

/// What differs here. Names are compared byte by byte (`utf8mb4_bin`), as the catalog compares them.
///
/// Moments are TIMESTAMP columns: they hold UTC whatever `time_zone` a migration sets, `CURRENT_TIMESTAMP` goes into them
/// without a detour through local time, and `UNIX_TIMESTAMP` of such a column reads it back without one (MySQL manual,
/// "Date and Time Functions"). Differences are taken from `UTC_TIMESTAMP`, so an hour that a clock change repeats counts once.
pub(super) static WORDS: Words = Words {
    create_tables: &[SCHEMA_VERSION, MIGRATION_HISTORY, JOURNAL, LOCK, LOCK_ROW],
    clock: "CURRENT_TIMESTAMP(3)",
    elapsed_ms: "(SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 \
                 - CAST(UNIX_TIMESTAMP(heartbeat) * 1000 AS SIGNED) FROM windlass_lock WHERE id = 1)",
    epoch_ms: ("CAST(UNIX_TIMESTAMP(", ") * 1000 AS SIGNED)"),
    count_table: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
    count_foreign_tables: "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() \
                           AND LEFT(table_name, 9) <> 'windlass_' \
                           AND table_name NOT IN ('schema_version', 'migration_history')",
};

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

const LOCK_ROW: &str = "INSERT IGNORE INTO windlass_lock (id, layout, epoch) VALUES (1, 1, 0)";

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
