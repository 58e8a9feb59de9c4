//! `windlass snapshot create`

use clap::Args;

use crate::{
    cli::{
        call::Call,
        carry_out::{carry_out, outcome},
        exit::Exit,
        failure::Failure,
    },
    model::{
        order::Order,
        snapshot::{Manifest, Scheme},
    },
};

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
    /// Also write the rows as lines of JSON, which every program reads
    #[arg(long)]
    pub export: bool,
}

pub(super) async fn run(words: Create, call: &Call) -> Result<Exit, Failure> {
    let Create { message, tags, notes, export } = words;
    let place = call.place()?;
    let job = carry_out(call, &place, &Order::Snapshot { message, tags, notes, export }, None).await?;
    let manifest = job.result.clone().and_then(|result| serde_json::from_value::<Manifest>(result).ok());
    call.output.result(&job, |page| page.all(&manifest, |page, manifest| page.line(manifest.id.to_string())));
    if manifest.is_some_and(|manifest| manifest.encryption.scheme == Scheme::None) {
        call.output.note("it is not encrypted (snapshots.encryption): whoever has its payload reads it");
    }
    outcome(&job)
}
