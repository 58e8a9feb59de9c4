//! By what a tool knows a migration, and how that is read off the place of its files.

/// By what a tool knows a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number, or several that make a version; zeros at the end do not count.
    Numbers(Vec<u64>),
    /// A name.
    Name(String),
}

impl Key {
    /// One number.
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self::Numbers(vec![number])
    }

    /// A version as a tool writes it: numbers parted by dots; a name where it is none.
    #[must_use]
    pub fn version(text: &str) -> Self {
        let numbers: Option<Vec<u64>> = text.split(['.', '_']).map(|part| part.parse().ok()).collect();
        numbers.map_or_else(|| Self::Name(text.to_owned()), |numbers| Self::Numbers(without_zeros(numbers)))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                f.write_str(&numbers.join("."))
            }
        }
    }
}

fn without_zeros(mut numbers: Vec<u64>) -> Vec<u64> {
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}

/// `20240501_add.sql`, `2024-05-01-120000_add/up.sql`: the number before the first underscore, without its dashes.
pub fn leading(place: &str) -> Option<Key> {
    let (number, _) = first(place).split_once('_')?;
    number.replace('-', "").parse().ok().map(Key::number)
}

/// `more/V1_2__add.sql`: the version behind the first letter. `more/R__views.sql`: the file's name.
pub fn versioned(place: &str) -> Option<Key> {
    let file = last(place);
    if file.starts_with("R__") {
        return Some(Key::Name(file.to_owned()));
    }
    let (version, _) = file.strip_prefix(['V', 'U'])?.split_once("__")?;
    Some(Key::version(version)).filter(|key| matches!(key, Key::Numbers(_)))
}

/// `20240501120000_add/migration.sql`: the folder's name.
pub fn folder(place: &str) -> Key {
    Key::Name(first(place).to_owned())
}

/// The last part of a path.
pub fn last(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or(place)
}

fn first(place: &str) -> &str {
    place.split('/').next().unwrap_or(place)
}
