//! A schema that is not what the migrations make, and a history that is given back.

use super::{USERS, golang, rules};
use crate::{
    formats::{Life, list, text},
    harness::{database::On, eye::must_be_same, on_every_engine},
};

on_every_engine!(
    a_drifted_schema_is_refused_until_it_is_accepted,
    a_history_is_given_back_until_something_is_run,
    what_a_run_must_not_do_does_not_keep_a_history_away,
);

/// Goal: nothing is taken over while the schema is another, each difference is named, and a person may take it as it is.
async fn a_drifted_schema_is_refused_until_it_is_accepted(on: On) {
    let life = golang(on).await;
    let drop = if on == On::MariaDb { "DROP INDEX users_name ON users" } else { "DROP INDEX users_name" };
    life.has(&[drop, "ALTER TABLE users ADD extra INT", "CREATE TABLE stranger (id INT)"]).await;
    let before = life.eye().await.tables().await;

    let said = life.windlass().says("adopt");

    assert_eq!((said.exit, text(&said.result, "/problem/type")), (2, "schema-differs"), "{said:#?}");
    let all = ["table-unknown stranger", "column-unknown users.extra", "index-missing users.users_name"];
    assert_eq!(rules(&said.result), all);
    let detail = text(&said.result, "/problem/detail");
    assert!(detail.contains("users.users_name: the migrations make this index, and it is not there"), "{detail}");
    assert_eq!(life.eye().await.tables().await, before, "nothing of windlass's is left");

    let job = life.windlass().does("adopt --accept-differences");
    assert_eq!(rules(&job), all);
    assert!(list(&job, "/result/findings").iter().all(|it| it["severity"] == "warning"), "{job:#}");
    assert_eq!(life.pending(), ["v0.0.3_later"]);
}

/// Goal: what was taken over can be given back, to the last table, as long as no migration was run.
async fn a_history_is_given_back_until_something_is_run(on: On) {
    let life = golang(on).await;
    let (before, tables) = (life.eye().await.everything().await, life.eye().await.tables().await);
    life.windlass().does("adopt");
    assert_eq!(life.pending(), ["v0.0.3_later"]);
    assert_eq!(life.does_not_adopt("adopt").1, "default: the database has a migration history already");

    life.windlass().does("adopt --undo");

    assert_eq!(life.eye().await.tables().await, tables);
    must_be_same(&life.eye().await.everything().await, &before);
    let (kind, detail) = life.does_not_adopt("adopt --undo");
    assert_eq!(
        (kind.as_str(), detail.starts_with("default: the history is not one that was taken over")),
        ("not-ready", true)
    );

    life.windlass().does("adopt");
    life.windlass().does("up --snapshot never");
    assert_eq!(life.does_not_adopt("adopt --undo").0, "not-ready");
    life.windlass().does("down --to 0.0.2");
    must_be_same(&life.eye().await.everything().await, &before);
}

/// Goal: policies are about what is done to the target. The replay is done to nobody, and nothing of it is left.
async fn what_a_run_must_not_do_does_not_keep_a_history_away(on: On) {
    let life = golang(on).await;
    let strict =
        life.windlass().with("WINDLASS__POLICY__ROLLBACK", "proven").with("WINDLASS__POLICY__BLOCKING_RISKS", "all");

    strict.does("adopt");

    assert_eq!(life.pending(), ["v0.0.3_later"]);
}

/// Goal: the audit trail says who took a history over and gave it back.
#[tokio::test]
async fn both_are_in_the_audit_trail() {
    let life = golang(On::Sqlite).await;
    life.windlass().does("adopt");
    life.windlass().does("adopt --undo");

    let store = format!("sqlite:{}", life.database.folder.path().join("windlass.db").display());
    let mut store = crate::harness::eye::Eye::at(On::Sqlite, &store).await;
    let told = store.texts("SELECT message FROM log WHERE kind = 'audit' ORDER BY seq").await;
    assert_eq!(
        told,
        [
            r#"ordered adopt: {"Adopt":{"from":null,"accept_differences":false}}"#,
            "adopt succeeded",
            r#"ordered adopt: "Unadopt""#,
            "adopt succeeded"
        ]
    );
}

/// Goal: a repeatable migration of Flyway's is applied as long as its file is the one that was applied.
/// Method: checksums as zlib's crc32 gives them for the lines; then another file.
#[tokio::test]
async fn what_is_repeatable_is_pending_once_it_was_edited() {
    let view = "CREATE VIEW v AS\nSELECT id FROM users;\n";
    let life = Life::of(On::Sqlite, &[("V1__users.sql", USERS), ("R__view.sql", view)]).await;
    life.has(&[
        USERS,
        view,
        "CREATE TABLE flyway_schema_history (installed_rank INT, version TEXT, type TEXT, script TEXT, checksum INT, success BOOLEAN)",
        "INSERT INTO flyway_schema_history VALUES (1, '1', 'SQL', 'V1__users.sql', -629222767, TRUE), \
         (2, NULL, 'SQL', 'R__view.sql', 1, TRUE), (3, NULL, 'SQL', 'R__view.sql', 509454798, TRUE)",
    ])
    .await;
    life.windlass().does("adopt");
    assert_eq!(life.pending(), [] as [&str; 0]);
    life.windlass().does("adopt --undo");

    life.add(&[("R__view.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT name FROM users;\n")]);
    let said = life.windlass().says("adopt");
    assert_eq!((said.exit, rules(&said.result)), (2, vec!["object-unknown view v".to_owned()]));
    life.windlass().does("adopt --accept-differences");
    assert_eq!(life.pending(), ["repeatable_view"]);
    life.windlass().does("up --snapshot never");
    assert_eq!(life.eye().await.texts("SELECT name FROM v").await, [] as [&str; 0]);
}
