//! The pairs of SQLite.

use super::pair::{
    Pair,
    Seen::{Refused, Says},
};

/// A table with some rows.
const ROWS: &str = "CREATE TABLE $t (id integer PRIMARY KEY, note text, email text);\n\
                    INSERT INTO $t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
                    SELECT i, 'note ' || i, 'e' || i FROM n";

/// Each rule that can be seen on SQLite.
pub const PAIRS: &[Pair] = &[
    Pair {
        rule: "rebuild-order",
        before: "CREATE TABLE $t (id integer PRIMARY KEY, note text);\n\
             CREATE TABLE $t_c (id integer, parent integer REFERENCES $t (id));\nINSERT INTO $t VALUES (1, 'a')",
        trips: "ALTER TABLE $t RENAME TO $t_old;\nCREATE TABLE $t (id integer PRIMARY KEY, note text, more text);\n\
             INSERT INTO $t (id, note) SELECT id, note FROM $t_old;\nDROP TABLE $t_old",
        seen: &[Says("SELECT CAST(instr(sql, '$t_old') > 0 AS TEXT) FROM sqlite_schema WHERE name = '$t_c'", "1")],
        twin: "CREATE TABLE $t_new (id integer PRIMARY KEY, note text, more text);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        twin_seen: &[Says("SELECT CAST(instr(sql, '$t_new') > 0 AS TEXT) FROM sqlite_schema WHERE name = '$t_c'", "0")],
    },
    Pair {
        rule: "rebuild-misses-columns",
        before: ROWS,
        trips: "CREATE TABLE $t_new (id integer PRIMARY KEY, note text, email text);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        seen: &[Says("SELECT CAST(count(email) AS TEXT) FROM $t", "0")],
        twin: "CREATE TABLE $t_new (id integer PRIMARY KEY, note text, email text);\n\
             INSERT INTO $t_new (id, note, email) SELECT id, note, email FROM $t;\nDROP TABLE $t;\n\
             ALTER TABLE $t_new RENAME TO $t",
        twin_seen: &[Says("SELECT CAST(count(email) AS TEXT) FROM $t", "500")],
    },
    Pair {
        rule: "rebuild-misses-columns",
        before: ROWS,
        trips: "CREATE TABLE $t_new (id integer PRIMARY KEY, email text, note text);\n\
             INSERT INTO $t_new SELECT * FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        seen: &[Says("SELECT email FROM $t WHERE id = 1", "note 1")],
        twin: "CREATE TABLE $t_new (id integer PRIMARY KEY, note text, email text);\n\
             INSERT INTO $t_new SELECT * FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        twin_seen: &[Says("SELECT email FROM $t WHERE id = 1", "e1")],
    },
    Pair {
        rule: "rebuild-loses-objects",
        before: "CREATE TABLE $t (id integer PRIMARY KEY, note text);\nCREATE INDEX $t_note ON $t (note);\n\
             CREATE TRIGGER $t_guard BEFORE DELETE ON $t BEGIN SELECT raise(ABORT, 'no'); END;\n\
             INSERT INTO $t VALUES (1, 'a')",
        trips: "CREATE TABLE $t_new (id integer PRIMARY KEY, note text);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        seen: &[Says(
            "SELECT CAST(count(*) AS TEXT) FROM sqlite_schema WHERE tbl_name = '$t' AND type IN ('index', \
             'trigger')",
            "0",
        )],
        twin: "CREATE TABLE $t_new (id integer PRIMARY KEY, note text);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\n\
             ALTER TABLE $t_new RENAME TO $t;\nCREATE INDEX $t_note ON $t (note);\n\
             CREATE TRIGGER $t_guard BEFORE DELETE ON $t BEGIN SELECT raise(ABORT, 'no'); END",
        twin_seen: &[Says(
            "SELECT CAST(count(*) AS TEXT) FROM sqlite_schema WHERE tbl_name = '$t' AND type IN \
             ('index', 'trigger')",
            "2",
        )],
    },
    Pair {
        rule: "rebuild-keeps-values",
        before: "CREATE TABLE $t (id integer PRIMARY KEY, note text);\nINSERT INTO $t VALUES (1, 'a')",
        trips: "CREATE TABLE $t_new (id integer PRIMARY KEY, note integer);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        seen: &[Says("SELECT typeof(note) FROM $t", "text")],
        twin: "CREATE TABLE $t_new (id integer PRIMARY KEY, note integer) STRICT;\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        twin_seen: &[Refused("cannot store TEXT value in INTEGER column")],
    },
    Pair {
        rule: "autoincrement-restarts",
        before: "CREATE TABLE $t (id integer PRIMARY KEY AUTOINCREMENT, note text);\n\
             INSERT INTO $t VALUES (1, 'a'), (9, 'b');\nDELETE FROM $t WHERE id = 9",
        trips: "CREATE TABLE $t_new (id integer PRIMARY KEY AUTOINCREMENT, note text);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        seen: &[Says("SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = '$t'", "1")],
        twin: "CREATE TABLE $t_new (id integer PRIMARY KEY AUTOINCREMENT, note text);\n\
             INSERT INTO $t_new (id, note) SELECT id, note FROM $t;\n\
             UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = '$t') WHERE name = \
             '$t_new';\nDROP TABLE $t;\nALTER TABLE $t_new RENAME TO $t",
        twin_seen: &[Says("SELECT CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = '$t'", "9")],
    },
    Pair {
        rule: "foreign-keys-pragma",
        before: "SELECT 1",
        trips: "PRAGMA foreign_keys = ON",
        seen: &[Says("SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys", "0")],
        twin: "PRAGMA defer_foreign_keys = ON",
        twin_seen: &[Says("SELECT CAST(defer_foreign_keys AS TEXT) FROM pragma_defer_foreign_keys", "1")],
    },
    Pair {
        rule: "legacy-alter-table",
        before: "CREATE TABLE $t (id integer PRIMARY KEY);\nCREATE TABLE $t_c (parent integer REFERENCES $t (id));\n\
             CREATE TRIGGER $t_watch AFTER INSERT ON $t_c BEGIN SELECT count(*) FROM $t; END",
        trips: "PRAGMA legacy_alter_table = ON;\nALTER TABLE $t RENAME TO $t_other",
        seen: &[Says(
            "SELECT CAST(instr(sql, '$t_other') > 0 AS TEXT) FROM sqlite_schema WHERE name = \
             '$t_watch'",
            "0",
        )],
        twin: "PRAGMA legacy_alter_table = OFF;\nALTER TABLE $t RENAME TO $t_other",
        twin_seen: &[Says(
            "SELECT CAST(instr(sql, '$t_other') > 0 AS TEXT) FROM sqlite_schema WHERE name = \
             '$t_watch'",
            "1",
        )],
    },
    Pair {
        rule: "cannot-add-column",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code text UNIQUE",
        seen: &[Refused("Cannot add a UNIQUE column")],
        twin: "ALTER TABLE $t ADD COLUMN code text;\nCREATE UNIQUE INDEX $t_code ON $t (code)",
        twin_seen: &[Says("SELECT CAST(count(code) AS TEXT) FROM $t", "0")],
    },
    Pair {
        rule: "cannot-add-column",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN made text DEFAULT CURRENT_TIMESTAMP",
        seen: &[Refused("Cannot add a column with non-constant default")],
        twin: "ALTER TABLE $t ADD COLUMN made text DEFAULT ('then')",
        twin_seen: &[Says("SELECT DISTINCT made FROM $t", "then")],
    },
    Pair {
        rule: "cannot-add-column",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN twice integer AS (id * 2) STORED",
        seen: &[Refused("cannot add a STORED column")],
        twin: "ALTER TABLE $t ADD COLUMN twice integer AS (id * 2)",
        twin_seen: &[Says("SELECT CAST(twice AS TEXT) FROM $t WHERE id = 2", "4")],
    },
    Pair {
        rule: "cannot-drop-column",
        before: "CREATE TABLE $t (id integer PRIMARY KEY, note text);\nCREATE INDEX $t_note ON $t (note);\n\
             INSERT INTO $t VALUES (1, 'a')",
        trips: "ALTER TABLE $t DROP COLUMN note",
        seen: &[Refused("after drop column")],
        twin: "DROP INDEX $t_note;\nALTER TABLE $t DROP COLUMN note",
        twin_seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM pragma_table_info('$t')", "1")],
    },
    Pair {
        rule: "cannot-drop-column",
        before: "CREATE TABLE $t (id integer, note text UNIQUE, more text);\nINSERT INTO $t VALUES (1, 'a', 'b')",
        trips: "ALTER TABLE $t DROP COLUMN note",
        seen: &[Refused("cannot drop UNIQUE column")],
        twin: "ALTER TABLE $t DROP COLUMN more",
        twin_seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM pragma_table_info('$t')", "2")],
    },
    Pair {
        rule: "vacuum",
        before: ROWS,
        trips: "VACUUM",
        seen: &[Refused("cannot VACUUM from within a transaction")],
        twin: "PRAGMA optimize",
        twin_seen: &[],
    },
    Pair {
        rule: "index-locks-database",
        before: "CREATE TABLE $t (id integer PRIMARY KEY, note text);\n\
             INSERT INTO $t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT \
             i, 'note' FROM n",
        trips: "CREATE INDEX $t_note ON $t (note)",
        seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM sqlite_schema WHERE name = '$t_note'", "1")],
        twin: "CREATE TABLE $t_new (id integer);\nCREATE INDEX $t_id ON $t_new (id)",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-table",
        before: ROWS,
        trips: "DROP TABLE $t",
        seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM sqlite_schema WHERE name = '$t'", "0")],
        twin: "CREATE TABLE $t_new (id integer);\nDROP TABLE $t_new",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-column",
        before: ROWS,
        trips: "ALTER TABLE $t DROP COLUMN note",
        seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM pragma_table_info('$t')", "2")],
        twin: "ALTER TABLE $t ADD COLUMN more text;\nALTER TABLE $t DROP COLUMN more",
        twin_seen: &[],
    },
    Pair {
        rule: "delete-without-where",
        before: ROWS,
        trips: "DELETE FROM $t",
        seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM $t", "0")],
        twin: "DELETE FROM $t WHERE id < 10",
        twin_seen: &[],
    },
    Pair {
        rule: "update-without-where",
        before: ROWS,
        trips: "UPDATE $t SET note = 'same'",
        seen: &[Says("SELECT CAST(count(*) AS TEXT) FROM $t WHERE note = 'same'", "500")],
        twin: "UPDATE $t SET note = 'same' WHERE id < 10",
        twin_seen: &[],
    },
    Pair {
        rule: "rename-table",
        before: ROWS,
        trips: "ALTER TABLE $t RENAME TO $t_other;\nSELECT count(*) FROM $t",
        seen: &[Refused("no such table")],
        twin: "ALTER TABLE $t RENAME TO $t_other;\nCREATE TABLE $t (id integer)",
        twin_seen: &[],
    },
    Pair {
        rule: "rename-column",
        before: ROWS,
        trips: "ALTER TABLE $t RENAME COLUMN note TO remark;\nSELECT note FROM $t",
        seen: &[Refused("no such column")],
        twin: "ALTER TABLE $t ADD COLUMN remark text",
        twin_seen: &[],
    },
    Pair {
        rule: "required-column",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code text NOT NULL",
        seen: &[Refused("Cannot add a NOT NULL column")],
        twin: "ALTER TABLE $t ADD COLUMN code text NOT NULL DEFAULT ''",
        twin_seen: &[Says("SELECT DISTINCT code FROM $t", "")],
    },
];
