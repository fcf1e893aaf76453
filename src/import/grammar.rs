//! The grammar of a CSV file, strictly.
//!
//! A record is one line. A line that is not written as it should be is refused at its place, not read as well as it goes:
//! a quotation mark that is not closed would swallow the customers after it, and control characters would stay in the
//! ledger for ever.

/// What is wrong with a line, and in which of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The field, from 1.
    pub column: usize,
    /// What is wrong with it.
    pub what: String,
}

/// The fields of a line, without the spaces around them.
pub(super) fn fields(line: &str, separator: char) -> Result<Vec<String>, Malformed> {
    let is_space = |one: char| one.is_whitespace() && !one.is_control();
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let malformed = |what: &str| Malformed { column: fields.len().saturating_add(1), what: what.to_owned() };
        let start = rest.trim_start_matches(is_space);
        let (field, after) = if let Some(quoted) = start.strip_prefix('"') {
            let (field, after) = to_closing_mark(quoted)
                .ok_or_else(|| malformed("the quotation mark that opens there is not closed on this line"))?;
            (field, after.trim_start_matches(is_space))
        } else {
            let end = start.find(separator).unwrap_or(start.len());
            let (field, after) = start.split_at_checked(end).unwrap_or((start, ""));
            if field.contains('"') {
                return Err(malformed(
                    "a quotation mark stands inside: put all of it between quotation marks and write this one twice",
                ));
            }
            (field.to_owned(), after)
        };
        if let Some(odd) = field.chars().find(|one| one.is_control() || matches!(one, '\u{2028}' | '\u{2029}')) {
            return Err(malformed(&format!("it contains the control character U+{:04X}: remove it", u32::from(odd))));
        }
        let next = after.strip_prefix(separator);
        if next.is_none() && !after.is_empty() {
            return Err(malformed("text follows the closing quotation mark"));
        }
        fields.push(field.trim().to_owned());
        match next {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// What a quoted field says, and what follows its closing mark; `None` when nothing closes it.
fn to_closing_mark(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_written_is_read() {
        for (line, separator, expected) in [
            ("7,120.50", ',', &["7", "120.50"][..]),
            (" 8 ; -3,00 ;", ';', &["8", "-3,00", ""]),
            ("7\t\t\"a\tb\"", '\t', &[]),
            ("\"moved, by \"\"hand\"\"\" ,x", ',', &["moved, by \"hand\"", "x"]),
            ("\"\",\"\"\"\"", ',', &["", "\""]),
            ("", ',', &[""]),
        ] {
            match fields(line, separator) {
                Ok(found) => assert_eq!(found, expected, "{line:?}"),
                Err(problem) => assert!(expected.is_empty(), "{line:?}: {problem:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_is_refused_in_its_column() {
        for (line, column, sign) in [
            ("7,1,\"open", 3, "not closed"),
            ("\"7,1", 1, "not closed"),
            ("7,1,\"a\"b", 3, "text follows"),
            ("7,1,a\"b\"", 3, "stands inside"),
            ("7,1,\u{1b}[31mred", 3, "U+001B"),
            ("7,\0", 2, "U+0000"),
            ("7\r8,1", 1, "U+000D"),
            ("7,1,\"a\u{2028}b\"", 3, "U+2028"),
        ] {
            let problem = fields(line, ',').unwrap_err();
            assert_eq!(problem.column, column, "{line:?}: {problem:?}");
            assert!(problem.what.contains(sign), "{line:?}: {problem:?}");
        }
    }
}
