//! Rails: SQL beside the Ruby that hands it to the database.

use super::{File, Life, On, refused, route};
use crate::harness::on_every_engine;

const RUBY: &str = "class CreateUsers < ActiveRecord::Migration[7.1]\n  def up\n    \
    execute File.read(__FILE__.sub('.rb', '.up.sql'))\n  end\nend\n";

const HISTORY: [File<'_>; 6] = [
    ("20240101120000_create_users.rb", RUBY),
    ("20240101120000_create_users.up.sql", "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(9));"),
    ("20240101120000_create_users.down.sql", "DROP TABLE users;"),
    ("20240102120000_add_one.rb", RUBY),
    ("20240102120000_add_one.up.sql", "INSERT INTO users VALUES (1, 'a');"),
    ("20240102120000_add_one.down.sql", "DELETE FROM users;"),
];

on_every_engine!(a_history_goes_up_and_down);

async fn a_history_goes_up_and_down(on: On) {
    let life = Life::of(on, &HISTORY).await;
    life.add(&[("structure.sql", "-- never read"), ("schema.rb", "never read")]);
    let before = life.eye().await.everything().await;

    life.goes_up(&["v0.0.20240101120000_create_users", "v0.0.20240102120000_add_one"]);

    assert_eq!(life.eye().await.texts("SELECT name FROM users").await, ["a"]);
    life.goes_down(&before).await;
}

#[tokio::test]
async fn ruby_says_that_there_is_no_transaction() {
    let index = [
        ("20240103120000_index.rb", "class Index < ActiveRecord::Migration[7.1]\n  disable_ddl_transaction!\nend\n"),
        ("20240103120000_index.up.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);"),
        ("20240103120000_index.down.sql", "DROP INDEX users_name;"),
    ];
    let life = Life::of(On::Postgres, &[&HISTORY[..3], &index].concat()).await;
    let plan = life.goes_up(&["v0.0.20240101120000_create_users", "v0.0.20240103120000_index"]);
    assert_eq!(route(&plan, "v0.0.20240103120000_index"), "journaled");
}

#[tokio::test]
async fn what_only_ruby_can_run_is_refused() {
    let told = refused(&[
        ("20240101120000_a.rb", RUBY),
        ("20240102120000_b.rb", RUBY),
        ("20240102120000_b.up.sql", "SELECT 1;"),
        ("20240103120000_c.rb", RUBY),
        ("20240103120000_c.down.sql", "SELECT 1;"),
        ("20240104120000_d.sql", "SELECT 1;"),
        ("20240104120000_e.up.sql", "SELECT 1;"),
    ])
    .await;
    insta::assert_snapshot!(told, @r"
    20240103120000_c.down.sql: it goes back from number 20240103120000, and no file goes there; add the .up.sql file, or remove this one
    20240101120000_a.rb: it is a migration in Ruby, which windlass cannot run; write its SQL beside it, as 20240101120000_a.up.sql
    20240104120000_e.up.sql: it has the number 20240104120000, and so has 20240104120000_d.sql; give one of them another number
    ");
}
