//! Health is asked for thousands of times a second, and the target is asked once an interval all the same.
//!
//! What is counted is counted on the way to the server, never told by windlass. `WINDLASS_TEST_LOAD_SECONDS` says how long each state
//! lasts, `WINDLASS_TEST_LOAD_RATE` how often is asked in a second.

use std::{future::Future, time::Duration};

use sqlx::{Connection, MySqlConnection, PgConnection};

use crate::harness::{
    begun::Begun,
    database::On,
    eventually,
    gate::{self, Gate},
    load::{Answered, Load},
    on_every_server,
    outage::way_for,
    own_server::OwnServer,
    proxy::Proxy,
    ship::{Answer, Caller, Ship},
};

on_every_server!(
    while_nothing_happens,
    while_somebody_elses_migration_runs,
    while_the_server_has_no_connection_left,
    while_the_server_is_killed_and_comes_back,
);

const INTERVAL: Duration = Duration::from_millis(500);
/// Less would be too few intervals to tell anything.
const SECONDS_MIN: u32 = 3;
/// Connections that a look opens at most which has none: on PostgreSQL one to tell a pooler by, and one that hears.
const OPENED_MAX: usize = 3;
/// A change is right in what is told by the second look behind it.
const LOOKS_UNTIL_RIGHT: usize = 2;
/// All that lie ready, and tell by their status how the target is.
const PATHS: [&str; 2] = ["/api/system/health", "/api/health"];

/// A number that is given from outside.
fn given(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect(variable))
}

/// The load of one of so many parts of a test.
fn load(parts: u32) -> Load {
    let seconds = (given("WINDLASS_TEST_LOAD_SECONDS", SECONDS_MIN) / parts).max(SECONDS_MIN);
    Load { a_second: given("WINDLASS_TEST_LOAD_RATE", 5_000), lasts: Duration::from_secs(seconds.into()) }
}

/// A service whose way to the server is watched.
struct Watched {
    ship: Ship,
    proxy: Proxy,
    caller: Caller,
    /// What a look sends.
    look_bytes: usize,
}

/// What came by while something happened.
struct Seen {
    looks: usize,
    callers: usize,
    bytes: usize,
    took: Duration,
}

impl Watched {
    /// Serves a database at 1.0.0 with a gate in it; `url` is its address for the service, whose way is watched.
    async fn over(mut ship: Ship, url: impl AsyncFnOnce(&Ship) -> String) -> Self {
        ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
        ship.set("run.lock_timeout", "10m");
        ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
        let (direct, url) = (ship.database.url.clone(), url(&ship).await);
        let (proxy, way) = way_for(&url).await;
        ship.set("target.url", &way);
        ship.set("health.interval", &format!("{}ms", INTERVAL.as_millis()));
        ship.serve().await;
        // Everybody else goes straight to the server.
        ship.set("target.url", &direct);
        let caller = ship.anybody();
        caller.health_becomes("seen", |health| health.status == 200).await;
        let mut watched = Self { ship, proxy, caller, look_bytes: 0 };
        watched.look_bytes = watched.of_one_look().await;
        watched
    }

    async fn at(on: On) -> Self {
        Self::over(Ship::with_catalog(on).await, async |ship| ship.database.url.clone()).await
    }

    /// What a look sends while nobody asks for anything.
    async fn of_one_look(&self) -> usize {
        let before = (self.proxy.looks(), self.proxy.asked());
        self.next_look(before.0 + 1).await;
        let first = (self.proxy.looks(), self.proxy.asked());
        self.next_look(first.0 + 3).await;
        (self.proxy.asked() - first.1).div_ceil(self.proxy.looks() - first.0)
    }

    async fn next_look(&self, number: usize) {
        eventually("the next look", async || (self.proxy.looks() >= number).then_some(())).await;
    }

    /// The load of one of so many parts, and what comes by on the way to the server meanwhile.
    async fn under_load<T>(&self, parts: u32, change: impl Future<Output = T>) -> (Answered, Seen, T) {
        let before = (self.proxy.looks(), self.proxy.callers(), self.proxy.asked());
        let (answered, changed) = tokio::join!(load(parts).on(self.ship.url(), &PATHS), change);
        let seen = Seen {
            looks: self.proxy.looks() - before.0,
            callers: self.proxy.callers() - before.1,
            bytes: self.proxy.asked() - before.2,
            took: answered.took,
        };
        eprintln!(
            "{:?}: {} answers, {:.0} a second: {:?}; {} looks, {} connections",
            self.ship.on,
            answered.count(),
            answered.rate(),
            answered.statuses,
            seen.looks,
            seen.callers
        );
        (answered, seen, changed)
    }

    /// Health must be so by the second look behind now, or by the second that cannot even begin.
    async fn is_right_soon(&self, what: &str, is_so: impl Fn(&Answer) -> bool) {
        let before = (self.proxy.looks(), self.proxy.callers());
        self.caller.health_becomes(what, is_so).await;
        let (looks, callers) = (self.proxy.looks() - before.0, self.proxy.callers() - before.1);
        assert!(looks <= LOOKS_UNTIL_RIGHT && callers <= LOOKS_UNTIL_RIGHT * OPENED_MAX, "{what}: {looks} {callers}");
    }
}

impl Seen {
    /// One look an interval and one at the edge, and so many more that somebody's run asked for; nothing else was asked.
    #[track_caller]
    fn must_be_looks(&self, watched: &Watched, asked_for: usize) {
        let most = self.intervals() + 1 + asked_for;
        assert!((1..=most).contains(&self.looks), "{} looks in {:?}", self.looks, self.took);
        assert_eq!(self.callers, 0, "its connection is its own, and stays");
        let bytes = (self.looks + 1) * (watched.look_bytes + SLACK);
        assert!(self.bytes <= bytes, "{} bytes, of {} for a look", self.bytes, watched.look_bytes);
    }

    /// No look came to its end, and no more were tried than there were intervals.
    #[track_caller]
    fn must_be_tries(&self) {
        assert_eq!(self.looks, 0, "nobody could look");
        let most = (self.intervals() + 1) * OPENED_MAX;
        assert!((1..=most).contains(&self.callers), "{} connections in {:?}", self.callers, self.took);
    }

    fn intervals(&self) -> usize {
        usize::try_from(self.took.as_millis().div_ceil(INTERVAL.as_millis())).expect("not so many")
    }
}

/// What a look says more while something is left in the journal, whose every byte is not counted here.
const SLACK: usize = 1_024;

/// It was a load: at least as much as a busy machine with a build for tests still takes, and far more than there were looks.
#[track_caller]
fn must_be_a_load(answered: &Answered, looks: usize) {
    assert!(answered.count() >= 200 * u64::try_from(looks.max(1)).expect("a number"), "{answered:?}");
}

async fn while_nothing_happens(on: On) {
    let watched = Watched::at(on).await;

    let (answered, seen, ()) = watched.under_load(1, async {}).await;

    answered.must_be(&[200]);
    must_be_a_load(&answered, seen.looks);
    seen.must_be_looks(&watched, 0);
}

/// Goal: the run of another process changes nothing of that, and is told of by the second look.
async fn while_somebody_elses_migration_runs(on: On) {
    let watched = Watched::at(on).await;
    watched.ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "SELECT 1;");
    let gate = Gate::shut(&watched.ship.database).await;
    let up = Begun::of(watched.ship.cli_begun(&["up", "--snapshot", "never"]));
    gate.is_reached(&watched.ship.database).await;

    let running = |health: &Answer| health.status == 200 && health.body["migration_running"] == true;
    let (answered, seen, ()) = watched.under_load(1, watched.is_right_soon("running", running)).await;

    answered.must_be(&[200]);
    must_be_a_load(&answered, seen.looks);
    seen.must_be_looks(&watched, 0);
    gate.open().await;
    up.ended().await.0.exits(0);
    let done = |health: &Answer| health.body["status"] == "ok" && health.body["migration_running"] == false;
    watched.is_right_soon("done", |health| done(health) && health.body["actual_db_version"] == "1.1.0").await;
}

/// Goal: one connection is kept; who has lost it and gets none tells so, asks once an interval, and comes back.
/// Method: an account that may have so many connections, and others of the same account who take them all.
async fn while_the_server_has_no_connection_left(on: On) {
    let watched = Watched::over(Ship::with_catalog(on).await, async |ship| limited(ship).await).await;
    let url = limited_url(&watched.ship);
    let mut others = Others::default();
    others.take_all(on, &url).await;

    let (answered, seen, ()) = watched.under_load(2, async {}).await;
    answered.must_be(&[200]);
    must_be_a_load(&answered, seen.looks);
    seen.must_be_looks(&watched, 0);

    watched.proxy.cut();
    others.take_all_of(on, &url, LIMIT).await;
    watched.proxy.mend();
    let refused = |health: &Answer| health.status == 503 && health.body["status"] == "error";
    watched.is_right_soon("refused", refused).await;
    let (answered, seen, ()) = watched.under_load(2, async {}).await;
    answered.must_be(&[503]);
    must_be_a_load(&answered, seen.callers);
    seen.must_be_tries();

    drop(others);
    watched.is_right_soon("back", |health| health.status == 200).await;
}

/// So many connections the account may have.
const LIMIT: usize = 3;

fn limited_url(ship: &Ship) -> String {
    let (scheme, rest) = ship.database.url.split_once("://").expect("a URL");
    let (_, place) = rest.split_once('@').expect("an account");
    format!("{scheme}://{}@{place}", account(ship))
}

fn account(ship: &Ship) -> &str {
    let name = ship.database.url.rsplit_once('/').expect("a database").1;
    &name[..name.len().min(28)]
}

/// Makes the account; gives its address.
async fn limited(ship: &Ship) -> String {
    let (mut eye, name) = (ship.eye().await, account(ship));
    if ship.on == On::MariaDb {
        eye.run(&format!("CREATE USER '{name}'@'%' WITH MAX_USER_CONNECTIONS {LIMIT}")).await;
        eye.run(&format!("GRANT ALL ON {}.* TO '{name}'@'%'", ship.database.url.rsplit_once('/').expect("a name").1))
            .await;
    } else {
        eye.run(&format!("CREATE ROLE {name} LOGIN CONNECTION LIMIT {LIMIT}")).await;
        eye.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")).await;
    }
    limited_url(ship)
}

/// Connections of somebody else.
#[derive(Default)]
struct Others {
    postgres: Vec<PgConnection>,
    mariadb: Vec<MySqlConnection>,
}

impl Others {
    /// Whether another one was given.
    async fn take(&mut self, on: On, url: &str) -> bool {
        if on == On::MariaDb {
            let given = MySqlConnection::connect(url).await;
            given.map(|connection| self.mariadb.push(connection)).is_ok()
        } else {
            PgConnection::connect(url).await.map(|connection| self.postgres.push(connection)).is_ok()
        }
    }

    async fn take_all(&mut self, on: On, url: &str) {
        while self.take(on, url).await {}
        assert!(self.postgres.len() + self.mariadb.len() < LIMIT, "one is windlass's");
    }

    /// All that there are, once the server has noticed that their last holder is gone.
    async fn take_all_of(&mut self, on: On, url: &str, count: usize) {
        while self.postgres.len() + self.mariadb.len() < count {
            self.take(on, url).await;
        }
    }
}

/// Goal: a server that goes is told of by the second look, one that is back as well, and nobody hammers at it in between.
async fn while_the_server_is_killed_and_comes_back(on: On) {
    let mut server = OwnServer::begins(on).await;
    let ship = Ship::over(server.fresh().await);
    let watched = Watched::over(ship, async |ship| ship.database.url.clone()).await;

    let fall = async {
        server.dies().await;
        watched.is_right_soon("out of reach", |health| health.status == 503).await;
    };
    let (falling, _, ()) = watched.under_load(4, fall).await;
    let (down, seen, ()) = watched.under_load(4, async {}).await;
    let rise = async {
        assert!(server.comes_back().await, "the server did not come back");
        watched.is_right_soon("back", |health| health.status == 200).await;
    };
    let (rising, _, ()) = watched.under_load(4, rise).await;

    falling.must_be(&[200, 503]);
    down.must_be(&[503]);
    rising.must_be(&[200, 503]);
    must_be_a_load(&down, seen.callers);
    seen.must_be_tries();
    let (answered, seen, ()) = watched.under_load(4, async {}).await;
    answered.must_be(&[200]);
    seen.must_be_looks(&watched, 0);
}
