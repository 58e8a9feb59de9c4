//! Histories with a file that the server at hand cannot run: windlass says which statement, which file and line, and why,
//! and leaves the target as it was before that migration.

use serde_json::Value;

use super::{
    history::{APALIS_MARIADB, FANG_POSTGRES, LEMMY_POSTGRES, PGMQ_POSTGRES},
    life::{Life, applied, counts, list, text},
};
use crate::harness::{
    command_line::Windlass,
    database::{On, fresh},
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

/// Goal: a file that asks for extensions which the server does not have is refused in a rehearsal, with the words of the database's
/// own client, and nothing is left of the scratch copy.
#[tokio::test]
async fn pgmq_on_postgresql() {
    let life = Life::begins(PGMQ_POSTGRES).await;

    let rehearsed = life.windlass().says("rehearse --history");
    let stop = life.goes_up_as_far_as_the_client();

    let Some(stop) = stop else {
        assert_eq!(list(&rehearsed.result, "/result/migrations").len(), 1, "{rehearsed:#?}");
        return;
    };
    assert_eq!((rehearsed.exit, text(&rehearsed.failure, "/detail")), (1, stop.detail.as_str()));
    assert!(text(&rehearsed.failure, "/target_state").starts_with("the target is as it was before"), "{rehearsed:#?}");
    assert_eq!(life.target.in_its_own_words(), life.reference.in_its_own_words());
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

/// Goal: where the engine cannot undo what a file had done before its refused statement, and no way back was written, one
/// `down` brings back what was under the run.
#[tokio::test]
async fn what_a_refused_file_left_on_mariadb_goes_with_one_command() {
    let (target, catalog) = (fresh(On::MariaDb).await, tempfile::tempdir().expect("a folder"));
    let write = |file: &str, sql: &str| std::fs::write(catalog.path().join(file), sql).expect("a file");
    write("1_guests.sql", "CREATE TABLE guests (id INT PRIMARY KEY, name TEXT); INSERT INTO guests VALUES (1, 'Ada');");
    let windlass = Windlass::on(&target, catalog.path());
    windlass.does("up");
    let before = target.in_its_own_words();
    write("2_rooms.sql", "ALTER TABLE guests ADD COLUMN room INT;\nUPDATE guests SET room = 7;\n\nDROP TABLE rooms;\n");

    let said = windlass.says("up");

    assert_eq!(said.exit, 1);
    assert!(text(&said.failure, "/detail").contains("2_rooms.sql:4: "), "{said:#?}");
    assert!(text(&said.failure, "/target_state").contains("its first 2 statements are done"), "{said:#?}");
    assert_eq!(windlass.does("status")["unfinished"]["statements_done"], 2);

    let back = windlass.does("down");

    assert_eq!((text(&back, "/state"), text(&back, "/result/by")), ("succeeded", "snapshot"));
    assert_eq!(target.in_its_own_words(), before);
    let status = windlass.does("status");
    assert_eq!((list(&status, "/applied").len(), &status["unfinished"]), (1, &Value::Null));
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
        let refused = self.reference.runs_all(self.files.iter().map(|files| files.up.as_path()));
        let said = self.windlass().says("up");
        self.target_is_as_the_reference();
        let Some((ran, refused)) = refused else {
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
