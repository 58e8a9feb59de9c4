//! Named places in the code where a test lets the process die, stop, fail, or lose its connections.
//!
//! Only a build with the feature `failpoints` has any of this. In every other build the macros expand to nothing, and not
//! even the names are in the program.
//!
//! `failpoint!("stmt.reply")` is passed; `failpoint!("intent.before", EngineError::fault)` can also fail, in the words of its
//! function; `failpoint!("stmt.sent" within work)` is passed a few milliseconds after `work` was begun. Three variables of the environment say what happens there:
//!
//! - `WINDLASS_FP="stmt.reply=kill@3,undo.before=err@1"`: at the third and the first time that the place is passed. The actions: `kill`
//!   (SIGKILL), `stop` (SIGSTOP; goes on at SIGCONT), `err`, `drop` (every network connection of the process is cut).
//! - `WINDLASS_FP_COUNT=file`: each passing is a line in this file; `!` behind the name where it can fail.
//! - `WINDLASS_ABLATE="counter"`: leaves a guarantee out, so that a test can show that it would be missed.

#[cfg(feature = "failpoints")]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::failpoint::pass($name)
    };
    ($name:literal, $into:expr) => {
        $crate::failpoint::fail($name).map_err($into)?
    };
    ($name:literal within $work:expr) => {
        $crate::failpoint::within($name, $work)
    };
}

#[cfg(not(feature = "failpoints"))]
macro_rules! failpoint {
    ($name:literal $(, $into:expr)?) => {};
    ($name:literal within $work:expr) => {
        $work
    };
}

/// Whether a guarantee is left out.
#[cfg(feature = "failpoints")]
macro_rules! ablated {
    ($name:literal) => {
        $crate::failpoint::is_ablated($name)
    };
}

#[cfg(not(feature = "failpoints"))]
macro_rules! ablated {
    ($name:literal) => {
        false
    };
}

#[cfg(feature = "failpoints")]
pub(crate) use faults::{Fault, fail, is_ablated, pass, within};

#[cfg(feature = "failpoints")]
mod faults {
    use std::{
        collections::BTreeMap,
        fs::{self, File, OpenOptions},
        io::Write,
        pin::pin,
        sync::{LazyLock, Mutex, PoisonError},
        time::Duration,
    };

    use nix::sys::{
        signal::{Signal, kill},
        socket::{AddressFamily, Shutdown, SockaddrLike, SockaddrStorage, getpeername, shutdown},
    };
    use nix::unistd::Pid;

    /// The error of a place that was told to fail.
    #[derive(Debug)]
    pub(crate) struct Fault(pub &'static str);

    impl From<Fault> for std::io::Error {
        fn from(Fault(name): Fault) -> Self {
            Self::other(name)
        }
    }

    /// What was ordered for a place: the action, and at which passing.
    struct Ordered {
        name: String,
        action: String,
        passing: u64,
    }

    static ORDERED: LazyLock<Vec<Ordered>> = LazyLock::new(|| {
        let orders = std::env::var("WINDLASS_FP").unwrap_or_default();
        orders.split(',').filter_map(read).collect()
    });

    /// How often each place was passed, and the file that is told of it.
    struct Passed {
        times: BTreeMap<&'static str, u64>,
        told: Option<File>,
    }

    static PASSED: LazyLock<Mutex<Passed>> = LazyLock::new(|| {
        let told = std::env::var_os("WINDLASS_FP_COUNT");
        let told = told.and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
        Mutex::new(Passed { times: BTreeMap::new(), told })
    });

    /// `name=action@passing`
    fn read(order: &str) -> Option<Ordered> {
        let (name, what) = order.split_once('=')?;
        let (action, passing) = what.split_once('@')?;
        Some(Ordered { name: name.to_owned(), action: action.to_owned(), passing: passing.parse().ok()? })
    }

    /// Whether this guarantee is left out.
    pub(crate) fn is_ablated(name: &str) -> bool {
        std::env::var("WINDLASS_ABLATE").is_ok_and(|left_out| left_out.split(',').any(|one| one == name))
    }

    /// Passes a place that cannot fail.
    pub(crate) fn pass(name: &'static str) {
        let _ = reach(name, "");
    }

    /// Passes a place that can fail.
    pub(crate) fn fail(name: &'static str) -> Result<(), Fault> {
        if reach(name, "!") == Some("err") { Err(Fault(name)) } else { Ok(()) }
    }

    /// How long a place waits that lies within something.
    const WITHIN_MS: u64 = 2;

    /// Passes a place that lies within `work`: a few milliseconds after it was begun, or at its end where that is sooner.
    pub(crate) async fn within<T>(name: &'static str, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => {
                pass(name);
                return done;
            }
            () = tokio::time::sleep(Duration::from_millis(WITHIN_MS)) => pass(name),
        }
        work.await
    }

    fn reach(name: &'static str, mark: &str) -> Option<&'static str> {
        let passing = {
            let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(told) = &mut passed.told {
                let _ = told.write_all(format!("{name}{mark}\n").as_bytes());
            }
            let times = passed.times.entry(name).or_default();
            *times += 1;
            *times
        };
        let ordered = ORDERED.iter().find(|ordered| ordered.name == name && ordered.passing == passing)?;
        match ordered.action.as_str() {
            "kill" => signal(Signal::SIGKILL),
            "stop" => signal(Signal::SIGSTOP),
            "drop" => cut(),
            action => return Some(action),
        }
        None
    }

    fn signal(signal: Signal) {
        let _ = kill(Pid::this(), signal);
    }

    /// Cuts every connection to another process by network: the descriptors stay, and nothing comes through them any more.
    fn cut() {
        let numbers = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        for number in numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            let Ok(peer) = getpeername::<SockaddrStorage>(number) else { continue };
            if matches!(peer.family(), Some(AddressFamily::Inet | AddressFamily::Inet6)) {
                let _ = shutdown(number, Shutdown::Both);
            }
        }
    }
}
