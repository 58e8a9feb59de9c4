//! What is in the tables, told in two ways from one reading: as digests, and as the lines of a portable export.

mod digest;
mod export;
mod json;
mod row;

use std::collections::BTreeMap;

pub(super) use self::{
    digest::Tally,
    export::{Column, Export, Table, deliver, gone},
    json::{Cell, Kind},
    row::{Class, RowBytes},
};
use crate::model::snapshot::TableDigest;

/// The digests of tables, by name.
pub(super) type Digests = BTreeMap<String, TableDigest>;
