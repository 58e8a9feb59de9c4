//! What is refused before anything is touched.

use std::os::unix::fs::PermissionsExt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::json;

use crate::harness::{
    database::On,
    eye::must_be_same,
    on_every_engine,
    ship::{Answer, Ship},
};

on_every_engine!(
    a_catalog_with_a_fault_is_refused_by_name,
    a_database_with_tables_and_no_history_is_refused_until_somebody_says_what_it_holds,
    a_database_that_cannot_be_written_is_left_alone,
);

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY);";

/// A migration, a file of it, and what stands there.
type File = (&'static str, &'static str, &'static str);

/// Goal: each fault of a catalog is found before the database is asked for anything, and its place is told.
async fn a_catalog_with_a_fault_is_refused_by_name(on: On) {
    let faults: [(&str, &[File]); 8] = [
        ("v1.0.0_01_cabins/metadata.json", &[("v1.0.0_01_cabins", "metadata.json", "{\"author\": ")]),
        ("v1.0.0_01_cabins/metadata.json", &[("v1.0.0_01_cabins", "metadata.json", r#"{"version": "1.0.1"}"#)]),
        ("v1.0.0_01_cabins/metadata.json", &[("v1.0.0_01_cabins", "metadata.json", r#"{"critical": "yes"}"#)]),
        ("v1.0.0_01_cabins", &[("v1.0.0_01_cabins", "metadata.json", r#"{"dependencies": ["v9.9.9_01_nowhere"]}"#)]),
        (
            "v1.0.0_01_cabins",
            &[
                ("v1.0.0_01_cabins", "metadata.json", r#"{"dependencies": ["v1.0.0_02_guests"]}"#),
                ("v1.0.0_02_guests", "up.sql", "SELECT 1;"),
                ("v1.0.0_02_guests", "metadata.json", r#"{"dependencies": ["v1.0.0_01_cabins"]}"#),
            ],
        ),
        ("v1.0.0_1_cabins", &[("v1.0.0_1_cabins", "up.sql", "SELECT 1;")]),
        (
            "v1.0.0_01_cabins/up.sql:3",
            &[("v1.0.0_01_cabins", "up.sql", "SELECT 1;\n\nINSERT INTO cabins VALUES ('it);")],
        ),
        ("vNext_01_guests", &[("vNext_01_guests", "up.sql", "SELECT 1;")]),
    ];
    for (place, files) in faults {
        let ship = Ship::with_catalog(on).await;
        ship.catalog().file("v1.0.0_01_cabins", "up.sql", CABINS);
        for (id, name, text) in files {
            ship.catalog().file(id, name, text);
        }
        for words in [&["up", "--json"][..], &["plan", "--json"], &["serve", "--json"]] {
            let called = ship.cli(words).await.exits(2);
            let told = called.stderr.lines().last().unwrap_or_default().to_owned();
            let failure: serde_json::Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{called:?}"));
            let blocking = failure["blocking"].as_array().unwrap_or_else(|| panic!("{words:?} {failure:#}"));
            assert!(blocking.iter().any(|fault| fault.to_string().contains(place)), "{words:?} {place}: {failure:#}");
        }
        assert_eq!(ship.eye().await.tables().await, [""; 0]);
    }
}

async fn a_database_with_tables_and_no_history_is_refused_until_somebody_says_what_it_holds(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;").add(
        "v1.1.0_01_guests",
        "CREATE TABLE guests (id INTEGER PRIMARY KEY);",
        "DROP TABLE guests;",
    );
    ship.eye().await.run(CABINS).await;
    ship.eye().await.run("INSERT INTO cabins VALUES (7)").await;
    let before = ship.eye().await.everything().await;
    ship.serve().await;
    let admin = ship.admin().await;

    let refused = admin.start("1.1.0").await;
    ship.cli(&["up"]).await.exits(2);

    assert_eq!(refused.must_be_problem("not-ready", 422)["blocking"][0]["rule"], "not-empty");
    assert_eq!(ship.eye().await.tables().await, ["cabins"], "nothing of windlass's own either");
    ship.cli(&["adopt", "--baseline", "7.7.7"]).await.exits(2);
    ship.cli(&["adopt", "--baseline", "1.0.0"]).await.exits(0);
    must_be_same(&ship.eye().await.everything().await, &before);
    ship.cli(&["adopt", "--baseline", "1.0.0"]).await.exits(2);
    ship.cli(&["up"]).await.exits(0);
    assert_eq!(ship.applied().await, ["v1.0.0_01_cabins", "v1.1.0_01_guests"]);
    ship.database_is_at("1.1.0").await;
}

/// Method: a user, or a database, that may only be read.
async fn a_database_that_cannot_be_written_is_left_alone(on: On) {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_guests", "CREATE TABLE guests (id INTEGER PRIMARY KEY);", "DROP TABLE guests;");
    let before = ship.eye().await.everything().await;
    let name = ship.database.url.rsplit('/').next().expect("a name").to_owned();
    match on {
        On::Sqlite => {
            let file = ship.folder().join("app.db");
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).expect("a file that is read-only");
            ship.obey_permissions();
        }
        On::Postgres => {
            ship.eye().await.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
        }
        On::MariaDb => {
            let mut eye = ship.eye().await;
            eye.run(&format!("CREATE USER r{name}@'127.0.0.1' IDENTIFIED BY 'r'")).await;
            eye.run(&format!("GRANT SELECT ON {name}.* TO r{name}@'127.0.0.1'")).await;
            let (_, rest) = ship.database.url.split_once('@').expect("a user");
            let url = format!("mysql://r{name}:r@{rest}");
            ship.set("target.url", &url);
        }
    }
    ship.serve().await;
    let admin = ship.admin().await;

    assert_eq!(admin.get("/api/migration/plan").await.status, 200, "reading is allowed");
    let answer = admin.start("1.1.0").await;
    let up = ship.cli(&["up", "--json", "--snapshot", "never"]).await;

    if on == On::MariaDb {
        // A user without the right is found out by the first statement.
        let failed = ship.job_ends_as(&answer.accepted(), "failed").await;
        assert!(failed["problem"]["detail"].as_str().expect("words").contains("denied"), "{failed:#}");
        up.exits(1);
    } else {
        answer.must_be_problem("target-read-only", 503);
        up.exits(69);
    }
    must_be_same(&ship.eye().await.everything().await, &before);
    admin.health_becomes("behind", |health| health.status == 200 && health.body["migration_needed"] == true).await;
}

/// Goal: the real program, with the secret it made itself, tells tokens apart. What else a token can be is tested at the door.
#[tokio::test]
async fn tokens_that_are_not_right_are_told_apart() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.serve().await;
    let good = ship.token(&[]).await;
    let (head, _) = good.rsplit_once('.').expect("a signature");
    let (_, claims) = head.split_once('.').expect("claims");
    let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let expired = expired(&ship);
    let cases = [
        (None, "unauthenticated", 401),
        (Some(format!("{head}.")), "unauthenticated", 401),
        (Some(format!("{none}.{claims}.")), "unauthenticated", 401),
        (Some(expired), "unauthenticated", 401),
        (Some(ship.token(&["--level", "2"]).await), "forbidden", 403),
        (Some(ship.token(&["--permission", "cooking"]).await), "forbidden", 403),
    ];
    for (token, problem, status) in cases {
        let caller = ship.caller(token.as_deref());
        caller.get("/api/migration/status").await.must_be_problem(problem, status);
        caller.start("1.0.0").await.must_be_problem(problem, status);
    }
    assert_eq!(ship.caller(Some(&good)).get("/api/migration/status").await.status, 200);
    assert_eq!(ship.eye().await.tables().await, [""; 0]);
    assert!(!ship.log().contains(&good), "a token is in the log");
}

/// Signed with the service's own secret, two hours ago, for one.
fn expired(ship: &Ship) -> String {
    let auth = windlass::config::Auth::default();
    let keys = windlass::auth::Keys::load(&auth, &ship.folder().join("data")).expect("the service's secret");
    let then = windlass::clock::Clock::system().now() - chrono::TimeDelta::hours(2);
    let hour = std::time::Duration::from_hours(1);
    keys.mint("grace", 1, &["system".to_owned()], hour, then).expect("a token")
}

#[tokio::test]
async fn bodies_that_are_not_right_are_told_apart() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.serve().await;
    let admin = ship.admin().await;
    let json = Some("application/json");
    let cases = [
        (Some("text/plain"), "hello", "unsupported-media-type", 415),
        (None, "{}", "unsupported-media-type", 415),
        (json, "hello", "malformed-body", 400),
        (json, r#"{"to": "1"}"#, "malformed-body", 400),
        (json, r#"{"too": "1.0.0"}"#, "malformed-body", 400),
        (json, r#"{"to": "1.0.0"} {}"#, "malformed-body", 400),
        (json, r#"{"snapshot": "sometimes"}"#, "malformed-body", 400),
    ];
    for (kind, body, problem, status) in cases {
        let request = admin.request(Method::POST, "/api/migration/start").body(body);
        let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        Answer::to(request).await.must_be_problem(problem, status);
    }
    let both = json!({"steps": 1, "to_version": "1.0.0"});
    admin.post("/api/migration/rollback", both).await.must_be_problem("invalid-request", 422);
    assert_eq!(ship.eye().await.tables().await, [""; 0]);
}
