//! The pages of a database as one stream, without a copy of it in between.
//!
//! In WAL mode a read transaction keeps the database as it is for its connection (SQLite manual, "Isolation In SQLite"), and the
//! virtual table `sqlite_dbpage` gives its pages, whether they lie in the file or still in the log (SQLite manual, "The
//! `SQLITE_DBPAGE` Virtual Table"). They are the file as it would be after a checkpoint. It is an option of the build.

use std::{fs::File, io::Read};

use bytes::Bytes;

use super::{
    EngineError,
    content::refused,
    fault,
    native::{Connected, Cursor, Stored},
    scratch::Scratch,
};

/// How much goes into the stream at once.
const PIECE_BYTES: usize = 256 * 1_024;

/// The first page says in which mode the file is; 1 is a rollback journal, which needs nothing beside the file (SQLite manual,
/// "Database File Format", section 1.3.3, file format version numbers).
const MODE_AT: [usize; 2] = [18, 19];
const ROLLBACK_JOURNAL: u8 = 1;

/// Whether this build has the virtual table.
pub(super) const IS_THERE: &str = "SELECT count(*) FROM pragma_module_list WHERE name = 'sqlite_dbpage'";

/// Where the stream comes from.
pub(super) enum Pages<'a> {
    /// A file that nobody writes to.
    File { file: File, from: &'a Scratch },
    /// The pages of a connection that holds one moment.
    Held { cursor: Cursor<'a>, is_first: bool },
}

impl<'a> Pages<'a> {
    pub(super) fn of_file(from: &'a Scratch) -> Result<Self, EngineError> {
        let file = File::open(from.path()).map_err(|error| fault::on_file(from.path(), error))?;
        Ok(Self::File { file, from })
    }

    pub(super) fn held(connected: &'a Connected<'_>) -> Result<Self, EngineError> {
        let cursor = Cursor::over(connected, "SELECT data FROM sqlite_dbpage('main')").map_err(refused)?;
        Ok(Self::Held { cursor, is_first: true })
    }

    /// The next piece; none behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, EngineError> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        match self {
            Self::File { file, from } => {
                let limit = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
                file.take(limit).read_to_end(&mut piece).map_err(|error| fault::on_file(from.path(), error))?;
            }
            Self::Held { cursor, is_first } => {
                while piece.len() < PIECE_BYTES && cursor.step().map_err(refused)? {
                    if let Stored::Blob(page) = cursor.value(0) {
                        piece.extend_from_slice(page);
                    }
                    if std::mem::take(is_first) && piece.len() > MODE_AT[1] {
                        for at in MODE_AT {
                            piece[at] = ROLLBACK_JOURNAL;
                        }
                    }
                }
            }
        }
        Ok((!piece.is_empty()).then(|| piece.into()))
    }
}
