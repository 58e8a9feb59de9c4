//! What is in a database, asked with SQL of our own: windlass is not believed about its own work.

use sqlx::{
    AssertSqlSafe, Column, Connection, MySqlConnection, PgConnection, Row, SqliteConnection,
    sqlite::SqliteConnectOptions,
};

use super::database::{Database, On};

/// A connection of the test's own.
pub enum Eye {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MariaDb(MySqlConnection),
}

macro_rules! texts {
    ($connection:expr, $sql:expr) => {{
        let rows = sqlx::query(AssertSqlSafe($sql)).fetch_all(&mut *$connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", $sql));
        rows.iter()
            .map(|row| {
                let fields = (0..row.columns().len()).map(|at| {
                    row.try_get::<Option<String>, _>(at)
                        .unwrap_or_else(|error| panic!("{} of {} is not text: {error}", row.columns()[at].name(), $sql))
                });
                fields.map(|field| field.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(" ")
            })
            .collect::<Vec<_>>()
    }};
}

impl Eye {
    pub async fn on(database: &Database) -> Self {
        Self::at(database.on, &database.url).await
    }

    pub async fn at(on: On, url: &str) -> Self {
        match on {
            On::Sqlite => {
                let path = url.trim_start_matches("sqlite:");
                let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
                let options = options.busy_timeout(std::time::Duration::from_secs(30));
                Self::Sqlite(SqliteConnection::connect_with(&options).await.expect("the database file"))
            }
            On::Postgres => Self::Postgres(PgConnection::connect(url).await.expect("the PostgreSQL database")),
            On::MariaDb => Self::MariaDb(MySqlConnection::connect(url).await.expect("the MariaDB database")),
        }
    }

    /// The number that `InnoDB` has for a table, another one once it is written anew; of MariaDB or MySQL.
    pub async fn innodb_number(&mut self, table: &str) -> String {
        let is_mariadb = !self.texts("SHOW TABLES FROM information_schema LIKE 'INNODB_SYS_TABLES'").await.is_empty();
        let list = if is_mariadb { "innodb_sys_tables" } else { "innodb_tables" };
        let sql = format!(
            "SELECT CAST(table_id AS CHAR) FROM information_schema.{list} WHERE name = CONCAT(DATABASE(), '/{table}')"
        );
        self.texts(&sql).await.remove(0)
    }

    /// What the server calls this connection.
    pub async fn session_id(&mut self) -> String {
        match self {
            Self::Sqlite(_) => std::process::id().to_string(),
            Self::Postgres(_) => self.number("SELECT pg_backend_pid()").await.to_string(),
            Self::MariaDb(_) => self.number("SELECT CONNECTION_ID()").await.to_string(),
        }
    }

    /// Runs statements as they are.
    pub async fn run(&mut self, sql: &str) {
        self.try_run(sql).await.expect("a statement of the test");
    }

    /// Runs statements that may be refused.
    pub async fn try_run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
            Self::MariaDb(connection) => sqlx::raw_sql(sql).execute(connection).await.map(drop),
        }
    }

    /// The rows of a query whose columns are text.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(connection) => texts!(connection, sql.to_owned()),
            Self::Postgres(connection) => texts!(connection, sql.to_owned()),
            Self::MariaDb(connection) => texts!(connection, sql.to_owned()),
        }
    }

    /// The only number that a query gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        let (open, close) = match self {
            Self::MariaDb(_) => ("SELECT CAST((", ") AS CHAR)"),
            _ => ("SELECT CAST((", ") AS TEXT)"),
        };
        let rows = self.texts(&format!("{open}{sql}{close}")).await;
        rows[0].parse().unwrap_or_else(|_| panic!("{sql} gave {rows:?}"))
    }

    /// The tables, windlass's own among them, sorted.
    pub async fn tables(&mut self) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            Self::Postgres(_) => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
            Self::MariaDb(_) => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
            }
        };
        let mut tables = self.texts(sql).await;
        tables.sort();
        tables
    }

    /// The application's tables, sorted.
    pub async fn own_tables(&mut self) -> Vec<String> {
        let mut tables = self.tables().await;
        tables.retain(|name| !is_windlass(name));
        tables
    }

    /// Everything that the application has: one line for each part of its schema and each of its rows.
    pub async fn everything(&mut self) -> Vec<String> {
        let mut seen = self.schema().await;
        for table in self.own_tables().await {
            let columns = self.columns(&table).await;
            let sql = match self {
                Self::Sqlite(_) => {
                    let quoted: Vec<_> = columns.iter().map(|name| format!("quote(\"{name}\")")).collect();
                    format!("SELECT {} FROM \"{table}\"", quoted.join(" || '|' || "))
                }
                Self::Postgres(_) => format!("SELECT t::text FROM \"{table}\" AS t"),
                Self::MariaDb(_) => {
                    let quoted: Vec<_> =
                        columns.iter().map(|name| format!("COALESCE(CAST(`{name}` AS CHAR), '~')")).collect();
                    format!("SELECT CONCAT_WS('|', {}) FROM `{table}`", quoted.join(", "))
                }
            };
            seen.extend(self.texts(&sql).await.into_iter().map(|row| format!("row of {table}: {row}")));
        }
        seen.sort();
        seen
    }

    async fn columns(&mut self, table: &str) -> Vec<String> {
        let sql = match self {
            Self::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
            Self::Postgres(_) => return Vec::new(),
            Self::MariaDb(_) => format!(
                "SELECT CAST(column_name AS CHAR) FROM information_schema.columns WHERE table_schema = DATABASE() \
                 AND table_name = '{table}' ORDER BY ordinal_position"
            ),
        };
        self.texts(&sql).await
    }

    async fn schema(&mut self) -> Vec<String> {
        match self {
            Self::Sqlite(_) => {
                let sql = "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_schema \
                           WHERE tbl_name NOT LIKE 'windlass%' AND tbl_name NOT IN \
                           ('schema_version', 'migration_history') AND name NOT LIKE 'sqlite_%'";
                // What a table was renamed to is quoted, and means the same.
                self.texts(sql).await.into_iter().map(|line| line.replace('"', "")).collect()
            }
            Self::Postgres(_) => self.postgres_schema().await,
            Self::MariaDb(_) => self.mariadb_schema().await,
        }
    }

    async fn postgres_schema(&mut self) -> Vec<String> {
        let others = |column: &str| {
            format!("{column} NOT LIKE 'windlass%' AND {column} NOT IN ('schema_version', 'migration_history')")
        };
        let queries = [
            format!(
                "SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || \
                 COALESCE(character_maximum_length::text, '') || ' ' || is_nullable || ' ' || COALESCE(column_default, '') \
                 FROM information_schema.columns WHERE table_schema = 'public' AND {}",
                others("table_name")
            ),
            format!("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND {}", others("tablename")),
            format!(
                "SELECT 'constraint ' || r.relname || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid) \
                 FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid \
                 WHERE r.relnamespace = 'public'::regnamespace AND {}",
                others("r.relname")
            ),
            "SELECT 'view ' || viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'".to_owned(),
        ];
        let mut seen = Vec::new();
        for sql in queries {
            seen.extend(self.texts(&sql).await);
        }
        seen
    }

    async fn mariadb_schema(&mut self) -> Vec<String> {
        let all = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()";
        let mut seen = Vec::new();
        for table in self.texts(all).await.into_iter().filter(|name| !is_windlass(name)) {
            let Self::MariaDb(connection) = self else { continue };
            let sql = AssertSqlSafe(format!("SHOW CREATE TABLE `{table}`"));
            let row = sqlx::query(sql).fetch_one(connection).await.expect("its definition");
            seen.push(without_charsets(&row.try_get::<String, _>(1).expect("text")));
        }
        seen
    }
}

/// A table's definition where collations stand alone. MySQL tells the character set too once the collation was written at
/// the column itself, as `mysqldump` does; the collation implies it.
fn without_charsets(definition: &str) -> String {
    let mut pieces = definition.split(" CHARACTER SET ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |told, piece| match piece.split_once(' ') {
        Some((_, rest)) if rest.starts_with("COLLATE ") => told + " " + rest,
        _ => told + " CHARACTER SET " + piece,
    })
}

fn is_windlass(name: &str) -> bool {
    name.starts_with("windlass_") || name == "schema_version" || name == "migration_history"
}

/// Two looks at everything must have seen the same; tells only where they differ.
#[track_caller]
pub fn must_be_same(now: &[String], then: &[String]) {
    let only = |here: &[String], there: &[String]| -> Vec<String> {
        here.iter().filter(|line| !there.contains(line)).cloned().collect()
    };
    let (new, gone) = (only(now, then), only(then, now));
    assert!(new.is_empty() && gone.is_empty() && now.len() == then.len(), "new: {new:#?}\ngone: {gone:#?}");
}
