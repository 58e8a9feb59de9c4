//! The house rules, read off the source tree. What breaks one is named by file and line.

pub mod source;

use std::collections::BTreeMap;

use source::{Source, every_text, read, rust_below};

/// The rooms, from the ground up. A room uses only rooms below its own floor.
const FLOORS: [&[&str]; 7] = [
    &["model", "config", "clock", "disk", "telemetry", "meters", "https", "sql", "failpoint"],
    &["catalog", "plan", "engine", "snapshot", "store", "auth", "git"],
    &["procedure"],
    &["jobs", "monitor"],
    &["app", "lifecycle"],
    &["api", "cli", "web"],
    &["library"],
];

/// Who may know a neighbour on the same floor, and why.
const NEIGHBOURS: [(&str, &str, &str); 6] = [
    ("config", "model", "policies are words of the model"),
    ("sql", "model", "statements and checksums are words of the model"),
    ("telemetry", "config", "its settings say what is told"),
    ("telemetry", "https", "traces are sent over HTTP"),
    ("lifecycle", "app", "it stops what lives long"),
    ("api", "web", "its router serves the pages"),
];

/// Rooms that only think.
const PURE: [&str; 3] = ["model", "plan", "sql"];

/// Where an engine may be named outside `engine/` and `sql/`, and why.
const ENGINE_NAMED: [(&str, &str); 8] = [
    ("src/catalog/template.rs", "the names of files in a catalog, and what is in them"),
    ("src/catalog/format/popx.rs", "the names of files in a catalog"),
    ("src/catalog/format/prisma.rs", "what a catalog says of itself"),
    ("src/catalog/format/windlass.rs", "the names of files in a catalog"),
    ("src/config/settings.rs", "the default of target.url"),
    ("src/cli/failure.rs", "an example of target.url for a person"),
    ("src/plan/risk/", "what each server does with a statement is what its rules are about"),
    ("src/store/", "the control store is a SQLite database of our own"),
];

/// Functions longer than this are in the wrong room, or two.
const FUNCTION_LINES_MAX: usize = 70;
/// Files longer than this are two files.
const FILE_LINES_MAX: usize = 400;

fn floor(room: &str) -> usize {
    let found = FLOORS.iter().position(|rooms| rooms.contains(&room));
    found.unwrap_or_else(|| panic!("the room {room} stands on no floor; give it one in tests/it/house.rs"))
}

fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// The files of the rooms: all but the street and the map.
fn rooms() -> Vec<Source> {
    let all = rust_below("src");
    all.into_iter().filter(|source| !["src/main.rs", "src/lib.rs"].contains(&source.path.as_str())).collect()
}

/// The rooms that a file names by `crate::`, each with its place.
fn named_rooms(source: &Source) -> Vec<(String, usize)> {
    let word = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = Vec::new();
    for at in source.words("crate").filter(|at| source.code[at + "crate".len()..].starts_with("::")) {
        let start = at + "crate::".len();
        let Some(group) = source.code[start..].strip_prefix('{') else {
            found.push((word(&source.code[start..]), start));
            continue;
        };
        let mut depth = 0;
        let mut first = true;
        for (offset, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => first = true,
                c if first && c.is_alphabetic() => {
                    found.push((word(&group[offset..]), start + 1 + offset));
                    first = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// Goal: every path leads downward or stays at home.
/// Method: read every `crate::` path, and count the `super::` of every chain against the depth of its module.
#[test]
fn a_room_uses_only_what_stands_below_it() {
    let mut found = Vec::new();
    for source in rooms() {
        let module = source.module();
        let own = module[0];
        for (room, at) in named_rooms(&source) {
            let neighbours = NEIGHBOURS.iter().any(|(from, to, _)| *from == own && *to == room);
            if room != own && !neighbours && floor(&room) >= floor(own) {
                found.push(format!("{}: {own} uses crate::{room}", source.place(at)));
            }
        }
        for at in source.words("super").filter(|at| !source.code[..*at].ends_with("super::")) {
            let chain = source.code[at..].split("::").take_while(|part| *part == "super").count();
            if chain >= module.len() {
                found.push(format!("{}: super:: leaves {own}", source.place(at)));
            }
        }
    }
    none(&found, "a path leads upward, or to a neighbour");
}

/// Goal: files and functions that fit a head.
/// Method: count lines, of functions from `fn` to the closing brace; print medians and maxima.
#[test]
fn files_and_functions_are_short() {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        let sources = rust_below(folder);
        let mut files = Vec::new();
        let mut functions = Vec::new();
        for source in &sources {
            let lines = source.text.lines().count();
            if lines > FILE_LINES_MAX {
                found.push(format!("{}:{lines}: the file has {lines} lines", source.path));
            }
            files.push((lines, source.path.clone()));
            for function in source.functions() {
                let place = format!("{}:{}: {}", source.path, function.line, function.name);
                if function.lines > FUNCTION_LINES_MAX {
                    found.push(format!("{place} has {} lines", function.lines));
                }
                functions.push((function.lines, place));
            }
        }
        for (what, mut sizes) in [("files", files), ("functions", functions)] {
            sizes.sort();
            let (median, largest) = (&sizes[sizes.len() / 2], &sizes[sizes.len() - 1]);
            eprintln!("{folder}: {} {what}, median {}, longest {} ({})", sizes.len(), median.0, largest.0, largest.1);
        }
    }
    none(&found, "longer than 400 lines (files) or 70 lines (functions)");
}

/// Goal: rooms that think wait for nothing.
/// Method: look for `async` and `await`.
#[test]
fn pure_rooms_never_wait() {
    let mut found = Vec::new();
    for source in rooms().iter().filter(|source| PURE.contains(&source.module()[0])) {
        for word in ["async", "await"] {
            found.extend(source.words(word).map(|at| format!("{}: {word}", source.place(at))));
        }
    }
    none(&found, "a pure room waits");
}

/// Goal: above the engines nobody asks which one serves.
/// Method: look for their names outside comments; a word for a person stands in the list above.
#[test]
fn engines_are_named_in_their_own_rooms_only() {
    let mut found = Vec::new();
    let mut used = BTreeMap::new();
    for source in rust_below("src") {
        if ["engine", "sql"].contains(&source.module()[0]) {
            continue;
        }
        let lower = source.uncommented.to_lowercase();
        let excepted = ENGINE_NAMED.iter().find(|(path, _)| source.path.starts_with(path));
        for name in ["postgres", "mariadb", "mysql", "sqlite"] {
            for (at, _) in lower.match_indices(name) {
                match excepted {
                    Some((path, _)) => *used.entry(path).or_insert(0) += 1,
                    None => found.push(format!("{}: {name}", source.place(at))),
                }
            }
        }
    }
    none(&found, "an engine is named above the engines");
    let idle: Vec<&str> = ENGINE_NAMED.iter().map(|(path, _)| *path).filter(|path| !used.contains_key(path)).collect();
    assert!(idle.is_empty(), "exceptions that nothing needs: {idle:?}");
}

/// Goal: tests live in tests/, and a lint is silenced only with its reason.
/// Method: look for the words.
#[test]
fn the_source_holds_no_tests_and_allows_nothing_in_silence() {
    let mut found = Vec::new();
    for source in rust_below("src") {
        for words in ["#[cfg(test)]", "mod tests", "#[test]", "#[allow(", "#![allow("] {
            found.extend(source.code.match_indices(words).map(|(at, _)| format!("{}: {words}", source.place(at))));
        }
    }
    none(&found, "tests belong in tests/, and #[expect(…, reason = \"…\")] is the way to silence a lint");
}

/// The settings as the structs of `config/settings.rs` spell them: `server.listen`, `auth.keys.id`.
fn settings() -> Vec<String> {
    let sources = rust_below("src/config");
    let source = sources.iter().find(|source| source.path == "src/config/settings.rs").expect("the settings");
    let structs: BTreeMap<&str, Vec<(&str, &str)>> = source
        .code
        .split("pub struct ")
        .skip(1)
        .filter_map(|text| {
            let (name, rest) = text.split_once('{')?;
            let fields = rest.split_once("\n}")?.0.split("pub ").skip(1);
            Some((name.trim(), fields.filter_map(|field| field.trim().split_once(": ")).collect()))
        })
        .collect();
    let mut found = Vec::new();
    let mut open: Vec<(String, &str)> = vec![(String::new(), "Config")];
    while let Some((prefix, name)) = open.pop() {
        for (field, kind) in &structs[name] {
            let key = if prefix.is_empty() { (*field).to_owned() } else { format!("{prefix}.{field}") };
            let inner = kind.lines().next().unwrap_or_default().trim_end_matches(',');
            let inner = inner.trim_start_matches("Vec<").trim_end_matches('>');
            match structs.get_key_value(inner) {
                Some((inner, _)) => open.push((key, *inner)),
                None => found.push(key),
            }
        }
    }
    found
}

/// Goal: no setting is without its words.
/// Method: read the settings' structs, and look for each key and its variable in docs/CONFIGURATION.md.
#[test]
fn every_setting_is_explained() {
    let page = read("docs/CONFIGURATION.md");
    let settings = settings();
    assert!(settings.len() > 25 && settings.contains(&"server.listen".to_owned()), "{settings:?}");
    let variable =
        |key: &str| format!("WINDLASS__{}", key.replace("keys.", "keys.0.").replace('.', "__").to_uppercase());
    let missing: Vec<String> = settings
        .iter()
        .filter(|key| !page.contains(&format!("`{key}`")) || !page.contains(&format!("`{}`", variable(key))))
        .map(|key| format!("{key}, {}", variable(key)))
        .collect();
    none(&missing, "docs/CONFIGURATION.md lacks");
}

/// The kinds of problems that jobs and the command line tell of, as their source spells them.
fn problem_kinds() -> Vec<String> {
    let kebab = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let mut sources = rust_below("src/cli");
    sources.extend(rust_below("src/procedure").into_iter().filter(|source| source.path.ends_with("/problem.rs")));
    let exits = [
        "Exit::Usage",
        "Exit::No",
        "Exit::Unavailable",
        "Exit::Configuration",
        "Exit::Killed(asked.number())",
        "=> Configuration",
        "=> Usage",
    ];
    let mut found = Vec::new();
    for source in sources {
        let text = &source.uncommented;
        if source.path.ends_with("/problem.rs") || source.path.ends_with("/failure.rs") {
            let literals = text.split('"').skip(1).step_by(2);
            found.extend(literals.filter(|literal| literal.contains('-')).map(str::to_owned));
        }
        for before in exits.map(|exit| format!("{exit},")).iter().map(String::as_str).chain(["problem(", "} => ("]) {
            let after = text.split(before).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
            found.extend(after.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    found.retain(|kind| kebab(kind));
    found.sort();
    found.dedup();
    found
}

/// Goal: no problem is without its page. Those of the HTTP service are looked for where the service is tested.
/// Method: read the kinds off the source, and look for one heading each.
#[test]
fn every_problem_has_its_heading() {
    let page = read("docs/PROBLEMS.md");
    let kinds = problem_kinds();
    for known in
        ["statement-failed", "fenced", "interrupted", "usage", "declined", "cannot-listen", "left", "server-address"]
    {
        assert!(kinds.iter().any(|kind| kind == known), "{known} is not among {kinds:?}");
    }
    let headings = |kind: &str| page.lines().filter(|line| line.strip_prefix("## ") == Some(kind)).count();
    let missing: Vec<String> = kinds.into_iter().filter(|kind| headings(kind) != 1).collect();
    none(&missing, "docs/PROBLEMS.md needs one heading for each of");
}

/// Goal: the tree knows nothing of the machine it was written on, nor of a package registry.
/// Method: look for the words in every text file; the lock file is cargo's own.
#[test]
fn the_tree_names_no_machine_and_no_registry() {
    let words =
        [["crates", ".io"].concat(), ["docs", ".rs/"].concat(), ["/wo", "rk/"].concat(), ["/ro", "ot/"].concat()];
    let mut found = Vec::new();
    for (path, text) in every_text().iter().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for (number, line) in (1..).zip(text.lines()) {
            found.extend(
                words.iter().filter(|word| line.contains(*word)).map(|word| format!("{path}:{number}: {word}")),
            );
        }
    }
    none(&found, "an address or a path that does not belong here");
}
