//! What tells whether a statement took effect when nobody saw its end.

use serde_json::Value;

use crate::harness::{
    database::On,
    eventually,
    interrupted::{while_it_waits, while_it_waits_under, with_gate},
    ship::Ship,
};

/// A ship at 1.0.0 whose next migration is one statement on the gate between two tables.
async fn before(on: On, statement: &str) -> Ship {
    let ship = Ship::with_catalog(on).await;
    with_gate(&ship).await;
    let up = format!(
        "CREATE TABLE cabins (id INTEGER PRIMARY KEY);\n{statement};\nCREATE TABLE guests (id INTEGER PRIMARY KEY);\n"
    );
    ship.catalog().add("v1.1.0_01_doubt", &up, "DROP TABLE guests;\nDROP TABLE cabins;\n");
    ship.catalog().file("v1.1.0_01_doubt", "metadata.json", r#"{"transactional": false}"#);
    ship
}

/// What a table is stored in.
async fn generation(ship: &Ship) -> String {
    let mut eye = ship.eye().await;
    let sql = match ship.on {
        On::Postgres => "SELECT relfilenode::text FROM pg_class WHERE relname = 'gate'",
        _ => {
            "SELECT CAST(table_id AS CHAR) FROM information_schema.innodb_sys_tables WHERE name = CONCAT(DATABASE(), '/gate')"
        }
    };
    eye.texts(sql).await.remove(0)
}

async fn goes_on(ship: &Ship) -> Value {
    ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(0).json()
}

fn has_rule(job: &Value, rule: &str) -> bool {
    job["result"]["findings"].as_array().expect("findings").iter().any(|finding| finding["rule"] == rule)
}

/// Statements that leave the schema's words alone and make a table anew.
fn rebuilds(on: On) -> &'static [&'static str] {
    match on {
        On::Postgres => &["VACUUM FULL gate"],
        _ => {
            &["TRUNCATE TABLE gate", "OPTIMIZE TABLE gate", "ALTER TABLE gate FORCE", "ALTER TABLE gate ENGINE=InnoDB"]
        }
    }
}

async fn a_rebuild_that_did_not_happen_is_run(on: On) {
    for statement in rebuilds(on) {
        let ship = before(on, statement).await;
        let old = generation(&ship).await;
        while_it_waits(&ship, statement, false).await;
        assert_eq!(generation(&ship).await, old, "{statement}: it did not happen");

        let job = goes_on(&ship).await;

        assert_ne!(generation(&ship).await, old, "{statement}: it was run");
        assert!(has_rule(&job, "recovered") && !has_rule(&job, "recovered-unverified"), "{job:#}");
        assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    }
}

async fn a_rebuild_that_happened_is_not_run_again(on: On) {
    for statement in rebuilds(on) {
        let ship = before(on, statement).await;
        let old = generation(&ship).await;
        while_it_waits(&ship, statement, false).await;
        let mut eye = ship.eye().await;
        eye.run(statement).await;
        eye.run("INSERT INTO gate VALUES (7, 7)").await;
        let happened = generation(&ship).await;
        assert_ne!(happened, old, "{statement}");

        let job = goes_on(&ship).await;

        assert_eq!(generation(&ship).await, happened, "{statement}: it was not run again");
        assert_eq!(
            eye.number("SELECT COUNT(*) FROM gate WHERE id = 7").await,
            1,
            "what the application wrote since is kept"
        );
        assert!(has_rule(&job, "recovered-unverified"), "{job:#}");
    }
}

#[tokio::test]
async fn a_rebuild_that_did_not_happen_is_run_on_mariadb() {
    a_rebuild_that_did_not_happen_is_run(On::MariaDb).await;
}

#[tokio::test]
async fn a_rebuild_that_did_not_happen_is_run_on_postgres() {
    a_rebuild_that_did_not_happen_is_run(On::Postgres).await;
}

#[tokio::test]
async fn a_rebuild_that_happened_is_not_run_again_on_mariadb() {
    a_rebuild_that_happened_is_not_run_again(On::MariaDb).await;
}

#[tokio::test]
async fn a_rebuild_that_happened_is_not_run_again_on_postgres() {
    a_rebuild_that_happened_is_not_run_again(On::Postgres).await;
}

/// Goal: a statement on a table that an earlier statement of its migration has changed is neither lost nor run twice.
/// Method: the same column is added behind others, where it is seen at a glance alone; once it goes on after the crash, once not.
#[tokio::test]
async fn a_second_statement_on_a_table_is_told_from_the_first() {
    for happens in [true, false] {
        let ship = before(
            On::MariaDb,
            "ALTER TABLE gate ADD a INT;\nALTER TABLE gate ADD b INT;\nALTER TABLE cabins ADD c INT;\nALTER TABLE gate ADD d INT DEFAULT 4",
        )
        .await;
        // The first two have to get through, so the gate is shut only for the last.
        ship.catalog().add("v1.0.1_01_columns", "ALTER TABLE gate ADD x INT;\n", "ALTER TABLE gate DROP x;");
        ship.cli(&["up", "--to", "1.0.1", "--snapshot", "never"]).await.exits(0);
        while_it_waits(&ship, "ALTER TABLE gate ADD a", happens).await;
        let there = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() \
                     AND table_name = 'gate' AND column_name = 'a'";
        assert_eq!(ship.eye().await.number(there).await, i64::from(happens));
        let status = ship.cli(&["status", "--json"]).await.exits(0).json();
        let next = status["unfinished"]["next_step"].as_str().expect("words").to_owned();
        assert!(next.contains(if happens { "took effect" } else { "did not take effect" }), "{status:#}");

        goes_on(&ship).await;

        let all = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() \
                   AND table_name IN ('gate', 'cabins') AND column_name IN ('a', 'b', 'c', 'd')";
        assert_eq!(ship.eye().await.number(all).await, 4);
    }
}

/// Goal: without the privilege to see generations a run works, says what it cannot see, and a rebuild is run again.
#[tokio::test]
async fn without_the_privilege_a_rebuild_is_run_again_and_that_is_told() {
    let mut ship = before(On::MariaDb, "OPTIMIZE TABLE gate").await;
    let database = ship.database.url.rsplit('/').next().expect("a database").to_owned();
    let (account, rest) =
        (format!("plain{}", &database[20..]), ship.database.url.split_once('@').expect("a host").1.to_owned());
    let mut eye = ship.eye().await;
    eye.run(&format!("CREATE USER '{account}'@'%'")).await;
    eye.run(&format!("GRANT ALL ON `{database}`.* TO '{account}'@'%'")).await;
    ship.set("target.url", &format!("mysql://{account}@{rest}"));

    let job = goes_on(&ship).await;

    assert!(has_rule(&job, "lacks-process"), "{job:#}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    eye.run(&format!("DROP USER '{account}'@'%'")).await;
}

/// Goal: rows that a procedure changes are changed once, although nothing of the schema tells of it.
#[tokio::test]
async fn a_procedure_that_changes_rows_alone_happens_once() {
    let ship = before(On::MariaDb, "CALL pass()").await;
    let mut eye = ship.eye().await;
    eye.run("CREATE TABLE seen (n INT); CREATE PROCEDURE pass() BEGIN INSERT INTO seen VALUES (1); UPDATE gate SET n = n + 1; END").await;

    while_it_waits(&ship, "UPDATE gate SET n", false).await;
    assert_eq!(eye.number("SELECT COUNT(*) FROM seen").await, 0, "the server took it back");
    goes_on(&ship).await;

    assert_eq!(eye.number("SELECT n FROM gate").await, 1);
    assert_eq!(eye.number("SELECT COUNT(*) FROM seen").await, 1);
}

/// A procedure that commits in the middle, interrupted behind that.
async fn in_doubt() -> Ship {
    let mut ship = before(On::MariaDb, "CALL pass()").await;
    ship.set("policy.snapshot", "always");
    let mut eye = ship.eye().await;
    eye.run(
        "CREATE TABLE seen (n INT); CREATE PROCEDURE pass() BEGIN INSERT INTO seen VALUES (1); CREATE TABLE made (id INT); \
         UPDATE gate SET n = n + 1; END",
    )
    .await;
    while_it_waits(&ship, "UPDATE gate SET n", false).await;
    assert_eq!(eye.number("SELECT COUNT(*) FROM seen").await, 1, "this much was committed");
    ship
}

/// Goal: where nothing tells, nothing is done; every door names the statement, why, and the ways on as commands.
#[tokio::test]
async fn where_nothing_tells_a_person_is_asked_everywhere() {
    let mut ship = in_doubt().await;

    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let left = &status["unfinished"];
    assert_eq!(left["place"], "v1.1.0_01_doubt/up.sql:2", "{left:#}");
    assert_eq!(left["waits_for_a_person"], true, "{left:#}");
    let commands: Vec<&str> =
        left["choices"].as_array().expect("choices").iter().map(|choice| choice["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["windlass up --in-doubt redo", "windlass up --in-doubt done"], "{left:#}");
    let shown = ship.cli(&["status"]).await.exits(0).stdout;
    for words in ["interrupted  v1.1.0_01_doubt", "up.sql:2", "windlass up --in-doubt redo: runs", "CALL pass()"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();
    assert_eq!(failed["problem"]["type"], "interrupted", "{failed:#}");
    assert!(failed["problem"]["next_step"].as_str().unwrap().contains("windlass up --in-doubt done"), "{failed:#}");
    let plan = ship.cli(&["plan", "--json"]).await.json();
    assert!(plan["findings"].to_string().contains("windlass up --in-doubt redo"), "{plan:#}");

    ship.serve().await;
    let admin = ship.admin().await;
    let health = admin.health_becomes("interrupted", |health| health.status == 500).await;
    let reason = health.body["compatibility_reason"].as_str().expect("words");
    assert!(reason.contains("v1.1.0_01_doubt") && reason.contains("You decide"), "{reason}");
    eventually("the service says why it does not go on", async || ship.log().contains("You decide").then_some(()))
        .await;
    let status = admin.get("/api/migration/status").await.body;
    assert_eq!(status["unfinished"]["waits_for_a_person"], true, "{status:#}");
    let body = serde_json::json!({"in_doubt": "done", "snapshot": "never"});
    let job = admin.post_and_wait("/api/migration/start", body).await;

    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 0, "taken for done, as was said");
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
}

#[tokio::test]
async fn what_a_person_says_is_run_again_is_run_again() {
    let ship = in_doubt().await;
    ship.eye().await.run("DROP TABLE made; DELETE FROM seen").await;

    ship.cli(&["up", "--snapshot", "never", "--in-doubt", "redo"]).await.exits(0);

    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
}

/// Goal: what the server refuses to do twice is known to be done by that refusal.
#[tokio::test]
async fn a_refusal_to_do_it_twice_says_that_it_was_done() {
    let account = format!("app{}", &ulid::Ulid::generate().to_string().to_lowercase()[14..]);
    let statement = format!("CREATE USER {account}");
    let ship = before(On::MariaDb, &statement).await;
    // What its process would have left when it died behind the statement.
    ship.catalog().file(
        "v1.1.0_01_doubt",
        "up.sql",
        &format!("CREATE TABLE cabins (id INT);\nUPDATE gate SET n = 1;\n{statement};\n"),
    );
    while_it_waits(&ship, "UPDATE gate SET n", false).await;
    let mut eye = ship.eye().await;
    eye.run(&statement).await;
    eye.run(&format!(
        "INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, sql_sha256, epoch) \
         SELECT run_id, seq, 2, direction, 'done', name, number, version, NULL, epoch FROM windlass_journal WHERE statement = 1; \
         INSERT INTO windlass_journal (run_id, seq, statement, direction, state, name, number, version, sql_sha256, epoch) \
         SELECT run_id, seq, 3, direction, 'intent', name, number, version, SHA2('{statement}', 256), epoch \
         FROM windlass_journal WHERE statement = 1"
    ))
    .await;

    let job = goes_on(&ship).await;

    assert!(has_rule(&job, "recovered-unverified"), "{job:#}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    eye.run(&format!("DROP USER {account}")).await;
}

/// Goal: what no look can prove to be undone is never told to be: rows that are gone, what a procedure did.
#[tokio::test]
async fn rows_that_are_gone_are_not_told_to_be_back() {
    for statement in ["TRUNCATE TABLE gate", "CALL clear()"] {
        let ship = before(On::MariaDb, &format!("{statement};\nALTER TABLE nowhere ADD x INT")).await;
        ship.eye().await.run("CREATE PROCEDURE clear() DELETE FROM gate").await;

        let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

        let state = failed["problem"]["target_state"].as_str().expect("words");
        assert!(state.contains("its first 2 statements are done"), "{statement}: {failed:#}");
        ship.eye().await.run("CREATE TABLE nowhere (id INT)").await;
        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    }
}

/// Goal: on an engine whose transactions hold schema changes, a statement run by itself is done once, whatever it does.
#[tokio::test]
async fn a_statement_that_shares_its_transaction_with_its_mark_needs_no_evidence() {
    let ship = Ship::with_catalog(On::Postgres).await;
    with_gate(&ship).await;
    ship.catalog().add(
        "v1.1.0_01_doubt",
        "CREATE TABLE cabins (id INT);\nCREATE INDEX CONCURRENTLY cabins_id ON cabins (id);\nDO $$ BEGIN UPDATE gate SET n = n + 1; END $$;\nCOMMENT ON TABLE gate IS 'x';\n",
        "DROP TABLE cabins;",
    );
    while_it_waits(&ship, "%DO $$ BEGIN", false).await;
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 0);

    goes_on(&ship).await;

    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}

/// Goal: a procedure that somebody wants outside of transactions is asked about when it was interrupted.
#[tokio::test]
async fn a_procedure_outside_transactions_is_asked_about() {
    let ship = before(On::Postgres, "CALL pass()").await;
    ship.eye()
        .await
        .run("CREATE TABLE seen (n INT); CREATE PROCEDURE pass() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (1); COMMIT; \
              UPDATE gate SET n = n + 1; END $$")
        .await;
    while_it_waits(&ship, "CALL pass", false).await;

    let failed = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(1).json();

    assert_eq!(failed["problem"]["type"], "interrupted", "{failed:#}");
    ship.cli(&["up", "--snapshot", "never", "--in-doubt", "redo"]).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}

/// Goal: whoever has to decide is told the very snapshot under the run that was interrupted, though that run never ended.
#[tokio::test]
async fn the_way_back_names_the_snapshot_under_the_run() {
    let ship = before(On::MariaDb, "CALL pass()").await;
    ship.eye()
        .await
        .run("CREATE PROCEDURE pass() BEGIN CREATE TABLE made (id INT); UPDATE gate SET n = n + 1; END")
        .await;
    let before = ship.eye().await.everything().await;
    while_it_waits_under(&ship, &["up", "--snapshot", "always"], "UPDATE gate SET n", false).await;
    let id =
        ship.cli(&["snapshot", "list", "--json"]).await.exits(0).json()[0]["id"].as_str().expect("an id").to_owned();
    let back = format!("windlass down --snapshot {id}");

    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let failed = ship.cli(&["up", "--json"]).await.exits(1).json();

    assert_eq!(status["unfinished"]["choices"][2]["command"], back.as_str(), "{status:#}");
    assert!(failed["problem"]["next_step"].as_str().expect("words").contains(&back), "{failed:#}");
    ship.cli(&["down"]).await.exits(0);
    crate::harness::eye::must_be_same(&ship.eye().await.everything().await, &before);
}

/// Goal: several services that start over one interrupted target finish it once, and none fails.
#[tokio::test]
async fn services_that_start_together_finish_it_once() {
    let mut ship = before(On::MariaDb, "UPDATE gate SET n = n + 1").await;
    while_it_waits(&ship, "UPDATE gate SET n", false).await;

    let mut others: Vec<_> = (0..3).map(|_| ship.cli_begun(&["serve"])).collect();
    ship.serve().await;
    let admin = ship.admin().await;
    admin.health_becomes("fine", |health| health.body["status"] == "ok").await;

    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
    assert_eq!(ship.applied().await, ["v1.0.0_01_gate", "v1.1.0_01_doubt"]);
    let status = admin.get("/api/migration/status").await.body;
    let by_itself: Vec<_> = status["recent"]
        .as_array()
        .expect("jobs")
        .iter()
        .chain(status["running"].as_object().map(|_| &status["running"]))
        .filter(|job| job["requested_by"] == "service:windlass")
        .collect();
    assert_eq!(by_itself.len(), 1, "{status:#}");
    for other in &mut others {
        other.kill().await.expect("it can be killed");
    }
}
