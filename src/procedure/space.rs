//! Whether it will fit: what a run, a snapshot or a restore takes of each disk, before its first byte.
//!
//! A forecast: what was needed last time for as large a database, else half of the database for a sealed dump, or all of it for one that is not compressed. Only what can
//! be seen from this machine is held against what is free; the rest is told.

use std::path::{Path, PathBuf};

use super::{Assignment, Held, Target, problem};
use crate::{
    config::Compression,
    disk,
    engine::{Engine, EngineError, Room},
    model::{
        archive::SpaceNeed,
        catalog::Catalog,
        job::JobProblem,
        order::SpacePolicy,
        plan::Plan,
        snapshot::{Listed, Manifest},
    },
    plan,
};

/// Of a dump of which nothing is known yet, so much of the database is left when it is compressed: one part in this many.
const COMPRESSED_PARTS: u64 = 2;

/// A forecast is taken this much too large: one part in this many is added.
const MARGIN_PARTS: u64 = 5;

/// Free bytes are not used up to the last: a file system that is full stops the database.
const LEFT_BYTES_MIN: u64 = 8 * 1024 * 1024;

/// What is to be done.
pub enum Work<'a> {
    /// A copy.
    Snapshot,
    /// A run.
    Run {
        /// What it is to do.
        plan: &'a Plan,
        /// With which migrations.
        catalog: &'a Catalog,
        /// Whether a snapshot comes before it.
        with_snapshot: bool,
    },
    /// A restore of this snapshot, with a snapshot before it.
    Restore(&'a Manifest),
    /// A scratch copy of the target beside this database.
    Copy(&'a dyn Engine),
}

/// What the work takes, each with the disk it takes it of.
///
/// # Errors
/// When target or archive cannot be asked.
pub async fn forecast(target: &Target, held: &mut Held, work: &Work<'_>) -> Result<Vec<SpaceNeed>, JobProblem> {
    let room = target.engine.room().await.map_err(problem::untouched)?;
    let mut needs = Vec::new();
    let takes_snapshot = !matches!(work, Work::Run { with_snapshot: false, .. } | Work::Copy(_));
    if takes_snapshot {
        let listed = target.archive.list().await.map_err(|error| problem::archive(&error))?.snapshots;
        needs.extend(snapshot(target, &room, &listed));
    }
    match work {
        Work::Snapshot => {}
        Work::Copy(beside) => needs.push(copy(target, *beside, &room).await?),
        Work::Run { plan, catalog, .. } => {
            needs.extend(rewrite(target, held, &room, (plan, catalog)).await.map_err(problem::untouched)?);
        }
        Work::Restore(manifest) => {
            let bytes = manifest.database_bytes.max(manifest.dump_bytes);
            needs.push(need("restore", room.place.as_deref(), bytes));
            let scratch = target.engine.scratch_bytes(manifest.dump_bytes);
            needs.extend((scratch > 0).then(|| need("restore, in between", scratch_place(target).as_deref(), scratch)));
        }
    }
    Ok(needs.into_iter().filter(|need| need.needed_bytes > 0).collect())
}

/// Lets work go on that fits, as far as can be seen. By `policy.space`, what does not fit is refused, or told in the log.
///
/// # Errors
/// The problem, with the figures; when target or archive cannot be asked.
pub async fn ensure(target: &Target, told: &Assignment, held: &mut Held, work: &Work<'_>) -> Result<(), JobProblem> {
    match must_fit(&forecast(target, held, work).await?) {
        Err(problem) if target.config.policy.space == SpacePolicy::Warn => {
            told.warning(format!("it may not fit: {}", problem.detail));
            Ok(())
        }
        fits => fits,
    }
}

/// Refuses work that would not fit, with the figures; what cannot be seen is no reason.
///
/// # Errors
/// The problem that names each disk that is too small.
pub fn must_fit(needs: &[SpaceNeed]) -> Result<(), JobProblem> {
    let short: Vec<String> = by_disk(needs).into_iter().filter_map(|disk| disk.shortage()).collect();
    if short.is_empty() { Ok(()) } else { Err(problem::no_space(&short)) }
}

/// What all the needs take of one disk.
struct Disk<'a> {
    device: u64,
    free_bytes: u64,
    needs: Vec<&'a SpaceNeed>,
}

impl Disk<'_> {
    /// What is missing, in words.
    fn shortage(&self) -> Option<String> {
        let needed: u64 = self.needs.iter().map(|need| need.needed_bytes).sum();
        if needed.saturating_add(LEFT_BYTES_MIN) <= self.free_bytes {
            return None;
        }
        let purposes: Vec<String> = self
            .needs
            .iter()
            .map(|need| format!("{} for {} in {}", mb(need.needed_bytes), need.purpose, need.place))
            .collect();
        Some(format!(
            "{} are needed ({}), {} are free, and {} of them stay free",
            mb(needed),
            purposes.join(", "),
            mb(self.free_bytes),
            mb(LEFT_BYTES_MIN)
        ))
    }
}

/// Places on one file system share what is free there.
fn by_disk(needs: &[SpaceNeed]) -> Vec<Disk<'_>> {
    let mut disks: Vec<Disk<'_>> = Vec::new();
    for need in needs {
        let (Some(free_bytes), Some(device)) = (need.free_bytes, disk::device(Path::new(&need.place))) else {
            continue;
        };
        match disks.iter_mut().find(|disk| disk.device == device) {
            Some(disk) => disk.needs.push(need),
            None => disks.push(Disk { device, free_bytes, needs: vec![need] }),
        }
    }
    disks
}

/// The copy, and where databases are files, what is in between as well.
async fn copy(target: &Target, beside: &dyn Engine, room: &Room) -> Result<SpaceNeed, JobProblem> {
    let (purpose, bytes) = ("the scratch copy", with_margin(room.database_bytes));
    let scratch = target.engine.scratch_bytes(bytes);
    if scratch > 0 {
        return Ok(need(purpose, scratch_place(target).as_deref(), bytes.saturating_add(scratch)));
    }
    let place = beside.room().await.map_err(|error| problem::no_scratch(&error))?.place;
    Ok(need(purpose, place.as_deref(), bytes))
}

/// The sealed dump, and what the engine puts in between.
fn snapshot(target: &Target, room: &Room, listed: &[Listed]) -> Vec<SpaceNeed> {
    let before = listed.iter().map(|listed| &listed.manifest).find(|manifest| manifest.database_bytes > 0);
    let is_compressed = target.config.snapshots.compression == Compression::Zstd;
    let sealed = match before {
        Some(before) => {
            let bytes = if is_compressed { before.payload_bytes } else { before.dump_bytes.max(before.payload_bytes) };
            in_proportion(bytes, room.database_bytes, before.database_bytes)
        }
        None if is_compressed => room.database_bytes / COMPRESSED_PARTS,
        None => room.database_bytes,
    };
    let place = target.archive.folder();
    let mut needs = vec![need("the snapshot", place.as_deref().and_then(Path::to_str), with_margin(sealed))];
    let scratch = target.engine.scratch_bytes(room.database_bytes);
    needs.extend((scratch > 0).then(|| need("the snapshot, in between", scratch_place(target).as_deref(), scratch)));
    needs
}

/// Tables that schema changes name may be written anew, and once more into the log.
async fn rewrite(
    target: &Target,
    held: &mut Held,
    room: &Room,
    (plan, catalog): (&Plan, &Catalog),
) -> Result<Option<SpaceNeed>, EngineError> {
    let Some(place) = room.place.as_deref() else { return Ok(None) };
    let schema = held.session()?.schema(None).await?;
    let by_id = catalog.by_id();
    let pending = plan.hops.iter().flat_map(|hop| &hop.migrations).filter_map(|step| by_id.get(&step.id));
    let bytes = plan::rewritten_bytes(target.engine.dialect(), &schema, pending.map(|migration| &migration.up));
    Ok((bytes > 0).then(|| need("rewriting tables and the log", Some(place), with_margin(bytes.saturating_mul(2)))))
}

fn scratch_place(target: &Target) -> Option<String> {
    let place: PathBuf = target.config.snapshots.path.clone();
    place.to_str().map(str::to_owned)
}

fn need(purpose: &str, place: Option<&str>, needed_bytes: u64) -> SpaceNeed {
    SpaceNeed {
        purpose: purpose.to_owned(),
        place: place.unwrap_or("a disk that is not seen from here").to_owned(),
        needed_bytes,
        free_bytes: place.and_then(|place| disk::free_bytes(Path::new(place))),
    }
}

fn in_proportion(bytes: u64, now: u64, then: u64) -> u64 {
    u64::try_from(u128::from(bytes) * u128::from(now) / u128::from(then.max(1))).unwrap_or(u64::MAX)
}

fn with_margin(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / MARGIN_PARTS)
}

fn mb(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}
