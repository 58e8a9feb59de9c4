//! A statement that a test holds open.
//!
//! On the servers the test holds the row that the statement wants, for as long as it likes. `SQLite` has one lock for
//! everything, so there the statement takes its time by itself: long enough to be found inside, and it ends alone.

use super::{
    database::{Database, On},
    eventually,
    eye::Eye,
};

/// What makes the gate; part of a test's first migration.
pub const MAKE: &str =
    "CREATE TABLE gate (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\nINSERT INTO gate VALUES (1, 0);\n";

/// How far `SQLite` counts: some seconds in a build for tests.
const COUNT: u64 = 6_000_000;

/// The statement that goes through the gate. It must happen once: it counts.
pub fn pass(on: On) -> String {
    match on {
        On::Sqlite => format!(
            "UPDATE gate SET n = n + 1 WHERE id = 1 AND {COUNT} = (WITH RECURSIVE c (x) AS \
             (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {COUNT}) SELECT max(x) FROM c);\n"
        ),
        On::Postgres | On::MariaDb => "UPDATE gate SET n = n + 1 WHERE id = 1;\n".to_owned(),
    }
}

/// The gate, shut until it is opened or dropped.
pub struct Gate(Option<Eye>);

impl Gate {
    pub async fn shut(database: &Database) -> Self {
        if database.on == On::Sqlite {
            return Self(None);
        }
        let mut eye = Eye::on(database).await;
        eye.run("BEGIN").await;
        eye.run("UPDATE gate SET n = n WHERE id = 1").await;
        Self(Some(eye))
    }

    /// Waits until the statement stands before the gate of a server.
    pub async fn is_reached(&self, database: &Database) {
        let waits = match database.on {
            On::MariaDb => {
                "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE gate SET n = n + 1%'"
            }
            _ => {
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            }
        };
        eventually("the statement stands before the gate", async || {
            (Eye::on(database).await.number(waits).await > 0).then_some(())
        })
        .await;
    }

    pub async fn open(self) {
        if let Some(mut eye) = self.0 {
            eye.run("ROLLBACK").await;
        }
    }
}
