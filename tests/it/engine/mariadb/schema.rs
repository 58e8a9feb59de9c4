//! The schema as it is seen.

use std::collections::BTreeMap;

use windlass::engine::Session;

use super::{create_our_tables, engine_for, open, run};

/// Statements that each change something that a schema is made of; they build on one another.
const CHANGES: [&str; 62] = [
    "CREATE TABLE parent (id INT PRIMARY KEY, code VARCHAR(20) NOT NULL)",
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(50))",
    "ALTER TABLE t ADD c DATE",
    "ALTER TABLE t MODIFY c DATETIME",
    "ALTER TABLE t MODIFY c DATETIME(3)",
    "ALTER TABLE t MODIFY c DATETIME(3) DEFAULT '2020-01-01'",
    "ALTER TABLE t MODIFY c DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3)",
    "ALTER TABLE t MODIFY c DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)",
    "ALTER TABLE t MODIFY c DATETIME(3) AFTER id",
    "ALTER TABLE t RENAME COLUMN c TO d",
    "ALTER TABLE t MODIFY a INT NOT NULL",
    "ALTER TABLE t MODIFY a INT UNSIGNED NOT NULL",
    "ALTER TABLE t MODIFY a BIGINT UNSIGNED NOT NULL COMMENT 'how many'",
    "ALTER TABLE t MODIFY b VARCHAR(50) CHARACTER SET latin1",
    "ALTER TABLE t MODIFY b VARCHAR(50) COLLATE utf8mb4_bin",
    "ALTER TABLE t MODIFY b VARCHAR(60) COLLATE utf8mb4_bin",
    "ALTER TABLE t ADD e ENUM('x', 'y')",
    "ALTER TABLE t MODIFY e ENUM('x', 'y', 'z')",
    "ALTER TABLE t ADD g INT AS (a + 1) VIRTUAL",
    "ALTER TABLE t MODIFY g INT AS (a + 2) VIRTUAL",
    "ALTER TABLE t DROP g, ADD g INT AS (a + 2) STORED",
    "ALTER TABLE t ADD h INT INVISIBLE",
    "ALTER TABLE t MODIFY id INT AUTO_INCREMENT",
    "CREATE INDEX ia ON t (a)",
    "ALTER TABLE t RENAME INDEX ia TO ja",
    "ALTER TABLE t DROP INDEX ja, ADD INDEX ja (a, e)",
    "ALTER TABLE t DROP INDEX ja, ADD INDEX ja (e, a)",
    "CREATE INDEX ib ON t (b(10))",
    "ALTER TABLE t DROP INDEX ib, ADD INDEX ib (b(11))",
    "ALTER TABLE t DROP INDEX ib, ADD UNIQUE INDEX ib (b(11))",
    "ALTER TABLE t DROP INDEX ib, ADD FULLTEXT INDEX ib (b)",
    "ALTER TABLE t ALTER INDEX ib IGNORED",
    "CREATE INDEX ic ON t (h) COMMENT 'why'",
    "CREATE INDEX ie ON t (a DESC)",
    "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0)",
    "ALTER TABLE t DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (a > 1)",
    "ALTER TABLE t MODIFY h INT CHECK (h < 9)",
    "ALTER TABLE t ADD p INT, ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES parent (id)",
    "ALTER TABLE t DROP FOREIGN KEY fk, ADD CONSTRAINT fk2 FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE",
    "ALTER TABLE t COMMENT 'things'",
    "ALTER TABLE t ROW_FORMAT = COMPACT",
    "ALTER TABLE parent DEFAULT COLLATE utf8mb4_unicode_ci",
    "ALTER TABLE parent CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "ALTER TABLE parent ADD PRIMARY KEY (id, code), DROP PRIMARY KEY",
    "RENAME TABLE t TO t2",
    "CREATE TABLE part (id INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10))",
    "ALTER TABLE part ADD PARTITION (PARTITION p1 VALUES LESS THAN (20))",
    "ALTER TABLE part REMOVE PARTITIONING",
    "ALTER TABLE part ADD SYSTEM VERSIONING",
    "CREATE VIEW v AS SELECT id, a FROM t2",
    "CREATE OR REPLACE VIEW v AS SELECT id FROM t2",
    "CREATE OR REPLACE SQL SECURITY INVOKER VIEW v AS SELECT id FROM t2",
    "CREATE TRIGGER tr BEFORE INSERT ON t2 FOR EACH ROW SET NEW.a = 1",
    "CREATE OR REPLACE TRIGGER tr BEFORE INSERT ON t2 FOR EACH ROW SET NEW.a = 2",
    "CREATE OR REPLACE TRIGGER tr BEFORE UPDATE ON t2 FOR EACH ROW SET NEW.a = 2",
    "CREATE PROCEDURE p(x INT) SELECT x",
    "CREATE OR REPLACE PROCEDURE p(OUT x INT) SELECT x",
    "CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC RETURN x",
    "CREATE OR REPLACE FUNCTION f(x INT) RETURNS BIGINT DETERMINISTIC RETURN x",
    "CREATE EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DISABLE DO SELECT 1",
    "ALTER EVENT ev ON SCHEDULE EVERY 2 YEAR",
    "CREATE SEQUENCE s INCREMENT BY 5",
];

/// Statements that change nothing that a schema is made of.
const NO_CHANGES: [&str; 10] = [
    "INSERT INTO parent VALUES (1, 'x'), (2, 'y')",
    "ANALYZE TABLE parent, t2",
    "ALTER TABLE t2 AUTO_INCREMENT = 500",
    "OPTIMIZE TABLE parent",
    "ALTER TABLE parent ENGINE = InnoDB",
    "SELECT NEXTVAL(s)",
    "CREATE TABLE IF NOT EXISTS t2 (z INT)",
    "ALTER DEFINER = CURRENT_USER VIEW v AS SELECT id FROM t2",
    "ALTER DEFINER = `a``b`@`%` VIEW v AS SELECT id FROM t2",
    "TRUNCATE TABLE parent",
];

async fn fingerprint(session: &mut dyn Session) -> String {
    session.schema(None).await.expect("a schema").fingerprint()
}

/// Goal: every change is seen, and nothing else is. Method: run both lists, looking after each statement.
#[tokio::test]
async fn every_change_moves_the_fingerprint_and_nothing_else_does() {
    let (database, mut session) = open().await;
    let mut all = BTreeMap::from([(fingerprint(&mut *session).await, "nothing")]);
    for statement in CHANGES {
        run(&mut *session, &[statement]).await;
        let before = all.insert(fingerprint(&mut *session).await, statement);
        assert_eq!(before, None, "{statement} looks like nothing happened");
    }

    run(
        &mut *session,
        &[
            "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION', foreign_key_checks = 0",
            "ALTER TABLE t2 DROP FOREIGN KEY fk2",
        ],
    )
    .await;
    let last = fingerprint(&mut *session).await;
    for statement in NO_CHANGES {
        run(&mut *session, &[statement]).await;
        assert_eq!(fingerprint(&mut *session).await, last, "{statement} looks like a change");
    }
    create_our_tables(&*engine_for(&database.url), &mut *session).await;
    assert_eq!(fingerprint(&mut *session).await, last, "our own tables are not part of the schema");
}

/// Goal: a narrow look sees the same as a wide one. Method: look for some names, few and many, and for none.
#[tokio::test]
async fn a_look_at_some_names_sees_the_same_and_only_those() {
    let (_database, mut session) = open().await;
    run(
        &mut *session,
        &[
            "CREATE TABLE a (id INT PRIMARY KEY, x INT, INDEX ix (x))",
            "CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT fk FOREIGN KEY (a) REFERENCES a (id))",
            "CREATE VIEW v AS SELECT id FROM a",
            "CREATE PROCEDURE p() SELECT 1",
            "CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 1",
        ],
    )
    .await;
    let whole = session.schema(None).await.expect("a schema");
    let names: Vec<String> = ["b", "v", "tr", "nothing"].map(ToOwned::to_owned).to_vec();
    let mut many = names.clone();
    many.extend((0..30).map(|number| format!("none_{number}")));

    for names in [names, many] {
        let some = session.schema(Some(&names)).await.expect("a schema");
        assert_eq!(some.tables.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(some.objects.keys().collect::<Vec<_>>(), ["trigger tr", "view v"]);
        assert_eq!(some.tables["b"].foreign_keys, whole.tables["b"].foreign_keys);
        assert_eq!(some.tables["b"].columns, whole.tables["b"].columns);
        assert_eq!(some.objects["view v"], whole.objects["view v"]);
    }
    let nothing = session.schema(Some(&[])).await.expect("a schema");
    assert!(nothing.tables.is_empty() && nothing.objects.is_empty());
    assert_eq!(whole.tables["b"].foreign_keys["fk"].references, "a");
}

/// Goal: rows are counted, and those that point nowhere are found. Method: two orphans that came in unchecked.
#[tokio::test]
async fn rows_are_counted_and_orphans_found() {
    let (database, mut session) = open().await;
    create_our_tables(&*engine_for(&database.url), &mut *session).await;
    run(
        &mut *session,
        &[
            "CREATE TABLE a (x INT, y INT, PRIMARY KEY (x, y))",
            "CREATE TABLE b (p INT, q INT, FOREIGN KEY (p, q) REFERENCES a (x, y))",
            "INSERT INTO a VALUES (1, 1)",
            "SET foreign_key_checks = 0",
            "INSERT INTO b VALUES (1, 1), (1, NULL), (1, 2), (3, 3)",
        ],
    )
    .await;
    let counts = session.count_rows().await.expect("counts");
    assert_eq!(counts, BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 4)]));

    let mut broken = session.broken_references(10).await.expect("sentences");
    broken.sort();
    assert_eq!(broken, ["b (p, q) = (1, 2) has no row in a (x, y)", "b (p, q) = (3, 3) has no row in a (x, y)"]);
    assert_eq!(session.broken_references(1).await.expect("sentences").len(), 1);
    assert_eq!(session.broken_references(0).await.expect("sentences").len(), 0);
}

/// Goal: the database's own name is no part of its schema, not even in a view whose table is gone.
/// Method: the same statements in two databases, with a literal that looks like a name.
#[tokio::test]
async fn equal_schemas_in_two_databases_have_equal_fingerprints() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (_database, mut session) = open().await;
        let made = [
            "CREATE TABLE t (a INT, `x``y` INT)",
            "CREATE VIEW v AS SELECT t.a, t.`x``y`, '`app`.`t`.`a` \\' é' AS s FROM t",
            "DROP TABLE t",
        ];
        run(&mut *session, &made).await;
        seen.push(fingerprint(&mut *session).await);
    }
    assert_eq!(seen[0], seen[1]);
}
