//! Keys: made when none is configured, told apart when they are the wrong ones, and never told.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use age::secrecy::ExposeSecret;
use windlass::{
    config::Snapshots,
    model::snapshot::Scheme,
    snapshot::{Archive, ArchiveError, Unusable},
};

use super::{Opened, Place, dump};

/// An identity: its secret half, and its public half.
fn identity() -> (String, String) {
    let identity = age::x25519::Identity::generate();
    (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string())
}

/// Goal: with no configuration a key is made with the first snapshot, for its owner alone, and stays the same.
#[tokio::test]
async fn a_key_is_made_on_first_use() {
    let place = Place::fresh();
    assert!(place.archive.list().await.expect("an empty list").snapshots.is_empty());
    assert!(!place.key_path().exists(), "looking makes no key");

    let snapshot = place.publish(&dump(100)).await;
    let text = fs::read_to_string(place.key_path()).expect("the key");
    let again = place.seen_with(|_| ()).publish(&dump(100)).await;

    assert_eq!(fs::read_to_string(place.key_path()).expect("the key"), text);
    assert_eq!(fs::metadata(place.key_path()).expect("the key").permissions().mode() & 0o7777, 0o600);
    assert_eq!(snapshot.encryption, again.encryption);
    assert_eq!(snapshot.encryption.recipients, std::slice::from_ref(&snapshot.encryption.key_id));
    assert!(text.contains(&format!("# public key: {}\n", snapshot.encryption.key_id)));
    let left = fs::read_dir(place.outside.path().join("data")).expect("the folder").count();
    assert_eq!(left, 2, "the key, and the snapshots");
}

/// Goal: two that begin at once end with one key.
#[tokio::test]
async fn two_that_begin_at_once_make_one_key() {
    let place = Place::fresh();
    let (one, other) = (place.seen_with(|_| ()), place.seen_with(|_| ()));
    let (from_one, from_other) = (dump(100), dump(200));
    let (one, other) = tokio::join!(one.publish(&from_one), other.publish(&from_other));
    assert_eq!(one.encryption.key_id, other.encryption.key_id);
    place.archive.verify(one.id, |_| ()).await.expect("whole");
    place.archive.verify(other.id, |_| ()).await.expect("whole");
}

/// Goal: a key that others may read is refused, for reading and for writing.
#[tokio::test]
async fn a_key_that_is_open_to_others_is_refused() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(100)).await;
    fs::set_permissions(place.key_path(), fs::Permissions::from_mode(0o644)).expect("an open key");
    let later = place.seen_with(|_| ());
    assert!(matches!(later.archive.find(snapshot.id).await, Err(ArchiveError::OwnKey(_))));
    assert!(matches!(later.write(snapshot.id, b"x").await, Err(ArchiveError::OwnKey(_))));
}

/// Goal: a wrong key is told apart from damage, names both keys, and nothing goes out.
#[tokio::test]
async fn a_wrong_key_is_no_damage() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(1_000)).await;
    let (secret, public) = identity();
    let stranger = place.seen_with(|settings| settings.identity = Some(secret.into()));

    let error = stranger.archive.verify(snapshot.id, |_| ()).await.expect_err("another key");

    assert!(matches!(error, ArchiveError::WrongKey { .. }), "{error}");
    let words = error.to_string();
    assert!(words.contains(&snapshot.encryption.key_id) && words.contains(&public), "{words}");
    stranger.nothing_must_come_out(snapshot.id, "a wrong key").await;
    let listing = stranger.archive.list().await.expect("a list");
    assert!(
        listing.snapshots.is_empty()
            && matches!(listing.unusable[..], [Unusable { error: ArchiveError::WrongKey { .. }, .. }])
    );
    let marked = stranger.archive.mark_good(snapshot.id, "a run", snapshot.created_at).await;
    assert!(matches!(marked, Err(ArchiveError::WrongKey { .. })), "{marked:?}");
}

/// Goal: a lost key is told as lost, with where it was; put back, everything is as before.
#[tokio::test]
async fn a_missing_key_is_told() {
    let place = Place::fresh();
    let snapshot = place.publish(&dump(1_000)).await;
    let aside = place.outside.path().join("aside");
    fs::rename(place.key_path(), &aside).expect("lost");
    let later = place.seen_with(|_| ());

    let error = later.archive.find(snapshot.id).await.expect_err("no key");

    assert!(matches!(error, ArchiveError::KeyMissing { .. }), "{error}");
    assert!(error.to_string().contains(&place.key_path().display().to_string()), "{error}");
    later.nothing_must_come_out(snapshot.id, "no key").await;
    let listing = later.archive.list().await.expect("a list");
    assert!(matches!(listing.unusable[..], [Unusable { error: ArchiveError::KeyMissing { .. }, .. }]));
    assert!(!place.key_path().exists(), "a lost key is not replaced by looking");
    fs::rename(aside, place.key_path()).expect("found");
    later.archive.verify(snapshot.id, |_| ()).await.expect("whole");
}

/// Goal: after a change of keys, what was made with the old one stays usable as long as it is configured too.
#[tokio::test]
async fn an_old_key_beside_the_new_one_opens_old_snapshots() {
    let place = Place::fresh();
    let old = place.publish(&dump(1_000)).await;
    let kept = fs::read_to_string(place.key_path()).expect("the key");
    let (secret, public) = identity();
    let both = place.seen_with(|settings| settings.identity = Some(format!("{secret}\n{kept}").into()));

    let new = both.publish(&dump(1_000)).await;

    assert_eq!(new.encryption.key_id, public);
    both.archive.verify(old.id, |_| ()).await.expect("the old key is there");
    both.archive.verify(new.id, |_| ()).await.expect("the new key");
    assert!(matches!(place.archive.find(new.id).await, Err(ArchiveError::WrongKey { .. })));
}

/// Goal: with a passphrase there is no key file; another passphrase is a wrong key, not damage.
#[tokio::test]
async fn a_passphrase_seals_as_well() {
    let place = Place::with(|settings| settings.passphrase = Some("ebb and flow".to_owned().into()));
    let content = dump(100_000);
    let snapshot = place.publish(&content).await;

    assert!(snapshot.encryption.key_id.starts_with("passphrase:") && snapshot.encryption.recipients.is_empty());
    let Opened { bytes, outcome, .. } = place.read(snapshot.id).await;
    assert!(outcome.is_ok() && bytes == content);
    assert!(!place.key_path().exists());
    let stranger = place.seen_with(|settings| settings.passphrase = Some("flow and ebb".to_owned().into()));
    let error = stranger.archive.verify(snapshot.id, |_| ()).await.expect_err("another passphrase");
    assert!(matches!(error, ArchiveError::WrongKey { .. }), "{error}");
    fs::write(place.manifest_path(snapshot.id), "{}").expect("damage");
    place.damage_must_be_found(snapshot.id, "damage").await;
}

/// Goal: whoever else is named can open payloads, and the key of the place always can.
#[tokio::test]
async fn other_recipients_open_payloads_too() {
    let (secret, public) = identity();
    let place = Place::with(|settings| settings.recipients = vec![public.clone()]);
    let content = dump(10_000);

    let snapshot = place.publish(&content).await;

    assert_eq!(snapshot.encryption.recipients, [snapshot.encryption.key_id.clone(), public]);
    place.archive.verify(snapshot.id, |_| ()).await.expect("with its own key");
    let payload = fs::read(place.path_of(&snapshot.payload)).expect("the payload");
    let theirs: age::x25519::Identity = secret.parse().expect("an identity");
    let opened = age::decrypt(&theirs, &payload).expect("with their key");
    assert!(zstd::decode_all(opened.as_slice()).expect("zstd") == content);
}

/// Goal: without encryption the manifest is authenticated all the same, and says so.
#[tokio::test]
async fn without_encryption_nothing_can_be_changed_either() {
    let place = Place::with(|settings| settings.encryption = Scheme::None);
    let content = dump(10_000);
    let snapshot = place.publish(&content).await;

    assert_eq!(snapshot.encryption.scheme, Scheme::None);
    assert!(snapshot.payload.ends_with(".db.zst") && snapshot.open_by_hand.starts_with("zstd -dc "));
    let path = place.path_of(&snapshot.payload);
    let mut bytes = fs::read(&path).expect("the payload");
    assert!(zstd::decode_all(bytes.as_slice()).expect("zstd") == content);
    // Whoever seals now still reads what was not sealed then.
    place
        .seen_with(|settings| settings.encryption = Scheme::Age)
        .archive
        .verify(snapshot.id, |_| ())
        .await
        .expect("whole");
    bytes[4_000] ^= 4;
    fs::write(&path, bytes).expect("a flipped bit");
    place.damage_must_be_found(snapshot.id, "a flipped bit").await;
}

/// Goal: keys and places that cannot be used are refused at once, with the setting's name.
#[test]
fn unfit_settings_are_refused() {
    let (secret, public) = identity();
    let refusal = |change: &dyn Fn(&mut Snapshots)| {
        let mut settings = Snapshots::default();
        change(&mut settings);
        Archive::at(&settings, "data".as_ref()).expect_err("it cannot be used").to_string()
    };
    let passphrase = || Some("ebb and flow".to_owned().into());
    assert!(refusal(&|s| s.identity = Some(public.clone().into())).contains("snapshots.identity"));
    assert!(refusal(&|s| s.identity = Some("# nothing".to_owned().into())).contains("snapshots.identity"));
    assert!(refusal(&|s| s.recipients = vec![secret.clone()]).contains("snapshots.recipients"));
    assert!(
        refusal(&|s| (s.identity, s.passphrase) = (Some(secret.clone().into()), passphrase()))
            .contains("snapshots.passphrase")
    );
    assert!(
        refusal(&|s| (s.recipients, s.passphrase) = (vec![public.clone()], passphrase()))
            .contains("snapshots.passphrase")
    );
    for url in [
        "",
        "data",
        "file://data",
        "ftp://x/y",
        "s3://",
        "s3:///x",
        "s3://a//b",
        "s3://a/../b",
        "s3://k:s@b/x",
        "s3://b?x",
    ] {
        assert!(refusal(&|s| s.url = Some(url.to_owned())).contains("snapshots.url"), "{url}");
    }
    // Whatever was wrong with a secret, no error repeats it.
    for told in [
        refusal(&|s| s.identity = Some(secret.replace('1', "x").into())),
        refusal(&|s| s.recipients = vec![secret.clone()]),
    ] {
        assert!(!told.contains(&secret[20..40]), "{told}");
    }
}

/// Goal: no secret is in any file, output or error of a whole life: identity, passphrase, and the content itself.
/// Method: canaries, looked for in every byte that the program wrote or said.
#[tokio::test]
async fn a_canary_is_nowhere() {
    let (secret, _) = identity();
    let canary = "canary-passphrase-7f3a";
    for (variable, value) in [("IDENTITY", secret.as_str()), ("PASSPHRASE", canary)] {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("migrations")).expect("a catalog");
        let run = |words: &str, extra: &[(&str, &str)]| {
            let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
                .args(words.split(' '))
                .current_dir(folder.path())
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("WINDLASS__LOG__FILTER", "trace")
                .env(format!("WINDLASS__SNAPSHOTS__{variable}"), value)
                .envs(extra.iter().copied())
                .output()
                .expect("windlass");
            (output.status.code(), [output.stdout, output.stderr].concat())
        };
        let mut said = Vec::new();
        let made = run("snapshot create --quiet", &[]);
        assert_eq!(made.0, Some(0), "{}", String::from_utf8_lossy(&made.1));
        for words in ["snapshot list --json", "snapshot verify --all", "status --json"] {
            let (code, output) = run(words, &[]);
            assert_eq!(code, Some(0), "{words}: {}", String::from_utf8_lossy(&output));
            said.extend(output);
        }
        for broken in [
            [("WINDLASS__SNAPSHOTS__RECIPIENTS", value), ("WINDLASS__SNAPSHOTS__ENCRYPTION", "age")],
            [("WINDLASS__SNAPSHOTS__IDENTITY", value), ("WINDLASS__SNAPSHOTS__PASSPHRASE", value)],
            [("WINDLASS__SNAPSHOTS__IDENTITY", canary), ("WINDLASS__SNAPSHOTS__PASSPHRASE", "")],
        ] {
            let (code, output) = run("snapshot list", &broken);
            assert_ne!(code, Some(0));
            said.extend(output);
        }
        said.extend(made.1);
        let looked = Command::new("grep").args(["-raoF", value]).arg(folder.path()).output().expect("grep");
        assert_eq!(looked.status.code(), Some(1), "{}", String::from_utf8_lossy(&looked.stdout));
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains(value) && !said.contains(canary), "{said}");
    }
}
