//! A branch's migrations against those of the branch it is to be merged into.

use std::{fs, process::Command};

use serde_json::Value;

use crate::harness::{
    database::On,
    ship::{Called, Ship},
};

/// A repository with three migrations on `main`, and a branch that is checked out.
struct Yard {
    ship: Ship,
}

const DECKS: &str = "CREATE TABLE decks (id INTEGER PRIMARY KEY);\n";

impl Yard {
    async fn fresh() -> Self {
        let yard = Self { ship: Ship::with_catalog(On::Sqlite).await };
        for (number, name) in [(1, "decks"), (2, "holds"), (3, "masts")] {
            yard.add(&format!("v1.0.0_{number:02}_{name}"), &DECKS.replace("decks", name));
        }
        yard.git(&["init", "--quiet", "--initial-branch=main"]);
        yard.commit("Begin");
        yard.git(&["checkout", "--quiet", "-b", "branch"]);
        yard
    }

    fn git(&self, words: &[&str]) {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"];
        let ran = Command::new("git").args(who).args(words).current_dir(self.ship.folder()).output().expect("git");
        assert!(ran.status.success(), "git {words:?}: {ran:?}");
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all", "migrations"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn add(&self, id: &str, up: &str) {
        self.ship.catalog().add(id, up, "SELECT 1;");
    }

    /// `main` goes on by a migration while the branch is away.
    fn main_wins(&self, id: &str) {
        self.git(&["stash", "--include-untracked", "--quiet", "--", "migrations"]);
        self.git(&["checkout", "--quiet", "main"]);
        self.add(id, &DECKS.replace("decks", "won"));
        self.commit("Win");
        self.git(&["checkout", "--quiet", "branch"]);
        self.git(&["stash", "pop", "--quiet"]);
    }

    async fn plan(&self, base: &str) -> Called {
        self.ship.cli(&["plan", "--json", "--base", base]).await
    }

    /// What blocks, as rule and place.
    async fn blocking(&self) -> Vec<(String, String)> {
        let plan = self.plan("main").await;
        let plan = if plan.code == 0 { plan.exits(0).json() } else { plan.exits(2).json() };
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let blocking = plan["blocking"].as_array().expect("a list");
        assert_eq!(plan["ready"], blocking.is_empty());
        blocking.iter().map(|finding| (text(&finding["rule"]), text(&finding["place"]))).collect()
    }
}

fn of(rule: &str, place: &str) -> Vec<(String, String)> {
    vec![(rule.to_owned(), place.to_owned())]
}

/// Goal: what is well is passed: nothing new, a later migration, one that the base has won meanwhile, other words for the same.
#[tokio::test]
async fn a_branch_that_comes_later_may_be_merged() {
    let yard = Yard::fresh().await;
    assert_eq!(yard.blocking().await, []);
    yard.add("v1.0.0_05_sails", &DECKS.replace("decks", "sails"));
    yard.main_wins("v1.0.0_04_won");
    fs::write(yard.ship.folder().join("migrations/v1.0.0_01_decks/up.sql"), format!("-- of wood\n{DECKS}"))
        .expect("a file");
    assert_eq!(yard.blocking().await, []);
}

/// Goal: what each side does well alone and both together do not is found before they are together.
#[tokio::test]
async fn what_would_collide_is_named() {
    let yard = Yard::fresh().await;
    yard.add("v1.0.0_04_sails", &DECKS.replace("decks", "sails"));
    yard.main_wins("v1.0.0_04_won");
    assert_eq!(yard.blocking().await, of("duplicate-number", "v1.0.0_04_sails"));

    yard.main_wins("v1.0.0_06_won_more");
    yard.git(&["stash", "--include-untracked", "--quiet", "--", "migrations"]);
    yard.add("v1.0.0_05_sails", &DECKS.replace("decks", "sails"));
    assert_eq!(yard.blocking().await, of("out-of-order", "v1.0.0_05_sails"));
    yard.ship.catalog().file("v1.0.0_05_sails", "metadata.json", r#"{"out_of_order": true}"#);
    assert_eq!(yard.blocking().await, []);
}

/// Goal: what the base has is as good as applied.
#[tokio::test]
async fn what_the_base_has_stays() {
    let yard = Yard::fresh().await;
    let (decks, masts) =
        (yard.ship.folder().join("migrations/v1.0.0_01_decks"), yard.ship.folder().join("migrations/v1.0.0_03_masts"));
    fs::write(decks.join("up.sql"), DECKS.replace("id", "number")).expect("a file");
    fs::remove_dir_all(masts).expect("a folder");
    let mut expected = of("changed-since-base", "v1.0.0_01_decks/up.sql");
    expected.extend(of("removed-since-base", "v1.0.0_03_masts"));
    assert_eq!(yard.blocking().await, expected);
}

/// Goal: numbers are those of the files where the names have no version.
#[tokio::test]
async fn numbered_files_are_compared_by_their_number() {
    let yard = Yard::fresh().await;
    let catalog = yard.ship.folder().join("migrations");
    yard.git(&["rm", "--quiet", "-r", "migrations"]);
    fs::create_dir_all(&catalog).expect("a folder");
    fs::write(catalog.join("0001_decks.sql"), DECKS).expect("a file");
    yard.commit("Begin again");
    yard.git(&["checkout", "--quiet", "-B", "main"]);
    yard.git(&["checkout", "--quiet", "-B", "branch"]);
    fs::write(catalog.join("0002_sails.sql"), DECKS.replace("decks", "sails")).expect("a file");
    assert_eq!(yard.blocking().await, []);
    yard.git(&["stash", "--include-untracked", "--quiet", "--", "migrations"]);
    yard.git(&["checkout", "--quiet", "main"]);
    fs::write(catalog.join("0002_won.sql"), DECKS.replace("decks", "won")).expect("a file");
    yard.commit("Win");
    yard.git(&["checkout", "--quiet", "branch"]);
    yard.git(&["stash", "pop", "--quiet"]);
    assert_eq!(yard.blocking().await, of("duplicate-number", "0002_sails.sql"));
}

/// Goal: what is there to be changed and has no number may be changed, added and taken out; what is numbered beside it may not.
#[tokio::test]
async fn repeatable_migrations_are_their_branch_s_own() {
    let yard = Yard::fresh().await;
    let catalog = yard.ship.folder().join("migrations");
    yard.git(&["rm", "--quiet", "-r", "migrations"]);
    fs::create_dir_all(&catalog).expect("a folder");
    let write = |name: &str, sql: &str| fs::write(catalog.join(name), sql).expect("a file");
    write("V1__decks.sql", DECKS);
    write("R__seen.sql", "DROP VIEW IF EXISTS seen;\nCREATE VIEW seen AS SELECT 1 AS n;\n");
    write("R__gone.sql", "DROP VIEW IF EXISTS gone;\n");
    yard.commit("Begin again");
    yard.git(&["checkout", "--quiet", "-B", "main"]);
    yard.git(&["checkout", "--quiet", "-B", "branch"]);
    write("V2__sails.sql", &DECKS.replace("decks", "sails"));
    write("R__seen.sql", "DROP VIEW IF EXISTS seen;\nCREATE VIEW seen AS SELECT 2 AS n;\n");
    write("R__more.sql", "DROP VIEW IF EXISTS more;\n");
    fs::remove_file(catalog.join("R__gone.sql")).expect("a file");
    assert_eq!(yard.blocking().await, []);
    write("V1__decks.sql", &DECKS.replace("id", "number"));
    assert_eq!(yard.blocking().await, of("changed-since-base", "V1__decks.sql"));
}

/// Goal: what Git cannot give is said with the way on, and a service that has its catalog elsewhere is not asked.
#[tokio::test]
async fn a_base_that_git_does_not_have_is_refused() {
    let yard = Yard::fresh().await;
    let called = yard.plan("elsewhere").await.exits(64);
    assert!(called.stderr.contains("Git knows no commit \\\"elsewhere\\\""), "{}", called.stderr);
    assert!(called.stderr.contains("origin/main"), "{}", called.stderr);
    let called = yard.ship.cli(&["plan", "--base=--output=index"]).await.exits(64);
    assert!(called.stderr.contains("Git knows no commit"), "{}", called.stderr);
    let bare = Ship::with_catalog(On::Sqlite).await;
    bare.catalog().add("v1.0.0_01_decks", DECKS, "DROP TABLE decks;");
    let called = bare.cli(&["plan", "--base", "main"]).await.exits(64);
    assert!(called.stderr.contains("is in no work tree of Git"), "{}", called.stderr);
}
