//! What tells whether a statement took effect when nobody saw its end.

use crate::harness::{
    database::On,
    interrupted::{before, goes_on, has_rule, while_it_waits, with_gate},
    ship::Ship,
};

/// What a table is stored in.
async fn generation(ship: &Ship) -> String {
    let mut eye = ship.eye().await;
    match ship.on {
        On::Postgres => eye.texts("SELECT relfilenode::text FROM pg_class WHERE relname = 'gate'").await.remove(0),
        _ => eye.innodb_number("gate").await,
    }
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
