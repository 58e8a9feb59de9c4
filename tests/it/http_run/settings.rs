//! What a migration sets for its session is set for its own statements: not for windlass's tables, and not for the next.

use crate::harness::{
    database::On,
    interrupted::{goes_on, while_it_waits, with_gate},
    ship::Ship,
};

/// How `pg_dump` begins.
const HEAD: &str = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\nSET lock_timeout = 0;\n\
    SET idle_in_transaction_session_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\
    SELECT pg_catalog.set_config('search_path', '', false);\nSET check_function_bodies = false;\n\
    SET xmloption = content;\nSET client_min_messages = warning;\nSET row_security = off;\nSET default_tablespace = '';\n";

/// Which tables there are, with their schemas, and windlass's own left out.
async fn tables(ship: &Ship) -> Vec<String> {
    let sql = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'app') \
               AND tablename NOT LIKE 'windlass%' AND tablename NOT IN ('schema_version', 'migration_history') ORDER BY 1";
    ship.eye().await.texts(sql).await
}

/// Goal: a dump is a migration, and what it sets ends with it.
#[tokio::test]
async fn a_dump_is_a_first_migration() {
    let ship = Ship::with_catalog(On::Postgres).await;
    let dump = format!("{HEAD}CREATE TABLE public.cabins (\n    id integer NOT NULL\n);\n");
    ship.catalog().add("v1.0.0_01_dump", &dump, "DROP TABLE cabins;");
    ship.catalog().add("v1.1.0_01_berths", "CREATE TABLE berths (id INTEGER);", "DROP TABLE berths;");

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    assert_eq!(tables(&ship).await, ["public.berths", "public.cabins"]);
    ship.cli(&["validate"]).await.exits(0);
    ship.cli(&["down"]).await.exits(0);
    assert_eq!(tables(&ship).await, [""; 0]);
}

/// Goal: the same statement by statement, where each statement still has what its script set before it.
#[tokio::test]
async fn a_script_by_statements_keeps_its_settings_to_itself() {
    let ship = Ship::with_catalog(On::Postgres).await;
    let up = format!(
        "{HEAD}CREATE SCHEMA app;\nCREATE TABLE app.a (id integer);\nSET search_path = app;\nCREATE TABLE b (id integer);\n\
         CREATE INDEX CONCURRENTLY b_id ON b (id);\nINSERT INTO b VALUES (1);\nRESET search_path;\nCREATE TABLE c (id integer);\n\
         VACUUM c;\n"
    );
    ship.catalog().add("v1.0.0_01_steps", &up, "DROP SCHEMA app CASCADE;\nDROP TABLE c;");
    ship.catalog().add("v1.1.0_01_berths", "CREATE TABLE berths (id INTEGER);", "DROP TABLE berths;");

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    assert_eq!(tables(&ship).await, ["app.a", "app.b", "public.berths", "public.c"]);
    assert_eq!(ship.eye().await.number("SELECT count(*) FROM app.b").await, 1);
    ship.cli(&["validate"]).await.exits(0);
}

/// Goal: who goes on with such a script goes on under what it set before.
#[tokio::test]
async fn an_interrupted_script_goes_on_under_its_settings() {
    let ship = Ship::with_catalog(On::Postgres).await;
    with_gate(&ship).await;
    let up = "CREATE SCHEMA app;\nSELECT pg_catalog.set_config('search_path', 'app', false);\nCREATE TABLE b (id integer);\n\
              UPDATE public.gate SET n = n + 1;\nCREATE TABLE d (id integer);\nCREATE INDEX CONCURRENTLY d_id ON d (id);\n";
    ship.catalog().add("v1.1.0_01_steps", up, "DROP SCHEMA app CASCADE;");
    while_it_waits(&ship, "%UPDATE public.gate", false).await;

    goes_on(&ship).await;

    assert_eq!(tables(&ship).await, ["app.b", "app.d", "public.gate"]);
    assert_eq!(ship.eye().await.number("SELECT n FROM gate").await, 1);
}

/// Goal: a migration that becomes somebody else is recorded by who windlass is, on both routes.
#[tokio::test]
async fn a_migration_that_takes_another_role_is_recorded() {
    let role = format!("sailor{}", &ulid::Ulid::generate().to_string().to_lowercase()[14..]);
    let ship = Ship::with_catalog(On::Postgres).await;
    ship.eye().await.run(&format!("CREATE ROLE {role}; GRANT CREATE, USAGE ON SCHEMA public TO {role}")).await;
    let first = format!("SET ROLE {role};\nCREATE TABLE theirs (id integer);");
    let second =
        format!("SET SESSION AUTHORIZATION {role};\nCREATE TABLE also (id integer);\nVACUUM also;\nANALYZE also;");
    ship.catalog().add("v1.0.0_01_whole", &first, "DROP TABLE theirs;");
    ship.catalog().add("v1.1.0_01_steps", &second, "DROP TABLE also;");
    ship.catalog().add("v1.2.0_01_ours", "CREATE TABLE ours (id integer);", "DROP TABLE ours;");

    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);

    let owners = "SELECT tablename || ' ' || tableowner FROM pg_tables WHERE schemaname = 'public' \
                  AND tablename IN ('theirs', 'also', 'ours', 'migration_history') ORDER BY 1";
    let me = ship.eye().await.texts("SELECT current_user::text").await.remove(0);
    let wanted =
        [format!("also {role}"), format!("migration_history {me}"), format!("ours {me}"), format!("theirs {role}")];
    assert_eq!(ship.eye().await.texts(owners).await, wanted);
    ship.cli(&["down"]).await.exits(0);
    ship.eye().await.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
