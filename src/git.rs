//! The state of a Git work tree, by the `git` program. Without it, or outside of a work tree, there is none to tell.

use std::{path::Path, process::Stdio, time::Duration};

use chrono::{DateTime, Utc};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use crate::model::snapshot::{Commit, CommitSource};

/// Why another state of a folder cannot be had from Git.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git`, or the folder is in no work tree.
    #[error("{folder} is in no work tree of Git, or the program git is missing")]
    NoWorkTree {
        /// The folder.
        folder: String,
    },
    /// Git does not know the name.
    #[error("Git knows no commit {reference:?} here")]
    UnknownReference {
        /// What was asked for.
        reference: String,
    },
    /// The two commits have no common ancestor that is here.
    #[error("HEAD and {reference:?} have no commit in common here")]
    NoCommonCommit {
        /// What was asked for.
        reference: String,
    },
    /// The files could not be written out.
    #[error("the files of commit {commit} cannot be written to {into}")]
    Unwritten {
        /// Which commit.
        commit: String,
        /// Where to.
        into: String,
    },
}

/// The commit that a name stands for.
///
/// # Errors
/// [`GitError::NoWorkTree`], [`GitError::UnknownReference`]
pub async fn resolved(folder: &Path, reference: &str) -> Result<String, GitError> {
    let here = git(folder, &["rev-parse", "--is-inside-work-tree"]).await;
    if here.is_none_or(|told| told.trim() != "true") {
        return Err(GitError::NoWorkTree { folder: folder.display().to_string() });
    }
    let commit = format!("{reference}^{{commit}}");
    let told = git(folder, &["rev-parse", "--quiet", "--verify", "--end-of-options", &commit]).await;
    told.map(|id| id.trim().to_owned()).ok_or_else(|| GitError::UnknownReference { reference: reference.to_owned() })
}

/// The newest commit that HEAD and another have in common.
///
/// # Errors
/// [`GitError::NoCommonCommit`], as in a shallow clone that does not reach so far.
pub async fn common(folder: &Path, reference: &str, commit: &str) -> Result<String, GitError> {
    let told = git(folder, &["merge-base", "HEAD", commit]).await;
    told.map(|id| id.trim().to_owned()).ok_or_else(|| GitError::NoCommonCommit { reference: reference.to_owned() })
}

/// Writes a folder as it was in a commit to the folder `into`, which is left as it is where the commit has no such folder.
/// Neither the work tree nor the index is touched.
///
/// # Errors
/// [`GitError::Unwritten`]
pub async fn written_out(folder: &Path, commit: &str, into: &Path) -> Result<(), GitError> {
    let prefix = git(folder, &["rev-parse", "--show-prefix"]).await.unwrap_or_default();
    let tree = format!("{commit}:{}", prefix.trim_end_matches('\n').trim_end_matches('/'));
    if git(folder, &["cat-file", "-e", &tree]).await.is_none() {
        return Ok(());
    }
    let index = into.with_extension("index");
    let prefix = format!("--prefix={}/", into.display());
    let top = git(folder, &["rev-parse", "--show-toplevel"]).await.unwrap_or_default();
    let top = Path::new(top.trim_end_matches('\n'));
    let read = git_beside(top, &["read-tree", &tree], Some(&index)).await;
    let written = match read {
        Some(_) => git_beside(top, &["checkout-index", "--all", "--quiet", &prefix], Some(&index)).await,
        None => None,
    };
    let unwritten = || GitError::Unwritten { commit: commit.to_owned(), into: into.display().to_string() };
    written.map(|_| ()).ok_or_else(unwritten)
}

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
    git_beside(folder, arguments, None).await
}

/// The same, with another index than the work tree's.
async fn git_beside(folder: &Path, arguments: &[&str], index: Option<&Path>) -> Option<String> {
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
    command.envs(index.map(|index| ("GIT_INDEX_FILE", index)));
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
