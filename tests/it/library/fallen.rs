//! A job whose task falls over ends as failed, and the place is free for the next one; an end that cannot be saved is told all the same.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use windlass::{
    app::App,
    clock::Clock,
    model::{
        job::{Job, JobState},
        order::{Door, Order, Requester},
    },
};

use super::{settings, with_two_releases};
use crate::harness::{PATIENCE, database::On, eventually, eye::Eye, on_every_engine, ship::Ship};

on_every_engine!(a_job_that_falls_over_anywhere_ends_and_leaves_the_place_free);

/// More questions about the time than one run asks.
const QUESTIONS_MAX: usize = 400;
/// On a server, of so many places where it falls over one is tried.
const STEP: usize = 5;

fn by() -> Requester {
    Requester { name: "ada".to_owned(), door: Door::Library }
}

fn migrate(dry_run: bool) -> Order {
    Order::Migrate { to: None, dry_run, snapshot: None, validate: true, in_doubt: None, plan: None, accept_loss: None }
}

/// An application whose clock fails once, at the nth question.
fn falling_over_at(ship: &Ship, nth: usize) -> (App, Arc<AtomicUsize>) {
    // What is asked before there is an order is far from any nth.
    let asked = Arc::new(AtomicUsize::new(QUESTIONS_MAX));
    let (counted, time) = (Arc::clone(&asked), Clock::system());
    let clock = Clock::of(move || {
        assert_ne!(counted.fetch_add(1, SeqCst), nth, "the clock fails");
        time.now()
    });
    let app = App::open(settings(ship), clock).expect("settings that can be used");
    asked.store(1, SeqCst);
    (app, asked)
}

/// The job as it ended; `None` where the order fell over itself.
async fn carried_out(app: &App, order: Order) -> Option<Job> {
    let (desk, waiting) = (app.desk.clone(), app.desk.clone());
    let job = tokio::spawn(async move { desk.submit(&by(), order, None).await }).await.ok()?.ok()?;
    let waited = eventually("the job has ended", async || {
        let waiting = waiting.clone();
        // Whoever waits asks for the time too.
        let waited = tokio::spawn(async move { waiting.wait(job.id, Duration::from_secs(5)).await }).await.ok()?;
        waited.ok().filter(|job| job.state.is_final())
    });
    Some(waited.await)
}

/// Goal: wherever a fault of windlass ends a job's task, the job has an end, the desk takes the next order, and what was
/// interrupted is finished.
/// Method: the clock fails at the first question, at the second, and so on, until a run asks no more.
async fn a_job_that_falls_over_anywhere_ends_and_leaves_the_place_free(on: On) {
    let step = if on == On::Sqlite { 1 } else { STEP };
    let mut failed = 0;
    for nth in (1..QUESTIONS_MAX).step_by(step) {
        let ship = with_two_releases(on).await;
        let (app, asked) = falling_over_at(&ship, nth);

        let ended = carried_out(&app, migrate(false)).await;

        if asked.load(SeqCst) <= nth {
            assert!(ended.is_some_and(|job| job.state == JobState::Succeeded) && failed > 0, "{on:?}: {failed}");
            return;
        }
        failed += usize::from(ended.is_some_and(|job| job.state == JobState::Failed));
        eventually(&format!("what question {nth} left is finished"), async || {
            let now = app.enquiry.status().await.expect("a status");
            (now.running.is_none() && now.unfinished.is_none()).then_some(())
        })
        .await;
        eventually(&format!("after question {nth} the place is free, and the run done"), async || {
            carried_out(&app, migrate(false)).await.filter(|job| job.state == JobState::Succeeded)
        })
        .await;
        ship.database_is_at("1.1.0").await;
        let open = app.enquiry.status().await.expect("a status");
        assert!(open.running.is_none() && open.unfinished.is_none(), "{nth}: {open:?}");
        assert!(open.recent.iter().all(|job| job.state.is_final()), "{nth}: {:?}", open.recent);
    }
    panic!("a run asks for the time more than {QUESTIONS_MAX} times");
}

/// Goal: whoever waits hears how a job ended although the control store took everything but that, also once another job has the
/// place; and it is saved as soon as it can be.
#[tokio::test]
async fn an_end_that_cannot_be_saved_is_told_and_saved_later() {
    let ship = with_two_releases(On::Sqlite).await;
    ship.cli(&["up", "--to", "1.0.0", "--snapshot", "never"]).await.exits(0);
    let file = ship.folder().join("data/windlass.db");
    let mut store = Eye::at(On::Sqlite, &format!("sqlite:{}", file.display())).await;
    let refuses = "CREATE TRIGGER refuses BEFORE UPDATE ON job WHEN NEW.state = 'succeeded' \
                   BEGIN SELECT RAISE(ABORT, 'not now'); END";
    store.run(refuses).await;
    let app = App::open(settings(&ship), Clock::system()).expect("settings that can be used");

    let job = carried_out(&app, migrate(false)).await.expect("a job");
    let other = carried_out(&app, migrate(true)).await.expect("another job");

    assert_eq!((job.state, other.state), (JobState::Succeeded, JobState::Succeeded));
    let waiting = app.desk.wait(job.id, PATIENCE);
    let told = tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("nobody waits for it").unwrap();
    assert_eq!(told.state, JobState::Succeeded);
    assert_eq!(app.enquiry.job(job.id).await.unwrap().state, JobState::Succeeded);
    store.run("DROP TRIGGER refuses").await;
    carried_out(&app, migrate(true)).await.expect("a third job");
    assert_eq!(store.texts("SELECT DISTINCT state FROM job").await, ["succeeded"]);
}
