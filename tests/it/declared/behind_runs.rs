//! The safety net behind the migrations of a run, as `policy.safety_net` says.

use serde_json::{Value, json};

use super::{FRESH, added, declaring, named};
use crate::harness::{
    database::On,
    eventually,
    gate::{self, Gate},
    interrupted, on_every_engine, on_every_server,
    ship::Ship,
};

on_every_engine!(
    a_run_reports_what_the_migrations_forgot,
    a_run_adds_it_where_the_policy_says_so,
    a_stop_within_the_last_migration_leaves_its_validation,
    what_is_wrong_with_the_declared_schema_does_not_fail_a_run,
    without_a_declared_schema_there_is_no_net,
);

on_every_server!(that_nothing_can_be_looked_at_does_not_fail_a_run);

const FORGOTTEN: &str = "CREATE TABLE crew (id INTEGER PRIMARY KEY);\nCREATE INDEX decks_by_id ON decks (id, name);\n";

/// A catalog that declares more than its migrations make.
async fn forgetful(on: On) -> Ship {
    let ship = declaring(on).await;
    ship.catalog().beside("schema.sql", &format!("{FRESH}{FORGOTTEN}"));
    ship
}

async fn up(ship: &Ship) -> Value {
    ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(0).json()["result"].clone()
}

fn of_net(report: &Value) -> Vec<String> {
    named(&report["findings"]).into_iter().filter(|one| one.contains("missing") || one.contains("declared")).collect()
}

async fn a_run_reports_what_the_migrations_forgot(on: On) {
    let mut ship = forgetful(on).await;

    let report = up(&ship).await;

    assert_eq!(of_net(&report), ["index-missing decks.decks_by_id", "table-missing crew"]);
    assert!(report["findings"].as_array().unwrap().iter().all(|one| one["severity"] != "critical"), "{report:#}");
    assert!(added(&report).is_empty());
    assert_eq!(report["validation"]["overall"], true);

    ship.set("policy.safety_net", "off");
    ship.catalog().add("v1.2.0_01_more", "CREATE TABLE more (id INTEGER PRIMARY KEY);", "DROP TABLE more;");
    assert_eq!(of_net(&up(&ship).await), [""; 0]);
}

/// Goal: who stops a run within its last migration stops nothing: it is done, and its validation still comes.
async fn a_stop_within_the_last_migration_leaves_its_validation(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up"]).await.exits(0);
    ship.catalog()
        .add("v1.1.0_01_pass", &gate::pass(on), "SELECT 1;")
        .beside("schema.sql", "CREATE TABLE gate (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);");
    ship.serve().await;
    let admin = ship.admin().await;
    let gate = Gate::shut(&ship.database).await;
    let job = admin.start("1.1.0").await.accepted();
    ship.job_is_inside(&job, "v1.1.0_01_pass").await;

    let asked = admin.post("/api/migration/stop", json!({})).await;
    gate.open().await;

    assert_eq!(asked.status, 202, "{:#}", asked.body);
    ship.job_ends_as(&job, "succeeded").await;
    let result = admin.get(&format!("/api/migration/progress?job={job}")).await.body["result"].take();
    assert_eq!(result["validation"]["overall"], true, "{result:#}");
    assert!(of_net(&result).contains(&"declared-not-compared default".to_owned()), "{result:#}");
}

async fn a_run_adds_it_where_the_policy_says_so(on: On) {
    let mut ship = forgetful(on).await;
    ship.set("policy.safety_net", "add");

    let dry = ship.cli(&["up", "--dry-run"]).await.exits(0);
    let report = up(&ship).await;

    assert!(!dry.stdout.contains("crew"), "a dry run asks nobody: {}", dry.stdout);
    assert_eq!((of_net(&report), added(&report).len()), (vec![], 2), "{report:#}");
    let tables = ship.eye().await.own_tables().await;
    assert_eq!(tables, ["crew", "decks", "holds"]);
    let validated = ship.cli(&["validate", "--declared", "--json"]).await.exits(0).json();
    assert_eq!(validated["result"]["warnings"].as_array().map(Vec::len), Some(0), "what was added is no drift");
    ship.cli(&["down", "--to", "1.0.0", "--yes"]).await.exits(0);
}

async fn what_is_wrong_with_the_declared_schema_does_not_fail_a_run(on: On) {
    let ship = declaring(on).await;
    ship.catalog()
        .beside("schema.sql", "CREATE TABLE decks (id INTEGER PRIMARY KEY);\nCREATE TABEL holds (id INTEGER);\n");

    let report = up(&ship).await;

    let found = report["findings"].as_array().expect("findings");
    let told = found.iter().find(|one| one["rule"] == "declared-not-compared").expect("a finding");
    assert!(told["message"].as_str().unwrap().contains("schema.sql:2: "), "{told:#}");
    assert_eq!(ship.applied().await.len(), 2);
}

async fn without_a_declared_schema_there_is_no_net(on: On) {
    let mut ship = forgetful(on).await;
    std::fs::remove_file(ship.catalog().0.join("schema.sql")).expect("the file");
    ship.set("policy.safety_net", "add");
    assert_eq!(of_net(&up(&ship).await), [""; 0]);
    assert_eq!(ship.eye().await.own_tables().await, ["decks", "holds"]);
}

/// Goal: the migrations are done, and a net that cannot be cast behind them takes nothing from that.
/// Method: while the declared schema is run in its empty database, which takes its time, the server ends the run's own session.
async fn that_nothing_can_be_looked_at_does_not_fail_a_run(on: On) {
    let mut ship = declaring(on).await;
    let slow = match on {
        On::MariaDb => "CREATE TABLE slow AS SELECT BENCHMARK(30000000, MD5('a')) AS n;",
        _ => "CREATE TABLE slow AS SELECT count(*) AS n FROM (SELECT generate_series(1, 40000000)) AS counted;",
    };
    ship.catalog().beside("schema.sql", &format!("{FRESH}{slow}\n"));
    ship.serve().await;
    let admin = ship.admin().await;
    let order = json!({"to": "1.1.0", "snapshot": "never", "validate": false});
    let job = admin.post("/api/migration/start", order).await.accepted();
    let session = eventually("the declared schema is being run", async || {
        let progress = admin.get(&format!("/api/migration/progress?job={job}")).await.body;
        let is_there = progress["progress"]["step"].as_str().is_some_and(|step| step.contains("schema.sql"));
        let status = if is_there { admin.get("/api/migration/status").await.body } else { Value::Null };
        status["lock"]["session"].as_str().map(str::to_owned)
    })
    .await;

    interrupted::end(&ship, &session).await;

    let ended = ship.job_ends_as(&job, "succeeded").await;
    let named = of_net(&ended["result"]);
    assert_eq!(named, ["declared-not-compared default"], "{ended:#}");
    ship.database_is_at("1.1.0").await;
}
