//! An edit of what was applied, in the folder of each tool: refused with its statement, and approved beside the tool's own files.

use serde_json::json;

use super::{File, Life, list, text};
use crate::harness::database::On;

const UP: &str = "CREATE TABLE a (id INT PRIMARY KEY);\nCREATE TABLE b (id INT PRIMARY KEY);\n";

#[tokio::test]
async fn an_edit_is_refused_and_can_be_approved_in_every_layout() {
    let sections = |up: &str, down: &str| format!("{up}\n{UP}{down}\nDROP TABLE b;\nDROP TABLE a;\n");
    let dbmate = sections("-- migrate:up", "-- migrate:down");
    let goose = sections("-- +goose Up", "-- +goose Down");
    let manifest = r#"{"CurrVersion": "1.0", "MinCompatibleVersion": "1.0", "Description": "a", "SchemaUpdateCqlFiles": ["a.sql"]}"#;
    let lock = "provider = \"sqlite\"\n";
    let down = "DROP TABLE b; DROP TABLE a;";
    let layouts: [(&[File<'_>], &str, &str, u32); 10] = [
        (&[("1_a.sql", UP)], "1_a.sql", "1_a.sql", 2),
        (&[("1_a.up.sql", UP), ("1_a.down.sql", down)], "1_a.up.sql", "1_a.up.sql", 2),
        (&[("1_a/up.sql", UP), ("1_a/down.sql", down)], "1_a", "1_a/up.sql", 2),
        (&[("1_a.sql", &dbmate)], "1_a.sql", "1_a.sql", 3),
        (&[("1_a.sql", &goose)], "1_a.sql", "1_a.sql", 3),
        (&[("V1__a.sql", UP)], "V1__a.sql", "V1__a.sql", 2),
        (
            &[("20240101000000_a/migration.sql", UP), ("migration_lock.toml", lock)],
            "20240101000000_a",
            "20240101000000_a/migration.sql",
            2,
        ),
        (
            &[("20240101000000_a.sqlite3.up.sql", UP)],
            "20240101000000_a.sqlite3.up.sql",
            "20240101000000_a.sqlite3.up.sql",
            2,
        ),
        (
            &[("20240101000000_a.rb", "class A; end"), ("20240101000000_a.up.sql", UP)],
            "20240101000000_a.up.sql",
            "20240101000000_a.up.sql",
            2,
        ),
        (&[("v1.0/manifest.json", manifest), ("v1.0/a.sql", UP)], "v1.0/a.sql", "v1.0/a.sql", 2),
    ];
    for (files, place, script, row) in layouts {
        must_be_approved(files, place, script, row).await;
    }
}

/// The second statement of the script of the migration at `place` stands on this line.
async fn must_be_approved(files: &[File<'_>], place: &str, script: &str, row: u32) {
    let life = Life::of(On::Sqlite, files).await;
    let windlass = life.windlass();
    windlass.does("up --snapshot never");
    let applied = life.eye().await.texts("SELECT checksum FROM migration_history").await;
    let text_now = files.iter().find(|(file, _)| *file == script).expect("the script").1;

    life.add(&[(script, &text_now.replace("TABLE b (id INT", "TABLE b (id BIGINT"))]);
    let refused = windlass.says("plan");
    assert_eq!(refused.exit, 2, "{script}: {refused:#?}");
    let blocking = &list(&refused.result, "/blocking")[0];
    assert_eq!(text(blocking, "/rule"), "changed-after-applied", "{script}: {blocking:#}");
    assert_eq!(text(blocking, "/place"), format!("{script}:{row}"), "{blocking:#}");
    let remedy = text(blocking, "/remedy");
    let approval = format!("\"supersedes\": [\"{}\"] in metadata.json under \"{place}\"", applied[0]);
    assert!(remedy.contains(&approval), "{script}: {remedy}");

    life.add(&[("metadata.json", &json!({place: {"supersedes": applied}}).to_string())]);
    let plan = windlass.does("plan");
    assert_eq!((list(&plan, "/hops").len(), list(&plan, "/findings").len()), (0, 0), "{script}: {plan:#}");
    windlass.does("up --snapshot never");
}
