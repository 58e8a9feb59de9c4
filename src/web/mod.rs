//! What a browser shows: the status page and its files, and the banner for an application's own pages.
//!
//! All of it is in the binary and nothing is loaded from elsewhere. The page is written here, from the newest look at the
//! target, so that it is of use without JavaScript; its script asks for it again, and for more once it has a token.

mod page;

pub use self::page::page;

/// How the page looks.
pub const STATUS_CSS: &str = include_str!("assets/status.css");

/// What keeps the page current.
pub const STATUS_JS: &str = include_str!("assets/status.js");

/// The page's icon.
pub const ICON_SVG: &str = include_str!("assets/icon.svg");

/// `<system-alert>`, as it is served: below 6 000 bytes.
#[must_use]
pub fn system_alert_js() -> String {
    terse(include_str!("assets/system-alert.js"))
}

/// A script without its comment lines, its empty lines and the blanks before each line.
fn terse(script: &str) -> String {
    let lines = script.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}
