//! Prisma: a folder for each migration, and a lock file that names the provider.

use super::{File, Life, On, refused};
use crate::harness::on_every_engine;

const USERS: &str = "-- CreateTable\nCREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(99) NOT NULL);\n";

/// What Prisma writes to change a column, which SQLite cannot do in place.
const SQLITE_REBUILD: &str = "-- RedefineTables\nPRAGMA defer_foreign_keys=ON;\nPRAGMA foreign_keys=OFF;\n\
    CREATE TABLE \"new_users\" (\"id\" INTEGER NOT NULL PRIMARY KEY, \"email\" TEXT NOT NULL);\n\
    INSERT INTO \"new_users\" (\"email\", \"id\") SELECT \"email\", \"id\" FROM \"users\";\nDROP TABLE \"users\";\n\
    ALTER TABLE \"new_users\" RENAME TO \"users\";\nPRAGMA foreign_keys=ON;\nPRAGMA defer_foreign_keys=OFF;\n\
    -- CreateIndex\nCREATE UNIQUE INDEX \"users_email_key\" ON \"users\"(\"email\");\n";

fn history(on: On) -> [File<'static>; 3] {
    let (provider, change) = match on {
        On::Sqlite => ("provider = \"sqlite\"\n", SQLITE_REBUILD),
        On::Postgres => {
            ("provider = \"postgresql\"", "CREATE UNIQUE INDEX \"users_email_key\" ON \"users\"(\"email\");")
        }
        On::MariaDb => ("# keep\nprovider = \"mysql\"", "CREATE UNIQUE INDEX `users_email_key` ON `users`(`email`);"),
    };
    [
        ("20240101120000_init/migration.sql", USERS),
        ("20240102120000_unique_email/migration.sql", change),
        ("migration_lock.toml", provider),
    ]
}

on_every_engine!(a_history_goes_up);

async fn a_history_goes_up(on: On) {
    let life = Life::of(on, &history(on)).await;

    life.goes_up(&["v0.0.20240101120000_init", "v0.0.20240102120000_unique_email"]);

    life.eye().await.run("INSERT INTO users (id, email) VALUES (1, 'a')").await;
    assert!(life.eye().await.try_run("INSERT INTO users (id, email) VALUES (2, 'a')").await.is_err(), "it is unique");
    life.has_no_way_back();
}

#[tokio::test]
async fn faults_are_told() {
    let told = refused(&[
        ("20240101120000_init/readme.txt", ""),
        ("20240101120000_init/migration.sql", "SELECT 1;"),
        ("20240102120000_empty/notes.txt", ""),
        ("add_users/migration.sql", "SELECT 1;"),
        ("20240103120000_/migration.sql", "SELECT 1;"),
        ("20240104120000_open/migration.sql", "SELECT 'open;"),
        ("migration_lock.toml", "provider = \"postgresql\"\n"),
    ])
    .await;
    insta::assert_snapshot!(told, @r"
    20240102120000_empty: it has no migration.sql; write it, or remove the folder
    20240103120000_: there is no name after the number; rename it to <number>_<name>
    add_users: the folder's name does not name a migration; rename it to <timestamp>_<name>, such as 20240501120000_add_users
    migration_lock.toml: these migrations were written for postgresql, and the target is read as sqlite; point target.url at such a server, or catalog.path at its migrations
    20240104120000_open/migration.sql:1: this string is never closed; close it, and double a quote that belongs to it
    ");
    let told = refused(&[("1_a/migration.sql", "SELECT 1;"), ("migration_lock.toml", "provider = sqlite\n")]).await;
    assert!(told.starts_with("migration_lock.toml:1: "), "{told}");
    let told = refused(&[("1_a/migration.sql", "SELECT 1;"), ("01_a/migration.sql", "SELECT 1;")]).await;
    insta::assert_snapshot!(told, @"1_a: it is called a in version 0.0.1, and so is 01_a; rename one of them");
}
