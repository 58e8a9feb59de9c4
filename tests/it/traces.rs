//! Traces for an OpenTelemetry collector: what is sent, what never is, and that no run waits for them.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use opentelemetry::trace::Tracer;
use reqwest::Method;
use windlass::{config::Log, telemetry::Sending};

use crate::harness::{
    collector::{Collector, Manner, said},
    database::On,
    eventually, on_every_engine,
    ship::{Answer, Called, Ship},
};

on_every_engine!(
    a_command_sends_job_migrations_and_statements,
    a_run_of_the_service_belongs_to_its_request,
    no_secret_and_no_value_is_sent,
);

const CABINS: &str = "CREATE TABLE cabins (id INTEGER PRIMARY KEY, name VARCHAR(40) UNIQUE);\n\
    INSERT INTO cabins VALUES (1, 'canary-row-4c1d');\n";
/// Longer than the end of a process waits for a collector (two seconds), on a machine that is busy.
const UNDISTURBED_S: u64 = 20;

async fn with_cabins(on: On, collector: &Collector) -> Ship {
    let mut ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.set("log.otlp", &collector.address);
    ship
}

/// Goal: the tree is job, migration, statement, and a failure is one of each.
async fn a_command_sends_job_migrations_and_statements(on: On) {
    let collector = Collector::that(Manner::Takes).await;
    let ship = with_cabins(on, &collector).await;

    let job = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(0).json();

    let run = collector.span("migrate");
    assert_eq!(said(&run, "job.id"), job["id"].as_str().unwrap());
    assert_eq!((said(&run, "job.state"), said(&run, "target.name")), ("succeeded".into(), "default".into()));
    assert!(run.parent_span_id.is_empty(), "{run:#?}");
    let migration = collector.span("v1.0.0_01_cabins");
    assert_eq!(migration.parent_span_id, run.span_id);
    assert_eq!(said(&migration, "migration.direction"), "up");
    for line in [1, 2] {
        let statement = collector.span(&format!("v1.0.0_01_cabins/up.sql:{line}"));
        assert_eq!(statement.parent_span_id, migration.span_id);
        assert_eq!(statement.trace_id, run.trace_id);
        assert!(migration.start_time_unix_nano <= statement.start_time_unix_nano);
        assert!(statement.end_time_unix_nano <= migration.end_time_unix_nano);
    }

    ship.catalog().add("v1.1.0_01_wrong", "SELECT 1;\nINSERT INTO cabins VALUES (2, 'canary-row-4c1d');", "SELECT 1;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(1);

    let is_error = |name: &str| collector.span(name).status.is_some_and(|status| status.code == 2);
    assert!(is_error("v1.1.0_01_wrong/up.sql:2") && is_error("v1.1.0_01_wrong"), "{:#?}", collector.spans());
    assert!(!is_error("v1.1.0_01_wrong/up.sql:1"), "{:#?}", collector.spans());
    let spans = collector.spans();
    let failed = spans.iter().rfind(|span| span.name == "migrate").unwrap();
    assert_eq!(said(failed, "problem.type"), "statement-failed");
}

async fn a_run_of_the_service_belongs_to_its_request(on: On) {
    let collector = Collector::that(Manner::Takes).await;
    let mut ship = with_cabins(on, &collector).await;
    ship.serve().await;
    let admin = ship.admin().await;

    let job = admin.start("1.0.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    admin.health().await;
    eventually("the run is sent while the service goes on", async || {
        collector.spans().iter().any(|span| span.name == "migrate").then_some(())
    })
    .await;
    admin.get("/api/migration/plan").await;
    ship.signal().await;
    assert_eq!(ship.end().await, 0);

    let request = collector.span("POST /api/migration/start");
    assert_eq!(said(&request, "http.response.status_code"), "202");
    let run = collector.span("migrate");
    assert_eq!((&run.parent_span_id, &run.trace_id), (&request.span_id, &request.trace_id));
    assert_eq!(said(&run, "job.id"), job);
    collector.span("v1.0.0_01_cabins/up.sql:2");
    collector.span("GET /api/migration/plan");
    assert!(collector.spans().iter().all(|span| !span.name.contains("/api/system/health")), "polls are not sent");
}

/// Goal: a driver's thread that lets go of a span a moment after the work, and after the process has begun to end, costs no span.
#[tokio::test]
async fn a_span_that_somebody_holds_a_moment_longer_is_sent() {
    let collector = Collector::that(Manner::Takes).await;
    let log = Log { otlp: Some(collector.address.clone()), ..Log::default() };
    let sending = Sending::to_collector(&log).expect("an address that fits").expect("a collector");

    let held = sending.tracer().start("held a moment longer");
    let holder = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(held);
    });
    sending.end().await;

    holder.await.expect("a thread");
    collector.span("held a moment longer");
}

/// Goal: a request that belongs to the caller's trace is told under it; one that says so badly, and one that says it twice, is told as
/// if it had not.
#[tokio::test]
async fn a_request_hangs_under_the_callers_own_span() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";
    let collector = Collector::that(Manner::Takes).await;
    let mut ship = with_cabins(On::Sqlite, &collector).await;
    ship.serve().await;
    let admin = ship.admin().await;
    let with = |flags: &str| format!("00-{TRACE}-{SPAN}-{flags}");
    let good = [with("01"), with("00"), format!("cc-{TRACE}-{SPAN}-01-more")];
    let bad = [
        String::new(),
        with("1"),
        with("0g"),
        format!("{}-", with("01")),
        format!("{}-more", with("01")),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("cc-{TRACE}-{SPAN}-01more"),
        with("01").to_uppercase(),
        format!("00-{}-{SPAN}-01", "0".repeat(32)),
        format!("00-{TRACE}-{}-01", "0".repeat(16)),
        format!("00-{TRACE}{SPAN}--01"),
        format!("00-{TRACE}-{SPAN}"),
        format!("+0-{TRACE}-{SPAN}-01"),
        format!("00-+{}-{SPAN}-01", &TRACE[1..]),
        " ".repeat(55),
        "ä".repeat(60),
    ];
    let asked = async |id: &str, parents: &[&str]| {
        let mut request = admin.request(Method::GET, "/api/migration/plan").header("x-request-id", id);
        for parent in parents {
            request = request.header("traceparent", parent.as_bytes());
        }
        assert_eq!(Answer::to(request.header("tracestate", "canary=5e2f")).await.status, 200);
    };
    for (nth, parent) in good.iter().enumerate() {
        asked(&format!("good-{nth}"), &[parent]).await;
    }
    for (nth, parent) in bad.iter().enumerate() {
        asked(&format!("bad-{nth}"), &[parent]).await;
    }
    asked("twice", &[&good[0], &good[0]]).await;
    let start = admin.request(Method::POST, "/api/migration/start").json(&serde_json::json!({"to": "1.0.0"}));
    let started = Answer::to(start.header("traceparent", with("01"))).await;
    ship.job_ends_as(&started.accepted(), "succeeded").await;
    ship.signal().await;
    assert_eq!(ship.end().await, 0);

    let spans = collector.spans();
    let of = |id: &str| spans.iter().find(|span| span.name.starts_with("GET") && said(span, "request.id") == id);
    for nth in 0..good.len() {
        let span = of(&format!("good-{nth}")).expect("a span");
        assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE.to_owned(), SPAN.to_owned()), "{nth}");
        assert!(span.trace_state.is_empty(), "{span:#?}");
    }
    let others: Vec<String> = (0..bad.len()).map(|nth| format!("bad-{nth}")).chain(["twice".to_owned()]).collect();
    for id in others {
        let span = of(&id).expect("a span");
        assert!(span.parent_span_id.is_empty() && hex(&span.trace_id) != TRACE, "{id}: {span:#?}");
    }
    let run = collector.span("migrate");
    assert_eq!(hex(&run.trace_id), TRACE, "the run belongs to it too");
    assert!(!ship.log().contains(TRACE), "{}", ship.log());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Method: the database's words quote the row; every secret that there is has a canary in it, also the headers.
async fn no_secret_and_no_value_is_sent(on: On) {
    let collector = Collector::that(Manner::Takes).await;
    let mut ship = with_cabins(on, &collector).await;
    ship.set("log.otlp_headers", "Authorization=Bearer canary-header-77aa, x-tenant=harbour");
    ship.set("snapshots.passphrase", "canary-passphrase-33bb");
    ship.set("log.filter", "trace");
    ship.catalog().add("v1.1.0_01_wrong", "INSERT INTO cabins VALUES (2, 'canary-row-4c1d');", "SELECT 1;");

    let called = ship.cli(&["up"]).await.exits(1);

    assert!(collector.spans().len() >= 5, "{:#?}", collector.spans());
    for got in collector.got() {
        assert_eq!(got.headers["authorization"], "Bearer canary-header-77aa");
        assert_eq!(got.headers["x-tenant"], "harbour");
        assert!(!got.body.windows(6).any(|window| window == b"canary"), "{got:?}");
        for word in ["INSERT", "CREATE", "127.0.0.1", "cli:ada"] {
            assert!(!got.body.windows(word.len()).any(|window| window == word.as_bytes()), "{word}: {got:?}");
        }
    }
    for text in [called.stdout, called.stderr] {
        assert!(!text.contains("canary-header") && !text.contains("canary-passphrase"), "{text}");
    }
}

/// Goal: a message of any length has a bounded number of spans.
#[tokio::test]
async fn of_a_long_message_the_first_statements_have_spans() {
    let collector = Collector::that(Manner::Takes).await;
    let ship = with_cabins(On::Postgres, &collector).await;
    ship.catalog().add("v1.1.0_01_long", &"SELECT 1;\n".repeat(1_100), "SELECT 1;");

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    let spans = collector.spans();
    assert_eq!(spans.iter().filter(|span| span.name.starts_with("v1.1.0_01_long/up.sql:")).count(), 1_024);
}

/// Goal: what the environment keeps for another collector, windlass's own never sees, and nothing there decides what is sent.
#[tokio::test]
async fn what_the_environment_says_of_another_collector_is_not_obeyed() {
    let collector = Collector::that(Manner::Takes).await;
    let mut ship = with_cabins(On::Sqlite, &collector).await;
    ship.set("log.otlp_headers", "authorization=Bearer ours");
    let mut shell = ship.shell("exec \"$windlass\" up --snapshot never");
    shell.env("windlass", env!("CARGO_BIN_EXE_windlass")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let names = ["authorization", "user-agent", "content-type", "x-other"];
    let secret = names.map(|name| format!("{name}=canary-other-5e2f")).join(",");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_HEADERS", secret.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", secret.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_RESOURCE_ATTRIBUTES", "canary-other=5e2f"),
    ] {
        shell.env(name, value);
    }

    Called::of(&shell.output().await.unwrap()).exits(0);

    collector.span("v1.0.0_01_cabins/up.sql:2");
    for got in collector.got() {
        let authorization: Vec<_> = got.headers.get_all("authorization").iter().collect();
        assert_eq!(authorization, ["Bearer ours"]);
        assert_eq!(got.headers["content-type"], "application/x-protobuf");
        assert!(!format!("{:?}", got.headers).contains("canary"), "{got:?}");
        assert!(!got.body.windows(6).any(|window| window == b"canary"), "{got:?}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_is_away_or_refuses_costs_spans_and_nothing_else() {
    for (manner, words) in [(Manner::Hangs, None), (Manner::Refuses, Some("503"))] {
        let collector = Collector::that(manner).await;
        let ship = with_cabins(On::Sqlite, &collector).await;
        let began = Instant::now();

        let called = ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

        assert!(began.elapsed() < Duration::from_secs(UNDISTURBED_S), "{manner:?}: {:?}", began.elapsed());
        ship.database_is_at("1.0.0").await;
        assert!(!collector.got().is_empty(), "{manner:?} was asked");
        assert!(words.is_none_or(|words| called.stderr.contains(words)), "{}", called.stderr);
    }
    let mut nobody = Collector::that(Manner::Takes).await;
    "http://127.0.0.1:1/v1/traces".clone_into(&mut nobody.address);
    let ship = with_cabins(On::Sqlite, &nobody).await;

    let called = ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    ship.database_is_at("1.0.0").await;
    assert_eq!(called.stderr.matches("log.otlp").count(), 1, "{}", called.stderr);
    assert!(called.stderr.contains("Connection refused"), "{}", called.stderr);
}

/// Goal: the service works as without, while its collector hangs, and stops within its grace.
#[tokio::test]
async fn a_service_beside_a_collector_that_hangs_runs_and_stops() {
    let collector = Collector::that(Manner::Hangs).await;
    let mut ship = with_cabins(On::Sqlite, &collector).await;
    ship.set("server.shutdown_grace", "5s");
    ship.serve().await;
    let admin = ship.admin().await;
    for _ in 0..50 {
        admin.get("/api/migration/plan").await;
    }
    eventually("the collector is asked", async || (!collector.got().is_empty()).then_some(())).await;

    let job = admin.start("1.0.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;
    let began = Instant::now();
    ship.signal().await;

    assert_eq!(ship.end().await, 0);
    assert!(began.elapsed() < Duration::from_secs(UNDISTURBED_S), "{:?}", began.elapsed());
}

#[tokio::test]
async fn without_a_collector_nothing_is_sent_and_no_thread_is_there() {
    let collector = Collector::that(Manner::Takes).await;
    let mut ship = with_cabins(On::Sqlite, &collector).await;
    ship.set("log.otlp", "");
    ship.serve().await;

    let job = ship.admin().await.start("1.0.0").await.accepted();
    ship.job_ends_as(&job, "succeeded").await;

    assert!(collector.got().is_empty());
    assert!(!threads(ship.process()).iter().any(|name| name.starts_with("OpenTelemetry")));
    ship.kill().await;
    ship.set("log.otlp", &collector.address);
    ship.serve().await;
    assert!(
        threads(ship.process()).iter().any(|name| name.starts_with("OpenTelemetry")),
        "{:?}",
        threads(ship.process())
    );
}

/// The names of a process's threads, as the kernel has them.
fn threads(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("its threads").filter_map(Result::ok);
    tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok()).collect()
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_is_done() {
    for (address, headers, words) in [
        ("collector:4318", "", "http"),
        ("ftp://127.0.0.1/v1/traces", "", "http"),
        ("not an address", "", "log.otlp"),
        ("http://collector.example/v1/traces", "authorization=canary-header-77aa", "https only"),
        ("http://127.0.0.1:1/v1/traces", "canary-header-77aa", "name=value"),
        ("http://127.0.0.1:1/v1/traces", "a name=canary-header-77aa", "no header can have"),
        ("https://ada:canary-header-77aa@collector.example/v1/traces", "", "log.otlp_headers is the place"),
    ] {
        let mut ship = Ship::with_catalog(On::Sqlite).await;
        ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
        ship.set("log.otlp", address);
        ship.set("log.otlp_headers", headers);

        let called = ship.cli(&["up"]).await.exits(78);

        assert!(called.stderr.contains(words) && called.stderr.contains("log.otlp"), "{address}: {}", called.stderr);
        assert!(!called.stderr.contains("canary"), "{}", called.stderr);
        assert!(!ship.folder().join("data").exists(), "{address}");
    }
}
