//! The pairs of MariaDB alone, and those of MySQL alone: what either does in its own way.

use super::{
    mariadb_pairs::ROWS,
    pair::{
        Pair,
        Seen::{DoneWith, Kept, Refused, RefusedWith, Rewritten},
    },
};

/// What MariaDB does otherwise than MySQL.
pub const OF_MARIADB: &[Pair] = &[
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t ROW_FORMAT=COMPRESSED",
        seen: &[RefusedWith(", ALGORITHM=NOCOPY", "1846"), Rewritten("$t")],
        twin: "ALTER TABLE $t DROP COLUMN note",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY email varchar(10)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY email varchar(64)",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT"), Kept("$t")],
    },
    Pair {
        rule: "charset-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, email varchar(20) CHARACTER SET utf8mb3, INDEX (email));\n\
             INSERT INTO $t VALUES (1, 'a')",
        trips: "ALTER TABLE $t MODIFY email varchar(20) CHARACTER SET latin1",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY email varchar(20) CHARACTER SET utf8mb4",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE"), Kept("$t")],
    },
    Pair {
        rule: "column-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, n int, twice int AS (n * 2) VIRTUAL);\n\
             INSERT INTO $t (id, n) VALUES (1, 1)",
        trips: "ALTER TABLE $t ADD COLUMN more int AFTER id",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t ADD COLUMN more int",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "column-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code varchar(36) DEFAULT (uuid())",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t ADD COLUMN code varchar(36) DEFAULT ('none'), ADD COLUMN kept int CHECK (kept > 0)",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
];

/// What MariaDB does not know before 11.7.
pub const OF_MARIADB_BEFORE_11_7: &[Pair] = &[Pair {
    rule: "needs-newer-server",
    before: ROWS,
    trips: "ALTER TABLE $t ADD COLUMN v vector(3) NOT NULL DEFAULT ''",
    seen: &[Refused("4161")],
    twin: "ALTER TABLE $t ADD COLUMN v uuid",
    twin_seen: &[DoneWith("")],
}];

/// What MySQL does otherwise than MariaDB.
pub const OF_MYSQL: &[Pair] = &[
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY email varchar(64)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY email varchar(63)",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE"), Kept("$t")],
    },
    Pair {
        rule: "charset-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, email varchar(20) CHARACTER SET utf8mb4, \
             free varchar(20) CHARACTER SET utf8mb4, INDEX (email));\nINSERT INTO $t VALUES (1, 'a', 'a')",
        trips: "ALTER TABLE $t MODIFY email varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY free varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE"), Kept("$t")],
    },
    Pair {
        rule: "check-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN more int CHECK (more > 0)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t ADD COLUMN more int CHECK (more > 0) NOT ENFORCED",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "check-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, CONSTRAINT $t_k CHECK (id > 0) NOT ENFORCED);\n\
             INSERT INTO $t VALUES (1)",
        trips: "ALTER TABLE $t ALTER CHECK $t_k ENFORCED",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t DROP CHECK $t_k",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "column-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code varchar(36) DEFAULT ('none')",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t ADD COLUMN code varchar(36) DEFAULT 'none'",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN more int, ALGORITHM=INPLACE",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN more int, ALGORITHM=INSTANT",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t DROP COLUMN note, ALGORITHM=INPLACE",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t DROP COLUMN note",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY note text FIRST",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN more int AFTER id",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t ROW_FORMAT=COMPRESSED",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t RENAME COLUMN note TO remark",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
];
