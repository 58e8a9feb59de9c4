//! `--server`: the command line asks a service, and answers as it would have where the target is.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::harness::{
    database::On,
    eventually, gate,
    ship::{Called, Ship},
};

const NO_SNAPSHOT: &str = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD";

/// The program, run to its end.
async fn ended(mut command: Command) -> Called {
    Called::of(&command.output().await.expect("windlass can be run"))
}

/// A service over the sample, and a token for it.
async fn served_sample() -> (Ship, String) {
    let mut ship = Ship::with_sample(On::Sqlite).await;
    ship.serve().await;
    let token = ship.token(&[]).await;
    (ship, token)
}

/// Which fields a document has, all the way down; not what is in them.
fn shape(value: &Value) -> Value {
    match value {
        // A run that finds nothing to do has a file of its own only where a service takes orders.
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "log_file");
            fields.map(|(name, value)| (name.clone(), shape(value))).collect()
        }
        Value::Array(items) => {
            let shapes: BTreeMap<String, Value> =
                items.iter().map(shape).map(|shape| (shape.to_string(), shape)).collect();
            shapes.into_values().collect()
        }
        _ => Value::Null,
    }
}

/// What a pipeline decides by: the exit code, and the documents on both outputs.
fn answer(called: &Called) -> (i32, Value, Value) {
    let document = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    (called.code, document(&called.stdout), document(&called.stderr))
}

/// Goal: nobody who reads exit codes and JSON can tell where the work was done.
/// Method: the same day twice, on the target itself and by a service that somebody elsewhere asks.
#[tokio::test]
async fn the_same_words_bring_the_same_answers() {
    let here = Ship::with_sample(On::Sqlite).await;
    let (there, token) = served_sample().await;
    let words = [
        "plan",
        "plan --sql --to 0.4.0",
        "plan --exit-code",
        "plan --to 9.9.9",
        "check",
        "status",
        "snapshot list",
        "snapshot create -m empty --tag first",
        "up --to 9.9.9",
        "up --dry-run",
        "up --to 0.4.0",
        "up",
        "check",
        "status",
        "analytics",
        "up",
        "validate --deep",
        "snapshot list",
        "down --dry-run",
        "down",
        "down --steps 2",
        "down --to 0.0.1",
        "check",
    ];
    for line in words {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let (code, result, failure) = answer(&here.cli(&words).await);
        let (remote_code, remote_result, remote_failure) =
            answer(&ended(there.elsewhere(there.url(), Some(&token), &words)).await);
        assert_eq!(remote_code, code, "{line}: {remote_failure:#} {failure:#}");
        assert_eq!(shape(&remote_result), shape(&result), "{line}: {remote_result:#} {result:#}");
        assert_eq!(remote_failure, failure, "{line}");
    }
    let kept = ended(there.elsewhere(there.url(), Some(&token), &["snapshot", "list", "--json"])).await.json();
    let first = kept.as_array().and_then(|list| list.last()).expect("a snapshot").clone();
    assert_eq!((&first["message"], &first["created_by"]), (&json!("empty"), &json!("http:grace")));
}

/// Goal: a snapshot is shown and gone back to by its name, and one that is not there is told as it is here.
#[tokio::test]
async fn snapshots_are_shown_and_restored() {
    let (ship, token) = served_sample().await;
    let remote =
        async |line: &str| ended(ship.elsewhere(ship.url(), Some(&token), &line.split(' ').collect::<Vec<_>>())).await;
    remote("up --to 0.4.0 --snapshot never").await.exits(0);
    let id = remote("snapshot create").await.exits(0).stdout.trim().to_owned();
    remote("up --snapshot never --quiet").await.exits(0);

    let shown = remote(&format!("snapshot show {id} --json")).await.exits(0).json();
    let printed = remote(&format!("snapshot show {id}")).await.exits(0).stdout;
    let missing = remote(&format!("snapshot show {NO_SNAPSHOT} --json")).await.exits(1).failure();
    let missing_here = ship.cli(&["snapshot", "show", NO_SNAPSHOT, "--json"]).await.exits(1).failure();
    remote(&format!("snapshot restore {id}")).await.exits(0);

    assert_eq!(shown["id"], id);
    assert_eq!(printed, ship.cli(&["snapshot", "show", &id]).await.exits(0).stdout);
    assert_eq!(missing, missing_here);
    ship.database_is_at("0.4.0").await;
}

/// Goal: a person reads the same as where the target is, and progress on the way.
#[tokio::test]
async fn a_person_reads_the_same() {
    let (ship, token) = served_sample().await;
    let remote =
        async |line: &str| ended(ship.elsewhere(ship.url(), Some(&token), &line.split(' ').collect::<Vec<_>>())).await;
    let up = remote("up --snapshot never").await.exits(0);
    assert!(up.stdout.contains("the database went from empty to 0.5.0: 8 migrations"), "{up:?}");
    let local = ship.cli(&["status"]).await.exits(0).stdout;
    assert_eq!(remote("status").await.exits(0).stdout, local);
    assert_eq!(remote("plan").await.exits(0).stdout, ship.cli(&["plan"]).await.exits(0).stdout);

    let matrix = remote("compatibility").await.exits(0);
    let json = remote("compatibility --json").await.exits(0).json();
    assert!(matrix.stdout.starts_with("application ") && matrix.stderr.contains("where the catalog is"), "{matrix:?}");
    assert_eq!((&json["versions"], &json["compatibility"]["compatible"]), (&Value::Null, &json!(true)));
}

#[tokio::test]
async fn a_token_that_is_not_let_in_is_78() {
    let (ship, token) = served_sample().await;
    let called = async |token: Option<&str>, words: &[&str]| {
        let words = [&["status", "--json"], words].concat();
        ended(ship.elsewhere(ship.url(), token, &words)).await
    };
    let low = ship.token(&["--level", "2"]).await;
    let file = ship.folder().join("token");
    let path = file.to_str().expect("a path");
    fs::write(&file, format!("{token}\n")).expect("a file for the token");
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("its mode");

    let none = called(None, &[]).await.exits(78).failure();
    let wrong = called(Some("one.of.ours"), &[]).await.exits(78).failure();
    let broken = called(Some("two\nlines"), &[]).await.exits(78).failure();
    let low = called(Some(&low), &[]).await.exits(78).failure();
    mode(0o604);
    let open = called(None, &["--token-file", path]).await.exits(78).failure();
    mode(0o600);
    called(Some("one.of.ours"), &["--token-file", path]).await.exits(0);

    for failure in [none, wrong, broken] {
        assert_eq!(failure["type"], "urn:windlass:problem:unauthenticated", "{failure:#}");
    }
    assert_eq!(low["type"], "urn:windlass:problem:forbidden", "{low:#}");
    assert!(open["detail"].as_str().expect("words").contains("chmod 600"), "{open:#}");
}

/// Goal: an address that would show the token to others is refused before anything is sent; so is what a server cannot do.
#[tokio::test]
async fn what_a_server_cannot_be_asked_is_64() {
    let ship = Ship::with_catalog(On::Sqlite).await;
    let called = async |server: &str, line: &str| {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        ended(ship.elsewhere(server, Some("t"), &words)).await.exits(64).failure()
    };
    for address in
        ["http://windlass.example.org", "http://10.0.0.1:8182", "ftp://localhost", "nonsense", "https://a/?b"]
    {
        let failure = called(address, "status").await;
        assert_eq!(failure["type"], "urn:windlass:problem:server-address", "{address}: {failure:#}");
    }
    let failure = called("https://ada:hidden@localhost", "status").await;
    assert!(!failure.to_string().contains("hidden"), "{failure:#}");
    for line in [
        "adopt --baseline 1.0.0",
        "adopt",
        "adopt --undo",
        "serve",
        "snapshot verify --all",
        "up --through",
        "status --set target.name=x",
        "status --config windlass.toml",
    ] {
        called("http://localhost:1", line).await;
    }
}

/// Goal: a machine without any certificate of its own, such as a bare container, is enough to ask from.
#[tokio::test]
async fn no_store_of_certificates_is_needed() {
    let (ship, token) = served_sample().await;
    let mut command = ship.elsewhere(ship.url(), Some(&token), &["check"]);
    command.env("SSL_CERT_FILE", "nowhere").env("SSL_CERT_DIR", "nowhere");
    ended(command).await.exits(1);
}

#[tokio::test]
async fn a_server_that_is_gone_is_69() {
    let (mut ship, token) = served_sample().await;
    let url = ship.url().to_owned();
    ship.kill().await;

    for words in [&["status", "--json"][..], &["up", "--json"], &["snapshot", "create", "--json"]] {
        let failure = ended(ship.elsewhere(&url, Some(&token), words)).await.exits(69).failure();
        assert_eq!(failure["type"], "urn:windlass:problem:server-unreachable", "{failure:#}");
        assert!(failure["detail"].as_str().expect("words").contains(&url), "{failure:#}");
    }
}

/// Goal: a token goes to the address that was named and to no other, and what is no windlass service is told as such.
#[tokio::test]
async fn what_is_no_windlass_is_69_and_leads_nowhere() {
    let ship = Ship::with_catalog(On::Sqlite).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let other = elsewhere.local_addr().expect("its address");
    let moved = format!("HTTP/1.1 307 Moved\r\nlocation: http://{other}/\r\ncontent-length: 0\r\n\r\n");
    for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "HTTP/1.1 418 No\r\n\r\n", &moved] {
        let url = answering(answer.to_owned()).await;
        let failure = ended(ship.elsewhere(&url, Some("t"), &["status", "--json"])).await.exits(69).failure();
        assert_eq!(failure["type"], "urn:windlass:problem:server-unusable", "{answer} {failure:#}");
    }
    let nobody_came = tokio::time::timeout(std::time::Duration::ZERO, elsewhere.accept()).await;
    assert!(nobody_came.is_err(), "the redirect was followed");
}

/// Something that answers every request like this.
async fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = caller.read(&mut asked).await;
            let _ = caller.write_all(answer.as_bytes()).await;
        }
    });
    url
}

/// Goal: an order whose answer is lost on the way is given again, and done once.
#[tokio::test]
async fn an_order_is_done_once_however_often_it_is_given() {
    let (ship, token) = served_sample().await;
    let (url, connections) = losing_the_first_answer(ship.url().trim_start_matches("http://").to_owned()).await;

    let job = ended(ship.elsewhere(&url, Some(&token), &["up", "--snapshot", "never", "--json"])).await.exits(0).json();

    assert_eq!(job["state"], "succeeded");
    assert!(connections.load(Ordering::SeqCst) > 1);
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    assert_eq!(status["recent"].as_array().expect("jobs").len(), 1, "{status:#}");
}

/// A way to `server` on which the first answer never arrives.
async fn losing_the_first_answer(server: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
            let mut server = TcpStream::connect(&server).await.expect("the service");
            tokio::spawn(async move {
                let (mut from_caller, mut to_caller) = caller.split();
                let (mut from_server, mut to_server) = server.split();
                let backward = async {
                    if is_first {
                        let mut lost = [0; 16];
                        let _ = from_server.read(&mut lost).await;
                    } else {
                        let _ = copy(&mut from_server, &mut to_caller).await;
                    }
                };
                tokio::select! { _ = copy(&mut from_caller, &mut to_server) => {} () = backward => {} }
            });
        }
    });
    (url, connections)
}

/// A service whose second release takes its time, the run to it begun from elsewhere, and a third behind it.
async fn at_work() -> (Ship, String, Child) {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(On::Sqlite), "SELECT 1;");
    ship.catalog().add("v1.2.0_01_after", "CREATE TABLE after (id INTEGER PRIMARY KEY);", "DROP TABLE after;");
    ship.serve().await;
    let token = ship.token(&[]).await;
    let mut first = ship.elsewhere(ship.url(), Some(&token), &["up", "--snapshot", "never", "--json"]);
    let first = first.spawn().expect("windlass can be run");
    let admin = ship.admin().await;
    eventually("the run is inside the second release", async || {
        let now = admin.get("/api/migration/progress").await.body;
        (now["progress"]["step"] == "v1.1.0_01_pass").then_some(())
    })
    .await;
    (ship, token, first)
}

async fn end_of(first: Child) -> Called {
    Called::of(&first.wait_with_output().await.expect("its end"))
}

#[tokio::test]
async fn another_run_is_75_and_is_named() {
    let (ship, token, first) = at_work().await;

    let words = ["up", "--wait", "0s", "--json"];
    let busy = ended(ship.elsewhere(ship.url(), Some(&token), &words)).await.exits(75).failure();
    let waits = ship.elsewhere(ship.url(), Some(&token), &["up", "--wait", "80s", "--snapshot", "never"]);
    let waited = ended(waits).await.exits(0);

    let first = end_of(first).await.exits(0).json();
    assert_eq!(busy["type"], "urn:windlass:problem:busy");
    assert!(busy["holder"].as_str().expect("a holder").contains(first["id"].as_str().expect("a job")), "{busy:#}");
    assert!(waited.stderr.contains("waiting for job"), "{waited:?}");
    assert!(waited.stdout.contains("nothing to do: the database is at 1.2.0"), "{waited:?}");
}

/// Goal: Ctrl-C stops the run where it is done, at the next safe edge; the command tells what came of it.
#[tokio::test]
async fn an_interrupt_asks_the_server_to_stop() {
    let (ship, token, first) = at_work().await;

    crate::harness::signal("INT", first.id().expect("it runs")).await;

    let called = end_of(first).await.exits(1);
    assert_eq!(called.json()["state"], "paused");
    ship.database_is_at("1.1.0").await;
    ended(ship.elsewhere(ship.url(), Some(&token), &["up", "--snapshot", "never"])).await.exits(0);
    ship.database_is_at("1.2.0").await;
}
