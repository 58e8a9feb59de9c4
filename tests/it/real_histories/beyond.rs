//! Histories with a file that the server at hand cannot run: windlass says which statement, which file and line, and why,
//! and leaves the target as it was before that migration.

use serde_json::Value;

use super::{
    history::{APALIS_MARIADB, FANG_POSTGRES, LEMMY_POSTGRES},
    life::{Life, applied, counts, list, text},
};

/// Goal: far into a history of hundreds, `up` stops where PostgreSQL's own client stops, with the same words.
///
/// Before PostgreSQL 16 a subquery in FROM needs an alias (PostgreSQL 16 release notes); the 248th migration has one without.
#[tokio::test]
async fn lemmy_on_postgresql() {
    let life = Life::begins(LEMMY_POSTGRES).await;
    let plan = life.windlass().does("plan");
    assert_eq!(counts(&plan), (life.history.migrations, life.history.statements));

    let Some(stop) = life.goes_up_as_far_as_the_client() else { return };

    if stop.detail.contains("subquery in FROM must have an alias") {
        assert_eq!(stop.applied, 247);
        assert!(stop.detail.contains("2025-08-01-000016_smoosh-tables-together/up.sql:6: "), "{}", stop.detail);
    }
}

/// Goal: a file that needs a collation of MySQL 8 is refused on a MariaDB that has none, and leaves nothing behind.
#[tokio::test]
async fn apalis_on_mariadb() {
    let life = Life::begins(APALIS_MARIADB).await;

    let Some(stop) = life.goes_up_as_far_as_the_client() else { return };

    if stop.detail.contains("Unknown collation") {
        assert_eq!(stop.applied, 0);
        assert!(stop.detail.contains("20220530084123_jobs_workers.sql:1: "), "{}", stop.detail);
        assert_eq!(life.target.in_its_own_words(), life.empty);
    }
}

/// Goal: what a way back forgot stops the next way up, with its place, and the first migration stays.
#[tokio::test]
async fn fang_on_postgresql_a_second_time() {
    let life = Life::begins(FANG_POSTGRES).await;
    life.goes_up();
    life.goes_down_by_its_scripts();

    let stop = life.goes_up_as_far_as_the_client().expect("the type is still there");

    assert_eq!(stop.applied, 1);
    assert!(stop.detail.contains("2022-08-20-151615_create_fang_tasks/up.sql:3: "), "{}", stop.detail);
    assert!(stop.detail.contains("type \"fang_task_state\" already exists"), "{}", stop.detail);
}

/// Where a way up ended before its goal.
struct Stop {
    /// How many migrations are applied.
    applied: usize,
    /// What windlass said.
    detail: String,
}

impl Life {
    /// Takes the target and the reference up; gives where both stop, and nothing when both come to the end. Then once more,
    /// for nothing was mended.
    fn goes_up_as_far_as_the_client(&self) -> Option<Stop> {
        let (ran, refused) = self.reference.runs_all(self.files.iter().map(|files| files.up.as_path()));
        let said = self.windlass().says("up");
        self.target_is_as_the_reference();
        let Some(refused) = refused else {
            assert_eq!(said.exit, 0, "{said:#?}");
            return None;
        };
        assert_eq!((said.exit, text(&said.result, "/state")), (1, "failed"));
        let results: Vec<bool> = applied(&said.result).iter().map(|migration| migration["success"] == true).collect();
        assert_eq!(results, [vec![true; ran], vec![false]].concat());
        let detail = text(&said.failure, "/detail").to_owned();
        let (file, why) = (self.place_of(ran), words_of_the_database(&refused));
        assert!(detail.contains(&file), "{detail} does not name {file}");
        assert!(detail.contains(why), "{detail} does not say {why}");
        assert!(text(&said.failure, "/target_state").ends_with("the target is as it was before it"), "{said:#?}");

        let status = self.windlass().does("status");
        assert_eq!((list(&status, "/applied").len(), &status["unfinished"]), (ran, &Value::Null));
        let again = self.windlass().says("up");
        assert_eq!((again.exit, text(&again.failure, "/detail")), (1, detail.as_str()));
        self.target_is_as_the_reference();
        Some(Stop { applied: ran, detail })
    }

    /// The forward file of a migration, as the catalog names it.
    fn place_of(&self, migration: usize) -> String {
        let place = self.files[migration].up.strip_prefix(self.history.catalog()).expect("a file of the catalog");
        format!("{}:", place.display())
    }
}

/// What the database itself said, out of what its client made of it.
fn words_of_the_database(refused: &str) -> &str {
    let (_, after) = refused.split_once("ERROR").expect("an error");
    let words = after.split_once(":  ").or_else(|| after.split_once(": ")).expect("the words").1;
    words.lines().next().unwrap_or_default()
}
