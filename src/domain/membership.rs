//! Who takes part in a program that asks its members to enrol.

use chrono::{DateTime, Utc};

use super::program::{Enrolment, Program};

/// The times in which one member was enrolled in one program, oldest first.
///
/// An order counts when it was placed in one of them. So leaving takes nothing back, enrolling gives nothing for
/// what was bought before, and reading an order again changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The times; only the last may be open.
    pub periods: Vec<Period>,
}

/// One time of being enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From when.
    pub enrolled_at: DateTime<Utc>,
    /// Until when, excluded; `None` while it lasts.
    pub left_at: Option<DateTime<Utc>>,
}

impl Membership {
    /// Whether the member is enrolled at a moment.
    #[must_use]
    pub fn is_enrolled(&self, at: DateTime<Utc>) -> bool {
        self.periods.iter().any(|period| period.enrolled_at <= at && period.left_at.is_none_or(|left| at < left))
    }

    /// Whether the member takes part at a moment: everyone does, unless the program is for enrolled members alone.
    #[must_use]
    pub fn takes_part(&self, program: &Program, at: DateTime<Utc>) -> bool {
        program.enrolment == Enrolment::Automatic || self.is_enrolled(at)
    }

    /// The time that lasts, if any.
    #[must_use]
    pub fn open(&self) -> Option<Period> {
        self.periods.iter().find(|period| period.left_at.is_none()).copied()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_time_begins_with_its_first_moment_and_ends_before_its_last() {
        let day = |day| Utc.with_ymd_and_hms(2026, 11, day, 0, 0, 0).unwrap();
        let membership = Membership {
            periods: vec![
                Period { enrolled_at: day(2), left_at: Some(day(4)) },
                Period { enrolled_at: day(6), left_at: None },
            ],
        };
        for (on, enrolled) in [(1, false), (2, true), (3, true), (4, false), (5, false), (6, true), (28, true)] {
            assert_eq!(membership.is_enrolled(day(on)), enrolled, "day {on}");
        }
        assert_eq!(membership.open().map(|period| period.enrolled_at), Some(day(6)));
        assert!(!Membership::default().is_enrolled(day(7)));
    }
}
