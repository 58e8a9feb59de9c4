//! A run whose process and whose session are ended while one of its statements waits.

use super::{
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
    let mut eye = ship.eye().await;
    let question = waiting(&eye, statement);
    let session = eventually(&format!("{statement} waits"), async || {
        let mut eye = ship.eye().await;
        eye.texts(&question).await.pop()
    })
    .await;
    run.kill().await.expect("the run can be killed");
    if !the_statement_goes_on {
        match &eye {
            Eye::MariaDb(_) => eye.run(&format!("KILL {session}")).await,
            _ => eye.run(&format!("SELECT pg_terminate_backend({session})")).await,
        }
    }
    let is_over = !the_statement_goes_on;
    if is_over {
        session_ends(ship, &session).await;
    }
    gate.open().await;
    session_ends(ship, &session).await;
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
