//! Version directories with manifests.

use super::{File, Life, On, list, refused, text};
use crate::harness::on_every_engine;

const HISTORY: [File<'_>; 6] = [
    (
        "v1.0/manifest.json",
        "{\n  \"CurrVersion\": \"1.0\",\n  \"MinCompatibleVersion\": \"1.0\",\n  \"Description\": \"base version of schema\",\n  \
         \"SchemaUpdateCqlFiles\": [\"base.sql\"]\n}\n",
    ),
    ("v1.0/base.sql", "CREATE TABLE tasks (id INT PRIMARY KEY);"),
    (
        "v1.10/manifest.json",
        "{\"CurrVersion\": \"1.10\", \"MinCompatibleVersion\": \"1.0\", \"Description\": \"records\", \
         \"SchemaUpdateCqlFiles\": [\"z_table.sql\", \"a_rows.sql\"]}",
    ),
    ("v1.10/z_table.sql", "CREATE TABLE records (id INT PRIMARY KEY);"),
    ("v1.10/a_rows.sql", "INSERT INTO records VALUES (1);"),
    ("v1.10/old.sql", "never read"),
];

on_every_engine!(a_history_goes_up);

async fn a_history_goes_up(on: On) {
    let life = Life::of(on, &HISTORY).await;

    let plan = life.goes_up(&["v1.0.0_01_base", "v1.10.0_01_z_table", "v1.10.0_02_a_rows"]);

    assert_eq!(list(&plan, "/hops").len(), 2);
    let said: Vec<_> = list(&plan, "/findings").iter().map(|it| text(it, "/rule")).collect();
    assert!(said.contains(&"not-in-manifest"), "{plan:#}");
    assert_eq!(life.eye().await.number("SELECT COUNT(*) FROM records").await, 1);
    life.has_no_way_back();
}

#[tokio::test]
async fn faults_are_told() {
    let told = refused(&[
        ("v1.0/manifest.json", "{\"CurrVersion\": \"1.1\", \"MinCompatibleVersion\": \"1.0\", \"SchemaUpdateCqlFiles\": [\"a.sql\"]}"),
        ("v1.2/manifest.json", "{\"CurrVersion\": \"1.2\",\n\"MinCompatibleVersion\": \"1.0\"}"),
        ("v1.3/manifest.json", "{\"CurrVersion\": \"1.3\", \"MinCompatibleVersion\": \"\", \"SchemaUpdateCqlFiles\": [\"a.sql\"]}"),
        ("v1.4/manifest.json", "{\"CurrVersion\": \"1.4\", \"MinCompatibleVersion\": \"1.0\", \"SchemaUpdateCqlFiles\": []}"),
        (
            "v1.5/manifest.json",
            "{\"CurrVersion\": \"1.5\", \"MinCompatibleVersion\": \"1.0\", \"SchemaUpdateCqlFiles\": [\"../v1.0/a.sql\", \"gone.sql\"]}",
        ),
        ("v1.6/a.sql", "SELECT 1;"),
        ("next/manifest.json", "{}"),
        ("v1.7/manifest.json", "{\"CurrVersion\": \"v1.7\", \"MinCompatibleVersion\": \"1.0\", \"SchemaUpdateCqlFiles\": [\"a.sql\"]}"),
        ("v1.7/a.sql", "SELECT 1;"),
        ("v1.7.0/manifest.json", "{\"CurrVersion\": \"1.7\", \"MinCompatibleVersion\": \"1.0\", \"SchemaUpdateCqlFiles\": [\"b.sql\"]}"),
        ("v1.7.0/b.sql", "SELECT 1;"),
    ])
    .await;
    insta::assert_snapshot!(told, @r#"
    next: the folder's name does not name a version; rename it, such as to v1.2
    v1.0/manifest.json: CurrVersion is "1.1", and the folder is v1.0; correct it
    v1.2/manifest.json:2: missing field `SchemaUpdateCqlFiles`; correct it
    v1.3/manifest.json: MinCompatibleVersion is "", which is no version; correct it
    v1.4/manifest.json: SchemaUpdateCqlFiles lists no file; correct it
    v1.5/manifest.json: it lists "../v1.0/a.sql", which is no SQL file of this folder; list the names of files that lie beside it
    v1.5/gone.sql: it cannot be read: No such file or directory (os error 2); check that it exists and may be read
    v1.6: it has no manifest.json; write one that lists the folder's files
    v1.7.0: it leads to version 1.7.0, and so does v1.7/a.sql; give one of them another version
    "#);
}
