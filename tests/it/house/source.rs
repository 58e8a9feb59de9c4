//! The source tree as text, with what is not code blanked out. A simple scanner: it knows comments, literals and braces.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that are made, not written.
const MADE: [&str; 6] = [".git", "target", "data", "corpus", "artifacts", "node_modules"];

/// A file of the tree.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// The same text with the same lines; comments are blank.
    pub uncommented: String,
    /// The same, and the insides of string and character literals are blank too.
    pub code: String,
}

/// A function that has a body.
pub struct Function {
    pub name: String,
    /// The line of its `fn`, from 1.
    pub line: usize,
    /// From its `fn` to the end of its body.
    pub lines: usize,
}

impl Source {
    /// The line, from 1, of a place in the text.
    pub fn line_of(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// `path:line`.
    pub fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line_of(at))
    }

    /// Its module path below the crate: `["api", "migration", "start"]`.
    pub fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        path.split('/').filter(|part| *part != "mod").collect()
    }

    /// Where `word` stands in the code, as a whole word.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            !part(self.code[..*at].chars().next_back()) && !part(self.code[at + word.len()..].chars().next())
        })
    }

    /// Its functions with a body; a function inside another counts for both.
    pub fn functions(&self) -> Vec<Function> {
        self.words("fn").filter_map(|at| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let rest = self.code[at + "fn".len()..].trim_start();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let mut open = 0_i32;
        let mut body = 0_i32;
        for (offset, c) in self.code[at..].char_indices() {
            match c {
                '(' | '[' => open += 1,
                ')' | ']' => open -= 1,
                ';' if open == 0 && body == 0 => return None,
                '{' => body += 1,
                '}' if body == 0 => return None,
                '}' => body -= 1,
                _ => continue,
            }
            if c == '}' && body == 0 {
                let (line, last) = (self.line_of(at), self.line_of(at + offset));
                return (!name.is_empty()).then_some(Function { name, line, lines: last - line + 1 });
            }
        }
        None
    }
}

/// The root of the tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text file of the tree, by its path from the root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files below a folder, sorted.
pub fn rust_below(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    walk(&root().join(folder), &mut paths);
    paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs")).map(|path| source(path)).collect()
}

/// Every text file that is written by hand, sorted: its path from the root, and what stands in it.
pub fn every_text() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    walk(root(), &mut paths);
    paths.iter().filter_map(|path| Some((relative(path), fs::read_to_string(path).ok()?))).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let made = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| MADE.contains(&name));
        match path.is_dir() {
            _ if made => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn source(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let blanks = blanks(&text);
    let without = |literals: bool| {
        let mut bytes = text.clone().into_bytes();
        for blank in blanks.iter().filter(|blank| literals || blank.is_comment) {
            bytes[blank.from..blank.to].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        String::from_utf8(bytes).unwrap()
    };
    Source { path: relative(path), uncommented: without(false), code: without(true), text }
}

/// A part that is no code.
struct Blank {
    from: usize,
    to: usize,
    is_comment: bool,
}

fn blanks(text: &str) -> Vec<Blank> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let literal = |open: usize, length: usize, close: usize| (open, length, close, false);
        let (open, length, close, is_comment) = if rest.starts_with("//") {
            (0, rest.find('\n').unwrap_or(rest.len()), 0, true)
        } else if rest.starts_with("/*") {
            (0, rest.find("*/").map_or(rest.len(), |end| end + 2), 0, true)
        } else if c == '"' {
            literal(1, 1 + until_quote(&rest[1..], '"'), 1)
        } else if let Some(fence) = raw_fence(text, at) {
            let open = 1 + fence + 1;
            let end = format!("\"{}", "#".repeat(fence));
            literal(open, open + rest[open..].find(&end).unwrap_or(0), end.len())
        } else if let Some(length) = character(rest) {
            literal(1, length - 1, 1)
        } else {
            at += c.len_utf8();
            continue;
        };
        found.push(Blank { from: at + open, to: at + length, is_comment });
        at += length + close;
    }
    found
}

/// The number of bytes before the closing quote.
fn until_quote(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    text.len()
}

/// The number of `#` of a raw string that begins here.
fn raw_fence(text: &str, at: usize) -> Option<usize> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b' || c == '_') {
        return None;
    }
    let rest = text[at..].strip_prefix('r')?;
    let fence = rest.len() - rest.trim_start_matches('#').len();
    rest[fence..].starts_with('"').then_some(fence)
}

/// The length of a character literal that begins here; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        return Some(1 + until_quote(inner, '\'') + 1);
    }
    inner[first.len_utf8()..].starts_with('\'').then_some(1 + first.len_utf8() + 1)
}
