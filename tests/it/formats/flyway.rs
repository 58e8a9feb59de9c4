//! Flyway: versions in the names, undo scripts, placeholders, a script's own settings.

use super::{File, Life, On, refused, route, text};
use crate::harness::on_every_engine;

const HISTORY: [File<'_>; 8] = [
    ("V1.2__add_ten.sql", "INSERT INTO users VALUES (12, 'twelve');\n"),
    ("U1.2__add_ten.sql", "DELETE FROM users WHERE id = 12;\n"),
    ("V1__create_users.sql", "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(50));\n"),
    ("U1__create_users.sql", "DROP TABLE users;\n"),
    ("2024/V1_10__add_ten.sql", "INSERT INTO users VALUES (10, '${Owner}'); -- ${owner}\n"),
    ("2024/U1.10__add_ten.sql", "DELETE FROM users WHERE id = 10;\n"),
    ("V1.2.0.1__add-ten.sql", "INSERT INTO users VALUES (2, 'two');\n"),
    ("U1.2.0.1__add-ten.sql", "DELETE FROM users WHERE id = 2;\n"),
];

on_every_engine!(a_history_goes_up_and_down, what_is_repeatable_runs_again_when_it_has_changed);

async fn a_history_goes_up_and_down(on: On) {
    let life = Life::of(on, &HISTORY).await.with("WINDLASS__CATALOG__PLACEHOLDERS__OWNER", "o'' k");
    let before = life.eye().await.everything().await;

    let plan = life.goes_up(&["v1.0.0_create_users", "v1.2.0_add_ten", "v1.2.0_01_add_ten", "v1.10.0_add_ten"]);

    assert_eq!(text(&plan, "/goal_version"), "1.10.0");
    assert_eq!(life.eye().await.texts("SELECT name FROM users ORDER BY id").await, ["two", "o' k", "twelve"]);
    life.windlass().does("down --to 1.0.0");
    assert_eq!(life.eye().await.number("SELECT COUNT(*) FROM users").await, 0);
    life.windlass().does("down --steps 1");
    crate::harness::eye::must_be_same(&life.eye().await.everything().await, &before);
}

#[tokio::test]
async fn a_script_has_settings_of_its_own() {
    let life = Life::of(
        On::Postgres,
        &[
            ("V1__users.sql", "CREATE TABLE users (name TEXT DEFAULT '${home}');"),
            ("V1__users.sql.conf", "# as it is\nplaceholderReplacement = false\n"),
            ("V2__index.sql", "CREATE INDEX CONCURRENTLY users_name ON users (name);"),
            ("V2__index.sql.conf", "executeInTransaction=false\nencoding=UTF-8\n"),
        ],
    )
    .await;

    let plan = life.goes_up(&["v1.0.0_users", "v2.0.0_index"]);

    assert_eq!((route(&plan, "v1.0.0_users"), route(&plan, "v2.0.0_index")), ("whole", "journaled"));
    life.eye().await.run("INSERT INTO users DEFAULT VALUES").await;
    assert_eq!(life.eye().await.texts("SELECT name FROM users").await, ["${home}"]);
    life.has_no_way_back();
}

/// Goal: a repeatable migration runs after all others, and again when its statements have changed; and only then.
async fn what_is_repeatable_runs_again_when_it_has_changed(on: On) {
    let view = |select: &str| match on {
        On::MariaDb => format!("CREATE OR REPLACE VIEW names AS {select};"),
        _ => format!("DROP VIEW IF EXISTS names;\nCREATE VIEW names AS {select};"),
    };
    let plain = view("SELECT name FROM users");
    let life = Life::of(on, &[HISTORY[2], ("sub/R__create_users.sql", &plain)]).await;
    life.goes_up(&["v1.0.0_create_users", "repeatable_create_users"]);

    life.add(&[("sub/R__create_users.sql", &format!("-- as they are\n{plain}"))]);
    assert_eq!(life.runs(), [] as [&str; 0], "a comment changes nothing");
    life.add(&[("V2__add.sql", "INSERT INTO users VALUES (1, 'a');")]);
    assert_eq!(life.runs(), ["v2.0.0_add"]);
    life.add(&[("sub/R__create_users.sql", &view("SELECT upper(name) AS name FROM users"))]);
    assert_eq!(life.runs(), ["repeatable_create_users"]);
    assert_eq!(life.eye().await.texts("SELECT name FROM names").await, ["A"]);
    assert_eq!(life.runs(), [] as [&str; 0]);
    life.add(&[
        ("V3__add.sql", "INSERT INTO users VALUES (2, 'b');"),
        ("sub/R__create_users.sql", &view("SELECT 'x' AS name")),
    ]);
    assert_eq!(life.runs(), ["v3.0.0_add", "repeatable_create_users"]);

    let status = life.windlass().does("status");
    assert_eq!(super::list(&status, "/pending").len(), 0);
    assert_eq!(super::list(&status, "/applied").len(), 6);
    assert_eq!(life.windlass().does("validate")["result"]["overall"], true);
    life.has_no_way_back();
}

impl Life {
    /// What a run applies.
    fn runs(&self) -> Vec<String> {
        let run = self.windlass().does("up --snapshot never");
        super::list(&run, "/result/migrations").iter().map(|it| text(it, "/id").to_owned()).collect()
    }
}

#[tokio::test]
async fn faults_are_told() {
    let life = Life::of(
        On::Sqlite,
        &[
            ("V1__a.sql", "SELECT 1;\nSELECT '${owner}', '${onwer}';"),
            ("V2__b.sql", "SELECT '${flyway:database}';"),
            ("V3__c.sql", "SELECT '${open;\n'"),
            ("V4__d.sql", "SELECT 1;"),
            ("V04.0__e.sql", "SELECT 1;"),
            ("V5_0_0__f.sql", "SELECT 1;"),
            ("U5__f.sql", "SELECT 1;"),
            ("U5.0__g.sql", "SELECT 1;"),
            ("U6__h.sql", "SELECT 1;"),
            ("B7__base.sql", "SELECT 1;"),
            ("V8__i.java", "class V8__i {}"),
            ("V9_i.sql", "SELECT 1;"),
            ("V10__.sql", "SELECT 1;"),
            ("V1.2.3.4.5__j.sql", "SELECT 1;"),
            ("V11__k.sql", "SELECT 1;"),
            ("V11__k.sql.conf", "executeInTransaction=no\nshouldExecute=false\nexecuteintransaction=false\n"),
            ("afterMigrate.sql", "SELECT 1;"),
        ],
    )
    .await
    .with("WINDLASS__CATALOG__PLACEHOLDERS__OWNER", "me");
    insta::assert_snapshot!(life.refused(), @r#"
    B7__base.sql: it is a baseline migration, which stands for others that windlass would run as well; make it a V file, and move the ones it stands for away
    V1.2.3.4.5__j.sql: windlass knows versions of one to four numbers, and 1.2.3.4.5 is none; rename it, such as to V1.2.3.4__name.sql
    V10__.sql: there is no name behind the version; rename it to V<version>__<name>.sql
    V11__k.sql.conf:1: `no` is no value of executeInTransaction that windlass knows; correct it
    V11__k.sql.conf:2: shouldExecute decides whether the script is run, which windlass does not know; remove the setting, or move the script away
    V1__a.sql:2: `${onwer}` stands for nothing; did you mean `${owner}`? Else set catalog.placeholders.onwer
    V2__b.sql:1: `${flyway:database}` stands for nothing; set catalog.placeholders."flyway:database", or placeholderReplacement=false in V2__b.sql.conf
    V3__c.sql:1: `${open;` is never closed; close it with `}`, or write placeholderReplacement=false into V3__c.sql.conf
    V8__i.java: it is a migration that is not in SQL, which windlass cannot run; write it in SQL, under the same version
    V9_i.sql: the file's name does not name a migration; rename it to V<version>__<name>.sql, such as V1.2__add_users.sql
    afterMigrate.sql: it is a callback, which windlass does not run; make it a migration, or move it out of the folder
    V4__d.sql: it has the version of V04.0__e.sql; give one of them another version
    U5__f.sql: it goes back from the version that U5.0__g.sql goes back from; remove one of them
    U6__h.sql: it goes back from version 6, and no file goes there; add the V file, or remove this one
    "#);
}

#[tokio::test]
async fn an_undo_without_its_version_is_a_fault() {
    let told = refused(&[("V1.1__a.sql", "SELECT 1;"), ("U2__b.sql", "SELECT 1;")]).await;
    insta::assert_snapshot!(told, @r"U2__b.sql: it goes back from version 2, and no file goes there; add the V file, or remove this one");
}
