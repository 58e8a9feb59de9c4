//! Another tool's history, taken over with proof and given back.

mod differs;
mod histories;
mod refused;
mod tools;

use serde_json::Value;

use crate::{
    formats::{Life, list, text},
    harness::database::On,
};

/// What every history here makes.
const USERS: &str = "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(50) DEFAULT 'x');";
const INDEX: &str = "CREATE INDEX users_name ON users (name);";
const LATER: &str = "CREATE TABLE later (id INT PRIMARY KEY);";

/// What golang-migrate makes for its history.
const GOLANG: &str = "CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY, dirty BOOLEAN NOT NULL);";

/// A history of golang-migrate's that has come to 2 of 3.
async fn golang(on: On) -> Life {
    let files = [("1_users.up.sql", USERS), ("1_users.down.sql", "DROP TABLE users;"), ("2_index.up.sql", INDEX)];
    let life = Life::of(on, &files).await;
    life.add(&[("3_later.up.sql", LATER), ("3_later.down.sql", "DROP TABLE later;")]);
    life.has(&[USERS, INDEX, GOLANG, "INSERT INTO schema_migrations VALUES (2, FALSE);"]).await;
    life
}

impl Life {
    /// What was done in the database before windlass came.
    async fn has(&self, statements: &[&str]) {
        let mut eye = self.eye().await;
        for statement in statements {
            eye.run(statement).await;
        }
    }

    /// The names of what is pending.
    fn pending(&self) -> Vec<String> {
        let status = self.windlass().does("status");
        list(&status, "/pending").iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    }

    /// What is said when a history is not taken over: kind of problem, and the places of what was found with its words.
    fn does_not_adopt(&self, words: &str) -> (String, String) {
        let said = self.windlass().says(words);
        assert_eq!(said.exit, 2, "{said:#?}");
        let problem = &said.result["problem"];
        (text(problem, "/type").to_owned(), text(problem, "/detail").to_owned())
    }
}

/// The findings of a job, as `rule place`.
fn rules(job: &Value) -> Vec<String> {
    list(job, "/result/findings").iter().map(|it| format!("{} {}", text(it, "/rule"), text(it, "/place"))).collect()
}
