//! Patterns that a new migration begins with: each the safe way of a common change, on every engine.

/// A pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// A table.
    CreateTable,
    /// A column that may be NULL, which no engine rewrites a table for.
    AddColumn,
    /// An index that is built while others write, where the engine can.
    CreateIndex,
    /// A change of every row, in batches.
    Backfill,
    /// A column gets another name in two releases: at first both names are there and kept equal, then the old one goes.
    RenameColumn,
}

/// What is written into a pattern. Names are plain ones, which need no quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blanks {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Its type.
    pub data_type: String,
    /// Another column: what a backfill is taken from, or the new name.
    pub other: String,
    /// The key by which rows are cut into batches.
    pub key: String,
}

/// The files of one migration, by their names.
pub type Files = Vec<(&'static str, String)>;

/// Trigger and function that keep two columns of PostgreSQL equal.
const IN_STEP_POSTGRES: &str = "\
CREATE FUNCTION {table}_{other}_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.{other} := COALESCE(NEW.{other}, NEW.{column});
    NEW.{column} := COALESCE(NEW.{column}, NEW.{other});
  ELSIF NEW.{other} IS DISTINCT FROM OLD.{other} THEN
    NEW.{column} := NEW.{other};
  ELSIF NEW.{column} IS DISTINCT FROM OLD.{column} THEN
    NEW.{other} := NEW.{column};
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER {table}_{other}_in_step BEFORE INSERT OR UPDATE ON {table}
  FOR EACH ROW EXECUTE FUNCTION {table}_{other}_in_step();
";
const APART_POSTGRES: &str = "\
DROP TRIGGER {table}_{other}_in_step ON {table};
DROP FUNCTION {table}_{other}_in_step();
";

/// The same on MariaDB and MySQL.
const IN_STEP_MYSQL: &str = "\
CREATE TRIGGER {table}_{other}_on_insert BEFORE INSERT ON {table} FOR EACH ROW
  SET NEW.{other} = COALESCE(NEW.{other}, NEW.{column}), NEW.{column} = COALESCE(NEW.{column}, NEW.{other});
CREATE TRIGGER {table}_{other}_on_update BEFORE UPDATE ON {table} FOR EACH ROW
BEGIN
  IF NOT (NEW.{other} <=> OLD.{other}) THEN
    SET NEW.{column} = NEW.{other};
  ELSEIF NOT (NEW.{column} <=> OLD.{column}) THEN
    SET NEW.{other} = NEW.{column};
  END IF;
END;
";
const APART_MYSQL: &str = "\
DROP TRIGGER {table}_{other}_on_insert;
DROP TRIGGER {table}_{other}_on_update;
";

/// The same on SQLite, whose triggers cannot change the row that is being written and change it afterwards.
const IN_STEP_SQLITE: &str = "\
CREATE TRIGGER {table}_{other}_on_insert AFTER INSERT ON {table} WHEN NEW.{column} IS NOT NEW.{other}
BEGIN
  UPDATE {table} SET {other} = COALESCE(NEW.{other}, NEW.{column}), {column} = COALESCE(NEW.{column}, NEW.{other})
  WHERE rowid = NEW.rowid;
END;
CREATE TRIGGER {table}_{column}_on_update AFTER UPDATE OF {column} ON {table}
  WHEN NEW.{column} IS NOT NEW.{other} AND NEW.{column} IS NOT OLD.{column}
BEGIN
  UPDATE {table} SET {other} = NEW.{column} WHERE rowid = NEW.rowid;
END;
CREATE TRIGGER {table}_{other}_on_update AFTER UPDATE OF {other} ON {table}
  WHEN NEW.{other} IS NOT NEW.{column} AND NEW.{other} IS NOT OLD.{other}
BEGIN
  UPDATE {table} SET {column} = NEW.{other} WHERE rowid = NEW.rowid;
END;
";
const APART_SQLITE: &str = "\
DROP TRIGGER {table}_{other}_on_insert;
DROP TRIGGER {table}_{column}_on_update;
DROP TRIGGER {table}_{other}_on_update;
";

const ADD_OTHER: &str = "ALTER TABLE {table} ADD COLUMN {other} {data_type};\n";
const DROP_OTHER: &str = "ALTER TABLE {table} DROP COLUMN {other};\n";
const ADD_COLUMN: &str = "ALTER TABLE {table} ADD COLUMN {column} {data_type};\n";
const DROP_COLUMN: &str = "ALTER TABLE {table} DROP COLUMN {column};\n";
const FILL_COLUMN: &str = "UPDATE {table} SET {column} = {other};\n";

impl Template {
    /// The migrations that it makes, in order: what their names end in, and their files. The first is for the version that
    /// is asked for, another for a later one.
    #[must_use]
    pub fn migrations(self, blanks: &Blanks) -> Vec<(&'static str, Files)> {
        let file = |name, parts: &[&str]| (name, blanks.filled(&parts.concat()));
        match self {
            Self::CreateTable => {
                let table = "CREATE TABLE {table} (\n  id INTEGER PRIMARY KEY\n);\n";
                vec![("", vec![file("up.sql", &[table]), file("down.sql", &["DROP TABLE {table};\n"])])]
            }
            Self::AddColumn => {
                vec![("", vec![file("up.sql", &[ADD_COLUMN]), file("down.sql", &[DROP_COLUMN])])]
            }
            Self::CreateIndex => vec![("", index(file))],
            Self::Backfill => {
                let rows = "-- windlass:backfill table={table} key={key}\n\
                            UPDATE {table} SET {column} = {other} WHERE {key} > :after AND {key} <= :upto;\n";
                let nothing = "-- Nothing before the rows.\nSELECT 1;\n";
                let back = "-- What the rows were before is not kept: nothing is to be done.\nSELECT 1;\n";
                vec![("", vec![file("up.sql", &[nothing]), file("backfill.sql", &[rows]), file("down.sql", &[back])])]
            }
            Self::RenameColumn => vec![("_begin", renamed_at_first(file)), ("_end", renamed_at_last(file))],
        }
    }
}

fn index(file: impl Fn(&'static str, &[&str]) -> (&'static str, String)) -> Files {
    let build = "CREATE INDEX {table}_{column}_idx ON {table} ({column});\n";
    let online = "ALTER TABLE {table} ADD INDEX {table}_{column}_idx ({column}), ALGORITHM=INPLACE, LOCK=NONE;\n";
    vec![
        file("up.postgres.sql", &["CREATE INDEX CONCURRENTLY {table}_{column}_idx ON {table} ({column});\n"]),
        file("down.postgres.sql", &["DROP INDEX CONCURRENTLY {table}_{column}_idx;\n"]),
        file("up.mysql.sql", &[online]),
        file("down.mysql.sql", &["ALTER TABLE {table} DROP INDEX {table}_{column}_idx;\n"]),
        file("up.sqlite.sql", &[build]),
        file("down.sqlite.sql", &["DROP INDEX {table}_{column}_idx;\n"]),
    ]
}

/// Both names, kept equal: releases that know the old one and releases that know the new one work side by side.
fn renamed_at_first(file: impl Fn(&'static str, &[&str]) -> (&'static str, String)) -> Files {
    let rows = "-- windlass:backfill table={table} key={key}\n\
                UPDATE {table} SET {other} = {column} WHERE {key} > :after AND {key} <= :upto;\n";
    vec![
        file("up.postgres.sql", &[ADD_OTHER, IN_STEP_POSTGRES]),
        file("down.postgres.sql", &[APART_POSTGRES, DROP_OTHER]),
        file("up.mysql.sql", &[ADD_OTHER, IN_STEP_MYSQL]),
        file("down.mysql.sql", &[APART_MYSQL, DROP_OTHER]),
        file("up.sqlite.sql", &[ADD_OTHER, IN_STEP_SQLITE]),
        file("down.sqlite.sql", &[APART_SQLITE, DROP_OTHER]),
        file("backfill.sql", &[rows]),
    ]
}

/// The old name goes, once no release uses it any more.
fn renamed_at_last(file: impl Fn(&'static str, &[&str]) -> (&'static str, String)) -> Files {
    vec![
        file("up.postgres.sql", &[APART_POSTGRES, DROP_COLUMN]),
        file("down.postgres.sql", &[ADD_COLUMN, FILL_COLUMN, IN_STEP_POSTGRES]),
        file("up.mysql.sql", &[APART_MYSQL, DROP_COLUMN]),
        file("down.mysql.sql", &[ADD_COLUMN, FILL_COLUMN, IN_STEP_MYSQL]),
        file("up.sqlite.sql", &[APART_SQLITE, DROP_COLUMN]),
        file("down.sqlite.sql", &[ADD_COLUMN, FILL_COLUMN, IN_STEP_SQLITE]),
    ]
}

impl Blanks {
    fn filled(&self, text: &str) -> String {
        let Self { table, column, data_type, other, key } = self;
        [("{table}", table), ("{column}", column), ("{data_type}", data_type), ("{other}", other), ("{key}", key)]
            .iter()
            .fold(text.to_owned(), |text, (blank, word)| text.replace(blank, word))
    }
}
