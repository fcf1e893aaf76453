//! What is known of the login that Odoo is read with: whether Odoo refuses it, and when its key ends.

use chrono::{DateTime, TimeDelta, Utc};

/// So long before its end a key is warned of.
const WARNED_BEFORE: TimeDelta = TimeDelta::days(14);

/// When an API key of the service user ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEnd {
    /// The first end among the keys that may be the one in use.
    pub at: DateTime<Utc>,
    /// Whether it is certainly that one: the user has no other.
    pub is_sure: bool,
}

/// The login, as whichever process asked last found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginState {
    /// Whether Odoo refused it.
    pub refused: bool,
    /// When a process last logged in, by the database's time.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When its key ends; `None` while none is known to end.
    pub key_end: Option<KeyEnd>,
}

impl KeyEnd {
    /// The end to reckon with, of a user's keys: each with its own end, if it has one. Keys that have ended are not in use.
    #[must_use]
    pub fn of(keys: &[Option<DateTime<Utc>>], now: DateTime<Utc>) -> Option<Self> {
        let alive: Vec<Option<DateTime<Utc>>> =
            keys.iter().copied().filter(|end| end.is_none_or(|end| end > now)).collect();
        let at = alive.iter().copied().flatten().min()?;
        Some(Self { at, is_sure: alive.len() == 1 })
    }

    /// Whether a person should see to it now.
    #[must_use]
    pub fn is_near(&self, now: DateTime<Utc>) -> bool {
        self.at.signed_duration_since(now) <= WARNED_BEFORE
    }

    /// When it ends, and whether it is the key in use. Names no user: anybody may read it.
    #[must_use]
    pub fn words(&self, now: DateTime<Utc>) -> String {
        let (day, left) = (self.at.format("%Y-%m-%d"), self.at.signed_duration_since(now));
        let when = match left.num_days() {
            _ if left <= TimeDelta::zero() => format!("ended on {day}"),
            0 => format!("ends within a day, on {day}"),
            1 => format!("ends in 1 day, on {day}"),
            days => format!("ends in {days} days, on {day}"),
        };
        if self.is_sure {
            format!("the API key that Odoo is read with {when}")
        } else {
            format!("an API key of the Odoo user {when}; Odoo does not say whether it is the one in use here")
        }
    }

    /// The words of a warning, with what to do.
    #[must_use]
    pub fn advice(&self, now: DateTime<Utc>) -> String {
        let what = if self.is_sure {
            "nothing is read once it has ended"
        } else {
            "if it is, nothing is read once it has ended, and if not, remove it in Odoo"
        };
        format!(
            "{}: {what}. Make a new key as that user (My Preferences > Security), for as long as Odoo lets you, and put it in \
             the place of the old one; a key in odoo.api_key_file is used without a restart",
            self.words(now)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    #[test]
    fn the_first_end_counts_and_is_sure_of_the_only_key() {
        let now = day(10);
        for (keys, end) in [
            (&[][..], None),
            (&[None], None),
            (&[Some(day(40))], Some((day(40), true))),
            (&[Some(day(9)), Some(day(40))], Some((day(40), true))),
            (&[Some(day(90)), Some(day(40))], Some((day(40), false))),
            (&[None, Some(day(40))], Some((day(40), false))),
            (&[Some(day(9)), None], None),
        ] {
            let found = KeyEnd::of(keys, now).map(|end| (end.at, end.is_sure));
            assert_eq!(found, end, "{keys:?}");
        }
    }

    #[test]
    fn it_is_warned_of_a_fortnight_before() {
        let end = KeyEnd { at: day(40), is_sure: true };
        assert!(!end.is_near(day(25)) && end.is_near(day(26)) && end.is_near(day(50)));
        for (now, words) in
            [(26, "ends in 14 days, on 1970-02-10"), (39, "ends in 1 day, on 1970-02-10"), (41, "ended on 1970-02-10")]
        {
            assert!(end.words(day(now)).ends_with(words), "{}", end.words(day(now)));
        }
        let now = day(39) + TimeDelta::hours(1);
        assert!(end.words(now).contains("within a day"), "{}", end.words(now));
        assert!(!end.advice(now).contains("whether"), "{}", end.advice(now));
        let unsure = KeyEnd { is_sure: false, ..end };
        assert!(unsure.advice(now).contains("does not say whether"), "{}", unsure.advice(now));
    }
}
