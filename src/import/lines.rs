//! A CSV file of any other system: `partner_id,points[,expires_on][,reference][,reason]`.
//!
//! The whole file is checked before anything is posted: a file with one bad line is a file that somebody will
//! correct and give again.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::grammar::{Malformed, fields};
use crate::domain::value::calendar;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::points::Points;

const REASON: &str = "imported from a file";
/// As long as the API takes a reason, and a name.
const LONGEST_REASON: usize = 500;
const LONGEST_REFERENCE: usize = 200;
/// Problems that are told; a file with more was written for another program.
const MOST_PROBLEMS: usize = 100;

/// What is wrong with the file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, from 1; `None` for the file as a whole.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub what: String,
}

impl LineProblem {
    pub(super) fn at(line: u64, what: impl Into<String>) -> Self {
        Self { line: Some(line), what: what.into() }
    }

    fn of_file(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }
}

impl fmt::Display for LineProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "line {line}: {}", self.what),
            None => out.write_str(&self.what),
        }
    }
}

/// All problems of a file as one text.
#[must_use]
pub fn listed(problems: &[LineProblem]) -> String {
    let mut lines = vec!["nothing was posted; the file must be corrected first".to_owned()];
    lines.extend(problems.iter().take(MOST_PROBLEMS).map(|problem| format!("  {problem}")));
    let untold = problems.len().saturating_sub(MOST_PROBLEMS);
    if untold > 0 {
        lines.push(format!("  and {untold} more"));
    }
    lines.join("\n")
}

/// A line that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLine {
    /// Its number, from 1.
    pub number: u64,
    /// Whose points.
    pub partner_id: PartnerId,
    /// How many.
    pub points: Points,
    /// The last day on which they are good.
    pub expires_on: Option<NaiveDate>,
    /// What tells it from every other line, in this file and the next.
    pub reference: String,
    /// Whether the file gives it; else it is made of the customer.
    pub has_reference: bool,
    /// Why.
    pub reason: String,
}

/// The columns, by their place in the file.
#[derive(Debug, Default)]
struct Columns {
    partner_id: usize,
    points: usize,
    expires_on: Option<usize>,
    reference: Option<usize>,
    reason: Option<usize>,
    /// How many there are.
    width: usize,
}

/// Reads a file.
///
/// # Errors
/// Every [`LineProblem`] of it.
pub fn read(bytes: &[u8]) -> Result<Vec<ImportLine>, Vec<LineProblem>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|_| vec![LineProblem::of_file("the file is not text in UTF-8; save it as “CSV UTF-8”")])?;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let separator = [b';', b'\t'].into_iter().find(|separator| first.bytes().any(|byte| byte == *separator));
    let separator = separator.unwrap_or(b',');
    let mut columns = None;
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (number, written) in (1..).zip(text.split('\n')) {
        let record = match fields(written.strip_suffix('\r').unwrap_or(written), char::from(separator)) {
            Ok(record) if record.iter().all(String::is_empty) => continue,
            Ok(record) => record,
            Err(Malformed { column, what }) => {
                problems.push(LineProblem::at(number, format!("column {column}: {what}")));
                continue;
            }
        };
        let Some(known) = &columns else {
            columns = Some(header(number, &record).map_err(|problem| vec![problem])?);
            continue;
        };
        // Where a semicolon separates, a comma is the decimal point of whoever wrote it.
        match line(known, number, &record, separator == b';') {
            Ok(line) => {
                if let Some(earlier) = seen.insert(line.reference.clone(), number) {
                    problems.push(LineProblem::at(
                        number,
                        format!(
                            "{:?} stands in line {earlier} already; give each line a reference of its own",
                            line.reference
                        ),
                    ));
                }
                lines.push(line);
            }
            Err(found) => problems.extend(found),
        }
    }
    if columns.is_none() && problems.is_empty() {
        problems.push(LineProblem::of_file("the file is empty; its first line must be partner_id,points"));
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

fn header(number: u64, record: &[String]) -> Result<Columns, LineProblem> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (place, name) in record.iter().enumerate() {
        let name = name.to_lowercase();
        if !["partner_id", "points", "expires_on", "reference", "reason"].contains(&name.as_str()) {
            return Err(LineProblem::at(
                number,
                format!(
                    "there is no column {name:?}: the first line is partner_id,points and, if there are such columns, \
                     expires_on,reference,reason"
                ),
            ));
        }
        if places.insert(name.clone(), place).is_some() {
            return Err(LineProblem::at(number, format!("the column {name} stands there twice")));
        }
    }
    let needed = |name: &str| {
        places.get(name).copied().ok_or_else(|| LineProblem::at(number, format!("the column {name} is missing")))
    };
    Ok(Columns {
        partner_id: needed("partner_id")?,
        points: needed("points")?,
        expires_on: places.get("expires_on").copied(),
        reference: places.get("reference").copied(),
        reason: places.get("reason").copied(),
        width: record.len(),
    })
}

fn line(
    columns: &Columns,
    number: u64,
    record: &[String],
    decimal_comma: bool,
) -> Result<ImportLine, Vec<LineProblem>> {
    let mut problems = Vec::new();
    // Some spreadsheets write separators after the last column; a line that was cut off has too few.
    let is_cut_off = record.len() < columns.width;
    if is_cut_off || record.iter().skip(columns.width).any(|extra| !extra.is_empty()) {
        problems.push(LineProblem::at(
            number,
            format!("it has {} columns, the first line has {}", record.len(), columns.width),
        ));
    }
    let text = |place: Option<usize>| {
        place.and_then(|place| record.get(place)).map(String::as_str).filter(|text| !text.is_empty())
    };
    let partner = text(Some(columns.partner_id)).unwrap_or_default();
    let partner_id = partner.parse::<i64>().ok().filter(|id| *id > 0).map(PartnerId);
    if partner_id.is_none() {
        problems.push(LineProblem::at(number, format!("partner_id {partner:?} is no id of a customer in Odoo")));
    }
    let points = match points(text(Some(columns.points)).unwrap_or_default(), decimal_comma) {
        Ok(points) => Some(points),
        Err(what) => {
            problems.push(LineProblem::at(number, what));
            None
        }
    };
    let expires_on = text(columns.expires_on).and_then(|text| {
        let day = calendar::parse_day(text);
        if day.is_none() {
            problems.push(LineProblem::at(number, format!("expires_on {text:?} is no date; write 2026-12-31")));
        }
        day
    });
    let given = text(columns.reference);
    let reference = given.map_or_else(|| format!("partner {partner}"), str::to_owned);
    let reason = text(columns.reason).unwrap_or(REASON).to_owned();
    for (name, text, longest) in [("reference", &reference, LONGEST_REFERENCE), ("reason", &reason, LONGEST_REASON)] {
        if text.chars().count() > longest {
            problems.push(LineProblem::at(number, format!("the {name} is longer than {longest} characters")));
        }
    }
    match (partner_id, points) {
        (Some(partner_id), Some(points)) if problems.is_empty() => {
            Ok(ImportLine { number, partner_id, points, expires_on, reference, has_reference: given.is_some(), reason })
        }
        _ => Err(problems),
    }
}

/// Exactly as written; more than hundredths would have to be rounded, which nobody asked for.
fn points(text: &str, decimal_comma: bool) -> Result<Points, String> {
    let comma = decimal_comma && !text.contains('.');
    let plain = if comma { text.replacen(',', ".", 1) } else { text.to_owned() };
    let is_number = plain.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    let value = plain.parse::<Decimal>().ok().filter(|_| is_number);
    let value = value.ok_or_else(|| format!("points {text:?} is no number; write 1234.50"))?;
    Points::from_decimal(value).map_err(|problem| format!("points {text:?}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(partner: i64, hundredths: i64, reference: &str, number: u64) -> ImportLine {
        ImportLine {
            number,
            partner_id: PartnerId(partner),
            points: Points::from_e2(hundredths),
            expires_on: None,
            reference: reference.to_owned(),
            has_reference: !reference.starts_with("partner "),
            reason: REASON.to_owned(),
        }
    }

    fn problems(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let expected = vec![one(7, 12_050, "partner 7", 2), one(8, -300, "partner 8", 3)];
        for text in [
            "partner_id,points\n7,120.50\n8,-3\n",
            "partner_id;points\r\n7;120,50\r\n8;-3\r\n",
            "\u{feff}Partner_ID\tPoints\r\n7\t120.5\r\n8\t-3",
            "\"partner_id\",\"points\"\n\"7\",\"120.50\"\n 8 , -3.00 \n",
        ] {
            assert_eq!(read(text.as_bytes()), Ok(expected.clone()), "{text:?}");
        }
    }

    #[test]
    fn blank_lines_are_passed_over_and_counted() {
        let found = read(b"partner_id,points,reference\n\n7,1,a\n,,\n\r\n\n8,2,b\n").unwrap();
        assert_eq!(found, vec![one(7, 100, "a", 3), one(8, 200, "b", 7)]);
        assert_eq!(
            problems("\n\npartner_id,points\n\n\nx,1\n"),
            ["line 6: partner_id \"x\" is no id of a customer in Odoo"]
        );
    }

    #[test]
    fn all_columns_in_any_order() {
        let found =
            read(b"reason,expires_on,points,reference,partner_id\n\"moved, by hand\",2027-02-28,5,K-1,7\n").unwrap();
        let expected = ImportLine {
            expires_on: NaiveDate::from_ymd_opt(2027, 2, 28),
            reason: "moved, by hand".into(),
            ..one(7, 500, "K-1", 2)
        };
        assert_eq!(found, vec![expected]);
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        let found = problems(
            "partner_id,points,expires_on,reference\n0,1,,\n7,1.005,,\n7,many,soon,\n7,1,,a\n8,2,,a\n9,1,,c,d\n7,1e3,2026-02-30,e\n,5,,\n6,1\n6,1,,f,,\n",
        );
        let begun = [
            "line 2: partner_id \"0\"",
            "line 3: points \"1.005\": points have at most 2 decimals",
            "line 4: points \"many\"",
            "line 4: expires_on \"soon\"",
            "line 6: \"a\" stands in line 5 already",
            "line 7: it has 5 columns",
            "line 8: points \"1e3\"",
            "line 8: expires_on \"2026-02-30\"",
            "line 9: partner_id \"\"",
            "line 10: it has 2 columns",
        ];
        assert_eq!(found.len(), begun.len(), "{found:#?}");
        for (problem, begin) in found.iter().zip(begun) {
            assert!(problem.starts_with(begin), "{problem} / {begin}");
        }
        assert!(problems("partner_id,points\n7,1\n7,2\n")[0].contains("line 2 already"));
    }

    /// Three customers stand between a mark that is not closed and the next one.
    #[test]
    fn a_malformed_line_swallows_no_customer() {
        let found = problems(
            "partner_id,points,reason\n1,10,\"from the till\n2,20,x\n3,30,x\n4,40,\"till\"\n5,50,\x1b[2J\n6,60,\"two\nlines\"\n",
        );
        let begun = [
            "line 2: column 3: the quotation mark that opens there is not closed",
            "line 6: column 3: it contains the control character U+001B",
            "line 7: column 3: the quotation mark that opens there is not closed",
            "line 8: column 1: a quotation mark stands inside",
        ];
        assert_eq!(found.len(), begun.len(), "{found:#?}");
        for (problem, begin) in found.iter().zip(begun) {
            assert!(problem.starts_with(begin), "{problem} / {begin}");
        }
    }

    #[test]
    fn a_file_that_is_none_is_said_plainly() {
        for (bytes, sign) in [
            (&b""[..], "empty"),
            (b"\n\n", "empty"),
            (b"partner_id\n7\n", "points is missing"),
            (b"partner_id,points,colour\n", "\"colour\""),
            (b"partner_id,points,points\n", "twice"),
            (b"\xff\xfep\0a\0", "UTF-8"),
        ] {
            let found = read(bytes).unwrap_err();
            assert!(found[0].to_string().contains(sign), "{found:?}");
        }
        assert_eq!(read(b"partner_id,points\n"), Ok(vec![]));
    }

    #[test]
    fn a_comma_is_a_decimal_point_only_between_semicolons() {
        assert_eq!(points("12,5", true), Ok(Points::from_e2(1_250)));
        for (text, decimal_comma) in
            [("12,5", false), ("1.234,50", true), ("1,234,5", true), ("1_000", true), ("", true)]
        {
            assert!(points(text, decimal_comma).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hopeless_file_is_not_told_to_the_end() {
        let many: Vec<LineProblem> = (0..250).map(|line| LineProblem::at(line, "wrong")).collect();
        let told = listed(&many);
        assert_eq!(told.lines().count(), 1 + MOST_PROBLEMS + 1);
        assert!(told.ends_with("and 150 more"), "{told}");
    }
}
