//! How much memory a snapshot takes does not depend on its size.

use std::process::Command;

use super::bucket::server;

/// Many times what may be in memory, and it hardly compresses.
const DATABASE_MB: u64 = 300;
/// For the whole process, at its largest; the program that tests run is 16 MB larger by itself than the one that people get.
const MEMORY_MB_MAX: u64 = if cfg!(debug_assertions) { 80 } else { 64 };

/// Runs a command, and prints its largest size in KiB. From a process that is small itself: what a process was before it became the
/// command counts too (Linux, `exec_mmap`).
const MEASURED: &str = "import resource, subprocess, sys\n\
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n\
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// Goal: bounded memory, whatever the size, into a folder and into a bucket, and back.
/// Method: the program itself, by the kernel's count of its largest size.
#[test]
fn a_snapshot_takes_bounded_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    std::fs::create_dir(folder.path().join("migrations")).expect("a folder");
    let fill = format!(
        "CREATE TABLE cargo (id INTEGER PRIMARY KEY, freight BLOB);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DATABASE_MB})
         INSERT INTO cargo SELECT i, randomblob(1000000) FROM n;"
    );
    let filled = Command::new("sqlite3").arg("data/app.db").arg(fill).current_dir(folder.path()).status();
    assert!(filled.expect("sqlite3").success());
    let endpoint = server().endpoint.expect("an endpoint");
    let bucket = format!("s3://windlass/memory/{}", ulid::Ulid::generate());
    let in_a_bucket: [(&str, &str); 5] = [
        ("WINDLASS__SNAPSHOTS__URL", &bucket),
        ("WINDLASS__SNAPSHOTS__S3__ENDPOINT", &endpoint),
        ("WINDLASS__SNAPSHOTS__S3__ACCESS_KEY_ID", "tests"),
        ("WINDLASS__SNAPSHOTS__S3__SECRET_ACCESS_KEY", "x"),
        ("WINDLASS__SNAPSHOTS__S3__ALLOW_HTTP", "true"),
    ];
    for (case, variables) in [("folder", &[][..]), ("bucket", &in_a_bucket)] {
        for words in ["snapshot create", "snapshot verify --all"] {
            let output = Command::new("python3")
                .args(["-c", MEASURED, env!("CARGO_BIN_EXE_windlass")])
                .args(words.split(' '))
                .current_dir(folder.path())
                .envs(variables.iter().copied())
                .output()
                .expect("python3");
            assert!(output.status.success(), "{case}: {words}: {}", String::from_utf8_lossy(&output.stderr));
            let largest = String::from_utf8(output.stdout).expect("a number");
            let memory_mb = largest.trim().parse::<u64>().expect("a number") >> 10;
            assert!(memory_mb <= MEMORY_MB_MAX, "{case}: {words}: {memory_mb} MB");
            eprintln!("{case}: {words}: {memory_mb} MB");
        }
    }
}
