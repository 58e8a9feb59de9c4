//! The pairs of PostgreSQL about what is lost, renamed or refused.

use super::{
    pair::{
        Pair,
        Seen::{Refused, Says},
    },
    postgres_pairs::ROWS,
};

/// What is lost, renamed or refused.
pub const PAIRS: &[Pair] = &[
    Pair {
        rule: "drop-table",
        before: ROWS,
        trips: "DROP TABLE $t",
        seen: &[Says("SELECT (to_regclass('$t') IS NULL)::text", "true")],
        twin: "CREATE TABLE $t_new (id bigint);\nDROP TABLE $t_new",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-column",
        before: ROWS,
        trips: "ALTER TABLE $t DROP COLUMN note",
        seen: &[Says(
            "SELECT count(*)::text FROM information_schema.columns WHERE table_name = '$t' AND column_name = 'note'",
            "0",
        )],
        twin: "ALTER TABLE $t ALTER COLUMN note DROP NOT NULL",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-database",
        before: "CREATE SCHEMA $t;\nCREATE TABLE $t.a (id bigint);\nINSERT INTO $t.a VALUES (1)",
        trips: "DROP SCHEMA $t CASCADE",
        seen: &[Says("SELECT (to_regclass('$t.a') IS NULL)::text", "true")],
        twin: "CREATE SCHEMA $t_new",
        twin_seen: &[],
    },
    Pair {
        rule: "truncate",
        before: ROWS,
        trips: "TRUNCATE $t",
        seen: &[Says("SELECT count(*)::text FROM $t", "0")],
        twin: "CREATE TABLE $t_new (id bigint);\nTRUNCATE $t_new",
        twin_seen: &[],
    },
    Pair {
        rule: "delete-without-where",
        before: ROWS,
        trips: "DELETE FROM $t",
        seen: &[Says("SELECT count(*)::text FROM $t", "0")],
        twin: "DELETE FROM $t WHERE id < 10",
        twin_seen: &[],
    },
    Pair {
        rule: "update-without-where",
        before: ROWS,
        trips: "UPDATE $t SET note = 'same'",
        seen: &[Says(
            "SELECT count(*)::text FROM $t WHERE xmax::text = '0' AND xmin::text = pg_current_xact_id()::xid::text",
            "500",
        )],
        twin: "UPDATE $t SET note = 'same' WHERE id < 10",
        twin_seen: &[],
    },
    Pair {
        rule: "rename-table",
        before: ROWS,
        trips: "ALTER TABLE $t RENAME TO $t_other;\nSELECT count(*) FROM $t",
        seen: &[Refused("42P01")],
        twin: "ALTER TABLE $t RENAME TO $t_other;\nCREATE TABLE $t (id bigint)",
        twin_seen: &[],
    },
    Pair {
        rule: "rename-column",
        before: ROWS,
        trips: "ALTER TABLE $t RENAME COLUMN note TO remark;\nSELECT note FROM $t",
        seen: &[Refused("42703")],
        twin: "ALTER TABLE $t ADD COLUMN remark text",
        twin_seen: &[],
    },
    Pair {
        rule: "narrowing-type",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN amount TYPE numeric(10, 2)",
        seen: &[Says("SELECT amount::text FROM $t WHERE id = 1", "1.12")],
        twin: "ALTER TABLE $t ALTER COLUMN amount TYPE numeric(12, 4)",
        twin_seen: &[],
    },
    Pair {
        rule: "narrowing-type",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN note TYPE varchar(3)",
        seen: &[Refused("22001")],
        twin: "ALTER TABLE $t ALTER COLUMN email TYPE varchar(30)",
        twin_seen: &[],
    },
    Pair {
        rule: "required-column",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code text NOT NULL",
        seen: &[Refused("23502")],
        twin: "ALTER TABLE $t ADD COLUMN code text NOT NULL DEFAULT ''",
        twin_seen: &[],
    },
    Pair {
        rule: "needs-newer-server",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN total numeric GENERATED ALWAYS AS (amount * 2) VIRTUAL",
        seen: &[Refused("42601")],
        twin: "ALTER TABLE $t ADD COLUMN total numeric",
        twin_seen: &[],
    },
];
