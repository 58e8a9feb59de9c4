//! Rows that are easily taken for others, or for the text around them.

use super::*;

on_every_engine!(
    the_digests_of_a_dump_are_those_of_the_database_whatever_is_in_it,
    rows_that_look_alike_have_digests_of_their_own,
);

const SQLITE: &[&str] = &[
    "CREATE TABLE kinds (id INTEGER PRIMARY KEY, v, twice INTEGER AS (id * 2) STORED, thrice AS (id * 3))",
    "INSERT INTO kinds (v) VALUES (1), (1.0), ('1'), (X'31'), (NULL), (''), (X''), (9223372036854775807), (-0.0), (1e308)",
    "INSERT INTO kinds (v) VALUES ('a' || char(0) || 'b'), (CAST(X'ff' AS TEXT)), ('⚓'), (zeroblob(5000)), ('tab\tand\nline')",
    "CREATE TABLE keyed (k TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "INSERT INTO keyed VALUES ('a', 1), ('A', 2)",
    "CREATE TABLE \"odd \"\"name\" (\"a b\" INTEGER, \"c\"\"d\" TEXT)",
    "INSERT INTO \"odd \"\"name\" VALUES (1, 'x')",
    "CREATE TABLE void_hold (id INTEGER)",
    "CREATE VIRTUAL TABLE words USING fts5(body)",
    "INSERT INTO words VALUES ('the sea'), ('the ship')",
];

const POSTGRES: &[&str] = &[
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE DOMAIN blob AS bytea",
    "CREATE TABLE kinds (id INT PRIMARY KEY, t TEXT, b bytea, d blob, n NUMERIC, f FLOAT8, g REAL, z TIMESTAMPTZ, i INTERVAL, \
     m MONEY, j JSONB, a TEXT[], o mood, x XML, c CHAR(5), k TIME, r INT4RANGE, g_id INT GENERATED ALWAYS AS (id * 2) STORED)",
    "INSERT INTO kinds VALUES (1, E'tab\\t line\\n back\\\\slash \\r \\b \\f \\v', '\\x00ff0a09', '\\x5c4e', 1e40, 0.1, 0.1, \
     '2024-02-29 12:00:00.123456+05', '1 year 2 mons -3 days 04:05:06.7', 12.5, '{\"b\": [1, null]}', ARRAY['a,b', NULL, '\"'], \
     'sad', '<a/>', 'ab', '24:00', '[1,5)')",
    "INSERT INTO kinds (id, t, b, f, g) VALUES (2, '', '', 'NaN', 'Infinity'), (3, NULL, NULL, -0.0, '-Infinity'), (4, '\\N', NULL, 1e-300, 1)",
    "CREATE TABLE nothing ()",
    "INSERT INTO nothing DEFAULT VALUES",
    "CREATE TABLE \"Odd \"\"name\" (\"a b\" INT, \"c\"\"d\" TEXT)",
    "INSERT INTO \"Odd \"\"name\" VALUES (1, 'x')",
    "CREATE TABLE parts (id INT, v TEXT) PARTITION BY RANGE (id)",
    "CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10)",
    "CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20)",
    "INSERT INTO parts VALUES (1, 'low'), (11, 'high'), (12, 'high')",
    "CREATE TABLE parent (id INT)",
    "CREATE TABLE heir (more INT) INHERITS (parent)",
    "INSERT INTO parent VALUES (1)",
    "INSERT INTO heir VALUES (2, 3)",
    "CREATE MATERIALIZED VIEW looked AS SELECT count(*) FROM kinds",
    "CREATE UNLOGGED TABLE light (id INT)",
    "INSERT INTO light VALUES (1), (1)",
    "CREATE SCHEMA other",
    "CREATE TABLE other.kinds (id INT, c regclass)",
    "INSERT INTO other.kinds VALUES (1, 'parent'), (2, 'other.kinds')",
];

const MARIADB: &[&str] = &[
    "CREATE TABLE kinds (id INT PRIMARY KEY, t TEXT, b VARBINARY(100), bl BLOB, bi BIT(9), n DECIMAL(30,10), f FLOAT, d DOUBLE, \
     z TIMESTAMP NULL, dt DATETIME(6), ti TIME, y YEAR, e ENUM('a', 'b''c'), s SET('x', 'y'), zf INT(8) ZEROFILL, u BIGINT UNSIGNED, \
     fixed BINARY(4), v INT AS (id * 2) VIRTUAL, st INT AS (id * 3) STORED, after_all VARCHAR(20), l VARCHAR(10) CHARACTER SET latin1, p POINT)",
    "INSERT INTO kinds (id, t, b, bl, bi, n, f, d, z, dt, ti, y, e, s, zf, u, fixed, after_all, l, p) VALUES (1, \
     CONCAT('quote '' \" back\\\\slash ', CHAR(0), CHAR(8), CHAR(9), CHAR(10), CHAR(13), CHAR(26), ' ⚓ ),(''x'), X'00FF27', X'5C', b'101010101', \
     12345678901234567890.0123456789, 0.1, 1e-7, '2024-02-29 12:00:00', '2024-02-29 12:00:00.123456', '-838:59:59', 2024, 'b''c', 'x,y', \
     42, 18446744073709551615, 'ab', 'end', 'é', ST_GeomFromText('POINT(1 2)'))",
    "INSERT INTO kinds (id, t, b, bl, after_all) VALUES (2, '', '', '', 'NULL'), (3, NULL, NULL, NULL, NULL), (4, '0x41', X'41', NULL, '(1)')",
    "CREATE TABLE `odd ``name` (`a b` INT, `VALUES` TEXT)",
    "INSERT INTO `odd ``name` VALUES (1, 'x'), (2, 'INSERT INTO `odd ``name` VALUES (3)')",
    "CREATE TABLE nothing (id INT)",
    "CREATE TABLE light (id INT, v VARCHAR(10)) ENGINE=MyISAM",
    "INSERT INTO light VALUES (1, 'x'), (1, 'x')",
    "CREATE TABLE parts (id INT, v TEXT) PARTITION BY HASH (id) PARTITIONS 3",
    "INSERT INTO parts VALUES (1, 'low'), (11, 'high')",
    "CREATE TRIGGER noted AFTER INSERT ON nothing FOR EACH ROW BEGIN\nINSERT INTO `light` VALUES (7, 'no');\nEND",
    "CREATE VIEW looked AS SELECT id FROM kinds",
];

async fn with_nasty_rows(on: On) -> (Target, Box<dyn Session>) {
    let target = target(on).await;
    let mut session = target.open_with_our_tables().await;
    let all = match on {
        On::Sqlite => SQLITE,
        On::Postgres => POSTGRES,
        On::MariaDb => MARIADB,
    };
    for sql in all {
        execute(session.as_mut(), sql).await;
    }
    (target, session)
}

/// Goal: what a dump is said to hold, what the database holds, and what a copy of it holds are the same.
async fn the_digests_of_a_dump_are_those_of_the_database_whatever_is_in_it(on: On) {
    let (target, mut session) = with_nasty_rows(on).await;

    let dumped = target.dump(session.as_mut()).await;

    assert_eq!(dumped.manifest.tables, session.digests().await.expect("digests"));
    assert_eq!(dumped.manifest.schema_fingerprint, fingerprint(session.as_mut()).await);
    let counts = session.count_rows().await.expect("counts");
    for (table, digest) in &dumped.manifest.tables {
        assert_eq!(Some(&digest.rows), counts.get(table), "{table}");
    }
    let missing: Vec<&String> = counts.keys().filter(|table| !dumped.manifest.tables.contains_key(*table)).collect();
    let told_by_their_leaves: &[&str] = if on == On::Postgres { &["parts"] } else { &[] };
    assert_eq!(missing, told_by_their_leaves);
    target.engine.trial(target.scratch(), pieces(&dumped), &dumped.manifest).await.expect("a copy that is the same");
}

/// Goal: a hash moves with the smallest change, and does not move with the order of rows.
async fn rows_that_look_alike_have_digests_of_their_own(on: On) {
    let target = target(on).await;
    let mut session = target.open().await;
    execute(session.as_mut(), "CREATE TABLE pairs (a VARCHAR(20), b VARCHAR(20))").await;
    let mut seen = std::collections::BTreeSet::new();
    for rows in ["(NULL, 'ab')", "('', 'ab')", "('a', 'b')", "('ab', '')", "('ab', NULL)", "('a ', 'b')", "('A', 'b')"]
    {
        execute(session.as_mut(), "DELETE FROM pairs").await;
        execute(session.as_mut(), &format!("INSERT INTO pairs VALUES {rows}")).await;
        assert!(seen.insert(session.digests().await.expect("digests")["pairs"].hash.clone()), "{rows}");
    }
    let mut of_both = Vec::new();
    for rows in ["('x', 'y'), ('y', 'x')", "('y', 'x'), ('x', 'y')", "('x', 'x'), ('y', 'y')", "('x', 'y'), ('x', 'y')"]
    {
        execute(session.as_mut(), "DELETE FROM pairs").await;
        execute(session.as_mut(), &format!("INSERT INTO pairs VALUES {rows}")).await;
        of_both.push(session.digests().await.expect("digests")["pairs"].hash.clone());
    }
    assert_eq!(of_both[0], of_both[1], "in no order");
    assert!(of_both[0] != of_both[2] && of_both[0] != of_both[3], "{of_both:?}");
    assert!(of_both.iter().all(|hash| hash.len() == 32 && hash.bytes().all(|digit| digit.is_ascii_hexdigit())));
}
