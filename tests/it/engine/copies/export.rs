//! The portable export, line by line.

use serde_json::{Value as Json, json};

use super::*;

on_every_engine!(an_export_holds_the_values_of_the_same_moment);

const SQLITE: &[&str] = &[
    "CREATE TABLE cargo (id INTEGER PRIMARY KEY, v, doubled INTEGER AS (id * 2))",
    "INSERT INTO cargo (v) VALUES (9007199254740992), (9007199254740993), (0.1), ('Ünïcode ⚓ \"quoted\"\n'), (X'00FF'), (NULL), (''), (9e999)",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE cargo (id INT PRIMARY KEY, big BIGINT, n NUMERIC(30,10), f FLOAT8, t TEXT, b BYTEA, ok BOOLEAN, z TIMESTAMPTZ, \
     j JSONB, a INT[], doubled INT GENERATED ALWAYS AS (id * 2) STORED)",
    "INSERT INTO cargo VALUES (1, 9007199254740992, 12345678901234567890.5, 0.1, E'Ünïcode ⚓ \"quoted\"\\n\\t\\\\', '\\x00ff', true, \
     '2024-02-29 12:00:00+02', '{\"a\": 1}', '{1,2}')",
    "INSERT INTO cargo VALUES (2, -9007199254740993, NULL, 'NaN', '', '', false, NULL, NULL, NULL)",
];

const MARIADB: &[&str] = &[
    "CREATE TABLE cargo (id INT PRIMARY KEY, big BIGINT, n DECIMAL(30,10), f DOUBLE, t TEXT, b VARBINARY(10), bi BIT(9), \
     z TIMESTAMP NULL, zf INT(6) ZEROFILL, doubled INT AS (id * 2) STORED)",
    "INSERT INTO cargo (id, big, n, f, t, b, bi, z, zf) VALUES (1, 9007199254740992, 12345678901234567890.5, 0.1, \
     'Ünïcode ⚓ \"quoted\"\\n\\t\\\\', X'00FF', b'100000001', '2024-02-29 12:00:00', 42)",
    "INSERT INTO cargo (id, big, n, f, t, b) VALUES (2, -9007199254740993, NULL, 1e300, '', '')",
];

fn expected(on: On) -> Vec<Json> {
    let told = "Ünïcode ⚓ \"quoted\"\n";
    let bytes = json!({"$base64": "AP8="});
    match on {
        On::Sqlite => [
            json!(9_007_199_254_740_992_u64),
            json!("9007199254740993"),
            json!(0.1),
            json!(told),
            bytes,
            Json::Null,
            json!(""),
            json!("Infinity"),
        ]
        .into_iter()
        .zip(1..)
        .map(|(v, id)| json!({"id": id, "v": v}))
        .collect(),
        On::Postgres => vec![
            json!({"id": 1, "big": 9_007_199_254_740_992_u64, "n": "12345678901234567890.5000000000", "f": 0.1,
                   "t": format!("{told}\t\\"), "b": bytes, "ok": true, "z": "2024-02-29 10:00:00+00", "j": "{\"a\": 1}", "a": "{1,2}"}),
            json!({"id": 2, "big": "-9007199254740993", "n": null, "f": "NaN", "t": "", "b": {"$base64": ""}, "ok": false,
                   "z": null, "j": null, "a": null}),
        ],
        On::MariaDb => vec![
            json!({"id": 1, "big": 9_007_199_254_740_992_u64, "n": "12345678901234567890.5000000000", "f": 0.1,
                   "t": format!("{told}\t\\"), "b": bytes, "bi": {"$base64": "AQE="}, "z": "2024-02-29 12:00:00", "zf": 42}),
            json!({"id": 2, "big": "-9007199254740993", "n": null, "f": 1e300, "t": "", "b": {"$base64": ""}, "bi": null,
                   "z": null, "zf": null}),
        ],
    }
}

/// Goal: every program can read the rows, and nothing of a value is lost; the dump beside it is as ever.
async fn an_export_holds_the_values_of_the_same_moment(on: On) {
    let target = target(on).await;
    let mut session = target.open_with_our_tables().await;
    if on == On::MariaDb {
        execute(session.as_mut(), "SET SESSION time_zone = '+00:00'").await;
    }
    let all = match on {
        On::Sqlite => SQLITE,
        On::Postgres => POSTGRES,
        On::MariaDb => MARIADB,
    };
    for sql in all {
        execute(session.as_mut(), sql).await;
    }
    execute(session.as_mut(), "CREATE TABLE void_hold (id INTEGER)").await;
    let (dump_sink, dump) = mpsc::channel(4);
    let (export_sink, export) = mpsc::channel(4);
    let ((dump_bytes, dump), (export_bytes, export)) = (received(dump), received(export));

    let dumping = target.engine.dump(target.scratch(), dump_sink, Some(export_sink));
    let (dumped, (), ()) = tokio::join!(dumping, dump, export);

    let dumped = dumped.expect("a dump");
    assert!(dump_bytes.lock().expect("bytes").len() > 1_000);
    let text = String::from_utf8(export_bytes.lock().expect("bytes").clone()).expect("UTF-8");
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (first, rest) = lines.split_first().expect("a first line");
    let (last, rows) = rest.split_last().expect("a last line");
    assert_eq!(first["windlass_export"], 1);
    assert_eq!(first["engine"], session.server().product);
    let names: Vec<&str> =
        first["tables"].as_array().expect("tables").iter().filter_map(|t| t["name"].as_str()).collect();
    assert_eq!(names, ["cargo", "void_hold"]);
    let columns = first["tables"][0]["columns"].as_array().expect("columns");
    assert!(columns.iter().all(|column| column["name"] != "doubled"), "{columns:?}");
    assert_eq!(columns[0]["name"], "id");
    assert_eq!(columns[0]["type"].as_str().expect("a type").to_lowercase()[..3], *"int");
    let expected = expected(on);
    assert_eq!(*last, json!({"end": true, "rows": expected.len()}));
    assert!(rows.iter().all(|row| row["table"] == "cargo"));
    assert_eq!(rows.iter().map(|row| row["row"].clone()).collect::<Vec<_>>(), expected);
    assert_eq!(dumped.tables["cargo"].rows, expected.len() as u64);
    assert_eq!(dumped.tables, session.digests().await.expect("digests"));
}
