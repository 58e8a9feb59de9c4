//! Definitions as the servers print them, without what is not theirs.

/// Leaves out the account: `` DEFINER=`app`@`%`  ``. The servers print it before the kind of object, outside of any text.
pub(super) fn without_definer(definition: &str) -> String {
    const WORD: &str = "DEFINER=";
    let Some(start) = definition.find(WORD) else { return definition.to_owned() };
    let after = &definition[start + WORD.len()..];
    let mut length = quoted(after);
    if after[length..].starts_with('@') {
        length += 1 + quoted(&after[length + 1..]);
    }
    format!("{}{}", &definition[..start], after[length..].trim_start())
}

/// Leaves the database's own name out of `` `database`.`table`.`column` ``. Both servers print it for a view whose tables
/// are gone; a name of two parts is left alone, since its first may be a table that is called like the database.
pub(super) fn unqualified(definition: &str, database: &str) -> String {
    let own = format!("`{}`", database.replace('`', "``"));
    let mut kept = String::with_capacity(definition.len());
    let mut rest = definition;
    while let Some(place) = rest.find(['`', '\'', '"']) {
        kept.push_str(&rest[..place]);
        rest = &rest[place..];
        let chain = if rest.starts_with('`') { chain(rest) } else { vec![quoted(rest)] };
        let length = chain.iter().sum::<usize>() + chain.len() - 1;
        let from = if chain.len() == 3 && rest[..chain[0]] == own { chain[0] + 1 } else { 0 };
        kept.push_str(&rest[from..length]);
        rest = &rest[length..];
    }
    kept + rest
}

/// The lengths of the quoted names at the start that points join.
fn chain(text: &str) -> Vec<usize> {
    let mut lengths = vec![quoted(text)];
    let mut end = lengths[0];
    while text[end..].starts_with(".`") {
        let length = quoted(&text[end + 1..]);
        lengths.push(length);
        end += 1 + length;
    }
    lengths
}

/// The length of the quoted piece at the start, its quotes included; a doubled quote is part of it, and so is what a
/// backslash protects, except in names.
fn quoted(text: &str) -> usize {
    let mut letters = text.char_indices();
    let Some((_, quote)) = letters.next() else { return 0 };
    let mut rest = letters.peekable();
    while let Some((place, letter)) = rest.next() {
        if letter == '\\' && quote != '`' {
            rest.next();
        } else if letter == quote && rest.next_if(|(_, next)| *next == quote).is_none() {
            return place + letter.len_utf8();
        }
    }
    text.len()
}

/// A table's definition without the number its next row gets, which moves with every row; what stands in quotes stays.
pub(super) fn without_next_number(shown: &str) -> String {
    const WORD: &str = " AUTO_INCREMENT=";
    let mut kept = String::with_capacity(shown.len());
    let mut rest = shown;
    loop {
        let (plain, behind) = rest.split_at(rest.find(['`', '\'', '"']).unwrap_or(rest.len()));
        let mut parts = plain.split(WORD);
        kept.push_str(parts.next().unwrap_or_default());
        parts.for_each(|part| kept.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_digit())));
        if behind.is_empty() {
            return kept;
        }
        let (text, next) = behind.split_at(quoted(behind));
        kept.push_str(text);
        rest = next;
    }
}
