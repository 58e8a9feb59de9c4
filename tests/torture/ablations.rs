//! Each guarantee is left out once, and must be missed: a test that finds nothing then would find nothing anyway.

use crate::{
    chance::Chance,
    database::On,
    ghosts::{haunt, held_ms},
    orders,
    program::word,
    scenario::{self, Scenario},
    servers::{self, Moment},
    total,
    trial::{self, Verdict},
};

/// How many ghosts it may take until one is caught.
const GHOSTS_MAX: u32 = 10;
/// How many kills of a server it may take until one is between two tables.
const SERVERS_MAX: u32 = 15;
/// A few milliseconds after the statement was sent that drops forty tables; before it, forty were made.
const AT_THE_DROP: &str = "at stmt.sent@41";
/// How much is told of what was broken.
const TOLD_CHARACTERS_MAX: usize = 160;

async fn named(on: On, name: &str) -> Scenario {
    let told = scenario::all(on).into_iter().find(|told| told.name == name).expect("a scenario");
    Scenario::of(on, told).await
}

/// The trial must hold with everything in its place, and break without the guarantee.
async fn is_missed(on: On, fault: &str, with: &str, without: &str) {
    let scenario = named(on, "up").await;
    let orders = orders::read(fault).expect("a fault");
    assert_eq!(trial::run(&scenario, &orders, with).await, Verdict::Held, "{fault} on {on:?} with everything");
    must_be_broken(without, on, &trial::run(&scenario, &orders, without).await);
    scenario.end().await;
}

#[track_caller]
fn must_be_broken(without: &str, on: On, verdict: &Verdict) {
    let Verdict::Broken(how) = verdict else { panic!("nothing is broken on {on:?} without {without}: {verdict:?}") };
    let short: String = how.lines().next().unwrap_or_default().chars().take(TOLD_CHARACTERS_MAX).collect();
    eprintln!("ablation: without {without} on {}: {short}", word(on));
    total::missed(format!("{without} on {}", word(on)));
}

/// Goal: a counter of finished statements, which other tools have, loses count: a change of rows is made twice.
#[tokio::test]
async fn the_journal_is_missed() {
    for (on, fault) in
        [(On::Sqlite, "done.before=kill@2"), (On::Postgres, "done.before=kill@2"), (On::MariaDb, "done.before=kill@8")]
    {
        let scenario = named(on, "up").await;
        let orders = orders::read(fault).expect("a fault");
        // SQLite keeps every mark with its statement, and has no such place unless a counter makes it.
        let with_all = trial::run(&scenario, &orders, "").await;
        assert!(!matches!(with_all, Verdict::Broken(_)), "{fault} on {on:?} with everything: {with_all:?}");
        must_be_broken("counter", on, &trial::run(&scenario, &orders, "counter").await);
        scenario.end().await;
    }
}

/// Goal: `DROP TABLE a, b` as one statement is half done when its server dies, and nothing tells.
#[tokio::test]
async fn the_rewriting_is_missed() {
    let scenario = Scenario::of(On::MariaDb, scenario::many()).await;
    let moment = Moment::read(AT_THE_DROP).expect("a moment");
    let mut server = servers::own(On::MariaDb).await;
    let with_all = servers::blow(&scenario, &mut server, &moment, "").await;
    assert!(!matches!(with_all, Verdict::Broken(_)), "{with_all:?}");
    let mut last = with_all;
    for _ in 0..SERVERS_MAX {
        if last == Verdict::NotReached {
            server = servers::own(On::MariaDb).await; // the old one did not come back
        }
        last = servers::blow(&scenario, &mut server, &moment, "as-written").await;
        if matches!(last, Verdict::Broken(_)) {
            break;
        }
    }
    must_be_broken("as-written", On::MariaDb, &last);
    scenario.end().await;
}

/// Goal: without the evidence (what a counter of finished statements knows), a schema change is made twice.
#[tokio::test]
async fn evidence_is_missed() {
    // In SQLite no statement of a schema change is by itself.
    for on in [On::Postgres, On::MariaDb] {
        is_missed(on, "done.before=kill@1", "", "evidence").await;
    }
}

/// Goal: with its done mark outside its transaction, a change of rows is made twice.
#[tokio::test]
async fn the_mark_within_the_transaction_is_missed() {
    // A server runs what it was sent although the client is gone; SQLite is in the process that dies.
    for (on, fault) in
        [(On::Sqlite, "rows.reply=kill@3"), (On::Postgres, "rows.reply=kill@2"), (On::MariaDb, "rows.reply=kill@2")]
    {
        is_missed(on, fault, "", "mark-within").await;
    }
}

/// Goal: a run that was overtaken changes nothing more, and without the epoch it would.
///
/// In SQLite the epoch alone is left out. On the servers the lock ends with the session, and keeps an overtaken run out by
/// itself: there the epoch is shown only with the lock on another session, which is so in both trials.
#[tokio::test]
async fn the_epoch_is_missed() {
    is_missed(On::Sqlite, "rows.before=takeover@2", "", "fence").await;
    is_missed(On::Postgres, "rows.before=takeover@2", "same-session", "same-session,fence").await;
    is_missed(On::MariaDb, "rows.before=takeover@3", "same-session", "same-session,fence").await;
}

/// Goal: with the lock on another session than the work, a ghost is overtaken.
///
/// On `PostgreSQL` the fence holds its row until the transaction ends, which alone keeps others behind a ghost; it is left out too.
#[tokio::test]
async fn the_lock_on_the_working_session_is_missed() {
    for (on, ablated) in [(On::Postgres, "same-session,fence"), (On::MariaDb, "same-session")] {
        let mut chance = Chance::of(1);
        let told = scenario::held(on).pop().expect("a scenario");
        let scenario = Scenario::of(on, told).await;
        let mut caught = None;
        for _ in 0..GHOSTS_MAX {
            if let Verdict::Broken(how) = haunt(&scenario, ablated, held_ms(&mut chance)).await {
                caught = Some(how);
                break;
            }
        }
        must_be_broken(ablated, on, &caught.map_or(Verdict::Held, Verdict::Broken));
        scenario.end().await;
    }
}
