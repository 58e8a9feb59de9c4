//! Where copies are made: beside the target, or where `rehearsal.url` says; and that they have room.

use std::{fs, process::Stdio};

use super::{leftovers, leftovers_beside, rehearsed, verdicts, with_rows};
use crate::harness::{
    database::{On, fresh},
    eye::{Eye, must_be_same},
    on_every_engine, on_every_server,
    ship::{Called, Ship},
};

on_every_engine!(what_would_not_fit_is_not_copied);

on_every_server!(
    copies_are_made_beside_another_database,
    a_place_that_cannot_serve_is_refused,
    an_account_that_may_not_make_databases_is_told,
);

/// With one migration pending.
async fn with_decks(on: On) -> Ship {
    let ship = with_rows(on).await;
    ship.catalog().add("v1.1.0_01_decks", "CREATE TABLE decks (id INTEGER PRIMARY KEY);", "DROP TABLE decks;");
    ship
}

async fn copies_are_made_beside_another_database(on: On) {
    let mut ship = with_decks(on).await;
    let (other, before) = (fresh(on).await, ship.eye().await.everything().await);
    ship.set("rehearsal.url", &other.url);

    let report = rehearsed(&ship, &[], 0).await;

    assert_eq!(verdicts(&report), [("v1.1.0_01_decks", "proven")]);
    must_be_same(&ship.eye().await.everything().await, &before);
    assert_eq!(leftovers(&ship).await, [""; 0]);
    assert_eq!(Eye::on(&other).await.tables().await, [""; 0]);
    assert_eq!(leftovers_beside(&ship, &other.url).await, [""; 0]);
}

async fn a_place_that_cannot_serve_is_refused(on: On) {
    let mut ship = with_decks(on).await;
    let (server, _) = ship.database.url.rsplit_once('/').expect("a database in the URL");
    let away = format!("{}:1/app", server.rsplit_once(':').expect("a port").0);
    let of_another_kind = fresh(if on == On::Postgres { On::MariaDb } else { On::Postgres }).await;
    let itself = ship.database.url.clone();
    for (url, words) in [
        (itself.as_str(), "it names the target itself"),
        (&away, "cannot be reached"),
        (&of_another_kind.url, "another kind"),
        ("somewhere", "does not begin with an engine's name"),
        ("sqlite:copies.db", "another kind"),
    ] {
        ship.set("rehearsal.url", url);
        let job = ship.cli(&["rehearse", "--json"]).await.exits(1).json();
        assert_eq!(job["problem"]["type"], "rehearsal-unusable", "{job:#}");
        let detail = job["problem"]["detail"].as_str().expect("words");
        assert!(detail.starts_with("rehearsal.url: ") && detail.contains(words), "{detail}");
    }
}

async fn an_account_that_may_not_make_databases_is_told(on: On) {
    let mut ship = with_decks(on).await;
    let name = ship.database.url.rsplit('/').next().expect("a name").to_owned();
    let mut eye = ship.eye().await;
    eye.run(&match on {
        On::MariaDb => format!("CREATE USER {name}@'%' IDENTIFIED BY 'a'; GRANT ALL ON {name}.* TO {name}@'%'"),
        _ => format!("CREATE ROLE {name} LOGIN PASSWORD 'a'"),
    })
    .await;
    if on == On::Postgres {
        eye.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")).await;
    }
    let (scheme, rest) = ship.database.url.split_once("://").expect("a URL");
    let place = rest.split_once('@').map_or(rest, |(_, place)| place);
    let url = format!("{scheme}://{name}:a@{place}");
    ship.set("target.url", &url);

    let job = ship.cli(&["rehearse", "--json"]).await.exits(1).json();

    assert_eq!(job["problem"]["type"], "no-scratch", "{job:#}");
    let words = job["problem"]["detail"].as_str().expect("words").to_lowercase();
    assert!(words.contains("denied"), "{words}");
}

/// Method: the folder in which copies lie, or through which they come, is a small file system of its own.
async fn what_would_not_fit_is_not_copied(on: On) {
    let ship = with_decks(on).await;
    let folder = ship.folder().join("data/snapshots");
    fs::create_dir_all(&folder).expect("the folder");
    let windlass = env!("CARGO_BIN_EXE_windlass");
    let script = format!(
        "exec unshare --user --map-root-user --mount bash -c \
         'mount -t tmpfs -o size=4m none {} && exec {windlass} rehearse --json'",
        folder.display()
    );

    let mut shell = ship.shell(&script);
    let output = shell.env("PATH", std::env::var("PATH").expect("a path"));
    let output = output.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.expect("a shell");

    if on != On::Sqlite {
        // There the copy lies where the server's databases do, and that is not small.
        Called::of(&output).exits(0);
        return;
    }
    let job = Called::of(&output).exits(1).json();
    assert_eq!(job["problem"]["type"], "no-space", "{job:#}");
    let detail = job["problem"]["detail"].as_str().expect("words");
    assert!(detail.contains("the scratch copy") && detail.contains("are free"), "{detail}");
}
