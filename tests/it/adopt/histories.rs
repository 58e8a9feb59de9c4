//! The history of each tool, with the table that it makes, on every engine.

use sha2::{Digest, Sha256, Sha384};

use super::{GOLANG, INDEX, LATER, USERS, list, text};
use crate::{
    formats::{File, Life},
    harness::{database::On, eye::must_be_same, on_every_engine},
};

/// A history that has come to 2 of 3.
struct Left {
    tool: &'static str,
    files: Vec<(String, String)>,
    /// The tool's own tables, and what it wrote there.
    tables: Vec<String>,
}

impl Left {
    fn of(tool: &'static str, files: [(&str, String); 3], tables: &[&str]) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect();
        Self { tool, files, tables: tables.iter().map(|it| (*it).to_owned()).collect() }
    }
}

/// Goal: nothing that was applied is pending, nothing else is, and neither the application nor the tool sees a difference.
async fn is_taken_over(on: On, left: Left) {
    let files: Vec<File<'_>> = left.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let life = Life::of(on, &files).await.with("WINDLASS__CATALOG__FORMAT", left.tool);
    life.has(&[USERS, INDEX]).await;
    life.has(&left.tables.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let before = life.eye().await.everything().await;

    let job = life.windlass().does("adopt");

    assert_eq!(list(&job, "/result/findings").len(), 0, "{job:#}");
    assert_eq!(list(&job, "/result/migrations").len(), 2, "{job:#}");
    assert_eq!(job["result"]["validation"]["overall"], true, "{job:#}");
    must_be_same(&life.eye().await.everything().await, &before);
    let status = life.windlass().does("status");
    let by = text(&status, "/applied/0/applied_by").to_owned();
    assert!(by.ends_with(&format!("(adopted from {})", left.tool)), "{by}");
    let pending = life.pending();
    assert!(pending.len() == 1 && pending[0].contains("later"), "{pending:?}");
}

macro_rules! histories {
    ($($tool:ident),* $(,)?) => {
        on_every_engine!($($tool),*);
        $(async fn $tool(on: On) { is_taken_over(on, left::$tool(on)).await; })*
    };
}

histories!(sqlx, diesel, golang_migrate, dbmate, goose, flyway, prisma, refinery, rails, popx);

mod left {
    use super::{Digest, GOLANG, INDEX, LATER, Left, On, Sha256, Sha384, USERS};

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write;
        bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a text takes everything");
            hex
        })
    }

    fn texts(names: [&str; 3]) -> [(&str, String); 3] {
        let mut texts = [USERS, INDEX, LATER].into_iter();
        names.map(|name| (name, texts.next().expect("three texts").to_owned()))
    }

    /// sqlx keeps the SHA-384 of each file.
    pub fn sqlx(on: On) -> Left {
        let (blob, open, close) = match on {
            On::Postgres => ("BYTEA", "decode('", "', 'hex')"),
            On::MariaDb | On::Sqlite => ("BLOB", "X'", "'"),
        };
        let row = |version: u32, text: &str| {
            let hash = hex(&Sha384::digest(text));
            format!(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES ({version}, 'x', TRUE, {open}{hash}{close}, 1)"
            )
        };
        let table = format!(
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP \
             NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum {blob} NOT NULL, execution_time BIGINT \
             NOT NULL)"
        );
        let files = texts(["20240101_users.sql", "20240102_index.up.sql", "20240103_later.sql"]);
        Left::of("sqlx", files, &[&table, &row(20_240_101, USERS), &row(20_240_102, INDEX)])
    }

    pub fn diesel(_: On) -> Left {
        Left::of(
            "diesel",
            texts([
                "2024-01-01-000000_users/up.sql",
                "2024-01-02-000000_index/up.sql",
                "2024-01-03-000000_later/up.sql",
            ]),
            &[
                "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL \
                 DEFAULT CURRENT_TIMESTAMP)",
                "INSERT INTO __diesel_schema_migrations (version) VALUES ('20240101000000'), ('20240102000000')",
            ],
        )
    }

    pub fn golang_migrate(_: On) -> Left {
        let files = texts(["000001_users.up.sql", "000002_index.up.sql", "000003_later.up.sql"]);
        Left::of("golang-migrate", files, &[GOLANG, "INSERT INTO schema_migrations VALUES (2, FALSE)"])
    }

    pub fn dbmate(_: On) -> Left {
        let files = texts(["20240101000000_users.sql", "20240102000000_index.sql", "20240103000000_later.sql"]);
        let files = files.map(|(name, text)| (name, format!("-- migrate:up\n{text}\n-- migrate:down\n")));
        Left::of(
            "dbmate",
            files,
            &[
                "CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY)",
                "INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')",
            ],
        )
    }

    /// goose wrote a row for each way, the newest of which counts; one was taken back.
    pub fn goose(on: On) -> Left {
        let id = match on {
            On::Postgres => "id INTEGER PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY",
            On::MariaDb => "id SERIAL PRIMARY KEY",
            On::Sqlite => "id INTEGER PRIMARY KEY AUTOINCREMENT",
        };
        let table = format!(
            "CREATE TABLE goose_db_version ({id}, version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL, tstamp TIMESTAMP \
             NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        );
        let files = texts(["00001_users.sql", "00002_index.sql", "00003_later.sql"]);
        let files = files.map(|(name, text)| (name, format!("-- +goose Up\n{text}\n")));
        let rows = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, TRUE), (1, TRUE), (3, TRUE), (3, FALSE), \
                    (2, FALSE), (2, TRUE)";
        Left::of("goose", files, &[&table, rows])
    }

    /// A baseline stands for the first; the third was undone. Flyway keeps the CRC-32 of each file's lines.
    pub fn flyway(_: On) -> Left {
        Left::of(
            "flyway",
            texts(["V1__users.sql", "V1_1__index.sql", "V2.0__later.sql"]),
            &[
                "CREATE TABLE flyway_schema_history (installed_rank INT PRIMARY KEY, version VARCHAR(50), description \
                 VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT, installed_by \
                 VARCHAR(100) NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INT NOT NULL, \
                 success BOOLEAN NOT NULL)",
                "CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success)",
                "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, \
                 execution_time, success) VALUES (0, NULL, 'x', 'SCHEMA', 'app', NULL, 'me', 0, TRUE), \
                 (1, '1', 'x', 'BASELINE', 'x', NULL, 'me', 0, TRUE), (2, '1.1', 'index', 'SQL', 'V1_1__index.sql', -783268763, 'me', 9, \
                 TRUE), (3, '2.0', 'later', 'SQL', 'V2.0__later.sql', 7, 'me', 9, TRUE), \
                 (4, '2.0', 'later', 'UNDO_SQL', 'U2.0__later.sql', 7, 'me', 9, TRUE)",
            ],
        )
    }

    /// Prisma keeps the SHA-256 of each file; one attempt failed and was taken back.
    pub fn prisma(on: On) -> Left {
        let names = ["20240101000000_users", "20240102000000_index"];
        let row = |id: &str, name: &str, text: &str, times: &str| {
            format!(
                "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, rolled_back_at) \
                 VALUES ('{id}', '{}', '{name}', {times})",
                hex(&Sha256::digest(text))
            )
        };
        let now = "CURRENT_TIMESTAMP";
        let provider = match on {
            On::Postgres => "postgresql",
            On::MariaDb => "mysql",
            On::Sqlite => "sqlite",
        };
        let files = texts([
            "20240101000000_users/migration.sql",
            "20240102000000_index/migration.sql",
            "20240103000000_later/migration.sql",
        ]);
        let mut left = Left::of(
            "prisma",
            files,
            &[
                "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, \
                 finished_at TIMESTAMP NULL, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMP NULL, \
                 started_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, applied_steps_count INTEGER NOT NULL DEFAULT 0)",
                &row("a", names[0], USERS, &format!("{now}, NULL")),
                &row("b", names[1], "broken", &format!("NULL, {now}")),
                &row("c", names[1], INDEX, &format!("{now}, NULL")),
            ],
        );
        left.files.push(("migration_lock.toml".to_owned(), format!("provider = \"{provider}\"\n")));
        left
    }

    pub fn refinery(_: On) -> Left {
        Left::of(
            "refinery",
            texts(["V1__users.sql", "U2__index.sql", "V3__later.sql"]),
            &[
                "CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), \
                 checksum VARCHAR(255))",
                "INSERT INTO refinery_schema_history VALUES (1, 'users', '2024-01-01T00:00:00Z', '1'), \
                 (2, 'index', '2024-01-02T00:00:00Z', '2')",
            ],
        )
    }

    pub fn rails(on: On) -> Left {
        let key = if on == On::MariaDb { "`key`" } else { "\"key\"" };
        let mut left = Left::of(
            "rails",
            texts(["20240101000000_users.up.sql", "20240102000000_index.up.sql", "20240103000000_later.up.sql"]),
            &[
                "CREATE TABLE schema_migrations (version VARCHAR(255) NOT NULL PRIMARY KEY)",
                &format!(
                    "CREATE TABLE ar_internal_metadata ({key} VARCHAR(255) NOT NULL PRIMARY KEY, value VARCHAR(255))"
                ),
                "INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')",
                "INSERT INTO ar_internal_metadata VALUES ('environment', 'production')",
            ],
        );
        left.files.push(("20240101000000_users.rb".to_owned(), "class Users\nend\n".to_owned()));
        left
    }

    /// Of the first change, an older pop wrote one row for all of its parts.
    pub fn popx(_: On) -> Left {
        let files = texts([
            "20240101000000000000_users.up.sql",
            "20240101000000000001_users.up.sql",
            "20240103000000000000_later.up.sql",
        ]);
        Left::of(
            "popx",
            files,
            &[
                "CREATE TABLE schema_migration (version VARCHAR(48) NOT NULL, version_self INT NOT NULL DEFAULT 0)",
                "CREATE UNIQUE INDEX schema_migration_version_idx ON schema_migration (version)",
                "CREATE INDEX schema_migration_version_self_idx ON schema_migration (version_self)",
                "INSERT INTO schema_migration (version) VALUES ('20240101000000')",
            ],
        )
    }
}
