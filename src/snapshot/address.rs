//! From a URL to a place.

use std::path::PathBuf;

use super::ArchiveError;
use crate::config;

/// Where an archive is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A folder of this machine.
    Folder(PathBuf),
    /// Objects whose names begin with `prefix`, which is empty or ends in no `/`.
    Bucket { bucket: String, prefix: String },
}

/// The place that is configured: `snapshots.url`, else the folder `snapshots.path`.
pub(super) fn of(settings: &config::Snapshots) -> Result<Address, ArchiveError> {
    let Some(url) = &settings.url else { return Ok(Address::Folder(settings.path.clone())) };
    let unfit = |reason: &str| ArchiveError::Address { reason: reason.to_owned() };
    if url.contains(['?', '#', '@', '%']) {
        return Err(unfit("it holds one of ? # @ %; keys belong into snapshots.s3"));
    }
    match url.split_once("://") {
        Some(("file", path)) if path.starts_with('/') => Ok(Address::Folder(path.into())),
        Some(("file", _)) => Err(unfit("a folder is written file:///absolute/path")),
        Some(("s3", rest)) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            if bucket.is_empty() || !bucket.bytes().all(is_name) {
                return Err(unfit("a bucket is written s3://bucket or s3://bucket/prefix"));
            }
            let prefix = prefix.trim_end_matches('/');
            let is_fit = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control());
            if !prefix.is_empty() && !prefix.split('/').all(is_fit) {
                return Err(unfit("a part of its path is empty, or not a name"));
            }
            Ok(Address::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        }
        _ => Err(unfit("it begins neither with file:// nor with s3://")),
    }
}
