//! Settings: which layer wins, what is refused, and that no error shows a secret.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    time::Duration,
};

use secrecy::ExposeSecret;
use tempfile::TempDir;
use windlass::config::{Config, ConfigError, KeyAlgorithm, LogFormat, Options, load};

/// A working folder with files in it, and the variables and flags of a process.
struct Desk {
    folder: TempDir,
    options: Options,
}

impl Desk {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { folder: folder.path().to_owned(), ..Options::default() };
        Self { folder, options }
    }

    fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn secret(self, name: &str, text: &str, mode: u32) -> Self {
        let path = self.folder.path().join(name);
        let desk = self.file(name, text);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        desk
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.options.variables.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.options.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    fn environment(mut self, name: &str) -> Self {
        self.options.environment = Some(name.to_owned());
        self
    }

    fn loads(&self) -> Config {
        load(&self.options).unwrap_or_else(|error| panic!("{error}"))
    }

    fn fails(&self) -> ConfigError {
        load(&self.options).map(|_| ()).expect_err("the settings should have been refused")
    }

    /// The error with its causes, as a person or a log would see it.
    fn says(&self) -> String {
        let error = self.fails();
        let mut said = vec![format!("{error} | {error:?}")];
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            said.push(inner.to_string());
            cause = inner.source();
        }
        said.join(" | ")
    }
}

#[test]
fn with_no_file_everything_has_its_default() {
    let config = Desk::empty().loads();

    assert_eq!(config.target.url.expose_secret(), "sqlite:data/app.db");
    assert_eq!(config.store.path, PathBuf::from("data/windlass.db"));
    assert_eq!(config.snapshots.path, PathBuf::from("data/snapshots"));
    assert_eq!(config.catalog.path, PathBuf::from("migrations"));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8182");
    assert_eq!(config.data_dir(), PathBuf::from("data"));
}

/// Goal: each layer wins over the one before, key by key.
/// Method: five keys, each set by one layer more than the next.
#[test]
fn a_later_layer_wins_key_by_key() {
    let desk = Desk::empty()
        .file("windlass.toml", "[target]\nname='f'\n[run]\nlock_timeout='1s'\nlock_wait='1s'\nstatement_timeout='1s'\n")
        .file("windlass.live.toml", "[run]\nlock_timeout='2s'\nlock_wait='2s'\nstatement_timeout='2s'\n")
        .environment("live")
        .variable("WINDLASS__RUN__LOCK_WAIT", "3s")
        .variable("WINDLASS__RUN__STATEMENT_TIMEOUT", "3s")
        .flag("run.statement_timeout", "4s");

    let config = desk.loads();

    assert_eq!(config.target.name, "f");
    assert_eq!(config.run.lock_timeout, Duration::from_secs(2));
    assert_eq!(config.run.lock_wait, Duration::from_secs(3));
    assert_eq!(config.run.statement_timeout, Duration::from_secs(4));
}

#[test]
fn the_environment_and_the_file_can_be_named_by_variables_or_flags() {
    let desk = Desk::empty()
        .file("other.toml", "[log]\nfilter='one'\n")
        .file("other.test.toml", "[log]\nformat='json'\n")
        .file("other.live.toml", "[log]\nfilter='live'\n")
        .variable("WINDLASS_CONFIG", "other.toml")
        .variable("WINDLASS_ENVIRONMENT", "test");

    let config = desk.loads();
    assert_eq!((config.log.filter.as_str(), config.log.format), ("one", LogFormat::Json));

    let config = desk.environment("live").loads();
    assert_eq!((config.log.filter.as_str(), config.log.format), ("live", LogFormat::Human));
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let mut desk = Desk::empty();
    desk.options.file = Some("gone.toml".into());
    assert!(matches!(desk.fails(), ConfigError::NoFile { .. }));
}

#[test]
fn an_environment_needs_no_file_unless_others_have_one() {
    Desk::empty().environment("live").loads();

    let desk = Desk::empty().file("windlass.production.toml", "").environment("prodction");
    assert!(matches!(desk.fails(), ConfigError::NoEnvironment { nearest: Some(n), .. } if n == "production"));

    let desk = Desk::empty().environment("../secret");
    assert!(matches!(desk.fails(), ConfigError::EnvironmentName { .. }));
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest() {
    let cases = [
        (Desk::empty().file("windlass.toml", "[target]\nulr='x'\n"), "windlass.toml", "target.ulr", Some("target.url")),
        (Desk::empty().file("windlass.toml", "[sever]\n"), "windlass.toml", "sever", Some("server")),
        (
            Desk::empty().variable("WINDLASS__SERVER__LISTNE", "x"),
            "WINDLASS__SERVER__LISTNE",
            "server.listne",
            Some("server.listen"),
        ),
        (Desk::empty().flag("log.fliter", "x"), "the flag for log.fliter", "log.fliter", Some("log.filter")),
        (Desk::empty().flag("log.zzzzzzzz", "x"), "the flag", "log.zzzzzzzz", None),
        (Desk::empty().variable("WINDLASS__URL", "y"), "WINDLASS__URL", "url", None),
        (
            Desk::empty().file("windlass.toml", "[[auth.keys]]\nid='a'\nalgorithm='HS256'\nsecrte='q'\n"),
            "windlass.toml",
            "auth.keys[0].secrte",
            Some("auth.keys[0].secret"),
        ),
    ];
    for (desk, place, wanted, meant) in cases {
        match desk.fails() {
            ConfigError::UnknownKey { key, origin, nearest, .. } => {
                assert_eq!((key.as_str(), nearest.as_deref()), (wanted, meant));
                assert!(origin.contains(place), "{origin}");
            }
            other => panic!("{wanted}: {other}"),
        }
    }
}

#[test]
fn names_with_one_underscore_are_not_settings() {
    Desk::empty()
        .variable("WINDLASS_SERVICE_HOST", "10.0.0.1")
        .variable("WINDLASS_PORT_8182_TCP", "x")
        .variable("WINDLASS_TEST_POSTGRES_URL", "x")
        .loads();
}

#[test]
fn one_underscore_where_two_belong_is_told() {
    let says = Desk::empty().variable("WINDLASS_TARGET__URL", "postgres://u:hunter2@h/d").says();
    assert!(says.contains("WINDLASS__TARGET__URL") && !says.contains("hunter2"), "{says}");
}

#[test]
fn a_wrong_value_is_told_with_its_place_what_it_is_and_what_is_expected() {
    let file = |text: &str| Desk::empty().file("windlass.toml", text);
    let variable = |name: &str, value: &str| Desk::empty().variable(name, value);
    let cases = [
        (file("[server]\nlisten=8182\n"), "server.listen", "8182", "socket address"),
        (file("[server]\nrate_limit_burst='5'\n"), "server.rate_limit_burst", "\"5\"", "whole number"),
        (file("[server]\nrate_limit_burst=5.5\n"), "server.rate_limit_burst", "5.5", "whole number"),
        (file("[server]\nrate_limit_burst=true\n"), "server.rate_limit_burst", "true", "whole number"),
        (file("[server]\nrate_limit_burst=-1\n"), "server.rate_limit_burst", "-1", "whole number"),
        (file("[server]\nrate_limit_burst=0\n"), "server.rate_limit_burst", "0", "1 or more"),
        (file("[server]\nconnections_per_address_max=0\n"), "server.connections_per_address_max", "0", "1 or more"),
        (file("[health]\ninterval=5\n"), "health.interval", "5", "a duration such as"),
        (file("[health]\ninterval='soon'\n"), "health.interval", "\"soon\"", "a duration such as"),
        (file("[health]\ninterval='1ms'\n"), "health.interval", "\"1ms\"", "100ms or more"),
        (file("[policy]\nsnapshot='sometimes'\n"), "policy.snapshot", "\"sometimes\"", "always, required, never"),
        (file("[app]\nversion='one'\n"), "app.version", "\"one\"", "version number"),
        (file("health='5s'\n"), "health", "\"5s\"", "a section"),
        (file("[server]\ntrusted_proxies='10.0.0.0/8'\n"), "server.trusted_proxies", "10.0.0.0/8", "a list"),
        (file("[server]\ntrusted_proxies=['10.0.0.0/8', 'x']\n"), "server.trusted_proxies[1]", "\"x\"", "address"),
        (file("[auth]\nkeys=['x']\n"), "auth.keys[0]", "\"x\"", "a section"),
        (variable("WINDLASS__SERVER__RATE_LIMIT_BURST", "many"), "server.rate_limit_burst", "\"many\"", "whole number"),
        (variable("WINDLASS__LOG__FORMAT", "xml"), "log.format", "\"xml\"", "human, json"),
        (variable("WINDLASS__LOG", "xml"), "log", "\"xml\"", "a section"),
    ];
    for (desk, wanted, value, words) in cases {
        match desk.fails() {
            ConfigError::Wrong { key, origin, found, expected } => {
                assert_eq!(key, wanted);
                assert!(found.contains(value), "{wanted}: {found}");
                assert!(expected.contains(words), "{wanted}: {expected}");
                assert!(origin.contains("windlass.toml") || origin.starts_with("WINDLASS__"), "{origin}");
            }
            other => panic!("{wanted}: {other}"),
        }
    }
}

#[test]
fn a_key_that_may_not_be_left_out_is_told() {
    let says = Desk::empty().file("windlass.toml", "[[auth.keys]]\nid='a'\n").says();
    assert!(says.contains("auth.keys[0].algorithm"), "{says}");
}

#[test]
fn what_looks_like_a_number_stays_what_it_was() {
    let config = Desk::empty()
        .variable("WINDLASS__TARGET__URL", "0123456")
        .variable("WINDLASS__TARGET__DIRECT_URL", "1e5")
        .variable("WINDLASS__TARGET__NAME", "true")
        .flag("auth.keys.0.id", "007")
        .flag("auth.keys.0.algorithm", "HS256")
        .flag("auth.keys.0.secret", "00000000000000000000000000000042")
        .loads();

    assert_eq!(config.target.url.expose_secret(), "0123456");
    assert_eq!(config.target.direct_url.unwrap().expose_secret(), "1e5");
    assert_eq!(config.target.name, "true");
    let key = &config.auth.keys[0];
    assert_eq!((key.id.as_str(), key.algorithm), ("007", KeyAlgorithm::HS256));
    assert_eq!(key.secret.as_ref().unwrap().expose_secret(), "00000000000000000000000000000042");
}

#[test]
fn variables_give_lists_with_commas_and_numbers_in_words() {
    let config = Desk::empty()
        .variable("WINDLASS__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.168.0.0/16,")
        .variable("WINDLASS__SERVER__RATE_LIMIT_PER_SECOND", "7")
        .variable("WINDLASS__SERVER__LISTEN", "0.0.0.0:80")
        .variable("WINDLASS__APP__VERSION", "1.2.3")
        .variable("WINDLASS__TARGET__DIRECT_URL", "")
        .loads();

    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.rate_limit_per_second, 7);
    assert_eq!(config.server.listen.port(), 80);
    assert_eq!(config.app.version, Some("1.2.3".parse().unwrap()));
    assert!(config.target.direct_url.is_none(), "an empty variable is one that is not set");
}

#[test]
fn a_variable_adds_the_secret_to_a_key_of_the_file() {
    let config = Desk::empty()
        .file("windlass.toml", "[[auth.keys]]\nid='a'\nalgorithm='EdDSA'\n[[auth.keys]]\nid='b'\nalgorithm='HS256'\n")
        .variable("WINDLASS__AUTH__KEYS__1__SECRET", "abcdefghijklmnopqrstuvwxyz012345")
        .loads();

    assert_eq!(config.auth.keys.len(), 2);
    assert!(config.auth.keys[0].secret.is_none());
    assert!(config.auth.keys[1].secret.is_some());
}

#[test]
fn a_secret_can_lie_in_a_file_of_its_owner_alone() {
    let desk = Desk::empty()
        .secret("url", "  postgres://u:p@h/d\n", 0o600)
        .secret("key", "abcdefghijklmnopqrstuvwxyz012345\n", 0o400)
        .file(
            "windlass.toml",
            "[target]\nurl_file='url'\n[[auth.keys]]\nid='a'\nalgorithm='HS256'\nsecret_file='key'\n",
        );

    let config = desk.loads();
    assert_eq!(config.target.url.expose_secret(), "postgres://u:p@h/d");
    assert_eq!(config.auth.keys[0].secret.as_ref().unwrap().expose_secret().len(), 32);

    for mode in [0o620, 0o604, 0o660, 0o644, 0o601] {
        let says = Desk::empty().secret("url", "hunter2", mode).flag("target.url_file", "url").says();
        assert!(says.contains("chmod 600") && !says.contains("hunter2"), "{mode:o}: {says}");
    }
    for (text, reason) in [("", "empty"), (" \n", "empty")] {
        let says = Desk::empty().secret("url", text, 0o600).flag("target.url_file", "url").says();
        assert!(says.contains(reason), "{says}");
    }
    let says = Desk::empty().flag("target.direct_url_file", "gone").says();
    assert!(says.contains("target.direct_url_file") && says.contains("gone"), "{says}");
}

/// Goal: a secret that root hands to a process of another user by its group, as systemd and Kubernetes do, is taken; one that somebody
/// else hands out so is not.
#[test]
fn the_group_may_read_a_secret_of_roots_and_no_other() {
    let desk = Desk::empty().secret("url", "postgres://u:p@h/d", 0o440).flag("target.url_file", "url");
    let file = desk.folder.path().join("url");
    if fs::metadata(&file).unwrap().uid() == 0 {
        assert_eq!(desk.loads().target.url.expose_secret(), "postgres://u:p@h/d");
        std::os::unix::fs::chown(&file, Some(65_532), None).expect("another owner");
        let says = desk.says();
        assert!(says.contains("chmod 600"), "{says}");
    } else {
        assert!(desk.says().contains("chmod 600"));
    }
}

#[test]
fn a_secret_and_its_file_replace_each_other_across_layers_and_clash_within_one() {
    let both = "[target]\nurl='sqlite:a'\nurl_file='b'\n";
    assert!(matches!(Desk::empty().file("windlass.toml", both).fails(), ConfigError::Twice { .. }));

    let config = Desk::empty()
        .file("windlass.toml", "[target]\nurl_file='gone'\n")
        .variable("WINDLASS__TARGET__URL", "sqlite:later")
        .loads();
    assert_eq!(config.target.url.expose_secret(), "sqlite:later");

    let config = Desk::empty()
        .secret("url", "sqlite:from-file", 0o600)
        .file("windlass.toml", "[target]\nurl='sqlite:early'\n")
        .variable("WINDLASS__TARGET__URL_FILE", "url")
        .loads();
    assert_eq!(config.target.url.expose_secret(), "sqlite:from-file");
}

#[test]
fn no_error_shows_a_secret() {
    let canary = "hunter2";
    let file = |text: &str| Desk::empty().file("windlass.toml", text);
    let desks = [
        file("[target]\nurl='postgres://u:hunter2@h/d\n"),
        file("[target]\nurl=['hunter2']\n"),
        file("target='postgres://u:hunter2@h/d'\n"),
        file("[auth]\nkeys='hunter2@'\n"),
        file("[[auth.keys]]\nid='a'\nalgorithm='HS256'\nsecret=['hunter2']\n"),
        file("[target]\nurl='hunter2'\nurl='hunter2'\n"),
        file("[target]\nurrl='hunter2'\n"),
        Desk::empty().variable("WINDLASS__TARGET", "postgres://u:hunter2@h/d"),
        Desk::empty().variable("WINDLASS__TARGET__UURL", "postgres://u:hunter2@h/d"),
        Desk::empty().flag("server.listen", "postgres://u:hunter2@h/d"),
        Desk::empty().variable("WINDLASS__TARGET__URL", "hunter2").flag("target.nme", "x"),
    ];
    for desk in desks {
        let says = desk.says();
        assert!(!says.contains(canary), "{says}");
    }
    let config = Desk::empty().flag("target.url", canary).loads();
    assert!(!format!("{config:?}").contains(canary));
}

#[test]
fn a_variable_that_is_not_unicode_is_told_by_name() {
    use std::os::unix::ffi::OsStringExt;
    let mut desk = Desk::empty();
    desk.options.variables.push(("WINDLASS__TARGET__URL".into(), OsString::from_vec(vec![0xff])));
    assert!(matches!(desk.fails(), ConfigError::NotUnicode { variable } if variable == "WINDLASS__TARGET__URL"));
}

#[test]
fn a_broken_file_is_told_by_its_line() {
    let desk = Desk::empty().file("windlass.toml", "[log]\nfilter = 'a'\nformat = = 'b'\n");
    assert!(matches!(desk.fails(), ConfigError::Syntax { line: 3, .. }));
}
