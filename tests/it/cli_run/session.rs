//! A day on the command line, from an empty database up and all the way back.

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(
    the_sample_goes_up_and_all_the_way_back,
    a_snapshot_is_gone_back_to_and_so_is_the_state_before,
    where_nothing_is_to_be_done_nothing_is_written,
    a_job_whose_process_died_at_its_very_end_is_told_to_be_interrupted,
);

/// Goal: every command that moves the database, or tells of it, does what it says.
async fn the_sample_goes_up_and_all_the_way_back(on: On) {
    let ship = Ship::with_sample(on).await;
    let empty = ship.eye().await.everything().await;

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();
    assert_eq!((&plan["ready"], &plan["goal_version"]), (&true.into(), &"0.5.0".into()));
    let sql = ship.cli(&["plan", "--sql", "--to", "0.4.0"]).await.exits(0).stdout;
    assert!(sql.contains("-- v0.4.0_01_sources_and_rules (up)\nCREATE TABLE gsm_sources"), "{sql}");
    ship.cli(&["check"]).await.exits(1);
    ship.cli(&["plan", "--exit-code"]).await.exits(1);

    let up = ship.cli(&["up", "--to", "0.4.0", "--json"]).await.exits(0).json();
    assert_eq!((&up["state"], &up["result"]["to"]), (&"succeeded".into(), &"0.4.0".into()));
    ship.database_is_at("0.4.0").await;
    let at_four = ship.eye().await.everything().await;
    let up = ship.cli(&["up"]).await.exits(0);
    assert!(up.stdout.contains("the database went from 0.4.0 to 0.5.0: 3 migrations"), "{}", up.stdout);
    ship.database_is_at("0.5.0").await;
    let at_five = ship.eye().await.everything().await;

    ship.cli(&["check"]).await.exits(0);
    ship.cli(&["plan", "--exit-code"]).await.exits(0);
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert_eq!(status["applied"].as_array().expect("a list").len(), 8);
    assert_eq!(status["applied"][0]["applied_by"], "cli:ada");
    let status = ship.cli(&["status"]).await.exits(0).stdout;
    assert!(status.contains("version      0.5.0") && status.contains("pending      nothing"), "{status}");
    let validation = ship.cli(&["validate", "--deep", "--json"]).await.exits(0).json();
    assert_eq!(validation["result"]["overall"], true, "{validation:#}");
    let matrix = ship.cli(&["compatibility", "--json"]).await.exits(0).json();
    assert_eq!(matrix["versions"].as_array().expect("a list").len(), 2);
    assert_eq!(matrix["compatibility"]["compatible"], true);

    let down = ship.cli(&["down", "--json"]).await.exits(0).json();
    assert_eq!(down["result"]["by"], "down_scripts");
    must_be_same(&ship.eye().await.everything().await, &at_four);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &at_five);
    ship.cli(&["down", "--to", "0.4.0"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &at_four);
    let shown = ship.cli(&["down", "--steps", "5", "--dry-run"]).await.exits(0).stdout;
    let gone = if on == On::MariaDb { "RENAME TABLE gsm_sources TO" } else { "DROP TABLE gsm_sources;" };
    assert!(shown.contains(gone), "{shown}");
    must_be_same(&ship.eye().await.everything().await, &at_four);
    ship.cli(&["down", "--steps", "5"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &empty);
}

/// Goal: what a snapshot holds comes back, rows and schema; and nothing is lost by going back to it.
async fn a_snapshot_is_gone_back_to_and_so_is_the_state_before(on: On) {
    let ship = Ship::with_sample(on).await;
    ship.cli(&["up", "--to", "0.4.0", "--snapshot", "never"]).await.exits(0);
    let before = ship.eye().await.everything().await;
    let made = ship.cli(&["snapshot", "create", "-m", "before the trial", "--tag", "trial"]).await.exits(0);
    let id = made.stdout.trim().to_owned();
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.eye().await.run("DELETE FROM gsm_spell_learning_costs").await;
    let after = ship.eye().await.everything().await;

    let list = ship.cli(&["snapshot", "list", "--json"]).await.exits(0).json();
    assert_eq!((&list[0]["id"], &list[0]["message"]), (&id.as_str().into(), &"before the trial".into()));
    let shown = ship.cli(&["snapshot", "show", &id]).await.exits(0).stdout;
    assert!(shown.contains("before the trial") && shown.contains("by hand"), "{shown}");
    ship.cli(&["snapshot", "verify", "--all"]).await.exits(0);
    let down = ship.cli(&["down", "--snapshot", &id, "--json"]).await.exits(0).json();

    assert_eq!(down["result"]["by"], "snapshot");
    ship.database_is_at("0.4.0").await;
    must_be_same(&ship.eye().await.everything().await, &before);
    let kept = down["result"]["snapshot"].as_str().expect("the state before");
    ship.cli(&["snapshot", "restore", kept]).await.exits(0);
    ship.database_is_at("0.5.0").await;
    must_be_same(&ship.eye().await.everything().await, &after);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
}

/// Goal: a run that finds nothing to do writes nothing, neither into the target nor into the control store.
/// Method: takes the control store away, and looks at the row that every holder of the lock writes to.
async fn where_nothing_is_to_be_done_nothing_is_written(on: On) {
    let ship = Ship::with_sample(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let store = ship.folder().join("data/windlass.db");
    std::fs::remove_file(&store).expect("a control store");
    let raised = "SELECT CAST(epoch AS CHAR(20)) FROM windlass_lock WHERE id = 1";
    let epoch = ship.eye().await.texts(raised).await;

    let again = ship.cli(&["up"]).await.exits(0);

    assert!(again.stdout.contains("nothing to do: the database is at 0.5.0"), "{}", again.stdout);
    assert_eq!(ship.eye().await.texts(raised).await, epoch);
    assert!(!store.exists(), "the control store was opened");
}

/// Goal: a process that dies after its last commit does not leave a job that runs for ever.
/// Method: take back what the last lines of a run write down; whoever runs next has nothing to do.
async fn a_job_whose_process_died_at_its_very_end_is_told_to_be_interrupted(on: On) {
    let ship = Ship::with_sample(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let store = SqliteConnectOptions::new().filename(ship.folder().join("data/windlass.db"));
    let mut store = SqliteConnection::connect_with(&store).await.expect("the control store");
    let as_it_was = "UPDATE job SET state = 'running', finished_at = NULL, result = NULL";
    sqlx::query(as_it_was).execute(&mut store).await.expect("the job as it was");
    store.close().await.expect("goodbye");

    ship.cli(&["up"]).await.exits(0);
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();

    assert_eq!(status["recent"][0]["state"], "interrupted", "{status:#}");
}
