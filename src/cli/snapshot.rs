//! `windlass snapshot`

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    call::{Call, open},
    carry_out::{carry_out, outcome},
    down::take_back,
    exit::Exit,
    failure::{Failure, with_causes},
    output::Page,
    run_report::findings,
    table::{Table, Tone},
    words,
};
use crate::{
    app::App,
    jobs::Refused,
    model::{
        order::{Order, RollbackGoal},
        snapshot::{Commit, Listed, Manifest, Marks, Scheme, SnapshotId, SnapshotList},
    },
};

/// Restorable copies
#[derive(Debug, Subcommand)]
pub enum Snapshot {
    /// Make one
    Create(Create),
    /// Show all, newest first
    List,
    /// Show one, with how to open it by hand
    Show {
        /// Which
        id: SnapshotId,
    },
    /// Read payloads again and compare them with their manifests
    Verify(Verify),
    /// Take the database back to one
    Restore {
        /// Which
        id: SnapshotId,
    },
}

/// Make one
#[derive(Debug, Args)]
pub struct Create {
    /// For a person
    #[arg(long, short, value_name = "TEXT")]
    pub message: Option<String>,
    /// To find it by; can be given more than once
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// For a person, longer
    #[arg(long, value_name = "TEXT")]
    pub notes: Option<String>,
}

/// Read payloads again and compare them with their manifests
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Verify {
    /// Which
    pub id: Option<SnapshotId>,
    /// All of them
    #[arg(long)]
    pub all: bool,
}

/// What came of one check.
#[derive(Serialize)]
struct Verdict {
    id: SnapshotId,
    whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) async fn run(snapshot: Snapshot, call: &Call) -> Result<Exit, Failure> {
    match snapshot {
        Snapshot::Create(words) => create(words, call).await,
        Snapshot::List => list(call).await,
        Snapshot::Show { id } => show(id, call).await,
        Snapshot::Verify(words) => verify(&words, call).await,
        Snapshot::Restore { id } => take_back(RollbackGoal::Snapshot(id), false, call, &call.place()?).await,
    }
}

async fn create(Create { message, tags, notes }: Create, call: &Call) -> Result<Exit, Failure> {
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Snapshot { message, tags, notes }, None).await?;
    let manifest = job.result.clone().and_then(|result| serde_json::from_value::<Manifest>(result).ok());
    call.output.result(&job, |page| page.all(&manifest, |page, manifest| page.line(manifest.id.to_string())));
    if manifest.is_some_and(|manifest| manifest.encryption.scheme == Scheme::None) {
        call.output.note("it is not encrypted (snapshots.encryption): whoever has its payload reads it");
    }
    outcome(&job)
}

async fn list(call: &Call) -> Result<Exit, Failure> {
    let SnapshotList { snapshots, findings: found } = call.place()?.snapshots().await?;
    call.output.result(&snapshots, |page| findings(page.table(&table(&snapshots)), &found));
    if snapshots.is_empty() {
        call.output.note("there are no snapshots; windlass snapshot create makes one");
    }
    Ok(Exit::Fine)
}

/// Snapshots, one to a row.
pub(super) fn table<'a>(snapshots: impl IntoIterator<Item = &'a Listed>) -> Table {
    let header = Table::of(["snapshot", "made", "by", "database", "size", "sealed", "known", "message"]);
    snapshots.into_iter().fold(header, |table, Listed { manifest, marks }| {
        let tone = if manifest.encryption.scheme == Scheme::None { Tone::Careful } else { Tone::Plain };
        table.row(
            tone,
            [
                manifest.id.to_string(),
                words::moment(manifest.created_at),
                manifest.created_by.clone(),
                words::version(manifest.db_version.as_ref()),
                words::size(manifest.payload_bytes),
                sealed(manifest).to_owned(),
                known(marks),
                manifest.message.clone().unwrap_or_default(),
            ],
        )
    })
}

fn sealed(manifest: &Manifest) -> &'static str {
    match manifest.encryption.scheme {
        Scheme::Age => "age",
        Scheme::None => "not encrypted",
    }
}

/// What was learned of it: a run above it validated; it was read again, or restored.
fn known(marks: &Marks) -> String {
    let good = marks.good.as_ref().map(|_| "good".to_owned());
    let verified = marks.verified.as_ref().map(|verified| match (verified.result.as_str(), verified.deep) {
        ("whole", true) => "restored".to_owned(),
        ("whole", false) => "verified".to_owned(),
        (found, _) => found.to_owned(),
    });
    good.into_iter().chain(verified).collect::<Vec<_>>().join(", ")
}

async fn show(id: SnapshotId, call: &Call) -> Result<Exit, Failure> {
    let listed = call.place()?.snapshot(id).await?;
    call.output.result(&listed, |page| details(page, &listed));
    Ok(Exit::Fine)
}

fn details(page: Page, Listed { manifest, marks }: &Listed) -> Page {
    let page = page
        .line(format!("snapshot   {}", manifest.id))
        .line(format!("made       {} by {}", words::moment(manifest.created_at), manifest.created_by))
        .line(format!("target     {} ({} {})", manifest.target, manifest.engine, manifest.server_version))
        .line(format!("database   {}", words::version(manifest.db_version.as_ref())))
        .line(format!("payload    {} ({})", manifest.payload, words::size(manifest.payload_bytes)))
        .line(format!("sealed     {} (key {})", sealed(manifest), manifest.encryption.key_id))
        .line(format!("sha-256    {}", manifest.payload_sha256))
        .line(format!("by hand    {}", manifest.open_by_hand));
    let known = Some(known(marks)).filter(|known| !known.is_empty());
    let page = page.all(&known, |page, text| page.line(format!("known      {text}")));
    let page = page.all(&manifest.commit, |page, commit| page.line(format!("commit     {}", source(commit))));
    let page = page.all(&manifest.message, |page, text| page.line(format!("message    {text}")));
    let page = page.all(&manifest.notes, |page, text| page.line(format!("notes      {text}")));
    let page =
        if manifest.tags.is_empty() { page } else { page.line(format!("tags       {}", manifest.tags.join(", "))) };
    let header = Table::of(["table", "rows"]);
    page.table(
        &manifest
            .tables
            .iter()
            .fold(header, |table, (name, rows)| table.row(Tone::Plain, [name.clone(), rows.to_string()])),
    )
}

/// `4c7cec7… (not all of it was committed): Add berths`
fn source(commit: &Commit) -> String {
    let dirty = if commit.dirty == Some(true) { " (not all of it was committed)" } else { "" };
    let message = commit.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{}{dirty}{message}", commit.id)
}

async fn verify(words: &Verify, call: &Call) -> Result<Exit, Failure> {
    call.only_here("windlass snapshot verify")?;
    let app = open(call.config(&[])?)?;
    let ids = match words.id {
        Some(id) => vec![id],
        None => all(&app).await?,
    };
    let mut verdicts = Vec::new();
    for id in ids {
        verdicts.push(verdict(&app, id).await?);
    }
    call.output.result(&verdicts, |page| {
        page.table(&verdicts.iter().fold(Table::of(["snapshot", "verdict"]), |table, verdict| {
            let tone = if verdict.whole { Tone::Good } else { Tone::Bad };
            let text = verdict.reason.clone().unwrap_or_else(|| "whole".to_owned());
            table.row(tone, [verdict.id.to_string(), text])
        }))
    });
    Ok(if verdicts.iter().all(|verdict| verdict.whole) { Exit::Fine } else { Exit::Critical })
}

/// Every snapshot there is; also those whose manifest cannot be used, for somebody may count on them.
async fn all(app: &App) -> Result<Vec<SnapshotId>, Failure> {
    let SnapshotList { snapshots, findings } = app.enquiry.snapshots().await?;
    let mut ids: Vec<SnapshotId> = snapshots.iter().map(|listed| listed.manifest.id).collect();
    for id in findings.iter().filter_map(|finding| finding.place.parse().ok()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// One damaged copy does not keep the others from being looked at.
async fn verdict(app: &App, id: SnapshotId) -> Result<Verdict, Failure> {
    match app.enquiry.verify(id).await {
        Ok(_) => Ok(Verdict { id, whole: true, reason: None }),
        Err(Refused::Archive(error)) => Ok(Verdict { id, whole: false, reason: Some(with_causes(&error)) }),
        Err(refused) => Err(refused.into()),
    }
}
