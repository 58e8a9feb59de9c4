//! Numbers and lists in words.

/// Rows a second that a scan, a build or a rewrite is taken to work through, as in `plan/estimate.rs`.
const ROWS_A_SECOND: u64 = 100_000;
/// How many seconds are told as minutes.
const SECONDS_MAX: u64 = 120;

/// `1 200 000 rows`, `1 row`.
pub fn rows(number: u64) -> String {
    if number == 1 {
        return "1 row".to_owned();
    }
    let digits = number.to_string();
    let grouped = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    format!("{} rows", grouped.collect::<Vec<_>>().join(" "))
}

/// `, for some 12 s`, by the rows; nothing for less than a second.
pub fn lasting(number: u64) -> String {
    match number / ROWS_A_SECOND {
        0 => String::new(),
        seconds if seconds <= SECONDS_MAX => format!(", for some {seconds} s"),
        seconds => format!(", for some {} min", seconds / 60),
    }
}

/// `340 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..10_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{} GB", bytes / 1_000_000_000),
    }
}
