//! Lines as long as the terminal is wide.

use rustix::termios::tcgetwinsize;

/// The least width that lines are broken to: below it every word would stand alone.
const NARROWEST: usize = 40;

/// How wide the terminal is that results go to; `None` when they go to a file or a pipe, which get whole lines.
pub(super) fn width() -> Option<usize> {
    let size = tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Breaks each line between words, so that none is wider than `width` unless a word is. What follows is indented as the
/// line is, and a little more.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let width = width.max(NARROWEST);
    text.lines().map(|line| wrapped_line(line, width)).collect::<Vec<_>>().join("\n")
}

fn wrapped_line(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let indent = line.chars().take_while(|letter| *letter == ' ').count();
    let hanging = " ".repeat(indent.saturating_add(2));
    let mut out = String::with_capacity(line.len().saturating_add(16));
    let mut used: usize = 0;
    // With the spaces before them, so that columns stay columns.
    for word in words(line) {
        let length = word.chars().count();
        if used > 0 && used.saturating_add(length) > width {
            let bare = word.trim_start();
            out.push('\n');
            out.push_str(&hanging);
            out.push_str(bare);
            used = hanging.len().saturating_add(bare.chars().count());
        } else {
            out.push_str(word);
            used = used.saturating_add(length);
        }
    }
    out
}

/// The words of a line, each with the spaces before it.
fn words(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let spaces = rest.len().saturating_sub(rest.trim_start_matches(' ').len());
        let word_ends =
            rest.get(spaces..).and_then(|word| word.find(' ')).map_or(rest.len(), |at| spaces.saturating_add(at));
        let (word, after) = rest.split_at(word_ends);
        found.push(word);
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_go_on_indented() {
        let line = "  one two three four five six seven eight nine ten eleven";
        assert_eq!(wrapped(line, 40), "  one two three four five six seven\n    eight nine ten eleven");
        assert_eq!(wrapped("short", 40), "short");
        assert_eq!(wrapped("a  b\n\nc", 40), "a  b\n\nc");
    }

    #[test]
    fn a_long_word_stays_whole_and_letters_are_counted_not_bytes() {
        let token = "x".repeat(80);
        assert_eq!(wrapped(&token, 40), token);
        let accents = "é".repeat(40);
        assert_eq!(wrapped(&accents, 40), accents);
        assert_eq!(wrapped(&format!("{accents} b"), 40), format!("{accents}\n  b"));
    }
}
