//! Whether the epoch is still the run's at a moment from which nobody else can write.
//!
//! A run that lost its lock (somebody removed the lock file) must not copy over what another has written since. The copy
//! takes the file for itself first; then, from beside it, this looks once more. In WAL mode readers see the last commit
//! whoever may write. With a rollback journal nobody can read then, hence the look is before, together with the file's own count
//! of commits, and that count is compared.

use sqlx::{Connection, SqliteConnection};

use super::{
    EngineError, Place, fault, native,
    open::{self, Access},
    rows,
};

/// A look from beside, over a connection of its own.
pub(super) struct Fence {
    beside: SqliteConnection,
    place: Place,
    epoch: i64,
    is_wal: bool,
    /// The commits at the last look.
    commits: u32,
}

impl Fence {
    /// For a run's epoch.
    ///
    /// # Errors
    /// As [`open::connect`].
    pub(super) async fn of(place: &Place, epoch: i64) -> Result<Self, EngineError> {
        let mut beside = open::connect(place, Access::Read).await?;
        let is_wal = open::is_wal(&mut beside).await.map_err(|error| fault::in_session(place, &error, None))?;
        Ok(Self { beside, place: place.clone(), epoch, is_wal, commits: 0 })
    }

    /// Looks before the file is taken.
    ///
    /// # Errors
    /// [`EngineError::Fenced`] when another run has been there.
    pub(super) async fn look(&mut self) -> Result<(), EngineError> {
        if self.is_wal {
            return Ok(());
        }
        // Within one transaction nobody commits between the two.
        let seen = async {
            rows::run(&mut self.beside, "BEGIN").await?;
            let epoch = epoch(&mut self.beside).await;
            let commits = native::commits(&mut self.beside).await;
            rows::run(&mut self.beside, "COMMIT").await?;
            Ok((epoch?, commits?))
        };
        let (now, commits) = seen.await.map_err(|error| fault::in_session(&self.place, &error, None))?;
        self.commits = commits;
        self.must_be(now)
    }

    /// Looks once nobody else can write; false where somebody has, since the look before.
    ///
    /// # Errors
    /// [`EngineError::Fenced`] when another run has been there.
    pub(super) async fn holds(&mut self) -> Result<bool, EngineError> {
        let wrong = |error: sqlx::Error| fault::in_session(&self.place, &error, None);
        if !self.is_wal {
            return Ok(native::commits(&mut self.beside).await.map_err(wrong)? == self.commits);
        }
        let now = epoch(&mut self.beside).await.map_err(wrong)?;
        self.must_be(now).map(|()| true)
    }

    /// Lets go of the connection.
    pub(super) async fn close(self) {
        let _ = self.beside.close().await;
    }

    fn must_be(&self, now: i64) -> Result<(), EngineError> {
        if ablated!("swap-proof") {
            return Ok(());
        }
        if now == self.epoch { Ok(()) } else { Err(EngineError::Fenced { ours: self.epoch }) }
    }
}

async fn epoch(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    rows::number(connection, "SELECT epoch FROM windlass_lock WHERE id = 1").await
}
