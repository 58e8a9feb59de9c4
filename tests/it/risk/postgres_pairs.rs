//! The pairs of PostgreSQL about locks, scans and rewrites.

use super::pair::{
    Pair,
    Seen::{Beside, Kept, Lets, Lock, NoLock, NotScanned, Refused, Rewritten, Says, Scanned},
};

/// A table with some rows.
pub const ROWS: &str = "CREATE TABLE $t (id bigint PRIMARY KEY, parent bigint, note text, email varchar(20), amount \
     numeric(10, 4), \
                    made timestamp(3), during tsrange);\n\
                    INSERT INTO $t SELECT g, g, 'note ' || g, 'e' || g, g + 0.1234, now(), NULL \
                    FROM generate_series(1, 500) AS g";

/// How long others are kept from a table.
pub const PAIRS: &[Pair] = &[
    Pair {
        rule: "index-not-concurrent",
        before: ROWS,
        trips: "CREATE INDEX $t_note ON $t (note)",
        seen: &[Lock("$t", "ShareLock"), Scanned("$t")],
        twin: "CREATE INDEX CONCURRENTLY $t_note ON $t (note)",
        twin_seen: &[Beside("$t", "$t", "ShareUpdateExclusiveLock")],
    },
    Pair {
        rule: "concurrent-with-others",
        before: ROWS,
        trips: "COMMENT ON TABLE $t IS 'more';\nCREATE INDEX CONCURRENTLY $t_note ON $t (note)",
        seen: &[Refused("25001")],
        twin: "COMMENT ON TABLE $t IS 'more'\n-- next\nCREATE INDEX CONCURRENTLY $t_note ON $t (note)",
        twin_seen: &[],
    },
    Pair {
        rule: "drop-index-not-concurrent",
        before: "CREATE TABLE $t (id bigint, note text);\nINSERT INTO $t VALUES (1, 'a');\n\
             CREATE INDEX $t_note ON $t (note)",
        trips: "DROP INDEX $t_note",
        seen: &[Lock("$t", "AccessExclusiveLock")],
        twin: "DROP INDEX CONCURRENTLY $t_note",
        twin_seen: &[Beside("$t", "$t", "ShareUpdateExclusiveLock")],
    },
    Pair {
        rule: "reindex-not-concurrent",
        before: ROWS,
        trips: "REINDEX TABLE $t",
        seen: &[Lock("$t", "ShareLock"), Rewritten("$t_pkey")],
        twin: "REINDEX TABLE CONCURRENTLY $t",
        twin_seen: &[Beside("$t", "$t", "ShareUpdateExclusiveLock")],
    },
    Pair {
        rule: "refresh-not-concurrent",
        before: "CREATE TABLE $t (id bigint);\nINSERT INTO $t VALUES (1);\n\
             CREATE MATERIALIZED VIEW $t_sum AS SELECT id FROM $t;\n\
                 CREATE UNIQUE INDEX $t_one ON $t_sum (id)",
        trips: "REFRESH MATERIALIZED VIEW $t_sum",
        seen: &[Lock("$t_sum", "AccessExclusiveLock"), Rewritten("$t_sum")],
        twin: "REFRESH MATERIALIZED VIEW CONCURRENTLY $t_sum",
        twin_seen: &[NoLock("$t_sum", "AccessExclusiveLock"), Kept("$t_sum")],
    },
    Pair {
        rule: "detach-not-concurrent",
        before: "CREATE TABLE $t (id bigint) PARTITION BY RANGE (id);\n\
                 CREATE TABLE $t_one PARTITION OF $t FOR VALUES FROM (0) TO (10);\n\
                 CREATE TABLE $t_two PARTITION OF $t FOR VALUES FROM (10) TO (20);\nINSERT INTO $t VALUES (1)",
        trips: "ALTER TABLE $t DETACH PARTITION $t_one",
        seen: &[Lock("$t", "AccessExclusiveLock")],
        twin: "ALTER TABLE $t DETACH PARTITION $t_one CONCURRENTLY",
        twin_seen: &[Lets("$t", "INSERT INTO $t VALUES (12)")],
    },
    Pair {
        rule: "attach-scans",
        before: "CREATE TABLE $t (id bigint) PARTITION BY RANGE (id);\nCREATE TABLE $t_one (id bigint);\n\
                 INSERT INTO $t_one VALUES (1);\n\
                 CREATE TABLE $t_two (id bigint, CONSTRAINT bounds CHECK (id IS NOT NULL AND id >= 10 AND id < 20));\n\
                 INSERT INTO $t_two VALUES (11)",
        trips: "ALTER TABLE $t ATTACH PARTITION $t_one FOR VALUES FROM (0) TO (10)",
        seen: &[Lock("$t_one", "AccessExclusiveLock"), Scanned("$t_one")],
        twin: "ALTER TABLE $t ATTACH PARTITION $t_two FOR VALUES FROM (10) TO (20)",
        twin_seen: &[NotScanned("$t_two")],
    },
    Pair {
        rule: "unique-without-index",
        before: "CREATE TABLE $t (id bigint, email text);\nINSERT INTO $t VALUES (1, 'a');\n\
             CREATE UNIQUE INDEX $t_email ON $t (email)",
        trips: "ALTER TABLE $t ADD CONSTRAINT $t_key UNIQUE (email)",
        seen: &[Lock("$t", "AccessExclusiveLock"), Scanned("$t")],
        twin: "ALTER TABLE $t ADD CONSTRAINT $t_key UNIQUE USING INDEX $t_email",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "unique-without-index",
        before: ROWS,
        trips: "ALTER TABLE $t ADD COLUMN code text UNIQUE",
        seen: &[Lock("$t", "AccessExclusiveLock"), Scanned("$t")],
        twin: "ALTER TABLE $t ADD COLUMN code text",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "exclusion-constraint",
        before: ROWS,
        trips: "ALTER TABLE $t ADD CONSTRAINT $t_apart EXCLUDE USING gist (during WITH &&)",
        seen: &[Lock("$t", "AccessExclusiveLock"), Scanned("$t")],
        twin: "CREATE TABLE $t_next (during tsrange);\nALTER TABLE $t_next ADD CONSTRAINT $t_apart EXCLUDE USING gist \
             (during WITH &&)",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "check-scans",
        before: ROWS,
        trips: "ALTER TABLE $t ADD CONSTRAINT positive CHECK (amount > 0)",
        seen: &[Lock("$t", "AccessExclusiveLock"), Scanned("$t")],
        twin: "ALTER TABLE $t ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "foreign-key-scans",
        before: "CREATE TABLE $t_p (id bigint PRIMARY KEY);\nINSERT INTO $t_p VALUES (1);\n\
             CREATE TABLE $t (id bigint, parent bigint);\n\
                 INSERT INTO $t VALUES (1, 1)",
        trips: "ALTER TABLE $t ADD CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES $t_p (id)",
        seen: &[Lock("$t", "ShareRowExclusiveLock"), Lock("$t_p", "ShareRowExclusiveLock"), Scanned("$t")],
        twin: "ALTER TABLE $t ADD CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES $t_p (id) NOT VALID",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "foreign-key-scans",
        before: "CREATE TABLE $t_p (id bigint PRIMARY KEY);\nINSERT INTO $t_p VALUES (1);\n\
             CREATE TABLE $t (id bigint);\n\
                 INSERT INTO $t VALUES (1)",
        trips: "ALTER TABLE $t ADD COLUMN parent bigint DEFAULT 1 REFERENCES $t_p (id)",
        seen: &[Lock("$t_p", "ShareRowExclusiveLock"), Scanned("$t")],
        twin: "ALTER TABLE $t ADD COLUMN parent bigint REFERENCES $t_p (id)",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "validate-with-others",
        before: ROWS,
        trips: "ALTER TABLE $t ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;\n\
             ALTER TABLE $t VALIDATE CONSTRAINT positive",
        seen: &[
            Says(
                "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = '$t'::regclass AND mode LIKE \
                 'AccessEx%'",
                "AccessExclusiveLock",
            ),
            Scanned("$t"),
        ],
        twin: "ALTER TABLE $t ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID\n-- next\n\
             ALTER TABLE $t VALIDATE CONSTRAINT positive",
        twin_seen: &[],
    },
    Pair {
        rule: "not-null-scans",
        before: ROWS,
        trips: "ALTER TABLE $t ALTER COLUMN email SET NOT NULL",
        seen: &[Lock("$t", "AccessExclusiveLock"), Scanned("$t")],
        twin: "ALTER TABLE $t ADD CONSTRAINT has CHECK (email IS NOT NULL) NOT VALID\n-- next\n\
               ALTER TABLE $t VALIDATE CONSTRAINT has\n-- next\nALTER TABLE $t ALTER COLUMN email SET NOT NULL",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "not-null-scans",
        before: "CREATE TABLE $t (id bigint, note text, CONSTRAINT has CHECK (note IS NOT NULL));\n\
                 INSERT INTO $t VALUES (1, 'a')",
        trips: "ALTER TABLE $t ALTER COLUMN id SET NOT NULL",
        seen: &[Scanned("$t")],
        twin: "ALTER TABLE $t ALTER COLUMN note SET NOT NULL",
        twin_seen: &[NotScanned("$t")],
    },
    Pair {
        rule: "index-not-concurrent",
        before: "CREATE TABLE $t (id bigint) PARTITION BY RANGE (id);\n\
                 CREATE TABLE $t_one PARTITION OF $t FOR VALUES FROM (0) TO (10);\nINSERT INTO $t VALUES (1);\nANALYZE $t",
        trips: "CREATE INDEX $t_id ON $t (id)",
        seen: &[Lock("$t", "ShareLock"), Scanned("$t_one")],
        twin: "CREATE INDEX $t_id ON ONLY $t (id)",
        twin_seen: &[NotScanned("$t_one")],
    },
    Pair {
        rule: "domain-scans",
        before: "CREATE DOMAIN $t_age AS int;\nCREATE TABLE $t (age $t_age);\nINSERT INTO $t VALUES (1)",
        trips: "ALTER DOMAIN $t_age ADD CONSTRAINT adult CHECK (VALUE > 0)",
        seen: &[Lock("$t", "ShareLock"), Scanned("$t")],
        twin: "ALTER DOMAIN $t_age ADD CONSTRAINT adult CHECK (VALUE > 0) NOT VALID",
        twin_seen: &[NoLock("$t", "ShareLock"), NotScanned("$t")],
    },
    Pair {
        rule: "lock-table",
        before: ROWS,
        trips: "LOCK TABLE $t IN SHARE ROW EXCLUSIVE MODE",
        seen: &[Lock("$t", "ShareRowExclusiveLock")],
        twin: "LOCK TABLE $t IN SHARE UPDATE EXCLUSIVE MODE",
        twin_seen: &[NoLock("$t", "ShareRowExclusiveLock")],
    },
    Pair {
        rule: "truncate-cascade",
        before: "CREATE TABLE $t (id bigint PRIMARY KEY);\nCREATE TABLE $t_c (id bigint REFERENCES $t);\n\
             INSERT INTO $t VALUES (1);\nINSERT INTO $t_c VALUES (1)",
        trips: "TRUNCATE $t CASCADE",
        seen: &[Says("SELECT count(*)::text FROM $t_c", "0")],
        twin: "TRUNCATE $t, $t_c",
        twin_seen: &[],
    },
    Pair {
        rule: "json-column",
        before: "SELECT 1",
        trips: "CREATE TABLE $t (id bigint, body json);\nSELECT DISTINCT body FROM $t",
        seen: &[Refused("42883")],
        twin: "CREATE TABLE $t (id bigint, body jsonb);\nSELECT DISTINCT body FROM $t",
        twin_seen: &[Says("SELECT count(*)::text FROM $t", "0")],
    },
    Pair {
        rule: "schema-with-rows",
        before: "CREATE TABLE $t (id bigint, note text);\nINSERT INTO $t SELECT g, 'a' FROM generate_series(1, 20000) \
             AS g;\nANALYZE $t",
        trips: "ALTER TABLE $t ADD COLUMN kind text;\nUPDATE $t SET kind = note WHERE id > 0",
        seen: &[Lock("$t", "AccessExclusiveLock")],
        twin: "ALTER TABLE $t ADD COLUMN kind text\n-- next\nUPDATE $t SET kind = note WHERE id > 0",
        twin_seen: &[],
    },
    Pair {
        rule: "enum-value-used",
        before: "CREATE TYPE $t_mood AS ENUM ('good');\nCREATE TABLE $t (mood $t_mood)",
        trips: "ALTER TYPE $t_mood ADD VALUE 'bad';\nINSERT INTO $t VALUES ('bad')",
        seen: &[Refused("55P04")],
        twin: "ALTER TYPE $t_mood ADD VALUE 'bad'\n-- next\nINSERT INTO $t VALUES ('bad')",
        twin_seen: &[],
    },
    Pair {
        rule: "no-lock-timeout",
        before: "SELECT 1",
        trips: "SET lock_timeout = 0",
        seen: &[Says("SHOW lock_timeout", "0")],
        twin: "SET lock_timeout = '5s'",
        twin_seen: &[Says("SHOW lock_timeout", "5s")],
    },
];
