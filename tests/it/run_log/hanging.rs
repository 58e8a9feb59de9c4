//! A disk that hangs: nobody waits for it.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use windlass::{
    config::LogFormat,
    telemetry::{Entry, RunLog},
};

use crate::harness::eventually;

/// Longer than the end waits (two seconds), on a machine that is busy.
const UNDISTURBED_S: u64 = 20;
/// More than may wait, in texts of 64 KiB.
const TEXTS: usize = 200;

/// A log whose disk is a pipe: it takes 64 KiB, and hangs until somebody reads.
fn log() -> (RunLog, io::PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let file = File::from(OwnedFd::from(writer));
    (RunLog::to("a pipe".into(), file, LogFormat::Human).unwrap(), reader)
}

fn entry<'a>(message: &'a str, sql: Option<&'a str>) -> Entry<'a> {
    Entry { at: DateTime::<Utc>::UNIX_EPOCH, level: "info", message, sql, fields: Vec::new() }
}

fn fill(log: &RunLog) {
    let text = "x".repeat(64 * 1024);
    for _ in 0..TEXTS {
        log.write(&entry("a statement", Some(&text))).unwrap();
    }
}

#[tokio::test]
async fn a_run_goes_on_and_ends_while_its_disk_hangs() {
    let (log, _reader) = log();
    let began = Instant::now();

    fill(&log);
    let error = log.end(DateTime::UNIX_EPOCH).await.unwrap_err();

    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(UNDISTURBED_S), "{:?}", began.elapsed());
    log.write(&entry("behind the end", None)).unwrap();
}

/// Goal: what was left out is said once, where the file goes on, and everything else is there in its order.
#[tokio::test]
async fn a_gap_is_said_where_the_file_goes_on() {
    let (log, mut reader) = log();
    fill(&log);
    let text = Arc::<Mutex<String>>::default();
    let read = Arc::clone(&text);
    let reading = thread::spawn(move || {
        let mut part = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = reader.read(&mut part) {
            read.lock().unwrap().push_str(std::str::from_utf8(&part[..length]).unwrap());
        }
    });

    eventually("the file goes on", async || {
        log.write(&entry("small", None)).unwrap();
        text.lock().unwrap().contains("left out").then_some(())
    })
    .await;
    log.write(&entry("the last", None)).unwrap();
    log.end(DateTime::UNIX_EPOCH).await.unwrap();

    reading.join().unwrap();
    let text = text.lock().unwrap();
    assert_eq!(text.matches("entries are left out here").count(), 1);
    let (before, after) = text.split_once("entries are left out here").unwrap();
    let statements = before.matches("a statement").count();
    assert!((100..TEXTS).contains(&statements) && !after.contains("a statement"), "{statements}");
    assert!(after.contains("small") && after.trim_end().ends_with("the last"));
}
