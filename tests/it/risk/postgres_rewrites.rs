//! The pairs of PostgreSQL about tables that are written anew.

use super::{
    pair::{
        Pair,
        Seen::{Beside, Kept, Lock, NoLock, NotScanned, Passes, Rewritten},
    },
    postgres_pairs::ROWS,
};

/// What writes a table anew, and what does not.
pub const PAIRS: &[Pair] = &[
    Pair {
        rule: "column-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN token uuid DEFAULT gen_random_uuid()",
        seen: &[Lock("$t", "AccessExclusiveLock"), Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN since timestamptz DEFAULT now(), ADD COLUMN kind text NOT NULL DEFAULT \
             'plain'",
        twin_seen: &[Kept("$t"), NotScanned("$t")],
    },
    Pair {
        rule: "column-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN place bigint",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "column-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN place bigserial",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN place bigint DEFAULT 0",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "column-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN total numeric GENERATED ALWAYS AS (amount * 2) STORED",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ADD COLUMN total numeric",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "type-rewrites",
        before: "CREATE TABLE $t (id int, note text);\nINSERT INTO $t VALUES (1, 'a')",
        trips: "ALTER TABLE $t ALTER COLUMN id TYPE bigint",
        seen: &[Lock("$t", "AccessExclusiveLock"), Rewritten("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN note TYPE varchar",
        twin_seen: &[Kept("$t"), NotScanned("$t")],
    },
    Pair {
        rule: "type-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN email TYPE varchar(10)",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN email TYPE varchar(40)",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "type-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN amount TYPE numeric(12, 6)",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN amount TYPE numeric(12, 4)",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "type-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN made TYPE timestamp(0)",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN made TYPE timestamp(6)",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "type-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN note TYPE jsonb USING to_jsonb(note)",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN email TYPE text USING email::text",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "type-rewrites",
        before: ROWS,
        trips: "SET LOCAL timezone = 'Europe/Vienna';\nALTER TABLE $t ALTER COLUMN made TYPE timestamptz(3)",
        seen: &[Rewritten("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN email TYPE varchar",
        twin_seen: &[Kept("$t")],
    },
    Pair {
        rule: "storage-rewrites",
        before: ROWS,
        trips: "ALTER TABLE $t SET UNLOGGED",
        seen: &[Lock("$t", "AccessExclusiveLock"), Rewritten("$t")],
        twin: "ALTER TABLE $t SET (fillfactor = 90)",
        twin_seen: &[Kept("$t"), NoLock("$t", "AccessExclusiveLock")],
    },
    Pair {
        rule: "cluster",
        before: ROWS,
        trips: "CLUSTER $t USING $t_pkey",
        seen: &[Lock("$t", "AccessExclusiveLock"), Rewritten("$t")],
        twin: "ANALYZE $t",
        twin_seen: &[Kept("$t"), NoLock("$t", "AccessExclusiveLock")],
    },
    Pair {
        rule: "vacuum-full",
        before: ROWS,
        trips: "VACUUM FULL $t",
        seen: &[Beside("$t", "$t", "AccessExclusiveLock")],
        twin: "VACUUM (ANALYZE) $t",
        twin_seen: &[Passes("$t")],
    },
];
