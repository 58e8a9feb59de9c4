//! One object on its way into a bucket, in parts. It is no object before it is completed, and costs money until it is completed or
//! aborted; so it is noted in a file of this machine, by which a later process ends what a killed one began.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use object_store::{
    MultipartId, PutPayload,
    aws::AmazonS3,
    multipart::{MultipartStore, PartId},
    path::Path as ObjectPath,
};
use tokio::{runtime::Handle, task::JoinHandle};

use super::{
    bucket::{within, words},
    local::{new_file, sync},
};

/// How large a part is: one is filled while another one is under way, whatever the size of the object. S3 takes 5 MiB to 5 GiB, and
/// 10 000 parts (Amazon S3 User Guide, multipart upload limits); some servers want all of one size.
const PART_BYTES: usize = 5 * 1_024 * 1_024;
/// From this part on they are three times as large, so that all together make 97 GiB.
const PARTS_SMALL: usize = 5_000;
const PARTS_MAX: usize = 10_000;
/// How long a part may be under way with all its tries, and how long a question may take.
const PART_S_MAX: u64 = 300;
const ANSWER_S_MAX: u64 = 180;
/// An upload's name is a few hundred bytes at most.
const NOTE_BYTES_MAX: u64 = 16 * 1_024;

/// One object on its way.
pub(super) struct Upload {
    s3: Arc<AmazonS3>,
    path: ObjectPath,
    id: MultipartId,
    note: PathBuf,
    parts: Vec<PartId>,
    filling: Vec<u8>,
    under_way: Option<JoinHandle<object_store::Result<PartId>>>,
}

impl Upload {
    /// Begins an upload, and notes it.
    pub fn begin(s3: Arc<AmazonS3>, path: ObjectPath, note: PathBuf) -> io::Result<Self> {
        let id = answered(ANSWER_S_MAX, s3.create_multipart(&path))?;
        let mut upload = Self::resume(s3, path, note, id);
        if let Err(error) = write_note(&upload.note, &upload.id) {
            upload.abort();
            return Err(error);
        }
        Ok(upload)
    }

    /// One that was begun before.
    pub fn resume(s3: Arc<AmazonS3>, path: ObjectPath, note: PathBuf, id: MultipartId) -> Self {
        Self { s3, path, id, note, parts: Vec::new(), filling: Vec::new(), under_way: None }
    }

    /// Makes an object of everything that was written.
    pub fn complete(&mut self) -> io::Result<()> {
        self.send()?;
        self.arrive()?;
        let parts = std::mem::take(&mut self.parts);
        answered(ANSWER_S_MAX, self.s3.complete_multipart(&self.path, &self.id, parts))?;
        fs::remove_file(&self.note)
    }

    /// Gives it up; when even that cannot be done, its note stays.
    pub fn abort(&mut self) {
        let _ = self.end();
    }

    /// Ends it at the server, and its note with it. One that is gone already is ended.
    pub fn end(&mut self) -> io::Result<()> {
        if let Some(under_way) = self.under_way.take() {
            under_way.abort();
        }
        match within(ANSWER_S_MAX, self.s3.abort_multipart(&self.path, &self.id))? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) if error.to_string().contains("NoSuchUpload") => {}
            Err(error) => return Err(io::Error::other(words(&error))),
        }
        match fs::remove_file(&self.note) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends what was filled, once the part before it has arrived.
    fn send(&mut self) -> io::Result<()> {
        if self.filling.is_empty() {
            return Ok(());
        }
        self.arrive()?;
        let number = self.parts.len();
        if number == PARTS_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {PARTS_MAX} parts")));
        }
        let payload = PutPayload::from(std::mem::take(&mut self.filling));
        let (s3, path, id) = (Arc::clone(&self.s3), self.path.clone(), self.id.clone());
        self.under_way = Some(Handle::current().spawn(async move { s3.put_part(&path, &id, number, payload).await }));
        Ok(())
    }

    /// Waits for the part that is under way.
    fn arrive(&mut self) -> io::Result<()> {
        let Some(under_way) = self.under_way.take() else { return Ok(()) };
        let stop = under_way.abort_handle();
        let part = within(PART_S_MAX, under_way).inspect_err(|_| stop.abort())?;
        self.parts.push(part.map_err(io::Error::other)?.map_err(|error| io::Error::other(words(&error)))?);
        Ok(())
    }

    fn part_bytes(&self) -> usize {
        if self.parts.len() < PARTS_SMALL { PART_BYTES } else { 3 * PART_BYTES }
    }
}

impl Write for Upload {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let part_bytes = self.part_bytes();
        // One block of memory for each part, which goes back as a whole when it has arrived.
        self.filling.reserve_exact(part_bytes - self.filling.len());
        let taken = &piece[..piece.len().min(part_bytes - self.filling.len())];
        self.filling.extend_from_slice(taken);
        if self.filling.len() == part_bytes {
            self.send()?;
        }
        Ok(taken.len())
    }

    /// A part that is not the last has its full size, so nothing is sent before that.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn answered<T>(seconds: u64, question: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
    within(seconds, question)?.map_err(|error| io::Error::other(words(&error)))
}

fn write_note(note: &Path, id: &str) -> io::Result<()> {
    let _ = fs::remove_file(note); // Of an upload under the same name, which nobody has any more.
    let mut file = new_file(note)?;
    file.write_all(id.as_bytes())?;
    file.sync_all()?;
    sync(note.parent().unwrap_or(Path::new(".")))
}

/// The upload that a note is about; `None` when the note was not written to its end.
pub(super) fn read_note(note: &Path) -> io::Result<Option<MultipartId>> {
    let mut id = String::new();
    File::open(note)?.take(NOTE_BYTES_MAX).read_to_string(&mut id)?;
    Ok(Some(id).filter(|id| !id.is_empty()))
}
