//! Findings: what was looked at, how it stands, and what to do.

use serde_json::{Value, json};

use crate::domain::value::text::one_line;

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    Warning,
    Failed,
}

impl Mark {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Findings(pub Vec<(Mark, String, String)>);

impl Findings {
    pub(super) fn note(&mut self, mark: Mark, subject: &str, what: impl Into<String>) {
        self.0.push((mark, subject.to_owned(), what.into()));
    }

    /// Whether nothing failed.
    pub(super) fn are_good(&self) -> bool {
        self.0.iter().all(|(mark, ..)| *mark != Mark::Failed)
    }

    pub(super) fn to_json(&self) -> Vec<Value> {
        let one = |(mark, subject, what): &(Mark, String, String)| json!({"mark": mark.label(), "subject": subject, "finding": what});
        self.0.iter().map(one).collect()
    }

    /// One line each.
    pub(super) fn words(&self) -> String {
        let line = |(mark, subject, what): &(Mark, String, String)| {
            format!("{:<8} {}: {}", mark.label(), one_line(subject), one_line(what))
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
