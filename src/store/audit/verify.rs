//! Looks at the whole chain again, line by line.

use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

use super::{AuditKey, LINE, Sealed};
use crate::{
    model::audit::{AuditFault, AuditHead, AuditReport},
    store::{Store, StoreError},
};

/// Lines that are read at once.
const LINES_AT_ONCE_MAX: i64 = 1_000;

/// What stands out of the chain's place.
const STRANGER: &str = "it was put in without a seal";

/// A walk along the chain.
struct Walk<'a> {
    key: &'a AuditKey,
    /// Heads that were noted before.
    noted: Vec<AuditHead>,
    /// The first line of the trail that no seal speaks of.
    stranger: Option<i64>,
    head: AuditHead,
}

impl Store {
    /// Follows the audit trail from its first line to its last, and holds it against the head that is written beside the
    /// store, and against `known`, one that was seen before. Seals the lines of an earlier release first, where none is sealed.
    /// Where there is no store, none is made, and no key.
    ///
    /// # Errors
    /// [`StoreError`], when the trail cannot be read; what is wrong with it is in the report.
    pub async fn verify_audit(&self, known: Option<&AuditHead>) -> Result<AuditReport, StoreError> {
        if !self.is_there() {
            let noted: Vec<AuditHead> = self.anchor().await?.into_iter().chain(known.cloned()).collect();
            return Ok(report(AuditHead::genesis(), cut(&noted, 0)));
        }
        self.seal_earlier_lines().await?;
        let (key, pool) = (self.audit_key().await?, self.pool().await?);
        let noted = self.anchor().await?.into_iter().chain(known.cloned()).collect();
        let stranger = sqlx::query_scalar(
            "SELECT min(l.seq) FROM log AS l LEFT JOIN audit AS a ON a.line = l.seq \
             WHERE l.kind = 'audit' AND a.number IS NULL",
        );
        let stranger = stranger.fetch_one(pool).await.map_err(|error| self.unusable(&error))?;
        let mut walk = Walk { key: &key, noted, stranger, head: AuditHead::genesis() };
        let fault = self.walk(pool, &mut walk).await?;
        Ok(report(walk.head, fault))
    }

    /// To the end of the chain, or to its first fault.
    async fn walk(&self, pool: &SqlitePool, walk: &mut Walk<'_>) -> Result<Option<AuditFault>, StoreError> {
        let text = format!(
            "SELECT a.number, a.line, a.before, a.mac, l.kind, {LINE} FROM audit AS a LEFT JOIN log AS l ON l.seq = a.line \
             WHERE a.number > $1 ORDER BY a.number LIMIT $2"
        );
        loop {
            let rows = sqlx::query(sqlx::AssertSqlSafe(text.clone()))
                .bind(walk.head.number)
                .bind(LINES_AT_ONCE_MAX)
                .fetch_all(pool)
                .await
                .map_err(|error| self.unusable(&error))?;
            if rows.is_empty() {
                return Ok(walk.end());
            }
            for row in rows {
                let step = walk.step(&row).map_err(|error| self.shape(&error))?;
                if step.is_some() {
                    return Ok(step);
                }
            }
        }
    }
}

impl Walk<'_> {
    /// The next seal with its line.
    fn step(&mut self, row: &SqliteRow) -> Result<Option<AuditFault>, sqlx::Error> {
        let (number, seq): (i64, i64) = (row.try_get("number")?, row.try_get("line")?);
        let (before, mac): (String, String) = (row.try_get("before")?, row.try_get("mac")?);
        let next = self.head.number + 1;
        if let Some(stranger) = self.stranger.filter(|stranger| *stranger < seq) {
            return Ok(Some(AuditFault::of(next, Some(stranger), STRANGER)));
        }
        if number != next {
            return Ok(Some(AuditFault::of(next, None, "it is missing: the seals go on behind it")));
        }
        if row.try_get::<Option<String>, _>("kind")?.as_deref() != Some("audit") {
            return Ok(Some(AuditFault::of(number, Some(seq), "its line is missing")));
        }
        // A line that is not even text any more was changed as well.
        let fits = |line: Sealed| before == self.head.mac && self.key.seal(&before, &line) == mac;
        if !Sealed::of(number, row).is_ok_and(fits) {
            return Ok(Some(AuditFault::of(number, Some(seq), "it is not what was sealed at this place")));
        }
        if self.noted.iter().any(|noted| noted.number == number && noted.mac != mac) {
            return Ok(Some(AuditFault::of(number, Some(seq), "it is not what was here when a head was noted")));
        }
        self.head = AuditHead { number, mac };
        Ok(None)
    }

    /// What may be wrong behind the last seal.
    fn end(&self) -> Option<AuditFault> {
        if let Some(stranger) = self.stranger {
            return Some(AuditFault::of(self.head.number + 1, Some(stranger), STRANGER));
        }
        cut(&self.noted, self.head.number)
    }
}

/// The fault of a trail that ends behind `last`, if one of the heads says that it went on.
fn cut(noted: &[AuditHead], last: i64) -> Option<AuditFault> {
    let is_cut = noted.iter().any(|noted| noted.number > last);
    is_cut.then(|| AuditFault::of(last + 1, None, "it is missing: the trail was longer when a head was noted"))
}

fn report(head: AuditHead, fault: Option<AuditFault>) -> AuditReport {
    AuditReport { whole: fault.is_none(), entries: head.number, head, fault }
}
