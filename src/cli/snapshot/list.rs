//! `windlass snapshot list` and `show`

use crate::{
    cli::{
        call::Call,
        exit::Exit,
        failure::Failure,
        output::Page,
        run_report::findings,
        table::{Table, Tone},
        words,
    },
    model::snapshot::{Commit, Listed, Manifest, Marks, Scheme, SnapshotId, SnapshotList, VerifiedMark},
};

pub(super) async fn list(call: &Call) -> Result<Exit, Failure> {
    let SnapshotList { snapshots, findings: found } = call.place()?.snapshots().await?;
    call.output.result(&snapshots, |page| findings(page.table(&table(&snapshots)), &found));
    if snapshots.is_empty() {
        call.output.note("there are no snapshots; windlass snapshot create makes one");
    }
    Ok(Exit::Fine)
}

/// Snapshots, one to a row.
pub(in crate::cli) fn table<'a>(snapshots: impl IntoIterator<Item = &'a Listed>) -> Table {
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
        (VerifiedMark::WHOLE, true) => "restored".to_owned(),
        (VerifiedMark::WHOLE, false) => "verified".to_owned(),
        (found, _) => found.to_owned(),
    });
    good.into_iter().chain(verified).collect::<Vec<_>>().join(", ")
}

pub(super) async fn show(id: SnapshotId, call: &Call) -> Result<Exit, Failure> {
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
    let header = Table::of(["table", "rows", "hash"]);
    page.table(&manifest.tables.iter().fold(header, |table, (name, digest)| {
        table.row(Tone::Plain, [name.clone(), digest.rows.to_string(), digest.hash.clone()])
    }))
}

/// `4c7cec7… (not all of it was committed): Add berths`
fn source(commit: &Commit) -> String {
    let dirty = if commit.dirty == Some(true) { " (not all of it was committed)" } else { "" };
    let message = commit.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{}{dirty}{message}", commit.id)
}
