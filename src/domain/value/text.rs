//! Text that others wrote: what of it is not kept, and how it is shown to people.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that is an order to a terminal and no part of a text: the controls C0 and C1, DEL, the
/// separators of lines and paragraphs, and Unicode's bidirectional embeddings, overrides and isolates, which show text
/// in another order than it has. The marks that Arabic and Hebrew need are none of these.
#[must_use]
pub const fn is_control(letter: char) -> bool {
    matches!(
        letter,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// The first control character of a text, as people write it (`U+001B`). A text that has one is not kept.
#[must_use]
pub fn control_in(text: &str) -> Option<String> {
    let found = text.chars().find(|letter| is_control(*letter))?;
    Some(format!("U+{:04X}", u32::from(found)))
}

/// A text as one line on a terminal or in a log: control characters are escaped, line breaks as `\n`.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_control, |out, letter| out.extend(letter.escape_default()))
}

/// As [`one_line`], for texts of several lines.
#[must_use]
pub fn many_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| letter != '\n' && is_control(letter), |out, letter| out.extend(letter.escape_default()))
}

/// JSON as it is printed: the same document, with the control characters escaped that JSON itself lets stand.
#[must_use]
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(text, is_control, |out, letter| {
        // A String takes whatever is written to it. All control characters are in the basic plane.
        let _ = write!(out, "\\u{:04x}", u32::from(letter));
    })
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool, escape: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    for letter in text.chars() {
        if is_escaped(letter) { escape(&mut out, letter) } else { out.push(letter) }
    }
    Cow::Owned(out)
}

/// A URL, or what was meant to be one, without user, password and query: they may be secrets. Works on the text, so that
/// one that cannot be parsed is not shown whole either.
#[must_use]
pub fn url_without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    // A password that was not escaped may hold any other sign.
    let (hidden, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("…@", rest));
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    let cut = if place.len() < rest.len() { "?…" } else { "" };
    let sign = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{sign}{hidden}{place}{cut}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_a_control_character() {
        for control in ['\0', '\u{1b}', '\n', '\r', '\t', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{2028}'] {
            assert!(is_control(control), "{control:?}");
        }
        for letter in ['a', ' ', 'é', '“', '中', 'ש', '\u{200f}', '\u{a0}', '🎁'] {
            assert!(!is_control(letter), "{letter:?}");
        }
        assert_eq!(control_in("a\u{1b}[2J").as_deref(), Some("U+001B"));
        assert_eq!(control_in("Zoë Müller").as_deref(), None);
    }

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(one_line("Ann\u{1b}[31m\nok: all good\u{202e}"), "Ann\\u{1b}[31m\\nok: all good\\u{202e}");
        assert_eq!(many_lines("one\ntwo\rthree"), "one\ntwo\\rthree");
        assert!(matches!(one_line("Zoë"), Cow::Borrowed("Zoë")));
    }

    #[test]
    fn json_says_the_same() {
        let value = serde_json::json!({"name": "a\u{9b}31m\u{202e}\u{1b}\u{7f}"});
        let text = value.to_string();
        let shown = json(&text);
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).ok(), Some(value));
    }

    #[test]
    fn no_secret_of_a_url_is_left() {
        for (url, shown) in [
            ("ftp://user:hunter2@shop.example/web", "ftp://…@shop.example/web"),
            ("htp//user:hunter2@shop", "…@shop"),
            ("https://u:hun@ter/2@h", "https://…@h"),
            ("https://shop.example?key=hunter2", "https://shop.example?…"),
            ("https://shop.example#hunter2", "https://shop.example?…"),
            ("shop", "shop"),
        ] {
            assert_eq!(url_without_secrets(url), shown);
        }
    }
}
