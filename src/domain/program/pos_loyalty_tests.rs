//! The scenarios of Odoo's own tests of `pos_loyalty`, told as points programs: each with Odoo's figure, ours, and why
//! they differ where they do. `tests/odoo/pos_loyalty.md` shows them; a test that fails prints what belongs there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::earn;
use super::pos_loyalty_rows::ROWS;
use super::refund_examples::back;
use super::reward_examples::answer;
use super::shorthand::{WorkedExample, examples_of, order_of, program_of};

/// How our figures stand to Odoo's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are the same.
    Same,
    /// Some or all are others, and the row says why.
    Differs,
    /// It is about something that is no points program, and stays Odoo's.
    NotOurs,
}

/// One test of `addons/pos_loyalty/tests/test_frontend.py` of Odoo 19.
#[derive(Debug)]
pub(super) struct Row {
    /// Its name there.
    pub test: &'static str,
    /// What it expects, in its figures.
    pub odoo: &'static str,
    /// Ours beside them.
    pub verdict: Verdict,
    /// Why, or how it is told.
    pub reason: &'static str,
    /// Ours, as a table: empty where nothing of it can be computed here.
    pub ours: &'static str,
}

fn told(row: &Row) -> Vec<WorkedExample<'_>> {
    if row.ours.is_empty() { Vec::new() } else { examples_of(row.ours) }
}

/// What the program makes of the order: what its reward is, or what is earned after what came back.
fn outcome(example: &WorkedExample<'_>) -> String {
    let program = program_of(example.program);
    if !program.rewards.is_empty() {
        return answer(&program, example.subject);
    }
    let (sale, came_back) = example.subject.split_once(" less ").unwrap_or((example.subject, ""));
    let sale = order_of(sale);
    earn(&program, &sale, &back(&sale, came_back)).unwrap().points.to_string()
}

#[test]
fn each_scenario_comes_out_as_its_row_says() {
    for row in ROWS {
        for example in told(row) {
            assert_eq!(outcome(&example), example.expected, "{}: {example:?}", row.test);
        }
        let is_told = !row.ours.is_empty();
        assert!(is_told || row.verdict != Verdict::Differs, "{} differs in nothing that is shown", row.test);
    }
}

#[test]
fn every_test_of_that_file_has_one_row() {
    let names: BTreeSet<&str> = ROWS.iter().map(|row| row.test).collect();
    // As Odoo 19.0 has them.
    assert_eq!((ROWS.len(), names.len()), (78, 78));
    assert!(names.iter().all(|name| name.starts_with("test_")));
}

fn table() -> String {
    let mut text = String::from(
        "# Odoo's own tests of pos_loyalty, and what comes out here\n\n\
         Each test of `addons/pos_loyalty/tests/test_frontend.py` of Odoo 19, with the tours it runs. The figures in the third\n\
         column are computed by `src/domain/program/pos_loyalty_tests.rs`, which fails when this file is not what its rows say;\n\
         programs and orders are written as `src/domain/program/shorthand.rs` explains. A reward's figure reads `points for\n\
         discount`, then what comes off which line.\n\n",
    );
    let count = |verdict| ROWS.iter().filter(|row| row.verdict == verdict).count();
    writeln!(
        text,
        "{} come out the same, {} differ for the reason given, {} are about what is no points program (gift cards,\n\
         eWallets, coupons' codes, screens) and stay Odoo's.\n",
        count(Verdict::Same),
        count(Verdict::Differs),
        count(Verdict::NotOurs)
    )
    .unwrap();
    text.push_str("| test | Odoo | here | |\n|---|---|---|---|\n");
    for row in ROWS {
        let cell = |example: &WorkedExample<'_>| {
            let (program, subject) = (example.program.replace('|', "\\|"), example.subject);
            format!("`{program}`: `{subject}` → **{}** ({})", outcome(example), example.why)
        };
        let ours: Vec<String> = told(row).iter().map(cell).collect();
        let verdict = match row.verdict {
            Verdict::Same => "same",
            Verdict::Differs => "differs",
            Verdict::NotOurs => "not ours",
        };
        let ours = if ours.is_empty() { "–".to_owned() } else { ours.join("<br>") };
        writeln!(text, "| `{}` | {} | {ours} | **{verdict}**: {} |", row.test, row.odoo, row.reason).unwrap();
    }
    text
}

#[test]
fn the_table_in_the_repository_is_what_the_rows_say() {
    // Compiled in: nothing in this room reads a file.
    let kept = include_str!("../../../tests/odoo/pos_loyalty.md");
    let table = table();
    assert!(kept == table, "tests/odoo/pos_loyalty.md is old; what belongs there follows\n\n{table}");
}
