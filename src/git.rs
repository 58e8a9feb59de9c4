//! The state of a Git work tree, by the `git` program. Without it, or outside of a work tree, there is none to tell.

use std::{path::Path, process::Stdio, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use crate::model::snapshot::{Commit, CommitSource};

/// Says what is deployed where there is no work tree: the name of a commit, and no more.
const VARIABLE: &str = "WINDLASS_COMMIT";
/// How long `git` may take; a status of a million files takes a few seconds.
const GIT_S_MAX: u64 = 10;
/// How much it may say, in bytes.
const SAID_BYTES_MAX: u64 = 64 * 1_024;
/// The longest name that is believed of a variable, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// The longest author or message that is kept, in characters.
const TEXT_MAX: usize = 500;

/// The newest commit: as `WINDLASS_COMMIT` names it, else of the work tree that `folder` lies in. `None` when neither is there.
/// Takes up to 20 seconds.
pub async fn commit(folder: &Path) -> Option<Commit> {
    match std::env::var(VARIABLE).ok().filter(|id| is_name(id)) {
        Some(id) => Some(named(id)),
        None => of_work_tree(folder).await,
    }
}

fn is_name(id: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn named(id: String) -> Commit {
    let source = CommitSource::Variable;
    Commit { id, author: None, message: None, committed_at: None, dirty: None, tree: None, source }
}

/// The newest commit of the work tree that `folder` lies in.
pub async fn of_work_tree(folder: &Path) -> Option<Commit> {
    let told = git(folder, &["log", "-1", "--no-show-signature", "--format=%H%n%T%n%an <%ae>%n%cI%n%s"]).await?;
    let mut lines = told.lines();
    let mut line = || lines.next().map(str::to_owned);
    let (id, tree, author, time, message) = (line()?, line()?, line()?, line()?, line().unwrap_or_default());
    let committed_at = DateTime::parse_from_rfc3339(&time).ok().map(|time| time.with_timezone(&Utc));
    // What is not under version control does not count: data and builds lie in many a work tree.
    let dirty = git(folder, &["status", "--porcelain", "--untracked-files=no"]).await.map(|told| !told.is_empty());
    let kept = |text: String| Some(text.chars().take(TEXT_MAX).collect());
    Some(Commit {
        id,
        author: kept(author),
        message: kept(message),
        committed_at,
        dirty,
        tree: Some(tree),
        source: CommitSource::WorkTree,
    })
}

/// What `git` says; `None` when it fails, takes too long or says too much. It runs nothing that the repository configures.
async fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    for elsewhere in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"] {
        command.env_remove(elsewhere);
    }
    let run = async {
        let mut child = command.spawn().ok()?;
        let mut said = Vec::new();
        child.stdout.take()?.take(SAID_BYTES_MAX + 1).read_to_end(&mut said).await.ok()?;
        if said.len() as u64 > SAID_BYTES_MAX {
            // Of a long list of changed files the first ones are enough.
            said.truncate(usize::try_from(SAID_BYTES_MAX).ok()?);
            return Some(said);
        }
        child.wait().await.ok()?.success().then_some(said)
    };
    let said = timeout(Duration::from_secs(GIT_S_MAX), run).await.ok()??;
    Some(String::from_utf8_lossy(&said).into_owned())
}
