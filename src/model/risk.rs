//! The rules about risks, by name: what `docs/RULES.md` explains, what waivers and `policy.blocking_risks` name.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::finding::Severity;

/// Makes the enumeration with its table: a name and a weight for each rule.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal, $weight:ident;)*) => {
        /// A rule about what a migration risks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($(#[$doc])* $rule,)* }

        impl Rule {
            /// Every rule there is.
            pub const ALL: &'static [Self] = &[$(Self::$rule,)*];

            /// Its stable name, in kebab case.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// How much it weighs where no setting says otherwise.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$weight,)* }
            }
        }
    };
}

rules! {
    /// A table goes, with its rows.
    DropTable = "drop-table", Warning;
    /// A column goes, with its values.
    DropColumn = "drop-column", Warning;
    /// A whole schema or database goes.
    DropDatabase = "drop-database", Warning;
    /// All rows of a table, or of a partition, go.
    Truncate = "truncate", Warning;
    /// All rows of a table go, one by one.
    DeleteWithoutWhere = "delete-without-where", Warning;
    /// All rows of a table are changed in one statement.
    UpdateWithoutWhere = "update-without-where", Warning;
    /// What is called by the old name fails from then on.
    RenameTable = "rename-table", Warning;
    /// What is called by the old name fails from then on.
    RenameColumn = "rename-column", Warning;
    /// Values may not fit the new type.
    NarrowingType = "narrowing-type", Warning;
    /// A column that must hold something, and nothing is said of the rows there are.
    RequiredColumn = "required-column", Warning;
    /// The server is too old for the statement.
    NeedsNewerServer = "needs-newer-server", Warning;
    /// The way back drops what the way forward made.
    DownLosesData = "down-loses-data", Info;

    /// An index is built while nobody may write.
    IndexNotConcurrent = "index-not-concurrent", Warning;
    /// A concurrent statement shares a migration with others, which is then no single transaction.
    ConcurrentWithOthers = "concurrent-with-others", Info;
    /// An index is dropped while nobody may use its table.
    DropIndexNotConcurrent = "drop-index-not-concurrent", Warning;
    /// An index is built anew while nobody may write.
    ReindexNotConcurrent = "reindex-not-concurrent", Warning;
    /// A materialized view is filled anew while nobody may read it.
    RefreshNotConcurrent = "refresh-not-concurrent", Warning;
    /// A partition is detached while nobody may use the whole table.
    DetachNotConcurrent = "detach-not-concurrent", Warning;
    /// A table is read whole while it becomes a partition.
    AttachScans = "attach-scans", Warning;
    /// A unique or primary key builds its index while nobody may use the table.
    UniqueWithoutIndex = "unique-without-index", Warning;
    /// An exclusion constraint builds its index while nobody may use the table.
    ExclusionConstraint = "exclusion-constraint", Warning;
    /// A table is read whole for a CHECK while nobody may use it.
    CheckScans = "check-scans", Warning;
    /// A table is read whole for a foreign key while nobody may write it, nor what it refers to.
    ForeignKeyScans = "foreign-key-scans", Warning;
    /// A constraint is validated under the strong lock of what added it.
    ValidateWithOthers = "validate-with-others", Warning;
    /// A table is read whole for NOT NULL while nobody may use it.
    NotNullScans = "not-null-scans", Warning;
    /// A domain's new constraint has every table read whole that uses it.
    DomainScans = "domain-scans", Warning;
    /// A new column has the table written anew while nobody may use it.
    ColumnRewrites = "column-rewrites", Warning;
    /// A new type has the table written anew while nobody may use it.
    TypeRewrites = "type-rewrites", Warning;
    /// The table is written anew in another place or form while nobody may use it.
    StorageRewrites = "storage-rewrites", Warning;
    /// The table is written anew in the order of an index while nobody may use it.
    Cluster = "cluster", Warning;
    /// The table is written anew while nobody may use it.
    VacuumFull = "vacuum-full", Warning;
    /// A table is locked by hand.
    LockTable = "lock-table", Warning;
    /// All rows of other tables go as well.
    TruncateCascade = "truncate-cascade", Warning;
    /// A column of the type json, whose values cannot be compared.
    JsonColumn = "json-column", Info;
    /// Rows are changed under the strong lock of a schema change.
    SchemaWithRows = "schema-with-rows", Warning;
    /// A new value of an enumeration is used before it is committed.
    EnumValueUsed = "enum-value-used", Warning;
    /// A script switches off the bound on waiting for locks.
    NoLockTimeout = "no-lock-timeout", Warning;

    /// Several statements that each commit, in one migration.
    NotAtomic = "not-atomic", Info;
    /// A type is changed by a copy of the table while nobody may write it.
    TypeCopies = "type-copies", Warning;
    /// A character set is changed by a copy of the table while nobody may write it.
    CharsetCopies = "charset-copies", Warning;
    /// A primary key is dropped by a copy of the table while nobody may write it.
    PrimaryKeyCopies = "primary-key-copies", Warning;
    /// A foreign key is added by a copy of the table while nobody may write it.
    ForeignKeyCopies = "foreign-key-copies", Warning;
    /// A CHECK is added by a copy of the table while nobody may write it.
    CheckCopies = "check-copies", Warning;
    /// A column that is kept in the row, or counts, is added by a copy of the table while nobody may write it.
    ColumnCopies = "column-copies", Warning;
    /// The table gets another engine, order or partitions by a copy while nobody may write it.
    StorageCopies = "storage-copies", Warning;
    /// An index that can only be built while nobody may write.
    IndexBlocksWrites = "index-blocks-writes", Warning;
    /// The table is built anew while others go on.
    RebuildsTable = "rebuilds-table", Warning;
    /// A change of a large table that does not say what it may cost.
    NoAlgorithm = "no-algorithm", Info;
    /// The next number of a table is set.
    AutoIncrement = "auto-increment", Info;

    /// A table is renamed away and made anew: what refers to it follows the old one.
    RebuildOrder = "rebuild-order", Warning;
    /// A table is made anew, and columns are not copied.
    RebuildMissesColumns = "rebuild-misses-columns", Warning;
    /// A table is made anew, and its indexes or triggers are not.
    RebuildLosesObjects = "rebuild-loses-objects", Warning;
    /// A table is made anew with another type, which changes no value that does not fit.
    RebuildKeepsValues = "rebuild-keeps-values", Info;
    /// A table is made anew, and its numbers may be given twice.
    AutoincrementRestarts = "autoincrement-restarts", Warning;
    /// A pragma that does nothing within a transaction.
    ForeignKeysPragma = "foreign-keys-pragma", Info;
    /// Renames no longer reach what refers to the table.
    LegacyAlterTable = "legacy-alter-table", Warning;
    /// A column that cannot be added so.
    CannotAddColumn = "cannot-add-column", Warning;
    /// A column that cannot be dropped while something uses it.
    CannotDropColumn = "cannot-drop-column", Warning;
    /// The whole file is written anew.
    Vacuum = "vacuum", Info;
    /// An index is built on a large table while nobody may write the database.
    IndexLocksDatabase = "index-locks-database", Warning;

    /// A waiver of a rule that does not exist.
    WaiverUnknownRule = "waiver-unknown-rule", Warning;
    /// A waiver that does not say why.
    WaiverWithoutReason = "waiver-without-reason", Warning;
    /// A waiver of what was not found.
    WaiverUnused = "waiver-unused", Info;
}

impl Rule {
    /// The rule of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    /// The rule that a word was perhaps meant to be.
    #[must_use]
    pub fn nearest(word: &str) -> Option<Self> {
        let by_distance = Self::ALL.iter().map(|rule| (strsim::damerau_levenshtein(word, rule.name()), *rule));
        let (distance, rule) = by_distance.min_by_key(|(distance, _)| *distance)?;
        (distance <= word.len().max(rule.name().len()) / 2).then_some(rule)
    }
}

/// What makes a risk block a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocking {
    /// Every rule that weighs as a warning.
    All,
    /// This rule.
    One(Rule),
}

/// The word for every rule.
const ALL: &str = "all";

impl Blocking {
    /// Whether it makes findings of a rule block.
    #[must_use]
    pub fn holds(self, rule: Rule) -> bool {
        match self {
            Self::All => rule.severity() == Severity::Warning,
            Self::One(one) => one == rule,
        }
    }
}

impl Serialize for Blocking {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match self {
            Self::All => ALL,
            Self::One(rule) => rule.name(),
        })
    }
}

impl<'de> Deserialize<'de> for Blocking {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        if word == ALL {
            return Ok(Self::All);
        }
        Rule::named(&word).map(Self::One).ok_or_else(|| {
            let meant =
                Rule::nearest(&word).map(|rule| format!("; did you mean {:?}?", rule.name())).unwrap_or_default();
            D::Error::custom(format!("\"all\" or the name of a rule of docs/RULES.md{meant}"))
        })
    }
}
