//! What an order takes away is counted before it happens, and needs a person's word.

use serde_json::{Value, json};

use crate::harness::{
    database::On,
    eye::must_be_same,
    on_every_engine,
    ship::{Answer, Called, Caller, Ship},
};

on_every_engine!(
    a_rollback_tells_to_the_row_what_it_takes_away,
    a_contracting_run_tells_to_the_row_what_it_takes_away,
    rows_that_came_meanwhile_move_the_digest,
    rows_that_come_behind_the_admission_are_counted_by_the_job,
    what_nobody_has_filled_is_nobodys_loss,
    a_snapshot_tells_the_rows_that_came_since,
    rows_carried_into_another_table_are_not_lost,
    where_nothing_is_asked_the_report_tells,
    a_person_at_a_terminal_sees_the_list_and_says_yes,
);

const PEOPLE: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(40), mail VARCHAR(40));
CREATE TABLE ships (id INTEGER PRIMARY KEY, keel INTEGER);";
const ROWS: &str = "INSERT INTO people VALUES (1, 'ada', 'a@x'), (2, 'bob', NULL), (3, 'cyd', NULL);
INSERT INTO ships VALUES (10, 1), (11, 2);";

/// People and ships, one version each, with what somebody has stored since; policies as they are by default.
async fn stored(on: On) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.set("policy.loss", "digest");
    ship.set("policy.snapshot", "never");
    ship.catalog().add("v1.0.0_01_people", PEOPLE, "DROP TABLE ships;\nDROP TABLE people;");
    ship.cli(&["up"]).await.exits(0);
    ship.eye().await.run(ROWS).await;
    ship
}

/// The list, one line each.
fn told(loss: &Value) -> Vec<String> {
    let items = loss["items"].as_array().unwrap_or_else(|| panic!("a list: {loss:#}")).iter();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap_or("").to_owned();
    items
        .map(|item| {
            let [table, column, what, place] = ["table", "column", "what", "place"].map(|field| text(item, field));
            let column = if column.is_empty() { column } else { format!(".{column}") };
            format!("{} {table}{column} {what} {place}", item["count"])
        })
        .collect()
}

async fn dry_run(admin: &Caller, goal: Value) -> Value {
    let mut body = goal;
    body["dry_run"] = json!(true);
    admin.post_and_wait("/api/migration/rollback", body).await["result"]["loss"].clone()
}

/// Refused with the list and its digest; nothing was begun.
fn is_refused(answer: &Answer, loss: &Value) {
    let problem = answer.must_be_problem("loss-not-accepted", 412);
    assert_eq!(&problem["loss"], loss, "{problem:#}");
    let digest = loss["digest"].as_str().expect("a digest");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(digest)), "{problem:#}");
    assert!(problem["next_step"].as_str().is_some_and(|next| next.contains("accept_loss")), "{problem:#}");
}

async fn a_rollback_tells_to_the_row_what_it_takes_away(on: On) {
    let mut ship = stored(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let by_hand = [
        ship.eye().await.number("SELECT count(*) FROM ships").await,
        ship.eye().await.number("SELECT count(*) FROM people").await,
    ];
    let before = ship.eye().await.everything().await;

    let loss = dry_run(&admin, json!({"steps": 1})).await;

    assert_eq!(
        told(&loss),
        [
            format!("{} ships table_dropped v1.0.0_01_people/down.sql:1", by_hand[0]),
            format!("{} people table_dropped v1.0.0_01_people/down.sql:2", by_hand[1]),
        ]
    );
    is_refused(&admin.post("/api/migration/rollback", json!({"steps": 1})).await, &loss);
    is_refused(&admin.post("/api/migration/rollback", json!({})).await, &loss);
    let wrong = "0123456789abcdef0123456789abcdef";
    is_refused(&admin.post("/api/migration/rollback", json!({"steps": 1, "accept_loss": wrong})).await, &loss);
    admin
        .post("/api/migration/rollback", json!({"accept_loss": "all of it"}))
        .await
        .must_be_problem("malformed-body", 400);
    let refused = ship.cli(&["down", "--yes", "--json"]).await.exits(1).failure();
    assert_eq!(refused["loss"], loss, "{refused:#}");
    assert!(refused["next_step"].as_str().is_some_and(|next| next.contains("--accept-loss")), "{refused:#}");
    ship.cli(&["down", "--accept-loss", "much"]).await.exits(64);
    must_be_same(&ship.eye().await.everything().await, &before);
    let printed = ship.cli(&["down", "--dry-run"]).await.exits(0).stdout;
    assert!(printed.contains(&format!("loss: {}", loss["digest"].as_str().expect("a digest"))), "{printed}");

    let job = admin.post_and_wait("/api/migration/rollback", json!({"accept_loss": loss["digest"]})).await;

    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(job["result"]["loss"], loss, "{job:#}");
    assert!(ship.eye().await.own_tables().await.is_empty());
}

/// Method: a column with values and NULLs, a table emptied, another one dropped that was called otherwise before, and one in a
/// schema of its own where there is one.
async fn a_contracting_run_tells_to_the_row_what_it_takes_away(on: On) {
    let ship = stored(on).await;
    let mut up = "ALTER TABLE people DROP COLUMN mail;\nALTER TABLE ships RENAME TO boats;\nDROP TABLE boats;\n\
                  DELETE FROM people;\n"
        .to_owned();
    let mut expected = vec![
        "1 people.mail column_dropped v1.1.0_01_less/up.sql:1".to_owned(),
        "2 ships table_dropped v1.1.0_01_less/up.sql:3".to_owned(),
        "3 people table_emptied v1.1.0_01_less/up.sql:4".to_owned(),
    ];
    if on == On::Postgres {
        let other = "CREATE SCHEMA \"old Stock\"; CREATE TABLE \"old Stock\".\"Bin\" (id int); \
                     INSERT INTO \"old Stock\".\"Bin\" VALUES (1), (2), (3), (4)";
        ship.eye().await.run(other).await;
        up += "DROP SCHEMA \"old Stock\" CASCADE;\n";
        expected.push("4 old Stock.Bin table_dropped v1.1.0_01_less/up.sql:5".to_owned());
    }
    ship.catalog().add("v1.1.0_01_less", &up, "SELECT 1;");

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    assert_eq!(told(&plan["loss"]), expected);
    let shown = ship.cli(&["plan"]).await.exits(0).stdout;
    let digest = plan["loss"]["digest"].as_str().expect("a digest");
    assert!(shown.contains(&format!("loss: {digest}")) && shown.contains("values of a dropped column"), "{shown}");
    let refused = ship.cli(&["up", "--yes", "--json"]).await.exits(1).failure();
    assert_eq!(refused["loss"], plan["loss"], "{refused:#}");
    ship.database_is_at("1.0.0").await;
    ship.cli(&["up", "--dry-run"]).await.exits(0);
    let job = ship.cli(&["up", "--accept-loss", digest, "--json"]).await.exits(0).json();
    assert_eq!(job["result"]["loss"], plan["loss"], "{job:#}");
    ship.database_is_at("1.1.0").await;
}

/// Goal: an old word is no word for what came since; at admission, and when rows come between that and the job's beginning.
async fn rows_that_came_meanwhile_move_the_digest(on: On) {
    let mut ship = stored(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let then = dry_run(&admin, json!({})).await;
    ship.eye().await.run("INSERT INTO ships VALUES (12, 3)").await;

    let now = dry_run(&admin, json!({})).await;

    assert_eq!(told(&now)[0], "3 ships table_dropped v1.0.0_01_people/down.sql:1");
    is_refused(&admin.post("/api/migration/rollback", json!({"accept_loss": then["digest"]})).await, &now);
    ship.eye().await.run("DELETE FROM ships WHERE id = 12").await;
    let digest = then["digest"].as_str().expect("a digest");
    Called::of(
        &ship
            .elsewhere(ship.url(), Some(&ship.token(&[]).await), &["down", "--accept-loss", digest])
            .output()
            .await
            .expect("it runs"),
    )
    .exits(0);
    assert!(ship.eye().await.own_tables().await.is_empty());
}

/// Goal: what came between the word and the beginning is not lost. Method: a transaction of somebody else adds a row and keeps
/// the job from beginning; the admission does not see the row, the job does.
async fn rows_that_come_behind_the_admission_are_counted_by_the_job(on: On) {
    let mut ship = stored(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let then = dry_run(&admin, json!({})).await;
    let mut other = ship.eye().await;
    other.run(if on == On::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await;
    other.run("INSERT INTO ships VALUES (12, 3)").await;
    other.run("UPDATE windlass_lock SET epoch = epoch WHERE id = 1").await;

    let job = admin.post("/api/migration/rollback", json!({"accept_loss": then["digest"]})).await.accepted();
    other.run("COMMIT").await;

    let job = ship.job_ends_as(&job, "failed").await;
    assert_eq!(job["problem"]["type"], "loss-not-accepted", "{job:#}");
    assert_eq!(told(&job["result"]["loss"])[0], "3 ships table_dropped v1.0.0_01_people/down.sql:1", "{job:#}");
    assert_eq!(job["problem"]["target_state"], "the target is as it was before", "{job:#}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM ships").await, 3);
}

/// Goal: tables without rows, columns without values, what is not there, and what the run itself has made ask nobody.
async fn what_nobody_has_filled_is_nobodys_loss(on: On) {
    let ship = stored(on).await;
    ship.eye().await.run("UPDATE people SET mail = NULL").await;
    ship.eye().await.run("DELETE FROM ships").await;
    let up = "CREATE TABLE made (id INTEGER);\nINSERT INTO made VALUES (1), (2);\nDELETE FROM made;\nDROP TABLE made;\n\
              DROP TABLE IF EXISTS nowhere;\nALTER TABLE people DROP COLUMN mail;\nDELETE FROM ships;";
    ship.catalog().add("v1.1.0_01_less", up, "SELECT 1;");

    let plan = ship.cli(&["plan", "--json"]).await.exits(0).json();

    let place = "v1.1.0_01_less/up.sql";
    assert_eq!(
        told(&plan["loss"]),
        [format!("0 people.mail column_dropped {place}:6"), format!("0 ships table_emptied {place}:7")]
    );
    ship.cli(&["up"]).await.exits(0);
    ship.database_is_at("1.1.0").await;
}

async fn a_snapshot_tells_the_rows_that_came_since(on: On) {
    let ship = stored(on).await;
    let id = ship.cli(&["snapshot", "create", "--quiet"]).await.exits(0).stdout.trim().to_owned();
    ship.eye().await.run("INSERT INTO ships VALUES (12, 3), (13, 4)").await;

    let back = ["down", "--snapshot", id.as_str()];
    let dry = ship.cli(&[&back[..], &["--dry-run", "--json"]].concat()).await.exits(0).json();

    let loss = &dry["result"]["loss"];
    assert_eq!(told(loss), [format!("2 ships rows_since_snapshot snapshot {id}")]);
    let refused = ship.cli(&[&back[..], &["--json"]].concat()).await.exits(1).failure();
    assert_eq!(refused["type"], "urn:windlass:problem:loss-not-accepted", "{refused:#}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM ships").await, 4);
    let digest = loss["digest"].as_str().expect("a digest");
    ship.cli(&[&back[..], &["--accept-loss", digest]].concat()).await.exits(0);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM ships").await, 2);
    // Nothing came since: nobody is asked.
    ship.cli(&back).await.exits(0);
}

/// Goal: a table that is rebuilt under its name keeps its rows; what is left behind is told by column. Method: a rebuild that
/// leaves one column out, then one that takes a part of the rows only.
async fn rows_carried_into_another_table_are_not_lost(on: On) {
    let ship = stored(on).await;
    let rebuilt = |filter: &str| {
        format!(
            "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name VARCHAR(40));\n\
             INSERT INTO fresh (id, name) SELECT id, name FROM people{filter};\nDROP TABLE people;\n\
             ALTER TABLE fresh RENAME TO people;"
        )
    };
    let catalog = ship.catalog();
    catalog.add("v1.1.0_01_less", &rebuilt(""), "SELECT 1;");
    let whole = ship.cli(&["plan", "--json"]).await.exits(0).json()["loss"].clone();
    catalog.file("v1.1.0_01_less", "up.sql", &rebuilt(" WHERE id > 1"));
    let part = ship.cli(&["plan", "--json"]).await.exits(0).json()["loss"].clone();
    catalog.file("v1.1.0_01_less", "up.sql", &(rebuilt("") + "\nDROP TABLE people;"));
    let all = ship.cli(&["plan", "--json"]).await.exits(0).json()["loss"].clone();

    assert_eq!(told(&whole), ["1 people.mail column_dropped v1.1.0_01_less/up.sql:3"]);
    assert_eq!(told(&part), ["3 people table_dropped v1.1.0_01_less/up.sql:3"]);
    let place = "v1.1.0_01_less/up.sql";
    let both = [format!("1 people.mail column_dropped {place}:3"), format!("3 people table_dropped {place}:5")];
    assert_eq!(told(&all), both);
}

async fn where_nothing_is_asked_the_report_tells(on: On) {
    let mut ship = stored(on).await;
    ship.set("policy.loss", "accept");
    let job = ship.cli(&["down", "--json"]).await.exits(0).json();
    assert_eq!(told(&job["result"]["loss"]).len(), 2, "{job:#}");
    assert!(ship.eye().await.own_tables().await.is_empty());
}

/// Goal: whoever sits at a terminal sees the list, and a yes accepts that list and no other. Method: a terminal of its own for
/// the command (`script`, of util-linux), with an answer typed into it.
async fn a_person_at_a_terminal_sees_the_list_and_says_yes(on: On) {
    let ship = stored(on).await;
    let answered = async |answer: &str| {
        let line = format!("printf '{answer}\\n' | script -qec '{} down' /dev/null", env!("CARGO_BIN_EXE_windlass"));
        let mut shell = ship.shell(&line);
        shell.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Called::of(&shell.output().await.expect("a terminal"))
    };

    let no = answered("n").await.exits(1);

    assert!(no.stdout.contains("rows of a dropped table") && no.stdout.contains("[y/N]"), "{no:?}");
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM ships").await, 2);
    answered("y").await.exits(0);
    assert!(ship.eye().await.own_tables().await.is_empty());
}
