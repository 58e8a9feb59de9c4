//! The database server itself is killed in the middle, and started again. Servers that do not come back by themselves are
//! counted apart: that is theirs, not windlass's.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::sleep,
};

use crate::{
    budget::Budget,
    chance::{Chance, seed},
    database::{Database, On},
    orders::{Action, Fault},
    place::Place,
    program::{With, word},
    scenario::{self, Scenario},
    tally::Tally,
    trial::{Verdict, at_the_end, goes_on},
};

/// Kills of the server in the bounded slice.
const IN_A_SLICE: u32 = 3;
/// When the server is killed while the run goes on: so long after it began, at most.
const BEGUN_MS_MAX: usize = 150;
/// The scenarios that begin with an empty database.
const SCENARIOS: [&str; 3] = ["up", "sample-up", "real-up"];

#[tokio::test]
async fn postgres() {
    of(On::Postgres).await;
}

#[tokio::test]
async fn mariadb() {
    of(On::MariaDb).await;
}

async fn of(on: On) {
    let (seed, budget, begun) = (seed(), Budget::of(&format!("servers::{}", word(on))), Instant::now());
    let (mut chance, mut tally) = (Chance::of(seed), Tally::default());
    let mut scenarios = Vec::new();
    for told in scenario::all(on).into_iter().filter(|told| SCENARIOS.contains(&told.name)) {
        scenarios.push(Scenario::of(on, told).await);
    }
    let mut server = Server::begins(on).await;
    for nth in 0..budget.scaled(IN_A_SLICE) {
        let scenario = &scenarios[nth as usize % scenarios.len()];
        let (how, verdict) = blow(scenario, &mut server, &mut chance).await;
        if verdict == Verdict::NotReached {
            server = Server::begins(on).await; // the old one did not come back
        }
        tally.count(scenario.name, "server", &format!("{} {}: server killed {how}", word(on), scenario.name), verdict);
        if budget.is_late() {
            break;
        }
    }
    eprintln!("{}", tally.told(&format!("killed servers of {}", word(on)), seed, begun.elapsed().as_secs_f64()));
    assert!(tally.broken.is_empty(), "{} promises were broken", tally.broken.len());
}

/// A server of this program's own.
struct Server {
    on: On,
    url: String,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Server {
    async fn begins(on: On) -> Self {
        let root = env!("CARGO_MANIFEST_DIR");
        let mut process = Command::new("bash")
            .arg(format!("{root}/tests/torture/server.sh"))
            .arg(format!("{root}/tests/support/servers.sh"))
            .arg(word(on))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let orders = process.stdin.take().expect("its input");
        let answers = BufReader::new(process.stdout.take().expect("its output")).lines();
        let mut server = Self { on, url: String::new(), orders, answers, _process: process };
        server.url = server.answer().await;
        server
    }

    async fn answer(&mut self) -> String {
        self.answers.next_line().await.expect("the server's shell").expect("an answer")
    }

    async fn told(&mut self, order: &str) -> String {
        self.orders.write_all(format!("{order}\n").as_bytes()).await.expect("the server's shell");
        self.answer().await
    }

    /// An empty database on it.
    async fn fresh(&self) -> Database {
        let name = format!("t_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        if self.on == On::MariaDb {
            let mut connection = MySqlConnection::connect(&self.url).await.expect("the server");
            connection.execute(sql).await.expect("a database");
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("the server");
            connection.execute(sql).await.expect("a database");
        }
        let url = format!("{}/{name}", self.url.rsplit_once('/').expect("a database in the URL").0);
        Database { on: self.on, url, folder: tempfile::tempdir().expect("a temporary folder") }
    }
}

/// One kill: where a place stops the run, or at any moment of it. Gives how, and the verdict.
async fn blow(scenario: &Scenario, server: &mut Server, chance: &mut Chance) -> (String, Verdict) {
    let place = Place { database: server.fresh().await, catalog: scenario.catalog().to_owned() };
    let places: Vec<_> = scenario.places.iter().collect();
    let (name, passed) = chance.one_of(&places).copied().expect("a place");
    let fault = Fault { place: name.clone(), action: Action::Stop, passing: 1 + chance.below(passed.times) };
    let is_stopped = chance.below(2) == 0;
    let faults = if is_stopped { std::slice::from_ref(&fault) } else { &[] };
    let mut run = place.begin(&scenario.words(), With { faults, ablated: "", wait_ms: None });
    let after_ms = chance.below(BEGUN_MS_MAX) as u64;
    let how = if is_stopped { format!("at {fault}") } else { format!("after {after_ms} ms") };
    if is_stopped {
        run.stops().await;
    } else {
        sleep(Duration::from_millis(after_ms)).await;
    }
    server.told("kill").await;
    run.send(Signal::SIGCONT);
    let back = server.told("start").await;
    let said = run.ended().await;
    if back != "up" {
        return (how, Verdict::NotReached);
    }
    if said.hung {
        return (how, Verdict::Broken(said.stderr));
    }
    let verdict = match goes_on(scenario, &place, "").await {
        Ok(()) => at_the_end(scenario, &place, true).await,
        Err(broken) => Verdict::Broken(broken),
    };
    (how, verdict)
}
