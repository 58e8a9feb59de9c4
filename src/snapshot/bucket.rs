//! A bucket of an object store that speaks S3. Nothing waits for ever: every request is tried again a few times within a bound,
//! and has a deadline.
//!
//! An object is there whole or not at all, so nothing needs a name for its way. What is not a whole object yet is an upload (see
//! `upload`), which no listing shows.

use std::{
    fmt,
    fs::File,
    future::Future,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::{
    BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, Checksum},
    client::{HttpClient, HttpConnector, ReqwestConnector},
    path::Path,
};
use secrecy::ExposeSecret;
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};

use super::{
    ArchiveError,
    local::{self, SMALL_BYTES_MAX},
    measure::Measure,
    names,
    store::{Fill, Store, Stored},
    upload::{Upload, read_note},
};
use crate::{config, https};

/// How long a request may take, its answer included.
const REQUEST_S_MAX: u64 = 60;
/// How long it takes at most to be connected.
const CONNECT_S_MAX: u64 = 10;
/// How often a request is tried again at most, and how long altogether.
const RETRIES_MAX: usize = 5;
const RETRY_S_MAX: u64 = 60;
const BACKOFF_MS_MAX: u64 = 5_000;
/// How long a question may take with all its tries.
const ANSWER_S_MAX: u64 = RETRY_S_MAX + REQUEST_S_MAX;
/// How long all pages of a listing may take.
const LISTING_S_MAX: u64 = 300;
/// How much is read at once; the next piece is under way meanwhile.
const PIECE_BYTES: u64 = 4 * 1_024 * 1_024;
/// How many small objects are asked for at once.
const SMALL_AT_ONCE: usize = 16;
/// How much of a server's words an error repeats, in characters.
const WORDS_MAX: usize = 400;

/// Objects whose names begin with one prefix.
pub(super) struct Bucket {
    s3: Arc<AmazonS3>,
    name: String,
    prefix: String,
    /// The folder of this machine where uploads are noted.
    notes: PathBuf,
}

/// An object that is read piece by piece. Every piece is asked for with the object's `ETag`: another one under its name ends it.
struct Object {
    s3: Arc<AmazonS3>,
    meta: ObjectMeta,
    at: u64,
    piece: Bytes,
    next: Option<JoinHandle<object_store::Result<Bytes>>>,
}

/// HTTP as `object_store` makes it, also on a machine without a CA store: then with Mozilla's roots as of this build.
#[derive(Debug)]
struct Wire;

impl HttpConnector for Wire {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        ReqwestConnector::default().connect(options).or_else(|first| {
            let client = https::client(|| {
                reqwest::Client::builder()
                    .timeout(Duration::from_secs(REQUEST_S_MAX))
                    .connect_timeout(Duration::from_secs(CONNECT_S_MAX))
            });
            client.map(HttpClient::new).map_err(|_| first)
        })
    }
}

impl Bucket {
    /// The objects of `bucket` below `prefix`. Asks nobody anything.
    pub fn at(bucket: &str, prefix: String, settings: &config::S3, notes: PathBuf) -> Result<Self, ArchiveError> {
        let retry = RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_millis(BACKOFF_MS_MAX), ..BackoffConfig::default() },
            max_retries: RETRIES_MAX,
            retry_timeout: Duration::from_secs(RETRY_S_MAX),
        };
        let client = ClientOptions::new()
            .with_timeout(Duration::from_secs(REQUEST_S_MAX))
            .with_connect_timeout(Duration::from_secs(CONNECT_S_MAX))
            .with_allow_http(settings.allow_http);
        let mut builder = AmazonS3Builder::from_env()
            .with_client_options(client)
            .with_bucket_name(bucket)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(retry)
            .with_http_connector(Wire);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &settings.region {
            builder = builder.with_region(region);
        }
        if let Some(name) = &settings.access_key_id {
            builder = builder.with_access_key_id(name);
        }
        if let Some(key) = &settings.secret_access_key {
            builder = builder.with_secret_access_key(key.expose_secret());
        }
        let built = builder.build().map_err(|error| ArchiveError::Address { reason: words(&error) })?;
        Ok(Self { s3: Arc::new(built), name: bucket.to_owned(), prefix, notes })
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.split('/').chain([name]).filter(|part| !part.is_empty()).collect()
    }

    fn failed(&self, name: &str, error: &object_store::Error) -> ArchiveError {
        self.remote(name, words(error))
    }

    fn remote(&self, name: &str, reason: String) -> ArchiveError {
        ArchiveError::Remote { place: self.place_of(name), reason }
    }

    /// Waits for an answer about `name`; "not found" is one too.
    fn ask<T>(
        &self,
        name: &str,
        seconds: u64,
        question: impl Future<Output = object_store::Result<T>>,
    ) -> Result<Option<T>, ArchiveError> {
        match within(seconds, question) {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(object_store::Error::NotFound { .. })) => Ok(None),
            Ok(Err(error)) => Err(self.failed(name, &error)),
            Err(late) => Err(self.remote(name, late.to_string())),
        }
    }

    fn head(&self, name: &str) -> Result<Option<ObjectMeta>, ArchiveError> {
        self.ask(name, ANSWER_S_MAX, self.s3.head(&self.path(name)))
    }

    /// A small object as a whole. Whatever the server says of its size, no more than that is taken.
    async fn small_one(&self, name: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let read = async {
            let found = self.s3.get(&self.path(name)).await?;
            if found.meta.size > SMALL_BYTES_MAX {
                return Ok(Err(self.remote(name, "it is larger than any file of its kind".to_owned())));
            }
            let mut bytes = Vec::new();
            let mut pieces = found.into_stream();
            while let Some(piece) = pieces.try_next().await? {
                bytes.extend_from_slice(&piece);
                if bytes.len() as u64 > SMALL_BYTES_MAX {
                    return Ok(Err(self.remote(name, "it is larger than it says".to_owned())));
                }
            }
            Ok(Ok(bytes))
        };
        match timeout(Duration::from_secs(ANSWER_S_MAX), read).await {
            Ok(Ok(read)) => read.map(Some),
            Ok(Err(object_store::Error::NotFound { .. })) => Ok(None),
            Ok(Err(error)) => Err(self.failed(name, &error)),
            Err(_) => Err(self.remote(name, late(ANSWER_S_MAX).to_string())),
        }
    }
}

impl Store for Bucket {
    fn place_of(&self, name: &str) -> String {
        format!("s3://{}/{}", self.name, self.path(name))
    }

    fn names(&self) -> Result<Vec<String>, ArchiveError> {
        let prefix = self.path("");
        let found = self.ask("", LISTING_S_MAX, self.s3.list_with_delimiter(Some(&prefix)))?;
        let objects = found.map(|found| found.objects).unwrap_or_default();
        Ok(objects.iter().filter_map(|object| object.location.filename().map(str::to_owned)).collect())
    }

    fn small(&self, names: &[String]) -> Vec<Result<Option<Vec<u8>>, ArchiveError>> {
        let asked = stream::iter(names).map(|name| self.small_one(name)).buffered(SMALL_AT_ONCE);
        Handle::current().block_on(asked.collect())
    }

    fn stream(&self, name: &str, fill: &mut Fill<'_>) -> Result<Measure, ArchiveError> {
        local::prepare(&self.notes)?;
        let on_its_way = |error| ArchiveError::file(self.place_of(name).as_ref(), error);
        let note = self.notes.join(names::upload(name));
        let mut upload = Upload::begin(Arc::clone(&self.s3), self.path(name), note).map_err(on_its_way)?;
        let mut write = || {
            let written = fill(&mut upload)?;
            failpoint!("snap.sync", std::io::Error::from);
            failpoint!("snap.name", std::io::Error::from);
            upload.complete()?;
            Ok(written)
        };
        let written = write();
        if written.is_err() {
            upload.abort(); // What cannot be aborted now is, by its note, the next time somebody sweeps.
        }
        let written: Measure = written.map_err(on_its_way)?;
        match self.size(name)? {
            Some(bytes) if bytes == written.bytes => Ok(written),
            found => Err(self.remote(name, format!("{} bytes were written, and {found:?} are there", written.bytes))),
        }
    }

    fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, ArchiveError> {
        if self.head(name)?.is_some() {
            return Ok(false);
        }
        let path = self.path(name);
        let put = |mode| {
            let options = PutOptions::from(mode);
            self.s3.put_opts(&path, PutPayload::from(bytes.to_vec()), options)
        };
        failpoint!("snap.name", |fault: crate::failpoint::Fault| self.remote(name, fault.0.to_owned()));
        match within(ANSWER_S_MAX, put(PutMode::Create)) {
            // Of two tries the first may have been the one that did it.
            Ok(Ok(_) | Err(object_store::Error::AlreadyExists { .. })) => {}
            Ok(Err(error)) => return Err(self.failed(name, &error)),
            Err(late) => return Err(self.remote(name, late.to_string())),
        }
        match self.small(&[name.to_owned()]).pop().unwrap_or(Ok(None))? {
            Some(found) => Ok(found == bytes),
            None => Err(self.remote(name, "it was written, and is not there".to_owned())),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let path = self.path(name);
        let put = self.s3.put_opts(&path, PutPayload::from(bytes.to_vec()), PutOptions::default());
        self.ask(name, ANSWER_S_MAX, put).map(drop)
    }

    fn size(&self, name: &str) -> Result<Option<u64>, ArchiveError> {
        Ok(self.head(name)?.map(|meta| meta.size))
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn Stored>>, ArchiveError> {
        let Some(meta) = self.head(name)? else { return Ok(None) };
        let s3 = Arc::clone(&self.s3);
        Ok(Some(Box::new(Object { s3, meta, at: 0, piece: Bytes::new(), next: None })))
    }

    fn delete(&self, names: &[String]) -> Result<(), ArchiveError> {
        for name in names {
            self.ask(name, ANSWER_S_MAX, self.s3.delete(&self.path(name)))?;
        }
        Ok(())
    }

    /// Ends the uploads that a killed process of this machine began. Of another machine's nothing is known here.
    fn sweep(&self) -> Result<Vec<String>, ArchiveError> {
        if !local::is_there(&self.notes)? {
            return Ok(Vec::new());
        }
        let on_notes = |error| ArchiveError::file(&self.notes, error);
        let mut swept = Vec::new();
        for entry in std::fs::read_dir(&self.notes).map_err(on_notes)? {
            let note = entry.map_err(on_notes)?.path();
            let Some(of) = note.file_name().and_then(|name| names::of_upload(name.to_str()?)) else { continue };
            let on_its_way = |error| ArchiveError::file(self.place_of(of).as_ref(), error);
            if let Some(id) = read_note(&note).map_err(on_notes)? {
                let mut upload = Upload::resume(Arc::clone(&self.s3), self.path(of), note.clone(), id);
                upload.end().map_err(on_its_way)?;
            } else {
                std::fs::remove_file(&note).map_err(on_notes)?;
            }
            swept.push(names::upload(of));
        }
        if !swept.is_empty() {
            File::open(&self.notes).and_then(|folder| folder.sync_all()).map_err(on_notes)?;
        }
        Ok(swept)
    }
}

/// Without the client, whose own words would hold its keys.
impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Object {
    /// Asks for the piece that begins at `from`.
    fn fetch(&self, from: u64) -> Option<JoinHandle<object_store::Result<Bytes>>> {
        let upto = self.meta.size.min(from + PIECE_BYTES);
        if from >= upto {
            return None;
        }
        let (s3, meta) = (Arc::clone(&self.s3), self.meta.clone());
        Some(Handle::current().spawn(async move {
            let options = GetOptions {
                if_match: meta.e_tag,
                version: meta.version,
                range: Some(GetRange::Bounded(from..upto)),
                ..GetOptions::default()
            };
            s3.get_opts(&meta.location, options).await?.bytes().await
        }))
    }
}

impl Read for Object {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            let Some(asked) = self.next.take().or_else(|| self.fetch(self.at)) else { return Ok(0) };
            let expected = PIECE_BYTES.min(self.meta.size - self.at);
            let piece = within(ANSWER_S_MAX, asked)?.map_err(io::Error::other)?;
            self.piece = piece.map_err(|error| match error {
                object_store::Error::Precondition { .. } => io::Error::other("it was exchanged while it was read"),
                error => io::Error::other(words(&error)),
            })?;
            if self.piece.len() as u64 != expected {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.at += expected;
            self.next = self.fetch(self.at);
        }
        let taken = self.piece.split_to(into.len().min(self.piece.len()));
        into[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

impl Stored for Object {
    fn size(&self) -> u64 {
        self.meta.size
    }

    fn rewind(&mut self) -> io::Result<()> {
        if let Some(asked) = self.next.take() {
            asked.abort();
        }
        (self.at, self.piece) = (0, Bytes::new());
        Ok(())
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(asked) = self.next.take() {
            asked.abort();
        }
    }
}

/// Waits on this thread, which may block, and not for ever.
pub(super) fn within<T>(seconds: u64, work: impl Future<Output = T>) -> io::Result<T> {
    let waited = async { timeout(Duration::from_secs(seconds), work).await };
    Handle::current().block_on(waited).map_err(|_| late(seconds))
}

fn late(seconds: u64) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("it did not answer within {seconds} s"))
}

/// What the server said, with everything below it, and not at any length.
pub(super) fn words(error: &object_store::Error) -> String {
    let text = error.to_string();
    text.char_indices().nth(WORDS_MAX).map_or(text.clone(), |(end, _)| format!("{}…", &text[..end]))
}
