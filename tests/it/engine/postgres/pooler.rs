//! Behind a transaction pooler two clients can hold one session lock, so runs are refused there.

use std::{os::unix::fs::PermissionsExt, process::Stdio};

use reqwest::Url;
use tokio::process::{Child, Command};

use crate::harness::{
    database::On,
    eventually,
    eye::Eye,
    ship::{Answer, Ship},
};

/// A private `PgBouncer` before the database of a ship.
struct Pooler {
    url: String,
    _process: Child,
}

impl Pooler {
    async fn before(ship: &Ship, mode: &str) -> Self {
        let direct = Url::parse(&ship.database.url).expect("a URL");
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();
        let (host, server) = (direct.host_str().expect("a host"), direct.port().expect("a port"));
        let settings = format!(
            "[databases]\n* = host={host} port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = any\npool_mode = {mode}\nunix_socket_dir =\nlogfile =\npidfile =\n\
             ignore_startup_parameters = extra_float_digits,statement_timeout\n\
             [users]\n"
        );
        let settings = settings.replace(
            &format!("* = host={host} port={server}"),
            &format!("* = host={host} port={server} user={}", direct.username()),
        );
        // It does not run as root, and who it runs as instead must be able to read this.
        let folder = ship.folder().join("pooler");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::set_permissions(ship.folder(), std::fs::Permissions::from_mode(0o755)).expect("a folder to read");
        let file = folder.join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("its settings");
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("/usr/bin/env");
        command.arg("pgbouncer").env("PATH", path);
        if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("this process")) == 0 {
            command.args(["-u", "nobody"]);
        }
        let command = command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.kill_on_drop(true).spawn().expect("pgbouncer can be run");
        eventually("the pooler listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)
        })
        .await;
        let database = direct.path().trim_start_matches('/');
        Self { url: format!("postgres://{}@127.0.0.1:{port}/{database}", direct.username()), _process: process }
    }
}

async fn with_cabins() -> Ship {
    let ship = Ship::with_catalog(On::Postgres).await;
    ship.catalog().add("v1.0.0_01_cabins", "CREATE TABLE cabins (id INTEGER PRIMARY KEY);", "DROP TABLE cabins;");
    ship
}

#[tokio::test]
async fn a_run_over_a_transaction_pooler_is_refused_and_goes_round_it() {
    let mut ship = with_cabins().await;
    let pooler = Pooler::before(&ship, "transaction").await;
    let direct = ship.database.url.clone();
    ship.set("target.url", &pooler.url);

    for _ in 0..5 {
        let refused = ship.cli(&["up", "--snapshot", "never", "--json"]).await.exits(69).failure();
        let detail = refused["detail"].as_str().expect("words");
        assert!(detail.contains("a transaction pooler") && detail.contains("target.direct_url"), "{detail}");
    }
    assert_eq!(ship.eye().await.tables().await, [""; 0], "nothing was changed");
    // The application is served by the sessions that were looked through: they must be as they were.
    let mut app = Eye::at(On::Postgres, &pooler.url).await;
    app.run("CREATE TABLE of_the_application (id INTEGER)").await;
    assert_eq!(app.texts("SHOW default_transaction_read_only").await, ["off"]);
    assert_eq!(app.texts("SHOW idle_in_transaction_session_timeout").await, ["0"]);
    app.run("DROP TABLE of_the_application").await;
    ship.set("target.direct_url", &direct);
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.database_is_at("1.0.0").await;
}

#[tokio::test]
async fn a_session_pooler_is_not_in_the_way() {
    let mut ship = with_cabins().await;
    let pooler = Pooler::before(&ship, "session").await;
    ship.set("target.url", &pooler.url);

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.cli(&["down", "--yes"]).await.exits(0);
}

/// Goal: health goes by the interval where nobody can listen, says nothing of it, and leaves nothing set on the application's sessions.
#[tokio::test]
async fn health_behind_a_transaction_pooler_goes_by_the_interval() {
    let mut ship = with_cabins().await;
    let pooler = Pooler::before(&ship, "transaction").await;
    let direct = ship.database.url.clone();
    ship.set("target.url", &pooler.url);
    ship.serve().await;
    ship.set("target.url", &direct);

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    let at = |health: &Answer| health.body["actual_db_version"] == "1.0.0" && health.body["status"] == "ok";
    ship.anybody().health_becomes("seen by the clock", at).await;
    assert!(!ship.log().contains("WARN"), "{}", ship.log());
    let mut app = Eye::at(On::Postgres, &pooler.url).await;
    assert_eq!(app.texts("SELECT pg_listening_channels()").await, [""; 0]);
    assert_eq!(app.texts("SHOW default_transaction_read_only").await, ["off"]);
}
