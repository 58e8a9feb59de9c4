//! How SQLite's schema is read: by what it means, not by how it came about.

use std::collections::BTreeSet;

use super::target::{execute, fingerprint, target};
use crate::harness::database::On;

/// Goal: a table that was altered and renamed reads as one that was created so.
#[tokio::test]
async fn the_way_to_a_schema_does_not_show() {
    let (altered, created) = (target(On::Sqlite).await, target(On::Sqlite).await);
    let (mut altered, mut created) = (altered.open().await, created.open().await);

    for sql in [
        "CREATE TABLE ship(id INTEGER PRIMARY KEY AUTOINCREMENT, nme text)",
        "alter table ship add column tons int not null default 5 check (tons > 0)",
        "ALTER TABLE ship RENAME COLUMN nme TO name",
        "CREATE TABLE trip(ship INT REFERENCES ship(id))",
        "ALTER TABLE ship RENAME TO vessels",
    ] {
        execute(altered.as_mut(), sql).await;
    }
    for sql in [
        "CREATE TABLE vessels (\n  id INTEGER PRIMARY KEY AUTOINCREMENT, -- its number\n  name TEXT,\n  tons INT NOT NULL \
         DEFAULT 5 CHECK(tons>0)\n)",
        "CREATE TABLE trip (\"ship\" INT REFERENCES vessels (id))",
    ] {
        execute(created.as_mut(), sql).await;
    }

    let (altered, created) = (altered.schema(None).await.expect("one"), created.schema(None).await.expect("two"));
    assert_eq!(altered.tables, {
        let mut tables = created.tables.clone();
        for (name, table) in &mut tables {
            (table.rows_estimate, table.size_bytes) =
                (altered.tables[name].rows_estimate, altered.tables[name].size_bytes);
        }
        tables
    });
    assert_eq!(altered.fingerprint(), created.fingerprint());
}

/// Goal: what the pragmas do not tell moves the fingerprint as well.
#[tokio::test]
async fn what_only_the_text_tells_moves_the_fingerprint() {
    let target = target(On::Sqlite).await;
    let mut session = target.open().await;
    execute(session.as_mut(), "CREATE TABLE parents (id INTEGER PRIMARY KEY)").await;
    let mut seen = BTreeSet::new();
    let variants = [
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT COLLATE NOCASE, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> ')'), p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT CHECK (b <> ']'), p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT AS (a + 1), p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT AS (a + 1) STORED, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents ON DELETE SET NULL)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL ON CONFLICT IGNORE, p INT REFERENCES parents)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents) STRICT",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, p INT REFERENCES parents) WITHOUT ROWID",
        "CREATE TABLE t (a INTEGER, b TEXT, p INT REFERENCES parents, PRIMARY KEY (a, b))",
        "CREATE VIRTUAL TABLE t USING fts5 (a, b)",
    ];
    for sql in variants {
        execute(session.as_mut(), sql).await;
        assert!(seen.insert(fingerprint(session.as_mut()).await), "{sql}");
        execute(session.as_mut(), "DROP TABLE t").await;
    }
    execute(session.as_mut(), variants[0]).await;
    for sql in [
        "CREATE INDEX i ON t (b)",
        "CREATE INDEX i ON t (b DESC)",
        "CREATE INDEX i ON t (b COLLATE NOCASE)",
        "CREATE INDEX i ON t (lower(b))",
        "CREATE INDEX i ON t (b) WHERE p > 1",
        "CREATE UNIQUE INDEX i ON t (b) WHERE p > 1",
    ] {
        execute(session.as_mut(), sql).await;
        assert!(seen.insert(fingerprint(session.as_mut()).await), "{sql}");
        execute(session.as_mut(), "DROP INDEX i").await;
    }
}
