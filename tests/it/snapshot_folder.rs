//! The folder of snapshots: a snapshot is there whole, or it is not there.
