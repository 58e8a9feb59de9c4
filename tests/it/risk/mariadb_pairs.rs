//! The pairs that MariaDB and MySQL have in common.

use super::pair::{
    Pair,
    Seen::{DoneWith, Kept, Refused, RefusedWith, Rewritten, Says, Survives},
};

/// A table with some rows.
pub const ROWS: &str = "CREATE TABLE $t (id bigint PRIMARY KEY, parent bigint, note text, email varchar(20) CHARACTER SET utf8mb4, \
                    big varchar(200) CHARACTER SET latin1, amount decimal(10, 4), n int, place int NOT NULL DEFAULT 1, \
                    kind enum('a', 'b'), three varchar(20) CHARACTER SET utf8mb3, \
                    flags set('1', '2', '3', '4', '5', '6', '7', '8'), some set('a', 'b'), \
                    eighty varchar(80) CHARACTER SET utf8mb3, shape point NOT NULL DEFAULT (point(1, 1))) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;\n\
                    INSERT INTO $t (id, parent, note, email, amount, n) \
                    WITH RECURSIVE s (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < 500) \
                    SELECT seq, seq, 'note', seq, seq + 0.1234, seq FROM s";

/// Each rule that can be seen on both.
pub const PAIRS: &[Pair] = &[
    Pair {
        rule: "not-atomic",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN one int;\nALTER TABLE $t ADD COLUMN two int",
        seen: &[Survives(
            "SELECT CAST(count(*) AS CHAR) FROM information_schema.columns WHERE table_schema = \
             DATABASE() AND table_name = '$t' AND column_name IN ('one', 'two')",
            "2",
        )],
        twin: "ALTER TABLE $t ADD COLUMN one int\n-- next\nALTER TABLE $t ADD COLUMN two int",
        twin_seen: &[],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY n bigint",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY email varchar(40)",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY big varchar(300) CHARACTER SET latin1",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY email varchar(60)",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY kind enum('b', 'a')",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY kind enum('a', 'b', 'c')",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY amount decimal(12, 4)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY amount decimal(10, 4) DEFAULT 1",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "charset-copies",
        before: ROWS,
        trips: "ALTER TABLE $t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t DEFAULT CHARACTER SET utf8mb3",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "charset-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY big varchar(200) CHARACTER SET utf8mb4",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY three varchar(20) CHARACTER SET utf8mb4",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "primary-key-copies",
        before: ROWS,
        trips: "ALTER TABLE $t DROP PRIMARY KEY",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t DROP PRIMARY KEY, ADD PRIMARY KEY (id, place)",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "foreign-key-copies",
        before: "CREATE TABLE $t_p (id bigint PRIMARY KEY);\nCREATE TABLE $t (id bigint PRIMARY KEY, parent \
             bigint);\nINSERT INTO $t_p VALUES (1);\nINSERT INTO $t VALUES (1, 1)",
        trips: "ALTER TABLE $t ADD FOREIGN KEY (parent) REFERENCES $t_p (id)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "SET foreign_key_checks = 0;\nALTER TABLE $t ADD FOREIGN KEY (parent) REFERENCES $t_p (id)",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "check-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ADD CONSTRAINT positive CHECK (n > 0)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t ADD COLUMN more int NOT NULL DEFAULT 1",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "column-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN twice int AS (n * 2) STORED",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t ADD COLUMN twice int AS (n * 2) VIRTUAL",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "column-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY);\nINSERT INTO $t VALUES (1)",
        trips: "ALTER TABLE $t ADD COLUMN counted int NOT NULL AUTO_INCREMENT UNIQUE",
        seen: &[RefusedWith(", ALGORITHM=INPLACE, LOCK=NONE", "1846")],
        twin: "ALTER TABLE $t ADD COLUMN counted int",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "storage-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ENGINE=MyISAM",
        seen: &[RefusedWith(", ALGORITHM=INPLACE, LOCK=NONE", "1845")],
        twin: "ALTER TABLE $t ENGINE=InnoDB",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "storage-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY);\nINSERT INTO $t VALUES (1)",
        trips: "ALTER TABLE $t ALGORITHM=INPLACE PARTITION BY HASH (id) PARTITIONS 2",
        seen: &[Refused("1845")],
        twin: "ALTER TABLE $t COMMENT = 'more'",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "index-blocks-writes",
        before: ROWS,
        trips: "ALTER TABLE $t ADD FULLTEXT INDEX (note)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE, LOCK=NONE", "1846")],
        twin: "ALTER TABLE $t ADD INDEX (email)",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "index-blocks-writes",
        before: ROWS,
        trips: "CREATE SPATIAL INDEX $t_place ON $t (shape)",
        seen: &[RefusedWith(" ALGORITHM=INPLACE LOCK=NONE", "1846")],
        twin: "CREATE UNIQUE INDEX $t_email ON $t (email)",
        twin_seen: &[DoneWith(" ALGORITHM=INPLACE LOCK=NONE")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t FORCE",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN first_one int FIRST",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY n int NOT NULL",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t MODIFY n int DEFAULT 4",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "no-algorithm",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, n int);\n\
             INSERT INTO $t WITH RECURSIVE s (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < 200) \
             SELECT one.seq * 200 + two.seq, one.seq FROM s AS one, s AS two;\nANALYZE TABLE $t",
        trips: "ALTER TABLE $t MODIFY n bigint",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846"), DoneWith("")],
        twin: "ALTER TABLE $t ADD COLUMN more int, ALGORITHM=INSTANT",
        twin_seen: &[DoneWith("")],
    },
    Pair {
        rule: "auto-increment",
        before: "CREATE TABLE $t (id bigint AUTO_INCREMENT PRIMARY KEY);\nINSERT INTO $t VALUES (10)",
        trips: "ALTER TABLE $t AUTO_INCREMENT = 5",
        seen: &[Says(
            "SELECT CAST(auto_increment AS CHAR) FROM information_schema.tables WHERE table_schema = \
             DATABASE() AND table_name = '$t'",
            "11",
        )],
        twin: "ALTER TABLE $t COMMENT = 'more'",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-table",
        before: ROWS,
        trips: "DROP TABLE $t",
        seen: &[Survives(
            "SELECT CAST(count(*) AS CHAR) FROM information_schema.tables WHERE table_schema = \
             DATABASE() AND table_name = '$t'",
            "0",
        )],
        twin: "CREATE TABLE $t_new (id int);\nDROP TABLE $t_new",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-column",
        before: ROWS,
        trips: "ALTER TABLE $t DROP COLUMN note",
        seen: &[Survives(
            "SELECT CAST(count(*) AS CHAR) FROM information_schema.columns WHERE table_schema = \
             DATABASE() AND table_name = '$t' AND column_name = 'note'",
            "0",
        )],
        twin: "ALTER TABLE $t ALTER COLUMN note DROP DEFAULT",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-database",
        before: "SELECT 1",
        trips: "CREATE DATABASE IF NOT EXISTS $t_other;\nDROP DATABASE $t_other",
        seen: &[Says(
            "SELECT CAST(count(*) AS CHAR) FROM information_schema.schemata WHERE schema_name = \
             '$t_other'",
            "0",
        )],
        twin: "CREATE DATABASE $t_third",
        twin_seen: &[],
    },
    Pair {
        rule: "truncate",
        before: ROWS,
        trips: "TRUNCATE TABLE $t",
        seen: &[Survives("SELECT CAST(count(*) AS CHAR) FROM $t", "0")],
        twin: "CREATE TABLE $t_new (id int);\nTRUNCATE TABLE $t_new",
        twin_seen: &[],
    },
    Pair {
        rule: "truncate",
        before: "CREATE TABLE $t (id int) PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES \
                 LESS THAN MAXVALUE);\nINSERT INTO $t VALUES (1), (2), (30)",
        trips: "ALTER TABLE $t TRUNCATE PARTITION low",
        seen: &[Survives("SELECT CAST(count(*) AS CHAR) FROM $t", "1")],
        twin: "CREATE TABLE $t_new (id int);\nALTER TABLE $t EXCHANGE PARTITION low WITH TABLE $t_new;\nCREATE TABLE $t_made (id \
               int) PARTITION BY HASH (id) PARTITIONS 2;\nALTER TABLE $t_made TRUNCATE PARTITION ALL",
        twin_seen: &[],
    },
    Pair {
        rule: "delete-without-where",
        before: ROWS,
        trips: "DELETE FROM $t",
        seen: &[Says("SELECT CAST(count(*) AS CHAR) FROM $t", "0")],
        twin: "DELETE FROM $t WHERE id < 10",
        twin_seen: &[],
    },
    Pair {
        rule: "update-without-where",
        before: ROWS,
        trips: "UPDATE $t SET note = 'same'",
        seen: &[Says("SELECT CAST(count(*) AS CHAR) FROM $t WHERE note = 'same'", "500")],
        twin: "UPDATE $t SET note = 'same' LIMIT 10",
        twin_seen: &[],
    },
    Pair {
        rule: "rename-table",
        before: ROWS,
        trips: "ALTER TABLE $t RENAME TO $t_other;\nSELECT count(*) FROM $t",
        seen: &[Refused("1146")],
        twin: "CREATE TABLE $t_new LIKE $t;\nRENAME TABLE $t TO $t_old, $t_new TO $t",
        twin_seen: &[],
    },
    Pair {
        rule: "rename-column",
        before: ROWS,
        trips: "ALTER TABLE $t CHANGE note remark text;\nSELECT note FROM $t",
        seen: &[Refused("1054")],
        twin: "ALTER TABLE $t ADD COLUMN remark text",
        twin_seen: &[],
    },
    Pair {
        rule: "narrowing-type",
        before: "CREATE TABLE $t (n int);\nINSERT INTO $t VALUES (100000)",
        trips: "ALTER TABLE $t MODIFY n smallint",
        seen: &[Refused("1264")],
        twin: "ALTER TABLE $t MODIFY n bigint",
        twin_seen: &[],
    },
    Pair {
        rule: "narrowing-type",
        before: "CREATE TABLE $t (n varchar(20));\nINSERT INTO $t VALUES ('too long')",
        trips: "SET sql_mode = '';\nALTER TABLE $t MODIFY n varchar(3)",
        seen: &[Says("SELECT n FROM $t", "too")],
        twin: "ALTER TABLE $t MODIFY n varchar(30)",
        twin_seen: &[],
    },
    Pair {
        rule: "required-column",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code int NOT NULL",
        seen: &[Says("SELECT DISTINCT CAST(code AS CHAR) FROM $t", "0")],
        twin: "ALTER TABLE $t ADD COLUMN code int NOT NULL DEFAULT 7",
        twin_seen: &[Says("SELECT DISTINCT CAST(code AS CHAR) FROM $t", "7")],
    },
    Pair {
        rule: "type-copies",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, plain longtext, own json);\n\
             INSERT INTO $t VALUES (1, '{}', '{}')",
        trips: "ALTER TABLE $t MODIFY plain json",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY own json",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY flags set('1', '2', '3', '4', '5', '6', '7', '8', '9')",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY some set('a', 'b', 'c')",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "type-copies",
        before: ROWS,
        trips: "ALTER TABLE $t MODIFY eighty varchar(80) CHARACTER SET utf8mb4",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY three varchar(40) CHARACTER SET utf8mb4",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE")],
    },
    Pair {
        rule: "charset-copies",
        before: ROWS,
        // Without a character set, that of the table is meant.
        trips: "ALTER TABLE $t MODIFY big varchar(200)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1846")],
        twin: "ALTER TABLE $t MODIFY email varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        twin_seen: &[DoneWith(", ALGORITHM=INPLACE, LOCK=NONE"), Kept("$t")],
    },
    Pair {
        rule: "column-copies",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN more int DEFAULT (n + 1)",
        seen: &[RefusedWith(", ALGORITHM=INPLACE", "1845")],
        twin: "ALTER TABLE $t ADD COLUMN more datetime NOT NULL DEFAULT now()",
        twin_seen: &[DoneWith(", ALGORITHM=INSTANT")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN more int UNIQUE",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN more int\n-- next\nALTER TABLE $t ADD UNIQUE INDEX (more)",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "rebuilds-table",
        before: ROWS,
        trips: "ALTER TABLE $t DROP COLUMN note, ADD INDEX (n)",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t DROP COLUMN note\n-- next\nALTER TABLE $t ADD INDEX (n)",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "rebuilds-table",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, n int) ROW_FORMAT=COMPRESSED;\nINSERT INTO $t VALUES (1, 1)",
        trips: "ALTER TABLE $t ADD COLUMN more int",
        seen: &[RefusedWith(", ALGORITHM=INSTANT", "1845"), Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN more int AS (n + 1) VIRTUAL",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "rebuilds-table",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, n int, note text, FULLTEXT INDEX (note));\n\
             INSERT INTO $t VALUES (1, 1, 'note')",
        trips: "ALTER TABLE $t ADD COLUMN more int",
        seen: &[RefusedWith(", ALGORITHM=INPLACE, LOCK=NONE", "1846"), Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN more int AS (n + 1) VIRTUAL",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "no-algorithm",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY, n int);\n\
             INSERT INTO $t WITH RECURSIVE s (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < 200) \
             SELECT one.seq * 200 + two.seq, one.seq FROM s AS one, s AS two;\nANALYZE TABLE $t",
        trips: "ALTER TABLE $t COMMENT = 'copied', ALGORITHM=COPY",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t COMMENT = 'kept', ALGORITHM=INPLACE, LOCK=NONE",
        twin_seen: &[Kept("$t")],
    },
];
