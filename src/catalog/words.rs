//! Small questions about texts: which line, which known word, which fault of TOML.

use std::path::Path;

use crate::model::finding::Finding;

/// How alike two words must be (Jaro-Winkler, 0 to 1) for one to be offered in place of the other.
const LIKENESS_MIN: f64 = 0.75;

/// Whether a file's name says it holds SQL, in whatever case.
pub fn is_sql(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"))
}

/// The line on which a byte of a text stands; the first is 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The known word that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The warning for a field nobody reads, with the one that was probably meant.
pub fn unknown_field(place: String, field: &str, known: &[&str]) -> Finding {
    let remedy = nearest(field, known.iter().copied()).map_or_else(
        || format!("remove it; the known fields are {}", known.join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Finding::warning("unknown-field", place, format!("the field `{field}` is not known and has no effect"))
        .remedy(remedy)
}

/// The fault of a file that is not the TOML it should be, with its line where the parser knows it.
pub fn toml_fault(file: &str, text: &str, error: &toml::de::Error, remedy: &str) -> Finding {
    let place = error.span().map_or_else(|| file.to_owned(), |span| format!("{file}:{}", line_at(text, span.start)));
    Finding::critical("toml", place, error.message().trim().replace('\n', ", ")).remedy(remedy)
}
