//! What became of everything that was to be carried over: counted in one line, listed where a person must look.

use serde_json::{Map, Value, json};

use crate::domain::value::exact::Overflow;
use crate::domain::value::ids::PartnerId;
use crate::domain::value::points::Points;
use crate::domain::value::text::one_line;
use crate::ledger::ImportOutcome;

/// What became of one card or line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// The ledger's answer.
    ImportOutcome(ImportOutcome),
    /// It belongs to nobody.
    WithoutCustomer,
    /// It was archived in Odoo, where it can no longer be used either.
    Archived,
    /// Its customer is known neither here nor in Odoo.
    UnknownCustomer,
    /// It could not be understood.
    Unreadable(String),
}

/// How outcomes are counted: a word for machines, one for people, and whether a person must do something.
struct OutcomeKind {
    word: &'static str,
    counted: &'static str,
    is_failure: bool,
    /// Whether each is told to a person, not only counted.
    is_told: bool,
}

const KINDS: [OutcomeKind; 10] = [
    OutcomeKind { word: "imported", counted: "imported", is_failure: false, is_told: false },
    OutcomeKind { word: "unchanged", counted: "unchanged", is_failure: false, is_told: false },
    OutcomeKind { word: "without_points", counted: "without points", is_failure: false, is_told: false },
    OutcomeKind { word: "without_customer", counted: "without customer", is_failure: false, is_told: true },
    OutcomeKind { word: "expired", counted: "expired", is_failure: false, is_told: true },
    OutcomeKind { word: "archived", counted: "archived", is_failure: false, is_told: true },
    OutcomeKind {
        word: "unknown_customer",
        counted: "of customers that Odoo does not show",
        is_failure: true,
        is_told: true,
    },
    OutcomeKind { word: "other_customer", counted: "imported for another customer", is_failure: true, is_told: true },
    OutcomeKind { word: "refused", counted: "refused", is_failure: true, is_told: true },
    OutcomeKind { word: "unreadable", counted: "unreadable", is_failure: true, is_told: true },
];

impl RowOutcome {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::ImportOutcome(ImportOutcome::Posted(_)) => "imported",
            Self::ImportOutcome(ImportOutcome::Unchanged) => "unchanged",
            Self::ImportOutcome(ImportOutcome::Empty) => "without_points",
            Self::ImportOutcome(ImportOutcome::Expired) => "expired",
            Self::ImportOutcome(ImportOutcome::OtherMember(_)) => "other_customer",
            Self::ImportOutcome(ImportOutcome::Refused(_)) => "refused",
            Self::WithoutCustomer => "without_customer",
            Self::Archived => "archived",
            Self::UnknownCustomer => "unknown_customer",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// What a person should know beside the word.
    fn detail(&self) -> Option<String> {
        match self {
            Self::ImportOutcome(ImportOutcome::OtherMember(other)) => Some(format!(
                "its points were imported for customer {other} before: correct both with ledger.adjust if they are to move"
            )),
            Self::ImportOutcome(ImportOutcome::Refused(why)) | Self::Unreadable(why) => Some(why.clone()),
            Self::UnknownCustomer => {
                Some("the service user sees no such customer: check its companies in Odoo".to_owned())
            }
            _ => None,
        }
    }
}

/// One card or line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Its place in the source: the card's id, or the line's number.
    pub place: i64,
    /// What a person calls it: the card's code, or the reference.
    pub name: String,
    /// Whose it is.
    pub partner_id: Option<PartnerId>,
    /// Whether that customer is archived in Odoo; such points are carried over all the same.
    pub is_of_archived_customer: bool,
    /// The points on it; `None` when they could not be read.
    pub points: Option<Points>,
    /// What became of it.
    pub outcome: RowOutcome,
}

/// What became of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// What they are: "card", "line".
    pub unit: &'static str,
    /// Where they come from, for people.
    pub source: String,
    /// The same for machines: members of the result.
    pub members: Map<String, Value>,
    /// The program they went into.
    pub program: String,
    /// Whether nothing was posted on purpose.
    pub is_dry_run: bool,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Each of them.
    pub rows: Vec<ImportRow>,
}

impl ImportReport {
    /// Whether nothing is left that a person must look at.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        KINDS.iter().filter(|kind| kind.is_failure).all(|kind| self.count(kind.word) == 0)
    }

    fn count(&self, word: &str) -> usize {
        self.rows.iter().filter(|row| row.outcome.as_str() == word).count()
    }

    /// What was posted in all.
    fn posted(&self) -> Result<Points, Overflow> {
        Points::sum(self.rows.iter().filter_map(|row| match row.outcome {
            RowOutcome::ImportOutcome(ImportOutcome::Posted(points)) => Some(points),
            _ => None,
        }))
    }

    fn posted_text(&self) -> String {
        // Each fits; only trillions of points in all do not.
        self.posted().map_or_else(|problem| problem.to_string(), |points| points.to_string())
    }

    /// The result for machines: counts, and every card or line.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut shown = self.members.clone();
        shown.insert("program".into(), json!(self.program));
        shown.insert("dry_run".into(), json!(self.is_dry_run));
        shown.insert(format!("{}s", self.unit), json!(self.rows.len()));
        for kind in &KINDS {
            shown.insert(kind.word.into(), json!(self.count(kind.word)));
        }
        shown.insert("points".into(), json!(self.posted_text()));
        shown.insert("warnings".into(), json!(self.warnings));
        shown.insert("listed".into(), self.rows.iter().map(|row| self.row_json(row)).collect());
        Value::Object(shown)
    }

    fn row_json(&self, row: &ImportRow) -> Value {
        let posted = match row.outcome {
            RowOutcome::ImportOutcome(ImportOutcome::Posted(points)) => Some(points.to_string()),
            _ => None,
        };
        json!({
            (self.unit): row.place,
            "name": row.name,
            "partner_id": row.partner_id.map(|id| id.0),
            "customer_archived": row.is_of_archived_customer,
            "points": row.points.map(|points| points.to_string()),
            "outcome": row.outcome.as_str(),
            "posted": posted,
            "detail": row.outcome.detail(),
        })
    }

    /// The result for people: `312 cards: 300 imported (12,345.5 points), 8 unchanged, …`, and a line for each that
    /// somebody must look at.
    #[must_use]
    pub fn to_words(&self) -> String {
        let many = self.rows.len();
        let plural = if many == 1 { "" } else { "s" };
        let mut counts = Vec::new();
        for kind in &KINDS {
            let count = self.count(kind.word);
            match (kind.word, self.is_dry_run) {
                ("imported", false) => {
                    counts.push(format!("{count} imported ({} points)", grouped(&self.posted_text())));
                }
                ("imported", true) => {
                    counts.push(format!("{count} would be imported ({} points)", grouped(&self.posted_text())));
                }
                _ if count > 0 => counts.push(format!("{count} {}", kind.counted)),
                _ => {}
            }
        }
        let source = one_line(&self.source);
        let mut lines = vec![format!("{many} {}{plural} {source}: {}", self.unit, counts.join(", "))];
        lines.extend(self.rows.iter().filter_map(|row| self.user_message(row)));
        if !self.warnings.is_empty() {
            lines.push("points may count twice: see the warning".to_owned());
        }
        if self.is_dry_run {
            lines.push("nothing was posted: this was a dry run".to_owned());
        }
        lines.join("\n")
    }

    /// A line about one that a person should look at.
    fn user_message(&self, row: &ImportRow) -> Option<String> {
        let word = row.outcome.as_str();
        let kind = KINDS.iter().find(|kind| kind.word == word)?;
        let mut remarks = Vec::new();
        // A card without points that nobody has is no loss.
        if kind.is_told && (kind.is_failure || row.points.is_none_or(|points| !points.is_zero())) {
            remarks.push(kind.counted.to_owned());
        }
        if let RowOutcome::ImportOutcome(ImportOutcome::Posted(_)) = row.outcome {
            if row.is_of_archived_customer {
                remarks.push("imported; the customer is archived".to_owned());
            }
            if row.points.is_some_and(Points::is_negative) {
                remarks.push("imported as a debt that the next points pay".to_owned());
            }
        }
        remarks.extend(row.outcome.detail());
        if remarks.is_empty() {
            return None;
        }
        // Of Odoo, or of a file that was read before names were looked at.
        let (name, remarks) = (one_line(&row.name), remarks.join("; "));
        let remarks = one_line(&remarks);
        let customer = row.partner_id.map(|id| format!(", customer {id}")).unwrap_or_default();
        let points = row.points.map(|points| format!(", {points} points")).unwrap_or_default();
        Some(format!("  {} {} ({name}){customer}{points}: {remarks}", self.unit, row.place))
    }
}

/// A number with its thousands set apart.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    fraction.map_or_else(|| format!("{sign}{shown}"), |fraction| format!("{sign}{shown}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: i64, points: i64, outcome: RowOutcome) -> ImportRow {
        ImportRow {
            place,
            name: format!("044-{place}"),
            partner_id: Some(PartnerId(7)),
            is_of_archived_customer: false,
            points: Some(Points::from_e2(points)),
            outcome,
        }
    }

    fn report(rows: Vec<ImportRow>) -> ImportReport {
        ImportReport {
            unit: "card",
            source: "of Loyalty Cards".into(),
            members: Map::new(),
            program: "club".into(),
            is_dry_run: false,
            warnings: Vec::new(),
            rows,
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        for (plain, shown) in
            [("0", "0"), ("999", "999"), ("12345.5", "12,345.5"), ("-1234567.05", "-1,234,567.05"), ("-100", "-100")]
        {
            assert_eq!(grouped(plain), shown);
        }
    }

    #[test]
    fn one_line_counts_and_every_oddity_is_told() {
        let posted = |points| RowOutcome::ImportOutcome(ImportOutcome::Posted(Points::from_e2(points)));
        let mut rows = vec![
            row(1, 1_234_550, posted(1_234_550)),
            row(2, -2_000, posted(-2_000)),
            row(3, 500, RowOutcome::ImportOutcome(ImportOutcome::Unchanged)),
            row(4, 500, RowOutcome::WithoutCustomer),
            row(5, 500, RowOutcome::ImportOutcome(ImportOutcome::OtherMember(PartnerId(9)))),
        ];
        rows.push(ImportRow { is_of_archived_customer: true, ..row(6, 100, posted(100)) });
        let report = report(rows);
        let words = report.to_words();
        let mut lines = words.lines();
        assert_eq!(
            lines.next(),
            Some(
                "6 cards of Loyalty Cards: 3 imported (12,326.5 points), 1 unchanged, 1 without customer, \
                 1 imported for another customer"
            )
        );
        let told: Vec<&str> = lines.collect();
        assert_eq!(told.len(), 4, "{words}");
        assert!(told[0].contains("card 2 (044-2)") && told[0].contains("debt"), "{words}");
        assert!(told[1].contains("without customer") && told[2].contains("customer 9"), "{words}");
        assert!(told[3].contains("archived"), "{words}");
        assert!(!report.is_clean());
        let shown = report.to_json();
        assert_eq!((&shown["cards"], &shown["imported"], &shown["points"]), (&json!(6), &json!(3), &json!("12326.5")));
        assert_eq!(shown["listed"][4]["outcome"], "other_customer");
    }

    #[test]
    fn what_needs_nobody_is_clean() {
        let rows = vec![
            row(1, 0, RowOutcome::ImportOutcome(ImportOutcome::Empty)),
            row(2, 5, RowOutcome::ImportOutcome(ImportOutcome::Expired)),
        ];
        assert!(report(rows).is_clean());
        assert!(!report(vec![row(1, 0, RowOutcome::Unreadable("points is not a number".into()))]).is_clean());
    }
}
