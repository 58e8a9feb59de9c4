//! A payload opens with the programs that every system has, as its manifest says.

use std::{fs, path::Path, process::Command};

use windlass::{config::Compression, model::snapshot::Scheme};

use super::{Place, dump};

/// What a shell makes of a line, in a folder.
fn output(line: &str, folder: &Path) -> Vec<u8> {
    let output = Command::new("bash").args(["-o", "pipefail", "-c", line]).current_dir(folder).output().expect("bash");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Goal: `age` and `zstd` alone open what was sealed, with the key file as it lies there.
#[tokio::test]
async fn age_and_zstd_open_a_payload() {
    let place = Place::fresh();
    let content = dump(3_000_000);
    let snapshot = place.publish(&content).await;
    fs::copy(place.key_path(), place.path_of("snapshot.key")).expect("the key beside the payload");

    assert_eq!(snapshot.open_by_hand, format!("age -d -i snapshot.key {} | zstd -dc", snapshot.payload));
    assert!(output(&snapshot.open_by_hand, &place.settings.path) == content);
    let sums =
        format!("sha256sum {} | cut -c1-64 && age -d -i snapshot.key {0} | sha256sum | cut -c1-64", snapshot.payload);
    let sums = String::from_utf8(output(&sums, &place.settings.path)).expect("text");
    assert_eq!(sums.lines().collect::<Vec<_>>(), [&snapshot.payload_sha256, &snapshot.compressed_sha256]);
}

/// Goal: `zstd` alone opens what was not sealed.
#[tokio::test]
async fn zstd_opens_a_payload_that_is_not_sealed() {
    let place = Place::with(|settings| settings.encryption = Scheme::None);
    let content = dump(300_000);
    let snapshot = place.publish(&content).await;
    assert!(output(&snapshot.open_by_hand, &place.settings.path) == content);
}

/// Goal: a payload that is not made smaller opens in the same way, whatever its size, and windlass reads it.
/// Method: sizes round a block of the frame.
#[tokio::test]
async fn a_payload_that_is_not_compressed_opens_like_any_other() {
    let place = Place::with(|settings| settings.compression = Compression::None);
    for bytes in [0, 1, 131_071, 131_072, 131_073, 1_000_000] {
        let content = dump(bytes);
        let snapshot = place.publish(&content).await;
        fs::copy(place.key_path(), place.path_of("snapshot.key")).expect("the key beside the payload");

        let blocks = snapshot.dump_bytes.div_ceil(131_072).max(1);
        assert_eq!(snapshot.compressed_bytes, snapshot.dump_bytes + 6 + 3 * blocks, "{bytes}: as they are");
        assert!(output(&snapshot.open_by_hand, &place.settings.path) == content, "{bytes}");
        place.archive.verify(snapshot.id, |_| ()).await.expect("a whole snapshot");
    }
}

/// Goal: a payload sealed with a passphrase opens with `age` and that passphrase, which it asks for on a terminal.
#[tokio::test]
async fn age_opens_a_payload_with_a_passphrase() {
    let place = Place::with(|settings| settings.passphrase = Some("ebb and flow".to_owned().into()));
    let content = dump(30_000);
    let snapshot = place.publish(&content).await;
    let inner = format!("{} >opened", snapshot.open_by_hand);

    // A terminal of its own, on which the passphrase is typed once it is asked for.
    let typed = "import os, pty, sys\npid, terminal = pty.fork()\nif pid == 0: os.execvp('bash', ['bash', '-c', sys.argv[1]])\n\
                 asked = b''\nwhile b'passphrase' not in asked: asked += os.read(terminal, 1000)\n\
                 os.write(terminal, b'ebb and flow\\n')\n\
                 try:\n    while os.read(terminal, 1000): pass\nexcept OSError: pass\n\
                 sys.exit(os.waitpid(pid, 0)[1])";
    let status = Command::new("python3").args(["-c", typed, &inner]).current_dir(&place.settings.path).status();
    assert!(status.expect("python3").success());
    assert!(fs::read(place.path_of("opened")).expect("the dump") == content);
}
