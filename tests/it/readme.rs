//! The session of README.md, run as it is printed.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

/// Where the README's server listens.
const PRINTED_ADDRESS: &str = "127.0.0.1:8182";
/// What stands in the README for a part that is left out.
const LEFT_OUT: char = '…';
/// How long the server may take to come up, and a question to be answered as printed.
const WAIT_MS_MAX: u64 = 30_000;
/// How often that is looked at.
const POLL_MS: u64 = 50;

fn tree(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A command with what it prints.
struct Exchange {
    command: String,
    printed: String,
}

/// The exchanges of every `console` block, in order. A command goes on where its line ends in `\`.
fn session(readme: &str) -> Vec<Exchange> {
    let mut found: Vec<Exchange> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("the end of the block");
        for line in block.replace("\\\n", " ").lines() {
            match line.strip_prefix("$ ") {
                Some(command) => found.push(Exchange { command: command.to_owned(), printed: String::new() }),
                None => found.last_mut().expect("a command before its output").printed.push_str(line.trim()),
            }
        }
    }
    found
}

/// What is the same every time: identifiers, hashes, moments and measured times are left out, and so are line breaks.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let inside = |c: &char| c.is_ascii_alphanumeric() || "-:.".contains(*c);
        let word: String =
            if c.is_ascii_alphanumeric() { rest.chars().take_while(inside).collect() } else { String::new() };
        let known = if is_moment(&word) {
            "MOMENT"
        } else if word.len() >= ID_LETTERS && is_id(&word[..ID_LETTERS]) {
            rest = &rest[ID_LETTERS..];
            shape.push_str("ID");
            continue;
        } else if word.len() == HASH_LETTERS && word.chars().all(|c| c.is_ascii_hexdigit()) {
            "HASH"
        } else if measured(&shape) && word.starts_with(|c: char| c.is_ascii_digit()) {
            "N"
        } else if word.is_empty() {
            rest = &rest[c.len_utf8()..];
            shape.extend((c != '\n').then_some(c));
            continue;
        } else {
            word.as_str()
        };
        shape.push_str(known);
        rest = &rest[word.len()..];
    }
    shape
}

/// The letters of a ULID, and of a SHA-256 in hex.
const ID_LETTERS: usize = 26;
const HASH_LETTERS: usize = 64;

fn is_id(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
}

fn is_moment(word: &str) -> bool {
    word.len() >= "2026-01-01T00:00:00Z".len()
        && word.ends_with('Z')
        && word.as_bytes()[4] == b'-'
        && word.as_bytes()[10] == b'T'
}

/// Whether a number that follows is a time or a size.
fn measured(before: &str) -> bool {
    before.ends_with("_ms\":") || before.ends_with("_bytes\":")
}

/// Whether `answer` has every printed part, in order, from its beginning to its end.
fn is_as_printed(printed: &str, answer: &str) -> bool {
    let (printed, answer) = (shape(printed), shape(answer));
    let mut parts = printed.split(LEFT_OUT);
    let Some(mut rest) = parts.next().and_then(|first| answer.strip_prefix(first)) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || printed.ends_with(LEFT_OUT)
}

/// Where the server listens, once its log says so.
fn listening_at(log: &str) -> Option<String> {
    let (address, _) = log.split_once("server.listen=")?.1.split_once('\n')?;
    Some(address.trim().to_owned())
}

/// What `look` finds, if it finds it in time.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + Duration::from_millis(WAIT_MS_MAX);
    loop {
        match look() {
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(POLL_MS)),
            found => return found,
        }
    }
}

/// The server of the session, stopped when the test ends.
struct Serving {
    process: Child,
    folder: tempfile::TempDir,
    address: String,
}

impl Serving {
    /// Started in a folder of its own that looks like the README's, once it answers.
    fn freshly() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("target/release");
        fs::create_dir_all(&built).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_windlass"), built.join("windlass")).unwrap();
        std::os::unix::fs::symlink(tree("migrations"), folder.path().join("migrations")).unwrap();
        let log = folder.path().join("log");
        let process = Command::new(built.join("windlass"))
            .args(["serve", "--set", "server.listen=127.0.0.1:0"])
            .current_dir(folder.path())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut serving = Self { process, folder, address: String::new() };
        serving.address = eventually(|| listening_at(&fs::read_to_string(&log).unwrap())).expect("where it listens");
        serving.answers_like("curl -s http://127.0.0.1:8182/readyz", "ok");
        serving
    }

    fn runs(&self, command: &str) -> String {
        let command = command.replace(PRINTED_ADDRESS, &self.address);
        let output = Command::new("bash").args(["-c", &command]).current_dir(self.folder.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// A question is asked until the answer is as printed: the service looks at the target a moment after a run.
    fn answers_like(&self, command: &str, printed: &str) {
        let is_question = !command.contains("-X POST") && !command.contains("-d '");
        let mut answer = String::new();
        let answered = eventually(|| {
            answer = self.runs(command);
            (is_as_printed(printed, &answer) || !is_question).then_some(())
        });
        let fits = answered.is_some() && is_as_printed(printed, &answer);
        assert!(fits, "{command}\nprinted: {printed}\nanswered: {answer}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Goal: whoever follows the README sees what it prints.
/// Method: run each command of its session against a fresh server, and compare all but identifiers and times.
#[test]
fn the_session_is_as_it_is_printed() {
    let readme = fs::read_to_string(tree("README.md")).unwrap();
    let exchanges = session(&readme);
    let serving = Serving::freshly();
    let mut said = String::new();
    for Exchange { command, printed } in &exchanges {
        if command.starts_with("curl") {
            serving.answers_like(&format!("{said}{command}"), printed);
        } else {
            said = format!("{said}{command}\n");
        }
    }
    assert!(exchanges.len() > 8, "the README has a session");
}

/// Goal: the README's links lead somewhere. Method: look for every file it names.
#[test]
fn links_of_the_documents_lead_somewhere() {
    let mut pages = vec![tree("README.md")];
    for folder in ["docs", "docs/decisions"] {
        pages.extend(
            fs::read_dir(tree(folder)).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()),
        );
    }
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let there = file.is_empty() || file.contains("://") || page.with_file_name(file).exists();
            assert!(there, "{}: {link} leads nowhere", page.display());
        }
    }
}
