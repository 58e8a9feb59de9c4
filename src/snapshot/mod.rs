//! Archives: a manifest and a payload in a folder or a bucket.
//!
//! ```text
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.json                  the manifest; written last: without it there is no snapshot
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.db.zst.age            the payload: the native dump, compressed with zstd, sealed with age
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.export.jsonl.zst.age  the rows once more, portable; not always
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.marks.json            what was learned since; the only file that changes
//! 01J9Z3M8T6W1X0Y5V4Q2N7KCBD.db.zst.age.part       on its way, or left over from a crash
//! ```
//!
//! [`archive`](Archive) is the face. `write` and `read` are the two streams, `document` what nobody can change unseen, `key` who
//! can open and vouch; `store` is what a folder (`local`) and a bucket (`bucket`) have in common.

mod address;
mod archive;
mod bucket;
mod document;
mod error;
mod key;
mod listing;
mod local;
mod measure;
mod names;
mod packing;
mod plain_frame;
mod read;
mod scratch;
mod store;
mod upload;
mod write;

pub use self::{
    archive::Archive,
    error::ArchiveError,
    key::fresh_identity,
    listing::{Listing, Unusable},
    read::prove,
    scratch::Scratch,
    write::Written,
};
