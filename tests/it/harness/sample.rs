//! What a test needs a whole one of, and only cares for a part of.

use std::collections::BTreeMap;

use chrono::DateTime;
use windlass::model::snapshot::{Checksums, Encryption, Manifest, Scheme, SnapshotId};

/// The manifest of an empty snapshot that has no files.
pub fn manifest() -> Manifest {
    let id = SnapshotId::fresh();
    let made_ms = i64::try_from(id.0.timestamp_ms()).expect("a time");
    Manifest {
        id,
        format: 1,
        created_at: DateTime::from_timestamp_millis(made_ms).expect("a time"),
        created_by: "a test".to_owned(),
        message: None,
        tags: Vec::new(),
        notes: None,
        environment: None,
        commit: None,
        target: "default".to_owned(),
        engine: "SQLite".to_owned(),
        server_version: "3.51.3".to_owned(),
        tool: "SQLite 3.51.3 online backup".to_owned(),
        backend_version: semver::Version::new(1, 0, 0),
        db_version: None,
        history: Vec::new(),
        schema_fingerprint: String::new(),
        tables: BTreeMap::new(),
        tables_count: 0,
        records_count: 0,
        dependencies: BTreeMap::new(),
        checksums: Checksums { code: None, database: String::new(), catalog: None, config: String::new() },
        payload: String::new(),
        payload_bytes: 0,
        payload_sha256: String::new(),
        compressed_bytes: 0,
        compressed_sha256: String::new(),
        dump_sha256: String::new(),
        database_bytes: 0,
        dump_bytes: 0,
        encryption: Encryption { scheme: Scheme::None, key_id: String::new(), recipients: Vec::new() },
        export: None,
        open_by_hand: String::new(),
    }
}
