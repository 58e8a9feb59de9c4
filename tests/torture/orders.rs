//! Which trials there are: every place that a run passes, each of its passings, each fault; in an order that chance gives.

use std::{collections::BTreeMap, fmt};

use crate::{chance::Chance, database::On};

/// What is done to the process at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Kill,
    Stop,
    Err,
    Drop,
    /// Stopped; an administrator ends its session; goes on.
    Admin,
    /// Stopped, its lock taken away and its work done by another; goes on.
    Takeover,
}

pub const ACTIONS: [Action; 6] =
    [Action::Kill, Action::Stop, Action::Err, Action::Drop, Action::Admin, Action::Takeover];

impl Action {
    pub fn word(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Err => "err",
            Self::Drop => "drop",
            Self::Admin => "admin",
            Self::Takeover => "takeover",
        }
    }

    /// What the program itself does at the place.
    fn order(self) -> &'static str {
        match self {
            Self::Admin | Self::Takeover => "stop",
            other => other.word(),
        }
    }

    /// Whether the process stands still at the place until somebody lets it go on.
    pub fn stops(self) -> bool {
        self.order() == "stop"
    }

    fn is_possible(self, on: On, name: &str, place: &Passed) -> bool {
        match self {
            Self::Kill | Self::Stop => true,
            // Within a transaction the lock of the file itself keeps others out, for seconds.
            Self::Takeover => {
                let is_within = name.contains("reply") || name.contains("sent") || name.starts_with("commit");
                on != On::Sqlite || !is_within
            }
            Self::Err => place.can_fail,
            Self::Drop | Self::Admin => on != On::Sqlite, // a file has no connection that could be cut
        }
    }
}

/// A fault at one passing of one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub place: String,
    pub action: Action,
    pub passing: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}={}@{}", self.place, self.action.word(), self.passing)
    }
}

/// The faults of one trial: those of the first process, and those of the one that comes after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orders {
    pub first: Vec<Fault>,
    pub second: Vec<Fault>,
}

impl Orders {
    /// The action that the trial is counted under.
    pub fn word(&self) -> &'static str {
        match self.first.as_slice() {
            [only] if self.second.is_empty() => only.action.word(),
            _ => "twice",
        }
    }
}

impl fmt::Display for Orders {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", told(&self.first))?;
        if self.second.is_empty() { Ok(()) } else { write!(to, " then {}", told(&self.second)) }
    }
}

fn told(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Faults as the program reads them.
pub fn ordered(faults: &[Fault]) -> String {
    let order = |fault: &Fault| format!("{}={}@{}", fault.place, fault.action.order(), fault.passing);
    faults.iter().map(order).collect::<Vec<_>>().join(",")
}

/// A place that a run passed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Passed {
    pub times: usize,
    pub can_fail: bool,
}

/// The places that a run passed, from the lines it wrote.
pub fn passed(lines: &str) -> BTreeMap<String, Passed> {
    let mut places: BTreeMap<String, Passed> = BTreeMap::new();
    for line in lines.lines() {
        let name = line.trim_end_matches('!');
        let place = places.entry(name.to_owned()).or_default();
        place.times += 1;
        place.can_fail |= name != line;
    }
    places
}

/// Every single fault that is possible in a run that passes these places: first each place once, then the rest.
pub fn single(on: On, places: &BTreeMap<String, Passed>, chance: &mut Chance) -> Vec<Orders> {
    let mut of_places: Vec<Vec<Fault>> = places
        .iter()
        .map(|(name, place)| {
            let possible = ACTIONS.into_iter().filter(|action| action.is_possible(on, name, place));
            let all = possible.flat_map(|action| (1..=place.times).map(move |passing| (action, passing)));
            let mut all: Vec<Fault> =
                all.map(|(action, passing)| Fault { place: name.clone(), action, passing }).collect();
            chance.shuffle(&mut all);
            all
        })
        .collect();
    chance.shuffle(&mut of_places);
    let mut heads: Vec<Fault> = of_places.iter_mut().filter_map(Vec::pop).collect();
    let mut rest: Vec<Fault> = of_places.into_iter().flatten().collect();
    chance.shuffle(&mut rest);
    heads.append(&mut rest);
    heads.into_iter().map(|fault| Orders { first: vec![fault], second: Vec::new() }).collect()
}

/// Places that only a run passes which mends something.
const MENDING: [&str; 13] = [
    "recover.found",
    "recover.decided",
    "recover.seen",
    "recover.after",
    "settle.before",
    "parts.doubted",
    "parts.undone",
    "truth.lost",
    "replace.locked",
    "undo.before",
    "undo.statement",
    "undo.proved",
    "begin.before",
];

/// A fault, and another while it is being mended: in the same process when the first leaves it alive, else in the next.
pub fn double(on: On, places: &BTreeMap<String, Passed>, chance: &mut Chance) -> Option<Orders> {
    let names: Vec<_> = places.iter().collect();
    let (name, place) = chance.one_of(&names).copied()?;
    let possible: Vec<Action> =
        ACTIONS.into_iter().filter(|action| !action.stops() && action.is_possible(on, name, place)).collect();
    let action = *chance.one_of(&possible)?;
    let first = Fault { place: name.clone(), action, passing: 1 + chance.below(place.times) };
    let again = if on == On::Sqlite { [Action::Kill, Action::Err] } else { [Action::Kill, Action::Drop] };
    let second = Fault {
        place: (*chance.one_of(&MENDING)?).to_owned(),
        action: *chance.one_of(&again)?,
        passing: 1 + chance.below(2),
    };
    let (first, second) = match action {
        Action::Kill => (vec![first], vec![second]),
        _ => (vec![first, second], Vec::new()),
    };
    Some(Orders { first, second })
}

/// Reads `first then second` back.
pub fn read(text: &str) -> Option<Orders> {
    let faults = |text: &str| text.split(',').map(fault).collect::<Option<Vec<_>>>();
    let (first, second) = text.split_once(" then ").map_or((text, None), |(first, second)| (first, Some(second)));
    Some(Orders { first: faults(first)?, second: second.map_or(Some(Vec::new()), faults)? })
}

fn fault(text: &str) -> Option<Fault> {
    let (place, what) = text.trim().split_once('=')?;
    let (word, passing) = what.split_once('@')?;
    let action = ACTIONS.into_iter().find(|action| action.word() == word)?;
    Some(Fault { place: place.to_owned(), action, passing: passing.parse().ok()? })
}
