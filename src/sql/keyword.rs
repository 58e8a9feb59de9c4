//! Which words are keywords, and where the case of a word means nothing.

use super::{Dialect, lower::Lower};

/// What stands before a word, as far as its case is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing: the word begins the statement.
    Nothing,
    /// A keyword behind which no table can be named.
    Keyword,
    /// Anything else.
    Other,
}

impl Before {
    /// What a token is for the word behind it, where that matters; `folds` if it is a keyword itself.
    pub fn of(dialect: Dialect, token: &str, folds: bool) -> Self {
        let is_asked = folds && dialect == Dialect::MySql;
        if is_asked && !contains(INTRODUCES_TABLE, Lower::of(token).as_bytes()) { Self::Keyword } else { Self::Other }
    }
}

/// Whether the case of an unquoted word can be dropped without a change of meaning.
///
/// PostgreSQL folds every unquoted word itself. SQLite compares all names without case, but shows how they were
/// written: there keywords and the names of types fold. On MariaDB and MySQL the case of a table's name may
/// matter: there reserved words fold, and of the others those in [`MYSQL_SOFT`] where no table can be named: at the
/// start of a statement, behind another keyword, or before `=`.
pub fn folds(dialect: Dialect, word: &str, before: Before, next: &str) -> bool {
    if dialect == Dialect::Postgres {
        return true;
    }
    let lower = Lower::of(word);
    if dialect == Dialect::Sqlite {
        return [SQLITE_RESERVED, SQLITE_SOFT, SQLITE_TYPES].iter().any(|list| contains(list, lower.as_bytes()));
    }
    let no_table = match before {
        Before::Nothing => true,
        Before::Keyword => next != ".",
        Before::Other => next == "=",
    };
    contains(MYSQL_RESERVED, lower.as_bytes()) || (no_table && contains(MYSQL_SOFT, lower.as_bytes()))
}

/// Whether a word can name nothing without quotes.
pub fn is_reserved(dialect: Dialect, word: &str) -> bool {
    let list = match dialect {
        Dialect::Postgres => POSTGRES_RESERVED,
        Dialect::MySql => MYSQL_RESERVED,
        Dialect::Sqlite => SQLITE_RESERVED,
    };
    contains(list, Lower::of(word).as_bytes())
}

/// Whether a sorted list holds a word in lower case. Within a letter, most words differ in length already.
fn contains(list: &[&str], word: &[u8]) -> bool {
    let Some(letter) = word.first() else { return false };
    let from = list.partition_point(|known| known.as_bytes()[0] < *letter);
    let mut same_letter = list[from..].iter().map(|known| known.as_bytes()).take_while(|known| known[0] == *letter);
    same_letter.any(|known| known == word)
}

/// Words behind which a table or an alias may be named (MariaDB and MySQL).
#[rustfmt::skip]
const INTRODUCES_TABLE: &[&str] = &[
    "analyze", "as", "check", "database", "delayed", "desc", "describe", "exists", "explain", "force", "from", "if",
    "ignore", "into", "join", "key", "like", "lock", "low_priority", "on", "optimize", "option", "read", "references",
    "schema", "straight_join", "table", "tables", "to", "trigger", "update", "use", "write",
];

/// PostgreSQL's reserved words (PostgreSQL manual, appendix SQL Key Words).
#[rustfmt::skip]
const POSTGRES_RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast", "check",
    "collate", "column", "constraint", "create", "current_catalog", "current_date", "current_role", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except",
    "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect", "into",
    "lateral", "leading", "limit", "localtime", "localtimestamp", "not", "null", "offset", "on", "only", "or",
    "order", "placing", "primary", "references", "returning", "select", "session_user", "some", "symmetric", "table",
    "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "when", "where", "window",
    "with",
];

/// The words that MariaDB and MySQL both reserve (their manuals, Reserved Words).
#[rustfmt::skip]
const MYSQL_RESERVED: &[&str] = &[
    "add", "all", "alter", "analyze", "and", "as", "asc", "asensitive", "before", "between", "bigint", "binary",
    "blob", "both", "by", "call", "cascade", "case", "change", "char", "character", "check", "collate", "column",
    "condition", "constraint", "continue", "convert", "create", "cross", "current_date", "current_time",
    "current_timestamp", "current_user", "cursor", "database", "databases", "day_hour", "day_microsecond",
    "day_minute", "day_second", "dec", "decimal", "declare", "default", "delayed", "delete", "desc", "describe",
    "deterministic", "distinct", "distinctrow", "div", "double", "drop", "each", "else", "elseif", "enclosed",
    "escaped", "except", "exists", "exit", "explain", "false", "fetch", "float", "float4", "float8", "for", "force",
    "foreign", "from", "fulltext", "grant", "group", "having", "high_priority", "hour_microsecond", "hour_minute",
    "hour_second", "if", "ignore", "in", "index", "infile", "inner", "inout", "insensitive", "insert", "int", "int1",
    "int2", "int3", "int4", "int8", "integer", "intersect", "interval", "into", "is", "iterate", "join", "key",
    "keys", "kill", "leading", "leave", "left", "like", "limit", "linear", "lines", "load", "localtime",
    "localtimestamp", "lock", "long", "longblob", "longtext", "loop", "low_priority", "match", "maxvalue",
    "mediumblob", "mediumint", "mediumtext", "middleint", "minute_microsecond", "minute_second", "mod", "modifies",
    "natural", "no_write_to_binlog", "not", "null", "numeric", "on", "optimize", "option", "optionally", "or",
    "order", "out", "outer", "outfile", "over", "partition", "precision", "primary", "procedure", "purge", "range",
    "read", "read_write", "reads", "real", "recursive", "references", "regexp", "release", "rename", "repeat",
    "replace", "require", "resignal", "restrict", "return", "revoke", "right", "rlike", "rows", "schema", "schemas",
    "second_microsecond", "select", "sensitive", "separator", "set", "show", "signal", "smallint", "spatial",
    "specific", "sql", "sql_big_result", "sql_calc_found_rows", "sql_small_result", "sqlexception", "sqlstate",
    "sqlwarning", "ssl", "starting", "straight_join", "table", "terminated", "then", "tinyblob", "tinyint",
    "tinytext", "to", "trailing", "trigger", "true", "undo", "union", "unique", "unlock", "unsigned", "update",
    "usage", "use", "using", "utc_date", "utc_time", "utc_timestamp", "values", "varbinary", "varchar",
    "varcharacter", "varying", "when", "where", "while", "with", "write", "xor", "year_month", "zerofill",
];

/// Keywords of MariaDB and MySQL that are not reserved: any of them may be a table's name.
#[rustfmt::skip]
const MYSQL_SOFT: &[&str] = &[
    "action", "after", "algorithm", "auto_increment", "begin", "bit", "bool", "boolean", "cascaded", "charset",
    "columns", "comment", "commit", "contains", "data", "date", "datetime", "definer", "disable", "duplicate",
    "enable", "end", "engine", "enum", "event", "execute", "first", "flush", "function", "global", "invoker", "json",
    "key_block_size", "last", "local", "merge", "modify", "names", "next", "no", "none", "of", "offset", "only",
    "partitions", "password", "prepare", "privileges", "quick", "returns", "role", "rollback", "row", "row_format",
    "savepoint", "security", "session", "start", "status", "temporary", "text", "time", "timestamp", "transaction",
    "truncate", "type", "user", "value", "view", "work", "year",
];

/// The keywords of SQLite that no name can be without quotes (parse.y of SQLite).
#[rustfmt::skip]
const SQLITE_RESERVED: &[&str] = &[
    "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate", "commit",
    "constraint", "create", "default", "deferrable", "delete", "distinct", "drop", "else", "escape", "except",
    "exists", "foreign", "from", "group", "having", "in", "index", "insert", "intersect", "into", "is", "isnull",
    "join", "limit", "not", "nothing", "notnull", "null", "on", "or", "order", "primary", "references", "returning",
    "select", "set", "table", "then", "to", "transaction", "union", "unique", "update", "using", "values", "when",
    "where",
];

/// The other keywords of SQLite (SQLite documentation, SQLite Keywords).
#[rustfmt::skip]
const SQLITE_SOFT: &[&str] = &[
    "abort", "action", "after", "always", "analyze", "asc", "attach", "before", "begin", "by", "cascade", "cast",
    "column", "conflict", "cross", "current", "current_date", "current_time", "current_timestamp", "database",
    "deferred", "desc", "detach", "do", "each", "end", "exclude", "exclusive", "explain", "fail", "filter", "first",
    "following", "for", "full", "generated", "glob", "groups", "if", "ignore", "immediate", "indexed", "initially",
    "inner", "instead", "key", "last", "left", "like", "match", "materialized", "natural", "no", "nulls", "of",
    "offset", "others", "outer", "over", "partition", "plan", "pragma", "preceding", "query", "raise", "range",
    "recursive", "regexp", "reindex", "release", "rename", "replace", "restrict", "right", "rollback", "row", "rowid",
    "rows", "savepoint", "stored", "strict", "temp", "temporary", "ties", "trigger", "unbounded", "vacuum", "view",
    "virtual", "window", "with", "without",
];

/// Names of types that SQLite knows the affinity of, whatever their case.
#[rustfmt::skip]
const SQLITE_TYPES: &[&str] = &[
    "bigint", "blob", "boolean", "char", "character", "clob", "date", "datetime", "decimal", "double", "float", "int",
    "integer", "nchar", "numeric", "nvarchar", "precision", "real", "smallint", "text", "tinyint", "varchar",
];
