//! What is there for tests alone is not in the program that people get.

use std::{collections::BTreeSet, process::Command};

use crate::house::source::rust_below;

/// The names of every place and of every guarantee that can be left out, as the source spells them.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in rust_below("src").iter().filter(|source| source.path != "src/failpoint.rs") {
        for word in ["failpoint!(\"", "ablated!(\""] {
            let after = source.uncommented.split(word).skip(1);
            names.extend(after.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
    names
}

/// Goal: no fail point can be reached, or even named, in a program that was built as it is released.
/// Method: have grep look for the names in the bytes of the program that these tests run; they are built without the feature.
#[test]
fn no_fail_point_is_in_the_program() {
    let names = names();
    assert!(names.len() > 40, "{names:?}");
    let dotted = names.iter().filter(|name| name.contains('.')).map(String::as_str);
    let words: Vec<&str> =
        dotted.chain(["WINDLASS_FP", "WINDLASS_ABLATE", "same-session", "mark-within", "as-written"]).collect();
    let list = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(list.path(), words.join("\n")).expect("the words");

    let looked =
        Command::new("grep").args(["-aoF", "-f"]).arg(list.path()).arg(env!("CARGO_BIN_EXE_windlass")).output();
    let looked = looked.expect("grep");

    assert_eq!(looked.status.code(), Some(1), "the program knows of {}", String::from_utf8_lossy(&looked.stdout));
}
