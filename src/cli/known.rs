//! Every kind of problem that a service, or the rooms behind it, answer with: how the command exits, and what to do next.
//! One table, so that a problem weighs the same whether the work is done here or on a server.

use super::exit::Exit;

/// A kind of problem.
pub(super) struct Known {
    /// The last part of its `type`.
    pub name: &'static str,
    /// How the command exits, when nothing more is known of it.
    pub exit: Exit,
    /// What to do next, when nothing better is known.
    pub next_step: &'static str,
}

const fn known(name: &'static str, exit: Exit, next_step: &'static str) -> Known {
    Known { name, exit, next_step }
}

/// What a caller can do nothing about but mend the words of the command.
const WORDS: &str = "mend the words of the command as told above";
/// What is told of a token that is not let in.
const TOKEN: &str =
    "give a token by WINDLASS_TOKEN or --token-file; windlass token mints one where the server's keys are";
/// What is told when the other side is perhaps no windlass service.
const SERVER: &str = "see that --server names a windlass service of this version";

const ALL: [Known; 30] = [
    known("busy", Exit::Busy, "wait for it (--wait 10m), or look at it: windlass status"),
    known("not-ready", Exit::Critical, "settle what blocks; windlass plan shows all of it"),
    known("plan-moved", Exit::No, "look at the plan again: windlass plan; then go on with its digest"),
    known(
        "loss-not-accepted",
        Exit::No,
        "look at the list; if that is meant, give the order again with its digest: --accept-loss",
    ),
    known("nothing-runs", Exit::No, "nothing is to be done; windlass status tells what ran last"),
    known("idempotency-key-reused", Exit::No, "use a fresh key"),
    known("no-such-job", Exit::No, "windlass status tells the newest jobs"),
    known("no-such-snapshot", Exit::No, "windlass snapshot list tells which there are"),
    known("stopping", Exit::Busy, "try again"),
    known(
        "catalog-unusable",
        Exit::Configuration,
        "mend what is named, in the folder catalog.path; nothing was changed",
    ),
    known(
        "target-unreachable",
        Exit::Unavailable,
        "see that the database is up and target.url is right, then try again",
    ),
    known("target-read-only", Exit::Unavailable, "point target.url at the primary, then try again"),
    known(
        "target-unusable",
        Exit::Unavailable,
        "the words above are the database's own; windlass status tells how it stands",
    ),
    known("snapshots-unusable", Exit::Configuration, "windlass snapshot verify --all tells which are whole"),
    known("store-unusable", Exit::Configuration, "look after the file store.path: its disk, its rights"),
    known("unauthenticated", Exit::Configuration, TOKEN),
    known("forbidden", Exit::Configuration, "use a token with level 1 and the permission system"),
    known("too-many-requests", Exit::Busy, "wait a minute, then try again"),
    known("timed-out", Exit::Unavailable, "windlass status tells whether it was taken all the same; then try again"),
    known("internal", Exit::Unavailable, "the server's log tells the cause"),
    known("too-many-streams", Exit::Busy, "try again"),
    known("malformed-request", Exit::Usage, SERVER),
    known("malformed-body", Exit::Usage, SERVER),
    known("bad-parameter", Exit::Usage, SERVER),
    known("bad-header", Exit::Usage, SERVER),
    known("body-too-large", Exit::Usage, WORDS),
    known("invalid-request", Exit::Usage, WORDS),
    known("no-such-route", Exit::Unavailable, SERVER),
    known(SERVER_UNREACHABLE, Exit::Unavailable, "see that the server is up and --server is right, then try again"),
    known(SERVER_UNUSABLE, Exit::Unavailable, SERVER),
];

/// Nobody answers, or not in time.
pub(super) const SERVER_UNREACHABLE: &str = "server-unreachable";
/// What answers is no windlass service, or not one that this command understands.
pub(super) const SERVER_UNUSABLE: &str = "server-unusable";

/// What is known of the kind called `name`.
pub(super) fn of(name: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.name == name)
}
