//! Whether the archive and the control store answer is told also while they say nothing at all.

use std::net::SocketAddr;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::figures;
use crate::harness::{
    database::On,
    eventually,
    eye::Eye,
    ship::{Caller, Ship},
};

/// An empty listing.
const NOTHING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \
    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>hold</Name><Prefix>ship/</Prefix><KeyCount>0</KeyCount>\
    <MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>";

/// A bucket without an object, that takes every request and answers while it is let.
struct Bucket {
    address: SocketAddr,
    speaks: watch::Sender<bool>,
}

impl Bucket {
    async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (speaks, seen) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, seen.clone()));
            }
        });
        Self { address, speaks }
    }
}

async fn answer(mut stream: TcpStream, mut speaks: watch::Receiver<bool>) {
    let _ = stream.read(&mut [0; 8192]).await;
    let _ = speaks.wait_for(|speaks| *speaks).await;
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\nconnection: close\r\n";
    let _ = stream.write_all(format!("{head}content-length: {}\r\n\r\n{NOTHING}", NOTHING.len()).as_bytes()).await;
}

async fn becomes(caller: &Caller, name: &str, expected: f64) {
    eventually(&format!("{name} is {expected}"), async || {
        let figures = figures(caller).await;
        (figures.maybe(name, &[]) == Some(expected)).then_some(())
    })
    .await;
}

/// Goal: an archive that says nothing is not told to be readable, and a listing that comes late is used.
/// Method: a bucket that is silent from the start, speaks, is silent when a job has ended, and speaks again.
#[tokio::test]
async fn an_archive_that_hangs_is_told_until_it_answers() {
    let bucket = Bucket::silent().await;
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.set("snapshots.url", "s3://hold/ship");
    ship.set("snapshots.s3.endpoint", &format!("http://{}", bucket.address));
    ship.set("snapshots.s3.region", "us-east-1");
    ship.set("snapshots.s3.access_key_id", "tests");
    ship.set("snapshots.s3.secret_access_key", "not a secret of anybody's");
    ship.set("snapshots.s3.allow_http", "true");
    ship.serve().await;
    let admin = ship.admin().await;

    let silent = figures(&admin).await;
    silent.must_be("windlass_snapshots_readable", &[], 0.0);
    assert_eq!(silent.maybe("windlass_snapshots", &[]), None, "nobody has said how many there are");
    bucket.speaks.send_replace(true);
    becomes(&admin, "windlass_snapshots_readable", 1.0).await;
    figures(&admin).await.must_be("windlass_snapshots", &[], 0.0);

    bucket.speaks.send_replace(false);
    admin.post_and_wait("/api/migration/validate", json!({})).await;
    becomes(&admin, "windlass_snapshots_readable", 0.0).await;
    figures(&admin).await.must_be("windlass_snapshots", &[], 0.0);
    bucket.speaks.send_replace(true);
    becomes(&admin, "windlass_snapshots_readable", 1.0).await;
}

/// Method: another process writes to the control store, so that an order waits with the only connection to it.
#[tokio::test]
async fn a_store_that_hangs_is_told_until_it_answers() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.cli(&["validate"]).await;
    ship.serve().await;
    let admin = ship.admin().await;
    becomes(&admin, "windlass_store_readable", 1.0).await;
    let store = ship.folder().join("data/windlass.db");
    let mut writer = Eye::at(On::Sqlite, &format!("sqlite:{}", store.display())).await;

    writer.run("BEGIN IMMEDIATE").await;
    let ordering = async { admin.post("/api/migration/validate", json!({})).await.accepted() };
    let watching = async {
        becomes(&admin, "windlass_store_readable", 0.0).await;
        writer.run("ROLLBACK").await;
        becomes(&admin, "windlass_store_readable", 1.0).await;
    };
    let (job, ()) = tokio::join!(ordering, watching);

    admin.ended(&job).await;
}
