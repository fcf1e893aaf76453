//! Who takes part in a program that asks its members to enrol.

use chrono::{DateTime, Utc};

use crate::domain::program::{Enrolment, Program};

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

    /// The times in which either of two was enrolled, joined where they meet.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all: Vec<Period> = self.periods.iter().chain(&other.periods).copied().collect();
        all.sort_by_key(|period| period.enrolled_at);
        let mut periods: Vec<Period> = Vec::new();
        for period in all {
            match periods.last_mut() {
                Some(last) if last.left_at.is_none_or(|left| period.enrolled_at <= left) => {
                    last.left_at = last.left_at.zip(period.left_at).map(|(one, other)| one.max(other));
                }
                _ => periods.push(period),
            }
        }
        Self { periods }
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

    #[test]
    fn the_times_of_two_members_are_joined() {
        let day = |day| Utc.with_ymd_and_hms(2026, 11, day, 0, 0, 0).unwrap();
        let of = |times: &[(u32, Option<u32>)]| Membership {
            periods: times
                .iter()
                .map(|(from, until)| Period { enrolled_at: day(*from), left_at: until.map(day) })
                .collect(),
        };
        for (one, other, both) in [
            (&[(2, None)][..], &[(5, None)][..], &[(2, None)][..]),
            (&[(2, Some(4)), (8, None)], &[(3, Some(6))], &[(2, Some(6)), (8, None)]),
            (&[(2, Some(4))], &[(4, Some(5)), (7, Some(9))], &[(2, Some(5)), (7, Some(9))]),
            (&[(2, None)], &[(3, Some(4))], &[(2, None)]),
            (&[], &[(3, Some(4))], &[(3, Some(4))]),
        ] {
            assert_eq!(of(one).union(&of(other)), of(both));
            assert_eq!(of(other).union(&of(one)), of(both));
        }
    }
}
