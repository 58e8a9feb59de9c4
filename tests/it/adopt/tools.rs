//! The tools themselves, where they can be had: what one has applied is taken over and given back, and it says the same all the while.
//!
//! goose, golang-migrate, popx and Flyway come from registries that `./test tools` does not use.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use super::{INDEX, LATER, USERS, list};
use crate::{
    formats::{File, Life},
    harness::{database::On, eye::must_be_same},
};

/// A tool, with its program in the folder that `./test tools` made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Sqlx,
    Diesel,
    Refinery,
    Dbmate,
    Prisma,
    Rails,
}

macro_rules! tools {
    ($($name:ident: $tool:ident),* $(,)?) => {
        $(
            #[tokio::test]
            #[ignore = "installs the tools: ./test tools"]
            async fn $name() {
                for on in [On::Sqlite, On::Postgres, On::MariaDb] {
                    if Tool::$tool.works(on) {
                        agrees(on, Tool::$tool).await;
                    }
                }
            }
        )*
    };
}

tools!(sqlx: Sqlx, diesel: Diesel, refinery: Refinery, dbmate: Dbmate, prisma: Prisma, rails: Rails);

/// Goal: what the tool has applied is taken over, nothing of that is pending afterwards, and the tool sees no difference; given back,
/// it goes on as if nobody had been there, and is taken over again.
async fn agrees(on: On, tool: Tool) {
    let files = tool.files();
    let of = |names: &[&str]| -> Vec<File<'_>> {
        let is_of = |place: &str| names.iter().any(|name| place.contains(name));
        files.iter().filter(|(place, _)| is_of(place)).map(|(place, text)| (place.as_str(), text.as_str())).collect()
    };
    let life = Life::of(on, &of(&NAMES[..2])).await.with("WINDLASS__CATALOG__FORMAT", tool.format());
    let beside = |name: &str, text: &str| std::fs::write(life.database.folder.path().join(name), text).expect("a file");
    if on == On::Sqlite {
        beside("app.db", "");
    }
    if tool == Tool::Prisma {
        beside("schema.prisma", "datasource db {\nprovider = \"sqlite\"\nurl = env(\"DATABASE_URL\")\n}\n");
        beside("history/migration_lock.toml", "provider = \"sqlite\"\n");
    }
    tool.runs(&life);
    tool.must_say(&life, &NAMES[..2], &[]);
    let before = life.eye().await.everything().await;
    life.add(&of(&NAMES[2..]));

    let adopted = life.windlass().does("adopt");

    assert_eq!(list(&adopted, "/result/findings").len(), 0, "{tool:?} on {on:?}: {adopted:#}");
    assert_eq!(list(&adopted, "/result/migrations").len(), 2, "{tool:?} on {on:?}: {adopted:#}");
    let pending = life.pending();
    assert!(pending.len() == 1 && pending[0].contains("later"), "{tool:?} on {on:?}: {pending:?}");
    must_be_same(&life.eye().await.everything().await, &before);
    tool.must_say(&life, &NAMES[..2], &NAMES[2..]);

    life.windlass().does("adopt --undo");
    tool.runs(&life);
    tool.must_say(&life, &NAMES, &[]);
    let before = life.eye().await.everything().await;
    life.windlass().does("adopt");
    assert_eq!(life.pending(), [""; 0], "{tool:?} on {on:?}");
    tool.runs(&life);
    must_be_same(&life.eye().await.everything().await, &before);
}

const NAMES: [&str; 3] = ["users", "index", "later"];

impl Tool {
    fn format(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::Refinery => "refinery",
            Self::Dbmate => "dbmate",
            Self::Prisma => "prisma",
            Self::Rails => "rails",
        }
    }

    /// Whether what can be had of it works there. Prisma's own engine comes from a server of Prisma's; the one of JavaScript
    /// (6.19) fails on PostgreSQL, where it cannot read a column of type `name`, and falls over on MariaDB.
    fn works(self, on: On) -> bool {
        self != Self::Prisma || on == On::Sqlite
    }

    /// Three migrations, each in as many files as the tool wants.
    fn files(self) -> Vec<(String, String)> {
        let each = (1..).zip(NAMES).zip([USERS, INDEX, LATER]);
        each.flat_map(|((nth, name), up)| match self {
            Self::Sqlx => vec![(format!("2024010{nth}_{name}.sql"), up.to_owned())],
            Self::Diesel => {
                let folder = format!("2024-01-0{nth}-000000_{name}");
                vec![(format!("{folder}/up.sql"), up.to_owned()), (format!("{folder}/down.sql"), "SELECT 1;".to_owned())]
            }
            Self::Refinery => vec![(format!("V{nth}__{name}.sql"), up.to_owned())],
            Self::Dbmate => {
                vec![(format!("2024010{nth}000000_{name}.sql"), format!("-- migrate:up\n{up}\n-- migrate:down\n"))]
            }
            Self::Prisma => vec![(format!("2024010{nth}000000_{name}/migration.sql"), up.to_owned())],
            Self::Rails => {
                let stem = format!("2024010{nth}000000_{name}");
                let class = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
                let ruby = format!(
                    "class {class} < ActiveRecord::Migration[6.1]\n  def up\n    execute File.read(__FILE__.sub('.rb', '.up.sql'))\n  \
                     end\nend\n"
                );
                vec![(format!("{stem}.rb"), ruby), (format!("{stem}.up.sql"), up.to_owned())]
            }
        })
        .collect()
    }

    /// Has the tool apply what it has not applied.
    fn runs(self, life: &Life) {
        let words: &[&str] = match self {
            Self::Sqlx => &["migrate", "run"],
            Self::Diesel => &["migration", "run"],
            Self::Refinery | Self::Rails => &["migrate"],
            Self::Dbmate => &["--no-dump-schema", "up"],
            Self::Prisma => &["migrate", "deploy"],
        };
        self.does(life, words);
    }

    /// Fails unless the tool says that these are applied and those are not. refinery, which cannot be asked, is to go to where it is,
    /// and says that there is nothing to do.
    fn must_say(self, life: &Life, applied: &[&str], left: &[&str]) {
        let (said, mark) = match self {
            Self::Sqlx => (self.does(life, &["migrate", "info"]), "/installed"),
            Self::Diesel => (self.does(life, &["migration", "list"]), "[X]"),
            Self::Refinery => {
                let said = self.does(life, &["migrate", "-t", &applied.len().to_string()]);
                return assert!(said.contains("going to apply 0 migrations"), "{said}");
            }
            Self::Dbmate => (self.does(life, &["--no-dump-schema", "status"]), "[X]"),
            Self::Prisma => {
                let output = self.output(life, &["migrate", "status"]);
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                let pending = said.split_once("not yet been applied").map_or("", |(_, pending)| pending);
                let all = format!("{} migrations found", applied.len() + left.len());
                assert!(said.contains(&all) && output.status.success() == left.is_empty(), "{said}");
                return assert!(NAMES.iter().all(|name| pending.contains(name) == left.contains(name)), "{said}");
            }
            Self::Rails => (self.does(life, &["status"]), "up "),
        };
        let lines = said.lines().filter_map(|line| Some((NAMES.iter().find(|name| line.contains(**name))?, line)));
        let (found, missing): (Vec<_>, Vec<_>) = lines.partition(|(_, line)| line.contains(mark));
        let names = |lines: Vec<(&&'static str, &str)>| lines.into_iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!((names(found), names(missing)), (applied.to_vec(), left.to_vec()), "{self:?}: {said}");
    }

    /// What the tool says on standard output; it must succeed.
    fn does(self, life: &Life, words: &[&str]) -> String {
        let output = self.output(life, words);
        let [said, complained] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(output.status.success(), "{self:?} {words:?}: {said}\n{complained}");
        said
    }

    fn output(self, life: &Life, words: &[&str]) -> Output {
        let tools = PathBuf::from(std::env::var_os("WINDLASS_TEST_TOOLS").expect("WINDLASS_TEST_TOOLS: ./test tools"));
        let (folder, url) = (life.path(), &life.database.url);
        let mut command = Command::new(tools.join("bin").join(self.format()));
        command.current_dir(&folder).env("DATABASE_URL", self.address(url)).args(words);
        match self {
            Self::Sqlx => command.arg("--source").arg(&folder),
            Self::Diesel => command.arg("--migration-dir").arg(&folder),
            Self::Refinery => command.args(["-e", "DATABASE_URL", "-p"]).arg(&folder),
            Self::Dbmate => command.env("DBMATE_MIGRATIONS_DIR", &folder),
            Self::Prisma => command.env("PRISMA_FOLDER", life.database.folder.path()),
            Self::Rails => command.arg(&folder),
        };
        command.output().expect("the tool")
    }

    /// The database as the tool wants it said.
    fn address(self, url: &str) -> String {
        match (self, url.split_once(':').expect("an address")) {
            (Self::Sqlx, ("sqlite", path)) => format!("sqlite:{path}?mode=rwc"),
            (Self::Diesel, ("sqlite", path)) => path.to_owned(),
            (Self::Prisma, ("sqlite", path)) => format!("file:{path}"),
            (Self::Refinery, ("sqlite", path)) => format!("sqlite://{path}"),
            (Self::Rails, ("sqlite", path)) => format!("sqlite3:{path}"),
            (Self::Rails, ("mysql", rest)) => format!("mysql2:{rest}"),
            (Self::Dbmate, ("postgres" | "postgresql", _)) if !url.contains('?') => format!("{url}?sslmode=disable"),
            _ => url.to_owned(),
        }
    }
}
