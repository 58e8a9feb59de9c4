//! Rules that depend on the server's version, asked of servers that are not here.

use proptest::{prelude::*, sample::select};
use semver::Version;
use windlass::{
    catalog,
    config::CatalogFormat,
    model::{
        compatibility::CompatibilityPolicy,
        history::History,
        migration::DdlScope,
        order::{PathPolicy, RollbackPolicy},
        schema::{Column, Schema, Table},
        server::Server,
    },
    plan::{Facts, Needs, Site, forward},
    sql::Dialect,
};

/// A table with a million rows.
fn schema(kind: &str, extra: &str) -> Schema {
    let column = |name: &str, data_type: &str, nullable| Column {
        name: name.to_owned(),
        data_type: data_type.to_owned(),
        nullable,
        default: None,
        extra: extra.to_owned(),
    };
    let columns = vec![column("id", "bigint", false), column("c", kind, true)];
    let table = Table { columns, rows_estimate: 1_000_000, size_bytes: 80_000_000, ..Table::default() };
    Schema { tables: [("t".to_owned(), table)].into(), ..Schema::default() }
}

/// The rules that a statement trips on a server, each with its message.
fn tripped(product: &'static str, version: &str, schema: &Schema, sql: &str) -> Vec<(String, String)> {
    planned(product, version, schema, sql).expect("a catalog")
}

/// The same; `None` where the text cannot be cut into statements.
fn planned(product: &'static str, version: &str, schema: &Schema, sql: &str) -> Option<Vec<(String, String)>> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("v1.0.0_it")).expect("a folder");
    std::fs::write(folder.path().join("v1.0.0_it/up.sql"), sql).expect("a file");
    let (dialect, scope) = match product {
        "PostgreSQL" => (Dialect::Postgres, DdlScope::Transaction),
        "SQLite" => (Dialect::Sqlite, DdlScope::Transaction),
        _ => (Dialect::MySql, DdlScope::Statement),
    };
    let catalog = catalog::load(folder.path(), CatalogFormat::Windlass, dialect).ok()?;
    let mut parts = version.split('.').map(|part| part.parse().expect("a number"));
    let number = (parts.next().expect("a major version"), parts.next().unwrap_or(0));
    let server = Server { product, version: version.to_owned(), number };
    let needs = Needs {
        backend: Version::new(1, 0, 0),
        required: Version::new(1, 0, 0),
        compatibility: CompatibilityPolicy::Exact,
        path: PathPolicy::Through,
        rollback: RollbackPolicy::Any,
        blocking_risks: Vec::new(),
    };
    let history = History::default();
    let facts = Facts::of(Site { target: "t", dialect, scope }, &catalog, &history, &needs).sized(schema).on(&server);
    Some(forward(&facts, None, false).findings.into_iter().map(|finding| (finding.rule, finding.message)).collect())
}

fn trips(product: &'static str, version: &str, schema: &Schema, rule: &str, sql: &str) -> bool {
    tripped(product, version, schema, sql).iter().any(|(found, _)| found == rule)
}

/// What is newer: product, statement, the first version that knows it, one before it.
const NEWER: &[(&str, &str, &str, &str)] = &[
    ("PostgreSQL", "ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "14.2", "13.9"),
    ("PostgreSQL", "CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", "14.0", "13.9"),
    ("PostgreSQL", "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING", "15.1", "14.9"),
    ("PostgreSQL", "CREATE UNIQUE INDEX CONCURRENTLY i ON t (c) NULLS NOT DISTINCT", "15.0", "14.9"),
    ("PostgreSQL", "ALTER TABLE t ALTER COLUMN c SET EXPRESSION AS (id * 2)", "17.0", "16.9"),
    ("PostgreSQL", "ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (id * 2) VIRTUAL", "18.0", "17.9"),
    ("MariaDB", "ALTER TABLE t ADD COLUMN u uuid", "10.7.1", "10.6.12"),
    ("MariaDB", "ALTER TABLE t ADD COLUMN a inet4 NOT NULL", "10.10.2", "10.9.3"),
    ("MariaDB", "ALTER TABLE t ADD COLUMN v vector(3)", "11.7.1", "11.4.3"),
    ("MySQL", "ALTER TABLE t ADD COLUMN u binary(16) DEFAULT (uuid_to_bin(uuid()))", "8.0.13", "8.0.12"),
    ("MySQL", "ALTER TABLE t ADD CONSTRAINT k CHECK (id > 0)", "8.0.16", "8.0.15"),
    ("MySQL", "ALTER TABLE t DROP CONSTRAINT k", "8.0.19", "8.0.18"),
    ("SQLite", "ALTER TABLE t RENAME COLUMN c TO d", "3.25.0", "3.24.0"),
    ("SQLite", "UPDATE t SET c = s.c FROM s WHERE s.id = t.id", "3.33.0", "3.32.3"),
    ("SQLite", "ALTER TABLE t DROP COLUMN c", "3.35.0", "3.34.1"),
    ("SQLite", "CREATE TABLE s (id integer) STRICT", "3.37.0", "3.36.0"),
    ("SQLite", "DELETE FROM t WHERE id = 1 RETURNING c", "3.35.0", "3.34.1"),
];

#[test]
fn what_a_server_does_not_know_yet_is_told_with_the_version_it_takes() {
    let schema = schema("text", "");
    for (product, sql, since, before) in NEWER {
        assert!(!trips(product, since, &schema, "needs-newer-server", sql), "{product} {since}: {sql}");
        let found = tripped(product, before, &schema, sql);
        let told = found.iter().find(|(rule, _)| rule == "needs-newer-server");
        let (_, message) = told.unwrap_or_else(|| panic!("{product} {before}: {sql}: {found:?}"));
        let short: Vec<&str> = since.trim_end_matches(".0").split('.').collect();
        assert!(message.contains(&format!("{product} {}", short[0])) && message.contains(before), "{message}");
    }
}

/// MySQL's manual, "Online DDL Operations": what became instant, and when.
#[test]
fn mysql_builds_a_table_anew_until_it_learned_to_do_without() {
    let schema = schema("varchar(20)", " collation=utf8mb4_0900_ai_ci generated= comment=");
    let rebuilds = |version: &str, sql: &str| trips("MySQL", version, &schema, "rebuilds-table", sql);
    assert!(rebuilds("8.0.11", "ALTER TABLE t ADD COLUMN x int"));
    assert!(!rebuilds("8.0.12", "ALTER TABLE t ADD COLUMN x int"));
    assert!(rebuilds("8.0.28", "ALTER TABLE t ADD COLUMN x int FIRST"));
    assert!(!rebuilds("8.0.29", "ALTER TABLE t ADD COLUMN x int FIRST"));
    assert!(rebuilds("8.0.28", "ALTER TABLE t DROP COLUMN c"));
    assert!(!rebuilds("8.0.29", "ALTER TABLE t DROP COLUMN c"));
    assert!(!trips("MariaDB", "10.6.1", &schema, "rebuilds-table", "ALTER TABLE t DROP COLUMN c"));
}

/// Where a length needs a second byte: MySQL copies, MariaDB has had room for it since 10.4 up to 127 bytes.
#[test]
fn a_longer_text_is_copied_where_its_length_takes_another_byte() {
    let utf8 = schema("varchar(20)", " collation=utf8mb4_0900_ai_ci generated= comment=");
    let copies = |product, version, sql: &str| trips(product, version, &utf8, "type-copies", sql);
    assert!(!copies("MySQL", "8.0.36", "ALTER TABLE t MODIFY c varchar(63)"));
    assert!(copies("MySQL", "8.0.36", "ALTER TABLE t MODIFY c varchar(64)"));
    assert!(!copies("MariaDB", "10.11.14", "ALTER TABLE t MODIFY c varchar(64)"));
    assert!(copies("MariaDB", "10.11.14", "ALTER TABLE t MODIFY c varchar(10)"));
}

#[test]
fn a_copy_lets_others_write_since_mariadb_11_2() {
    let schema = schema("int(11)", " collation= generated= comment=");
    let said = |version: &str| {
        let found = tripped("MariaDB", version, &schema, "ALTER TABLE t MODIFY c bigint");
        found.into_iter().find(|(rule, _)| rule == "type-copies").expect("it copies").1
    };
    assert!(said("11.1.2").contains("while nobody may write to it"), "{}", said("11.1.2"));
    assert!(said("11.2.2").contains("while others go on"), "{}", said("11.2.2"));
    assert!(said("11.2.2").contains("about 1 000 000 rows, 80 MB"), "{}", said("11.2.2"));
}

#[test]
fn blocking_is_estimated_from_the_rows() {
    let found = tripped("PostgreSQL", "15.3", &schema("text", ""), "CREATE INDEX i ON t (c)");
    let (_, message) = found.iter().find(|(rule, _)| rule == "index-not-concurrent").expect("it blocks");
    assert!(message.ends_with("(about 1 000 000 rows, 80 MB), for some 10 s"), "{message}");
}

/// What statements about schemas are made of here.
#[rustfmt::skip]
const FRAGMENTS: [&str; 52] = [
    "ALTER TABLE t ", "ADD COLUMN ", "ADD CONSTRAINT ", "DROP COLUMN ", "RENAME TO ", "MODIFY ", "CHANGE ", "ALTER COLUMN ", "TYPE ",
    "c ", "t ", "(", ")", ", ", ";\n", "'", "''", "\"c\" ", "`c` ", "DEFAULT ", "NOT NULL ", "CHECK ", "UNIQUE ", "USING ", "::",
    "varchar", "(4000000000)", "numeric(", "timestamp ", "enum('a') ", "[", "]", "CREATE ", "TABLE ", "INDEX ", "ON ", "DROP ",
    "CONCURRENTLY ", "UPDATE ", "SET ", "DELETE FROM ", "INSERT INTO ", "SELECT ", "WITH ", "RENAME TABLE ", "TRUNCATE ",
    "/*!80000 ", "*/ ", "REINDEX ", "VACUUM ", "-- windlass:allow drop-table\n", ".",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Goal: whatever a script says, a plan is made of it.
    #[test]
    fn any_text_is_read_to_its_end(
        product in select(&["PostgreSQL", "MariaDB", "MySQL", "SQLite"][..]),
        words in prop::collection::vec(select(&FRAGMENTS[..]), 1..24),
    ) {
        let schema = schema("varchar(20)", " collation=utf8mb4_general_ci generated= comment=");
        let _ = planned(product, "8.0.11", &schema, &words.concat());
    }
}
