//! Who makes the copy, and how.

use super::Engine;

/// One way to make a copy, or to bring it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// The engine's own program as most people call it: what windlass is held against.
    Usual,
    /// The engine's own program, without compression of its own, through zstd; the copy that is brought back by hand.
    Own,
    /// The raw floor: the bytes copied, and on the disk.
    Copy,
    /// The floor where a program has to be asked: its output, which nobody takes.
    Nowhere,
    /// `windlass snapshot create`, as it is without any setting.
    Windlass,
    /// The same with `snapshots.compression = "none"`.
    WindlassPlain,
    /// The engine's own program filling an empty database.
    OwnBack,
    /// `windlass snapshot restore`: verified, the state before kept, loaded beside, compared, swapped.
    WindlassBack,
}

impl Contender {
    /// As the table calls it.
    pub fn name(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Self::Usual, Engine::Postgres) => "pg_dump -Fc",
            (Self::Usual, Engine::MariaDb) => "mariadb-dump, gzip",
            (Self::Usual, Engine::Sqlite) => "sqlite3 .backup",
            (Self::Own, Engine::Postgres) => "pg_dump -Fc -Z0, zstd -3",
            (Self::Own, Engine::MariaDb) => "mariadb-dump, zstd -3",
            (Self::Own, Engine::Sqlite) => "sqlite3 .backup, zstd -3",
            (Self::Copy, _) => "cp",
            (Self::Nowhere, Engine::Postgres) => "pg_dump -Fc -Z0 (to nowhere)",
            (Self::Nowhere, _) => "mariadb-dump (to nowhere)",
            (Self::Windlass, _) => "windlass snapshot create",
            (Self::WindlassPlain, _) => "windlass, uncompressed",
            (Self::OwnBack, Engine::Postgres) => "zstd, pg_restore",
            (Self::OwnBack, Engine::MariaDb) => "zstd, mariadb",
            (Self::OwnBack, Engine::Sqlite) => "zstd",
            (Self::WindlassBack, _) => "windlass snapshot restore",
        }
    }

    /// Whether it brings a copy back.
    pub fn is_back(self) -> bool {
        matches!(self, Self::OwnBack | Self::WindlassBack)
    }

    /// What an engine's contender of this kind is measured by.
    pub fn reference(self, engine: Engine) -> Self {
        match self {
            Self::OwnBack | Self::WindlassBack => Self::OwnBack,
            _ if engine == Engine::Sqlite => Self::Copy,
            _ => Self::Usual,
        }
    }

    /// The command in the words of a shell; it ends when the copy is on the disk. `$C` is the client's words for the database,
    /// `$F` the file to write, `$D` the database's own file.
    pub fn script(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Self::Usual, Engine::Postgres) => "pg_dump -Fc -d \"$C\" -f \"$F\"",
            (Self::Usual, Engine::MariaDb) => {
                "mariadb-dump --single-transaction --quick $C | gzip >\"$F\" && sync \"$F\""
            }
            (Self::Usual, Engine::Sqlite) => "sqlite3 \"$D\" \".backup '$F'\" && sync \"$F\"",
            (Self::Own, Engine::Postgres) => "pg_dump -Fc -Z0 -d \"$C\" | zstd -q -3 -o \"$F\" && sync \"$F\"",
            (Self::Own, Engine::MariaDb) => {
                "mariadb-dump --single-transaction --quick $C | zstd -q -3 -o \"$F\" && sync \"$F\""
            }
            (Self::Own, Engine::Sqlite) => {
                "sqlite3 \"$D\" \".backup '$F.raw'\" && zstd -q -3 --rm \"$F.raw\" -o \"$F\" && sync \"$F\""
            }
            (Self::Copy, _) => "cp \"$D\" \"$F\" && sync \"$F\"",
            (Self::Nowhere, Engine::Postgres) => "pg_dump -Fc -Z0 -d \"$C\" >/dev/null",
            (Self::Nowhere, _) => "mariadb-dump --single-transaction --quick $C >/dev/null",
            (Self::OwnBack, Engine::Postgres) => "zstd -dc \"$F\" | pg_restore --exit-on-error -d \"$C\"",
            (Self::OwnBack, Engine::MariaDb) => "zstd -dc \"$F\" | mariadb $C",
            (Self::OwnBack, Engine::Sqlite) => "zstd -q -d \"$F\" -o \"$D\" && sync \"$D\"",
            (Self::Windlass | Self::WindlassPlain | Self::WindlassBack, _) => "",
        }
    }
}

/// Who makes a copy on this engine, in turn.
pub fn contenders(engine: Engine) -> Vec<Contender> {
    let floor = if engine == Engine::Sqlite { Contender::Copy } else { Contender::Nowhere };
    vec![Contender::Usual, Contender::Own, floor, Contender::Windlass, Contender::WindlassPlain]
}
