//! Where statements move what is stored.

use windlass::sql::{
    Called,
    Dialect::{self, MySql, Postgres, Sqlite},
    Move, Reach, moves,
};

fn words(called: &Called) -> String {
    match &called.schema {
        Some(schema) => format!("{schema}.{}", called.name),
        None => called.name.clone(),
    }
}

/// The moves of a statement, each in words.
fn told(dialect: Dialect, sql: &str) -> Vec<String> {
    let told = |one: &Move| match one {
        Move::Made(table) => format!("made {}", words(table)),
        Move::Dropped(table) => format!("dropped {}", words(table)),
        Move::Emptied(table, Reach::Alone) => format!("emptied {}", words(table)),
        Move::Emptied(table, Reach::Pointing) => format!("emptied {} and what points to it", words(table)),
        Move::ColumnDropped(table, column) => format!("dropped {}({column})", words(table)),
        Move::PartitionsEmptied(table, names) => format!("emptied {} in {}", words(table), names.join(", ")),
        Move::PartitionExchanged(table, name, with) => format!("{} in {name} for {}", words(table), words(with)),
        Move::SchemaDropped(schema) => format!("dropped all of {schema}"),
        Move::Renamed(from, to) => format!("{} is {}", words(from), words(to)),
        Move::ColumnRenamed(table, from, to) => format!("{}({from}) is {to}", words(table)),
        Move::Carried { from, into, columns } => {
            let pairs = columns.as_ref().map(|pairs| {
                let each = pairs.iter().map(|(read, written)| format!("{read}>{written}"));
                each.collect::<Vec<_>>().join(" ")
            });
            format!("{} into {}: {}", words(from), words(into), pairs.as_deref().unwrap_or("*"))
        }
    };
    moves(dialect, sql).iter().map(told).collect()
}

/// Goal: what takes something away is found, by its name and with its schema, in every spelling that a server reads.
#[test]
fn what_is_taken_away_is_named() {
    let cases: [(Dialect, &str, &[&str]); 28] = [
        (Postgres, "DROP TABLE a, IF_ONLY, s.\"B c\" CASCADE", &["dropped a", "dropped if_only", "dropped s.B c"]),
        (Sqlite, "drop table if exists [main].[a]", &["dropped main.a"]),
        (MySql, "DROP /* all */ TABLES `a``b`, c RESTRICT", &["dropped a`b", "dropped c"]),
        (MySql, "/*!40000 DROP TABLE a */", &["dropped a"]),
        (MySql, "DROP TEMPORARY TABLE a", &[]),
        (Postgres, "DROP VIEW a", &[]),
        (Postgres, "DROP SCHEMA IF EXISTS s, t CASCADE", &["dropped all of s", "dropped all of t"]),
        (Postgres, "TRUNCATE ONLY a, b *", &["emptied a", "emptied b"]),
        (Postgres, "TRUNCATE TABLE a RESTART IDENTITY CASCADE", &["emptied a and what points to it"]),
        (Sqlite, "DELETE FROM a", &["emptied a"]),
        (MySql, "DELETE QUICK FROM a ORDER BY id", &["emptied a"]),
        (Postgres, "DELETE FROM a WHERE true", &[]),
        (MySql, "DELETE FROM a LIMIT 3", &[]),
        (
            Postgres,
            "ALTER TABLE ONLY s.a DROP COLUMN IF EXISTS b CASCADE, DROP c, ADD d int",
            &["dropped s.a(b)", "dropped s.a(c)"],
        ),
        (Postgres, "ALTER TABLE a DROP key", &["dropped a(key)"]),
        (Postgres, "ALTER TABLE a DROP CONSTRAINT b, ALTER COLUMN c DROP NOT NULL", &[]),
        (MySql, "ALTER TABLE a DROP KEY b, DROP FOREIGN KEY f, DROP PRIMARY KEY", &[]),
        (MySql, "ALTER TABLE s.a DROP PARTITION IF EXISTS p, `Q r`", &["emptied s.a in p, Q r"]),
        (MySql, "ALTER TABLE a LOCK = NONE, TRUNCATE PARTITION p", &["emptied a in p"]),
        (MySql, "ALTER TABLE a TRUNCATE PARTITION ALL", &["emptied a"]),
        (MySql, "ALTER TABLE a EXCHANGE PARTITION p WITH TABLE s.b WITHOUT VALIDATION", &["a in p for s.b"]),
        (MySql, "ALTER TABLE a CHANGE COLUMN b c INT, RENAME TO d, DROP c", &["a(b) is c", "a is d", "dropped d(c)"]),
        (Postgres, "ALTER TABLE s.a RENAME b TO c", &["s.a(b) is c"]),
        (Postgres, "ALTER TABLE s.a RENAME TO b", &["s.a is s.b"]),
        (Postgres, "ALTER TABLE a SET SCHEMA s", &["a is s.a"]),
        (MySql, "RENAME TABLE a TO b, c TO d", &["a is b", "c is d"]),
        (MySql, "CREATE OR REPLACE TABLE a (id INT)", &["dropped a", "made a"]),
        (Sqlite, "CREATE TABLE IF NOT EXISTS a (id INTEGER)", &["made a"]),
    ];
    for (dialect, sql, expected) in cases {
        assert_eq!(told(dialect, sql), expected, "{sql}");
    }
}

/// Goal: rows count as carried only where the words leave no doubt that each of them is.
#[test]
fn rows_are_carried_whole_or_not_at_all() {
    let cases: [(&str, &[&str]); 14] = [
        ("INSERT INTO b SELECT * FROM a", &["a into b: *"]),
        ("INSERT INTO b (x, y) SELECT id, a.name AS n FROM a ORDER BY id", &["a into b: id>x name>y"]),
        ("INSERT INTO b (x) SELECT COALESCE(CAST(name AS TEXT), '') FROM s.a AS old", &["s.a into b: name>x"]),
        ("INSERT INTO b SELECT id, price * 2 FROM a", &["a into b: id>id"]),
        ("INSERT INTO b SELECT id, CASE WHEN name IS NULL THEN 1 END FROM a", &["a into b: id>id"]),
        ("CREATE TABLE b AS SELECT id FROM a", &["made b", "a into b: id>id"]),
        ("INSERT INTO b SELECT * FROM a WHERE id > 3", &[]),
        ("INSERT INTO b SELECT * FROM a LIMIT 3", &[]),
        ("INSERT INTO b SELECT DISTINCT id FROM a", &[]),
        ("INSERT INTO b SELECT max(id) FROM a", &[]),
        ("INSERT INTO b SELECT count(*) FROM a", &[]),
        ("INSERT INTO b SELECT a.id FROM a JOIN c ON a.id = c.id", &[]),
        ("INSERT INTO b SELECT * FROM a, c", &[]),
        ("INSERT INTO b SELECT * FROM a ORDER BY id ON CONFLICT DO NOTHING", &[]),
    ];
    for (sql, expected) in cases {
        assert_eq!(told(Sqlite, sql), expected, "{sql}");
    }
    assert_eq!(told(MySql, "INSERT IGNORE INTO b SELECT * FROM a"), [""; 0]);
}
