//! A process that dies while its snapshot goes to a bucket.

use std::fs;

use object_store::{
    ObjectStore,
    aws::{AmazonS3, AmazonS3Builder},
    multipart::MultipartStore,
    path::Path,
};
use windlass::model::snapshot::SnapshotId;

use super::{names, taken};
use crate::harness::{database::On, eventually, proxy::Proxy, ship::Ship};

/// More than several parts of an upload; random, so that nothing makes it smaller.
const BULK: &str = "CREATE TABLE bulk (id INTEGER PRIMARY KEY, piece BLOB);\n\
                    WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 40)\n\
                    INSERT INTO bulk SELECT value, randomblob(1000000) FROM n;";

fn of_the_server() -> String {
    std::env::var("WINDLASS_TEST_S3_URL")
        .expect("WINDLASS_TEST_S3_URL is not set: run ./test, which starts the servers")
}

/// The bucket, without windlass in between.
fn bucket() -> AmazonS3 {
    let builder = AmazonS3Builder::new().with_endpoint(of_the_server()).with_allow_http(true);
    let keyed = builder.with_access_key_id("tests").with_secret_access_key("x").with_region("us-east-1");
    keyed.with_bucket_name("windlass").build().expect("a client")
}

/// The note of an upload that is under way, as its name and what stands in it.
fn noted(ship: &Ship) -> Option<(String, String)> {
    let files = fs::read_dir(ship.folder().join("data/snapshots")).ok()?;
    let names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let name = names.into_iter().find(|name| name.ends_with(".upload"))?;
    let id = fs::read_to_string(ship.folder().join("data/snapshots").join(&name)).ok()?;
    (!id.is_empty()).then_some((name, id))
}

/// Goal: what a killed process left is no snapshot, costs nothing for long, and the next one is made as if nothing had been.
/// Method: the way to the bucket swallows everything once an upload has begun; then the process is killed.
#[tokio::test]
async fn an_upload_whose_process_was_killed_is_ended_by_the_next() {
    let mut ship = Ship::with_catalog(On::Sqlite).await;
    ship.catalog().add("v1.0.0_01_bulk", BULK, "DROP TABLE bulk;");
    ship.cli(&["up", "--snapshot", "never"]).await.exits(0);
    let server = of_the_server();
    let way = Proxy::to(server.trim_start_matches("http://").trim_end_matches('/').to_owned()).await;
    let prefix = format!("tests/{}", SnapshotId::fresh());
    ship.set("snapshots.url", &format!("s3://windlass/{prefix}"));
    ship.set("snapshots.s3.endpoint", &format!("http://{}", way.address));
    ship.set("snapshots.s3.region", "us-east-1");
    ship.set("snapshots.s3.access_key_id", "tests");
    ship.set("snapshots.s3.secret_access_key", "x");
    ship.set("snapshots.s3.allow_http", "true");

    let mut creating = ship.cli_begun(&["snapshot", "create"]);
    let (note, upload) = eventually("an upload begins", async || noted(&ship)).await;
    way.swallow();
    creating.kill().await.expect("it is killed");
    way.mend();

    assert!(names(&ship).await.is_empty(), "half a snapshot is none");
    let path = Path::from(format!("{prefix}/{}", note.trim_end_matches(".upload")));
    let part = async || bucket().put_part(&path, &upload, 100, b"more".to_vec().into()).await;
    part().await.expect("the killed process has left its upload open");
    let made = taken(&ship).await;
    assert_eq!(names(&ship).await, [made]);
    assert_eq!(noted(&ship), None);
    assert!(part().await.is_err(), "the upload is still open in the bucket");
    let found = bucket().list_with_delimiter(Some(&Path::from(prefix))).await.expect("a list");
    let objects: Vec<_> = found.objects.iter().map(|object| object.location.filename().unwrap_or_default()).collect();
    assert_eq!(objects.len(), 2, "payload and manifest: {objects:?}");
    ship.cli(&["snapshot", "verify", "--all"]).await.exits(0);
}
