//! At the start of an application.

use std::time::Duration;

use semver::Version;
use windlass::{
    Migrate, MigrateError, Windlass,
    jobs::Refused,
    model::{
        compatibility::{CompatibilityPolicy, Standing},
        job::JobState,
    },
};

use super::{CABINS, opened, settings, with_a_run_at_a_gate, with_two_releases};
use crate::harness::{
    database::On,
    eventually,
    gate::{self, Gate},
    on_every_engine,
    ship::{Called, Ship},
};

on_every_engine!(
    it_migrates_once_and_tells_what_it_did,
    a_dry_run_tells_and_changes_nothing,
    a_newer_database_is_left_alone_and_is_an_error_unless_it_is_not_meant_to_be,
    what_fails_says_what_state_the_database_is_in,
    a_database_that_cannot_be_reached_is_told_without_its_password,
    another_run_is_named_or_waited_for,
    of_three_that_start_at_once_one_migrates,
    a_stop_lets_the_run_come_to_a_safe_edge,
    the_applications_own_version_counts,
);

const DRY: Migrate = Migrate { dry_run: true, fail_on_incompatible: true, runtime_version: None };

async fn it_migrates_once_and_tells_what_it_did(on: On) {
    let ship = with_two_releases(on).await;
    let windlass = opened(settings(&ship));

    let behind = windlass.compatibility().await.unwrap();
    assert_eq!((behind.standing, behind.compatible, behind.migration_needed), (Standing::Behind, false, true));
    let told = windlass.health().await;
    assert_eq!((told.exit.code(), &told.message), (1, &behind.reason));

    let migrated = windlass.migrate(&Migrate::default()).await.unwrap();
    let ids: Vec<_> = migrated.report.migrations.iter().map(|one| (one.id.as_str(), one.success)).collect();
    assert_eq!(ids, [("v1.0.0_01_cabins", true), ("v1.1.0_01_guests", true)]);
    assert!(migrated.report.validation.expect("a validation").overall);
    assert!(migrated.compatibility.compatible);
    ship.database_is_at("1.1.0").await;
    assert_eq!(windlass.health().await.exit.code(), 0);

    let again = windlass.migrate(&Migrate::default()).await.unwrap();
    assert_eq!((again.report.migrations.len(), again.report.to), (0, Some(Version::new(1, 1, 0))));
    let status = ship.cli(&["status", "--json"]).await.exits(0).json();
    let jobs = status["recent"].as_array().expect("jobs");
    let by = jobs[0]["requested_by"].as_str().expect("who");
    assert!(jobs.len() == 1 && by.starts_with("library:"), "{status:#}");
}

async fn a_dry_run_tells_and_changes_nothing(on: On) {
    let ship = with_two_releases(on).await;
    let windlass = opened(settings(&ship));

    let told = windlass.migrate(&DRY).await.unwrap();

    assert!(told.report.dry_run && told.compatibility.migration_needed);
    let statements: Vec<_> = told.report.migrations.iter().flat_map(|one| &one.statements).collect();
    assert!(statements.iter().any(|sql| sql.contains("CREATE TABLE guests")), "{statements:?}");
    assert!(ship.eye().await.everything().await.is_empty());
}

async fn a_newer_database_is_left_alone_and_is_an_error_unless_it_is_not_meant_to_be(on: On) {
    let ship = with_two_releases(on).await;
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let before = ship.eye().await.everything().await;
    let mut config = settings(&ship);
    config.app.required_db_version = Some(Version::new(1, 0, 0));
    let windlass = opened(config);

    for wanted in [DRY, Migrate::default()] {
        let refused = windlass.migrate(&wanted).await.unwrap_err();
        let MigrateError::Incompatible { compatibility, report } = &refused else { panic!("{refused:?}") };
        assert_eq!((compatibility.standing, report.migrations.len()), (Standing::Ahead, 0));
        assert!(refused.to_string().contains(&compatibility.reason), "{refused}");
    }
    let lenient = Migrate { fail_on_incompatible: false, ..Migrate::default() };
    let told = windlass.migrate(&lenient).await.unwrap();
    assert!(!told.compatibility.compatible && told.report.migrations.is_empty());
    assert_eq!(windlass.health().await.exit.code(), 2);
    assert_eq!(ship.eye().await.everything().await, before);
}

async fn what_fails_says_what_state_the_database_is_in(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_cabins", CABINS, "DROP TABLE cabins;");
    ship.catalog().add("v1.1.0_01_nowhere", "INSERT INTO nowhere VALUES (1);", "SELECT 1;");
    let windlass = opened(settings(&ship));

    let failed = windlass.migrate(&Migrate::default()).await.unwrap_err();

    let MigrateError::Failed { problem, report } = &failed else { panic!("{failed:?}") };
    assert_eq!(problem.kind, "statement-failed");
    assert!(report.migrations[0].success, "{report:#?}");
    for words in ["v1.1.0_01_nowhere/up.sql:1", &problem.target_state, &problem.next_step] {
        assert!(!words.is_empty() && failed.to_string().contains(words), "{words:?} in {failed}");
    }
    ship.database_is_at("1.0.0").await;

    ship.catalog().file("v1.1.0_01_nowhere", "metadata.json", r#"{"dependencies": ["v9.9.9_01_nothing"]}"#);
    let refused = windlass.migrate(&Migrate::default()).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Refused(Refused::Catalog(_))), "{refused:?}");
    assert_eq!(windlass.health().await.exit.code(), 2);
}

async fn a_database_that_cannot_be_reached_is_told_without_its_password(on: On) {
    let ship = with_two_releases(on).await;
    let mut config = settings(&ship);
    config.target.url = match on {
        On::Sqlite => format!("sqlite:{}", ship.folder().join("migrations").display()),
        On::Postgres => "postgres://app:secret@127.0.0.1:1/app".to_owned(),
        On::MariaDb => "mysql://app:secret@127.0.0.1:1/app".to_owned(),
    }
    .into();
    let windlass = opened(config.clone());

    let refused = windlass.migrate(&Migrate::default()).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Refused(Refused::Target(_))), "{refused:?}");
    let told = windlass.health().await;
    assert_eq!(told.exit.code(), 69, "{told:?}");
    assert!(told.message.contains("see that the database is up"), "{told:?}");
    assert!(!format!("{told:?} {refused:?} {refused}").contains("secret"), "{told:?} {refused:?}");

    config.target.url = "oracle://app:secret@nowhere".to_owned().into();
    let refused = Windlass::open(config).err().expect("no engine of that name").to_string();
    assert!(!refused.contains("secret"), "{refused}");
}

async fn another_run_is_named_or_waited_for(on: On) {
    let (ship, gate, first) = with_a_run_at_a_gate(on).await;

    let mut config = settings(&ship);
    config.run.lock_wait = Duration::ZERO;
    let busy = opened(config).migrate(&Migrate::default()).await.unwrap_err();
    let MigrateError::Refused(Refused::Busy { holder, .. }) = &busy else { panic!("{busy:?}") };

    let windlass = opened(settings(&ship));
    let waiting = tokio::spawn(async move { windlass.migrate(&Migrate::default()).await });
    gate.open().await;
    let first = Called::ended(first).await.exits(0).json();
    assert!(holder.contains(first["id"].as_str().expect("a job")), "{holder}");
    let waited = waiting.await.unwrap().unwrap();
    assert!(waited.report.migrations.is_empty() && waited.compatibility.compatible);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}

async fn of_three_that_start_at_once_one_migrates(on: On) {
    let ship = with_two_releases(on).await;
    let [a, b, c] = [(); 3].map(|()| opened(settings(&ship)));
    let wanted = Migrate::default();

    let all = tokio::join!(a.migrate(&wanted), b.migrate(&wanted), c.migrate(&wanted));

    let counts = [all.0, all.1, all.2].map(|one| one.unwrap().report.migrations.len());
    assert_eq!(counts.iter().sum::<usize>(), 2, "{counts:?}");
    assert_eq!(ship.applied().await, ["v1.0.0_01_cabins", "v1.1.0_01_guests"]);
}

async fn a_stop_lets_the_run_come_to_a_safe_edge(on: On) {
    let ship = Ship::with_catalog(on).await;
    ship.catalog().add("v1.0.0_01_gate", gate::MAKE, "DROP TABLE gate;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    ship.catalog().add("v1.1.0_01_pass", &gate::pass(on), "SELECT 1;");
    ship.catalog().add("v1.2.0_01_cabins", CABINS, "DROP TABLE cabins;");
    let gate = Gate::shut(&ship.database).await;
    let windlass = opened(settings(&ship));
    // Another version of the application is no other desk.
    let wanted = Migrate { runtime_version: Some(Version::new(1, 2, 0)), ..Migrate::default() };
    let running = tokio::spawn({
        let (windlass, wanted) = (windlass.clone(), wanted.clone());
        async move { windlass.migrate(&wanted).await }
    });
    eventually("the run is inside", async || {
        let status = ship.cli(&["status", "--json"]).await;
        (status.code == 0 && status.json()["recent"][0]["progress"]["step"] == "v1.1.0_01_pass").then_some(())
    })
    .await;

    let stopping = tokio::spawn(async move {
        windlass.stop().await;
        windlass
    });
    gate.open().await;
    let stopped = running.await.unwrap().unwrap_err();
    let windlass = stopping.await.unwrap();

    let MigrateError::Stopped { state: JobState::Paused, report } = &stopped else { panic!("{stopped:?}") };
    assert_eq!(report.to, Some(Version::new(1, 1, 0)), "{report:#?}");
    ship.database_is_at("1.1.0").await;
    let refused = windlass.migrate(&wanted).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Refused(Refused::Stopping)), "{refused:?}");
    let rest = opened(settings(&ship)).migrate(&Migrate::default()).await.unwrap();
    assert_eq!(rest.report.migrations.len(), 1);
    ship.database_is_at("1.2.0").await;
}

async fn the_applications_own_version_counts(on: On) {
    let ship = with_two_releases(on).await;
    ship.catalog().file("v1.1.0_01_guests", "metadata.json", r#"{"min_runtime_version": "2.0.0"}"#);
    let mut config = settings(&ship);
    config.policy.compatibility = CompatibilityPolicy::Range;
    let windlass = opened(config);
    let of = |major| Migrate { runtime_version: Some(Version::new(major, 0, 0)), ..Migrate::default() };

    let fits = windlass.migrate(&of(2)).await.unwrap();
    assert!(fits.compatibility.compatible && fits.compatibility.backend_version == Version::new(2, 0, 0));

    let old = windlass.migrate(&of(1)).await.unwrap_err();
    let MigrateError::Incompatible { compatibility, .. } = &old else { panic!("{old:?}") };
    assert!(compatibility.reason.contains("too old"), "{old}");
}
