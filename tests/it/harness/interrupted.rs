//! A run whose process and whose session are ended while one of its statements waits.

use serde_json::Value;

use super::{
    database::On,
    eventually,
    eye::Eye,
    gate::{self, Gate},
    ship::Ship,
};

/// At 1.0.0, with a gate.
pub async fn with_gate(ship: &Ship) {
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
}

/// A ship at 1.0.0 whose next migration is one statement on the gate between two tables.
pub async fn before(on: On, statement: &str) -> Ship {
    let ship = Ship::with_catalog(on).await;
    with_gate(&ship).await;
    let up = format!(
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{statement};\nCREATE TABLE guests (id INTEGER PRIMARY KEY);\n"
    );
    ship.catalog().add("v1.1.0_01_doubt", &up, "DROP TABLE guests;\nDROP TABLE cabins;\n");
    ship.catalog().file("v1.1.0_01_doubt", "metadata.json", r#"{"transactional": false}"#);
    ship
}

/// The next run, which must succeed.
pub async fn goes_on(ship: &Ship) -> Value {
    ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(0).json()
}

/// Whether a job tells of something.
pub fn has_rule(job: &Value, rule: &str) -> bool {
    job["result"]["findings"].as_array().expect("findings").iter().any(|finding| finding["rule"] == rule)
}

/// The sessions that wait for a lock in a statement that begins so.
fn waiting(eye: &Eye, statement: &str) -> String {
    match eye {
        Eye::Sqlite(_) => panic!("SQLite has nobody to ask"),
        Eye::Postgres(_) => format!(
            "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
             AND query LIKE '{statement}%'"
        ),
        Eye::MariaDb(_) => format!(
            "SELECT CAST(id AS CHAR) FROM information_schema.processlist WHERE db = DATABASE() \
             AND info LIKE '{statement}%' AND id <> CONNECTION_ID()"
        ),
    }
}

/// Starts a run, and ends its process once `statement` waits at the gate. The server's own session is ended as well, unless
/// `the_statement_goes_on`: then it does what it was told once the gate is open.
pub async fn while_it_waits(ship: &Ship, statement: &str, the_statement_goes_on: bool) {
    while_it_waits_under(ship, &["up", "--snapshot", "never"], statement, the_statement_goes_on).await;
}

/// The same for another command.
pub async fn while_it_waits_under(ship: &Ship, command: &[&str], statement: &str, the_statement_goes_on: bool) {
    let gate = Gate::shut(&ship.database).await;
    let mut run = ship.cli_begun(command);
    let session = waits(ship, statement).await;
    run.kill().await.expect("the run can be killed");
    if !the_statement_goes_on {
        end(ship, &session).await;
    }
    gate.open().await;
    session_ends(ship, &session).await;
}

/// The session in which `statement` waits, once it does.
pub async fn waits(ship: &Ship, statement: &str) -> String {
    let question = waiting(&ship.eye().await, statement);
    eventually(&format!("{statement} waits"), async || ship.eye().await.texts(&question).await.pop()).await
}

/// Ends a session at the server, and waits until it is gone.
pub async fn end(ship: &Ship, session: &str) {
    let mut eye = ship.eye().await;
    match &eye {
        Eye::MariaDb(_) => eye.run(&format!("KILL {session}")).await,
        _ => eye.run(&format!("SELECT pg_terminate_backend({session})")).await,
    }
    session_ends(ship, session).await;
}

/// Waits until the server has no such session any more.
async fn session_ends(ship: &Ship, session: &str) {
    eventually("the session ends", async || {
        let mut eye = ship.eye().await;
        let question = match &eye {
            Eye::MariaDb(_) => format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {session}"),
            _ => format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {session}"),
        };
        (eye.number(&question).await == 0).then_some(())
    })
    .await;
}
