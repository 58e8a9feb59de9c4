//! What text from outside may do to a person's terminal: nothing.

use windlass::telemetry::harmless;

#[test]
fn what_steers_a_terminal_is_written_out() {
    assert_eq!(harmless("a\nb\u{1b}[31m\u{7}"), "a\\nb\\u{1b}[31m\\u{7}");
    assert_eq!(harmless("\u{202e}txt\u{9b}1m\u{2028}"), "\\u{202e}txt\\u{9b}1m\\u{2028}");
    assert_eq!(harmless("Übergröße \"x\" 'y' \\ 漢字"), "Übergröße \"x\" 'y' \\ 漢字");
}
