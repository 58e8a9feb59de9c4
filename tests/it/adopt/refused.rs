//! Histories that are not taken over, by name and with the way on.

use super::{GOLANG, INDEX, USERS, golang, text};
use crate::{
    formats::{File, Life},
    harness::database::On,
};

/// A database with these tables, and these files.
async fn left(files: &[File<'_>], statements: &[&str]) -> Life {
    let life = Life::of(On::Sqlite, files).await;
    life.has(statements).await;
    life
}

const FILES: [File<'_>; 2] = [("1_users.up.sql", USERS), ("2_index.up.sql", INDEX)];

/// What is said, and what to do.
fn said(life: &Life, words: &str) -> String {
    let said = life.windlass().says(words);
    assert_eq!(said.exit, 2, "{said:#?}");
    let problem = &said.result["problem"];
    format!("{}: {}; {}", text(problem, "/type"), text(problem, "/detail"), text(problem, "/next_step"))
}

#[tokio::test]
async fn a_dirty_version_of_golang_migrate() {
    let life = left(&FILES, &[USERS, GOLANG, "INSERT INTO schema_migrations VALUES (2, TRUE);"]).await;
    insta::assert_snapshot!(said(&life, "adopt"), @"not-ready: 2: golang-migrate left it dirty, so that nobody knows how much of it is applied; finish it or take it back by hand, say so with migrate force <version>, then adopt again");
}

#[tokio::test]
async fn failed_rows_of_flyway_and_of_prisma_and_of_sqlx() {
    let flyway = left(
        &[("V1__users.sql", USERS)],
        &[
            "CREATE TABLE flyway_schema_history (installed_rank INT, version TEXT, type TEXT, script TEXT, checksum INT, \
             success BOOLEAN)",
            "INSERT INTO flyway_schema_history VALUES (1, '1', 'SQL', 'V1__users.sql', 7, FALSE)",
        ],
    )
    .await;
    insta::assert_snapshot!(said(&flyway, "adopt"), @"not-ready: V1__users.sql: Flyway began it and it failed, so that nobody knows how much of it is applied; take back by hand what it did, run flyway repair, then adopt again");

    let prisma = left(
        &[("1_users/migration.sql", USERS)],
        &[
            "CREATE TABLE _prisma_migrations (id TEXT, checksum TEXT, finished_at TEXT, migration_name TEXT, rolled_back_at \
             TEXT, started_at TEXT)",
            "INSERT INTO _prisma_migrations VALUES ('a', 'x', NULL, '1_users', NULL, 'now')",
        ],
    )
    .await;
    insta::assert_snapshot!(said(&prisma, "adopt"), @"not-ready: 1_users: Prisma began it and it failed, so that nobody knows how much of it is applied; finish it or take it back by hand, say so with prisma migrate resolve --applied 1_users or --rolled-back 1_users, then adopt again");

    let sqlx = left(
        &[("1_users.sql", USERS)],
        &[
            "CREATE TABLE _sqlx_migrations (version BIGINT, success BOOLEAN, checksum BLOB)",
            "INSERT INTO _sqlx_migrations VALUES (1, FALSE, X'00')",
        ],
    )
    .await;
    insta::assert_snapshot!(said(&sqlx, "adopt"), @"not-ready: 1: sqlx began it and it failed, so that nobody knows how much of it is applied; finish it or take it back by hand, set its row in _sqlx_migrations to success or delete it, then adopt again");
}

/// Goal: a file that was edited since it was applied is found out, though the schema is the same.
#[tokio::test]
async fn a_file_that_is_not_the_one_that_sqlx_applied() {
    let table = "CREATE TABLE _sqlx_migrations (version BIGINT, success BOOLEAN, checksum BLOB)";
    let row = "INSERT INTO _sqlx_migrations VALUES (1, TRUE, X'00')";
    let life = left(&[("1_users.sql", USERS)], &[USERS, table, row]).await;
    insta::assert_snapshot!(said(&life, "adopt"), @"schema-differs: 1_users.sql: it is not the file that sqlx applied; bring the one into line with the other and adopt again; or take it as it is: windlass adopt --accept-differences");
}

#[tokio::test]
async fn what_the_catalog_does_not_have() {
    let life = left(&FILES, &[USERS, GOLANG, "INSERT INTO schema_migrations VALUES (3, FALSE);"]).await;
    insta::assert_snapshot!(said(&life, "adopt"), @"not-ready: 3: golang-migrate applied it, and the catalog does not have it; point catalog.path at the folder that has every migration, and see that catalog.format is its tool's");
}

#[tokio::test]
async fn nothing_applied() {
    let life = left(&FILES, &[GOLANG]).await;
    insta::assert_snapshot!(said(&life, "adopt"), @"not-ready: schema_migrations: golang-migrate has applied nothing, so there is nothing to take over; drop the table schema_migrations, then begin: windlass up");
}

#[tokio::test]
async fn no_history_and_several() {
    let life = left(&FILES, &[USERS]).await;
    let none = said(&life, "adopt");
    assert!(none.starts_with("not-ready: default: there is no history of a tool that windlass knows in the database; looked for __diesel_schema_migrations, _prisma_migrations"), "{none}");
    assert!(none.ends_with("say yourself what the database holds: windlass adopt --baseline <version>"), "{none}");

    let diesel = "CREATE TABLE __diesel_schema_migrations (version TEXT, run_on TEXT)";
    life.has(&[INDEX, GOLANG, "INSERT INTO schema_migrations VALUES (2, FALSE);", diesel]).await;
    insta::assert_snapshot!(said(&life, "adopt"), @"not-ready: default: several tools left a history: __diesel_schema_migrations (diesel), schema_migrations (golang-migrate); name one: windlass adopt --from <tool>");
    insta::assert_snapshot!(said(&life, "adopt --from goose"), @"not-ready: default: there is no history of goose in the database; name the tool that left one: diesel, golang-migrate");
    // The other tool's table is then one of the application's.
    let other = said(&life, "adopt --from golang-migrate");
    assert!(other.contains("__diesel_schema_migrations: no migration makes this table"), "{other}");
}

/// Goal: migrations that do not run on an empty database prove nothing, and the target is not touched.
#[tokio::test]
async fn a_replay_that_fails() {
    let files = [("1_users.up.sql", "INSERT INTO elsewhere VALUES (1);")];
    let life = left(&files, &[USERS, GOLANG, "INSERT INTO schema_migrations VALUES (1, FALSE);"]).await;
    let said = life.windlass().says("adopt");
    assert_eq!((said.exit, text(&said.result, "/problem/type")), (1, "replay-failed"), "{said:#?}");
    let detail = text(&said.result, "/problem/detail");
    assert!(detail.contains("1_users.up.sql:1: ") && detail.contains("elsewhere"), "{detail}");
    assert_eq!(life.eye().await.tables().await, ["schema_migrations", "users"]);
}

/// Goal: the plan of a database with tables and no history tells the way on.
#[tokio::test]
async fn the_plan_names_it() {
    let life = golang(On::Sqlite).await;
    let said = life.windlass().says("plan");
    assert_eq!(said.exit, 2);
    assert!(said.result.to_string().contains("take over what another tool wrote: windlass adopt"), "{said:#?}");
}
