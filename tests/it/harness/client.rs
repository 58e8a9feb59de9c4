//! The engine's own client: it runs files, and tells in its own words what is in a database.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use reqwest::Url;

use super::database::{Database, On};

/// What windlass keeps in a target, beside the tables that begin with `windlass_`.
const OURS: [&str; 2] = ["schema_version", "migration_history"];

/// What `pg_dump` writes with a key of its own in each dump.
const GUARDS: [&str; 2] = ["\\restrict ", "\\unrestrict "];

impl Database {
    /// Runs a file as its engine's own client does, whole or (where the engine can) not at all.
    ///
    /// # Errors
    /// What the client says.
    pub fn runs(&self, file: &Path) -> Result<(), String> {
        let mut command = match self.on {
            On::Sqlite => self.sqlite(&["-batch", "-bail"]),
            On::Postgres => {
                let mut psql = Command::new("psql");
                psql.args(["--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]);
                psql.arg("--single-transaction").arg("--file").arg(file).arg(&self.url);
                psql
            }
            On::MariaDb => self.mariadb("mariadb", &["--default-character-set=utf8mb4", "--comments"]),
        };
        let output = command.stdin(File::open(file).expect("the file")).output().expect("the engine's client");
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// What the engine's own client takes for the statements of a text, whatever the server says to them.
    pub fn sends(&self, text: &str) -> Vec<String> {
        let (file, log) = (self.folder.path().join("text.sql"), self.folder.path().join("psql.log"));
        fs::write(&file, text).expect("a file");
        let mut command = match self.on {
            On::Sqlite => panic!("sqlite3 does not tell what it sends"),
            On::Postgres => {
                fs::write(&log, "").expect("a log");
                let mut psql = Command::new("psql");
                psql.args(["--no-psqlrc", "--quiet"])
                    .arg("--log-file")
                    .arg(&log)
                    .arg("--file")
                    .arg(&file)
                    .arg(&self.url);
                psql
            }
            On::MariaDb => self.mariadb("mariadb", &["--default-character-set=utf8mb4", "--force", "-vv"]),
        };
        let output = command.stdin(File::open(&file).expect("the file")).output().expect("the engine's client");
        match self.on {
            On::MariaDb => between(&String::from_utf8_lossy(&output.stdout), &|line| line == "--------------"),
            _ => between(&fs::read_to_string(&log).expect("a log"), &|line| {
                line.len() > 20 && line.trim_matches('/').starts_with("****")
            }),
        }
    }

    /// Everything in the database, schema and rows, but for what windlass keeps there. Random identifiers are all the same.
    pub fn in_its_own_words(&self) -> String {
        match self.on {
            On::Sqlite => self.words_of_sqlite(),
            On::Postgres => {
                let mut dump = Command::new(pg_dump());
                dump.arg("--exclude-table=windlass_*");
                dump.args(OURS.map(|table| format!("--exclude-table={table}"))).arg(&self.url);
                let text = told(dump);
                let lines = text.lines().filter(|line| !GUARDS.iter().any(|guard| line.starts_with(guard)));
                lines.map(|line| without_chance(line) + "\n").collect()
            }
            On::MariaDb => {
                let tables =
                    told(self.mariadb("mariadb", &["--batch", "--skip-column-names", "--execute=SHOW TABLES"]));
                let database = self.name();
                let passed_over = tables.lines().filter(|table| is_ours(table));
                let passed_over: Vec<_> =
                    passed_over.map(|table| format!("--ignore-table={database}.{table}")).collect();
                let mut dump =
                    self.mariadb("mariadb-dump", &["--skip-comments", "--routines", "--events", "--hex-blob"]);
                dump.args(passed_over);
                told(dump)
            }
        }
    }

    /// The schema alone, as the engine's own program dumps it to be loaded elsewhere, with everything that is there.
    pub fn schema_as_dumped(&self) -> String {
        match self.on {
            On::Sqlite => told(self.sqlite(&["-batch", ".schema"])),
            On::Postgres => {
                let mut dump = Command::new(pg_dump());
                dump.args(["--schema-only", "--no-owner"]).arg(&self.url);
                let text = told(dump);
                let lines = text.lines().filter(|line| !GUARDS.iter().any(|guard| line.starts_with(guard)));
                lines.map(|line| line.to_owned() + "\n").collect()
            }
            On::MariaDb => told(self.mariadb("mariadb-dump", &["--no-data", "--routines", "--events"])),
        }
    }

    fn words_of_sqlite(&self) -> String {
        if !self.file().exists() {
            return String::new();
        }
        let theirs = "FROM sqlite_schema WHERE tbl_name NOT IN ('schema_version', 'migration_history') \
                      AND tbl_name NOT LIKE 'windlass!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
        let ask = |query: &str| told(self.sqlite(&["-batch", "-quote", query]));
        let tables = format!("SELECT name {theirs} AND type = 'table' ORDER BY 1");
        let mut words = ask(&format!("SELECT type, name, tbl_name, sql {theirs} ORDER BY 1, 2"));
        for table in ask(&tables).lines() {
            let rows = ask(&format!("SELECT * FROM \"{}\"", table.trim_matches('\'')));
            words.extend([table, "\n", &rows]);
        }
        words
    }

    fn sqlite(&self, arguments: &[&str]) -> Command {
        let (options, queries): (Vec<&str>, Vec<&str>) =
            arguments.iter().partition(|argument| argument.starts_with('-'));
        let mut command = Command::new("sqlite3");
        command.args(options).arg(self.file()).args(queries);
        command
    }

    fn mariadb(&self, program: &str, arguments: &[&str]) -> Command {
        let url = Url::parse(&self.url).expect("a URL");
        let mut command = Command::new(program);
        command.arg("--no-defaults").args(arguments);
        command.arg(format!("--host={}", url.host_str().unwrap_or("127.0.0.1")));
        command.arg(format!("--port={}", url.port().unwrap_or(3306)));
        command.arg(format!("--user={}", url.username()));
        if let Some(password) = url.password() {
            command.env("MYSQL_PWD", password);
        }
        command.arg(self.name());
        command
    }

    fn name(&self) -> &str {
        self.url.rsplit_once('/').expect("a database in the URL").1
    }

    fn file(&self) -> PathBuf {
        self.url.strip_prefix("sqlite:").expect("a file").into()
    }
}

fn is_ours(table: &str) -> bool {
    table.starts_with("windlass_") || OURS.contains(&table)
}

/// A line whose UUIDs, which two runs never share, are zeroes.
fn without_chance(line: &str) -> String {
    const FORM: &[u8] = b"00000000-0000-0000-0000-000000000000";
    let fits = |(found, form): (&u8, &u8)| if *form == b'-' { *found == b'-' } else { found.is_ascii_hexdigit() };
    let mut bytes = line.as_bytes().to_vec();
    for start in 0..(bytes.len() + 1).saturating_sub(FORM.len()) {
        let part = &mut bytes[start..start + FORM.len()];
        if part.iter().zip(FORM).all(fits) {
            part.copy_from_slice(FORM);
        }
    }
    String::from_utf8(bytes).expect("text")
}

/// The one of the server's version, where the run says where it is.
fn pg_dump() -> PathBuf {
    std::env::var_os("WINDLASS_TEST_PG_BIN").map_or_else(PathBuf::new, PathBuf::from).join("pg_dump")
}

/// What a program prints.
fn told(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The texts between one line that frames and the next.
fn between(printed: &str, frames: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    for line in printed.lines() {
        match parts.last_mut().filter(|_| !frames(line)) {
            Some(part) => part.extend([line, "\n"]),
            None => parts.push(String::new()),
        }
    }
    parts.into_iter().skip(1).step_by(2).collect()
}
