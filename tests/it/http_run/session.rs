//! A day with the service, from an empty database up and all the way back.

use serde_json::json;

use crate::harness::{database::On, eye::must_be_same, on_every_engine, ship::Ship};

on_every_engine!(
    the_sample_goes_up_and_all_the_way_back,
    a_plan_tells_everything_and_changes_nothing,
    progress_is_a_stream_that_goes_on_where_it_broke_off,
    who_did_what_is_written_down,
);

/// Goal: every verb of the service, in the order of a release and its taking back, does what it says.
/// Method: look at everything the database has after each, with SQL of the test's own.
async fn the_sample_goes_up_and_all_the_way_back(on: On) {
    let mut ship = Ship::with_sample(on).await;
    let empty = ship.eye().await.everything().await;
    ship.serve().await;
    let admin = ship.admin().await;

    let snapshot =
        admin.post_and_wait("/api/migration/snapshot", json!({"message": "all empty", "tags": ["first"]})).await;
    assert_eq!(snapshot["result"]["message"], "all empty");

    let job = admin.post("/api/migration/start", json!({"to": "0.4.0"})).await.accepted();
    let job = ship.job_ends_as(&job, "succeeded").await;
    assert_eq!(job["progress"]["completed"], job["progress"]["total"]);
    assert_eq!(job["progress"]["percentage"], 100.0);
    assert_eq!(job["result"]["validation"]["overall"], true, "{job:#}");
    assert!(job["result"]["snapshot"].is_string(), "the policy is always: {job:#}");
    ship.database_is_at("0.4.0").await;
    let at_four = ship.eye().await.everything().await;
    assert!(at_four.iter().any(|line| line.contains("row of gsm_spells")), "{at_four:#?}");

    let behind = admin.health_becomes("behind", |health| health.body["pending_count"] == 3).await;
    assert_eq!((behind.status, &behind.body["status"]), (200, &json!("warning")));
    assert_eq!(behind.body["pending_migrations"][0]["number"], 6);
    assert_eq!(behind.body["pending_migrations"][0]["description"], "Add learning_category");

    let job = admin.post_and_wait("/api/migration/start", json!({})).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    let at_five = ship.eye().await.everything().await;
    let fine = admin.health_becomes("fine", |health| health.body["status"] == "ok").await;
    assert_eq!((fine.status, &fine.body["actual_db_version"]), (200, &json!("0.5.0")));
    let version = admin.get("/api/system/version").await.body;
    assert_eq!(version["database"]["migration_number"], 8, "{version:#}");

    let validation = admin.post_and_wait("/api/migration/validate", json!({"deep": true})).await;
    assert_eq!(validation["result"]["overall"], true, "{validation:#}");

    let back = admin.post_and_wait("/api/migration/rollback", json!({})).await;
    assert_eq!((&back["state"], &back["result"]["by"]), (&json!("succeeded"), &json!("down_scripts")), "{back:#}");
    ship.database_is_at("0.4.0").await;
    must_be_same(&ship.eye().await.everything().await, &at_four);

    let back = admin.post_and_wait("/api/migration/rollback", json!({"steps": 5})).await;
    assert_eq!(back["state"], "succeeded", "{back:#}");
    must_be_same(&ship.eye().await.everything().await, &empty);
    assert_eq!(ship.applied().await, [""; 0]);

    let again = admin.post_and_wait("/api/migration/start", json!({"snapshot": "never"})).await;
    assert_eq!(again["state"], "succeeded", "{again:#}");
    must_be_same(&ship.eye().await.everything().await, &at_five);
    let nothing = admin.post_and_wait("/api/migration/start", json!({})).await;
    assert_eq!((&nothing["state"], &nothing["result"]["migrations"]), (&json!("succeeded"), &json!([])), "{nothing:#}");
}

async fn a_plan_tells_everything_and_changes_nothing(on: On) {
    let mut ship = Ship::with_sample(on).await;
    ship.serve().await;
    let admin = ship.admin().await;

    let plan = admin.get("/api/migration/plan?sql=true&to=0.4.0").await;
    let status = admin.get("/api/migration/status").await;

    assert_eq!((plan.status, &plan.body["ready"], &plan.body["blocking"]), (200, &json!(true), &json!([])));
    assert_eq!(plan.body["hops"][0]["to"], "0.4.0");
    let first = &plan.body["hops"][0]["migrations"][0];
    assert_eq!(first["id"], "v0.4.0_01_sources_and_rules");
    assert!(first["statements"][0]["sql"].as_str().expect("SQL").contains("CREATE TABLE gsm_sources"), "{first:#}");
    assert_eq!(first["statements"][0]["place"], "v0.4.0_01_sources_and_rules/up.sql:6");
    assert_eq!(plan.body["later"].as_array().expect("a list").len(), 3);
    assert_eq!(status.body["pending"].as_array().expect("a list").len(), 8);
    assert_eq!(ship.eye().await.tables().await, [""; 0], "a question creates nothing");
}

/// Goal: a caller whose stream breaks misses no end, and its ids rise.
async fn progress_is_a_stream_that_goes_on_where_it_broke_off(on: On) {
    let mut ship = Ship::with_sample(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.start("0.5.0").await.accepted();

    let first = events(&admin, &job, None).await;
    let again = events(&admin, &job, Some("41")).await;

    let (last, before) = first.split_last().expect("events");
    assert!(before.iter().all(|event| event.contains("event: progress")), "{first:#?}");
    assert!(last.contains("event: end") && last.contains("\"state\":\"succeeded\""), "{last}");
    assert!(first[0].contains("id: 1\n"), "{}", first[0]);
    assert_eq!(again.len(), 1, "the end at once: {again:#?}");
    assert!(again[0].contains("id: 42\n") && again[0].contains("event: end"), "{}", again[0]);
}

async fn events(admin: &crate::harness::ship::Caller, job: &str, last: Option<&str>) -> Vec<String> {
    let path = format!("/api/migration/progress?job={job}");
    let request = admin.request(reqwest::Method::GET, &path).header("accept", "text/event-stream");
    let request = last.into_iter().fold(request, |request, id| request.header("last-event-id", id));
    let text = request.send().await.expect("a stream").text().await.expect("its end");
    text.split("\n\n").filter(|event| event.contains("data:")).map(|event| format!("{event}\n")).collect()
}

async fn who_did_what_is_written_down(on: On) {
    let mut ship = Ship::with_sample(on).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let job = admin.post_and_wait("/api/migration/start", json!({"to": "0.4.0", "snapshot": "never"})).await;
    let id = job["id"].as_str().expect("a job");

    ship.cli(&["down"]).await.exits(0);
    let audit = admin.get("/api/migration/logs?kind=audit").await.body;
    let own = admin.get(&format!("/api/migration/logs?kind=job&job={id}")).await.body;

    let told: Vec<String> = audit["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| format!("{} {}", line["actor"].as_str().unwrap_or("?"), line["message"].as_str().unwrap_or("?")))
        .collect();
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(told[0].starts_with("http:grace ordered migrate") && told[0].contains("0.4.0"), "{told:#?}");
    assert_eq!(told[1], "http:grace migrate succeeded");
    assert!(told[2].starts_with("cli:ada ordered rollback"), "{told:#?}");
    assert_eq!(told[3], "cli:ada rollback succeeded");
    assert!(own["lines"].to_string().contains("v0.4.0_01_sources_and_rules applied in"), "{own:#}");
    assert!(ship.log().contains("POST /api/migration/start answered 200"), "{}", ship.log());
}
