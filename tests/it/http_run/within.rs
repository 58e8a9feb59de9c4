//! How far one long statement is.

use serde_json::{Value, json};

use crate::harness::{
    database::On,
    eventually, on_every_engine,
    ship::{Caller, Ship},
};

on_every_engine!(a_long_statement_tells_how_far_it_is);

/// A migration whose only statement takes an hour, unless it is stopped.
fn long(on: On) -> &'static str {
    match on {
        On::Sqlite => {
            "UPDATE cabins SET n = (WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9000000000) \
             SELECT count(*) FROM c)"
        }
        On::Postgres => "CREATE INDEX cabins_slow ON cabins (slow(n))",
        On::MariaDb => "UPDATE cabins SET n = n + 1 WHERE sleep(0.5) = 0",
    }
}

fn cabins(on: On) -> String {
    let rows = (1..=100).map(|n| format!("({n}, 0)")).collect::<Vec<_>>().join(", ");
    let slow = match on {
        On::Postgres => {
            "CREATE FUNCTION slow(n INTEGER) RETURNS INTEGER IMMUTABLE LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM pg_sleep(36); RETURN n; END $$;"
        }
        On::Sqlite | On::MariaDb => "",
    };
    format!(
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY, n INTEGER NOT NULL); INSERT INTO cabins VALUES {rows}; {slow}"
    )
}

async fn within(admin: &Caller, job: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || {
        let now = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
        assert!(now["state"] == "running" || now["state"] == "queued", "{now:#}");
        Some(now["progress"]["within"].clone()).filter(&is_so)
    })
    .await
}

/// Goal: whoever waits for an hour sees that something moves, and what; and nothing of it is told afterwards.
async fn a_long_statement_tells_how_far_it_is(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", &cabins(on), "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_long", long(on), "SELECT 1;");
    ship.serve().await;
    let admin = ship.admin().await;

    let job = admin.start("1.1.0").await.accepted();
    let told = within(&admin, &job, "the phase is told", |within| within["phase"].is_string()).await;
    match on {
        On::Postgres => {
            assert_eq!(told["phase"], "building index: scanning table");
            assert_eq!(told["percentage"], 100.0, "the table has one block, and the index is at it");
        }
        On::MariaDb => {
            within(&admin, &job, "rows are counted", |within| within["rows_done"].as_u64() > Some(1)).await;
        }
        On::Sqlite => {
            let steps = |within: &Value| -> u64 {
                let phase = within["phase"].as_str().expect("a phase");
                phase.strip_suffix(" million steps").and_then(|steps| steps.parse().ok()).expect(phase)
            };
            let first = steps(&told);
            within(&admin, &job, "it moves", |within| within.is_object() && steps(within) > first).await;
        }
    }
    admin.post("/api/migration/stop", json!({"mode": "now"})).await.accepted();

    let ended = admin.ended(&job).await;
    assert_eq!(ended["progress"]["within"], Value::Null, "{ended:#}");
    ship.database_is_at("1.0.0").await;
}
