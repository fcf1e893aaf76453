//! Days, hours and dates on the clock of a program's timezone.

use serde_json::{Value, json};

use super::sample::{at, order, program};
use super::{Applicability, Program};
use crate::domain::value::ids::{CompanyId, PosConfigId};

fn expiring(timezone: &str, after_days: u32, granularity: &str) -> Program {
    program(&json!({"timezone": timezone, "expiry": {"after_days": after_days, "granularity": granularity}}))
}

#[test]
fn points_last_to_the_end_of_the_local_day_month_or_year() {
    let cases = [
        // 22 November in Paris (UTC+1) + 10 days = 2 December; its end is midnight there.
        ("Europe/Paris", "2026-11-22T12:00:00Z", 10, "day", "2026-12-02T23:00:00Z"),
        // 23:30 UTC is already the 23rd in Paris.
        ("Europe/Paris", "2026-11-22T23:30:00Z", 10, "day", "2026-12-03T23:00:00Z"),
        // The end falls into summer time (UTC+2).
        ("Europe/Paris", "2026-11-22T12:00:00Z", 200, "day", "2027-06-10T22:00:00Z"),
        ("Europe/Paris", "2026-11-22T12:00:00Z", 365, "month", "2027-11-30T23:00:00Z"),
        ("Europe/Paris", "2026-11-22T12:00:00Z", 365, "year", "2027-12-31T23:00:00Z"),
        ("UTC", "2026-12-31T23:59:59Z", 0, "year", "2027-01-01T00:00:00Z"),
        ("UTC", "2024-02-29T00:00:00Z", 365, "day", "2025-03-01T00:00:00Z"),
        ("UTC", "2026-12-15T00:00:00Z", 0, "month", "2027-01-01T00:00:00Z"),
        ("America/New_York", "2026-11-22T03:00:00Z", 0, "day", "2026-11-22T05:00:00Z"),
        // São Paulo skipped midnight of 4 November 2018: the 4th began at 01:00 (UTC-2).
        ("America/Sao_Paulo", "2018-11-03T12:00:00Z", 0, "day", "2018-11-04T03:00:00Z"),
        // And showed 23:00 to 24:00 of 17 February 2018 twice: the 17th ended after the second (UTC-3).
        ("America/Sao_Paulo", "2018-02-17T12:00:00Z", 0, "day", "2018-02-18T03:00:00Z"),
        // Havana shows 00:00 to 01:00 of 1 November 2026 twice: the day begins at the first (UTC-4).
        ("America/Havana", "2026-10-31T12:00:00Z", 0, "day", "2026-11-01T04:00:00Z"),
        // Samoa left 30 December 2011 out: the 29th ended where the 31st began (UTC+14).
        ("Pacific/Apia", "2011-12-29T12:00:00Z", 0, "day", "2011-12-30T10:00:00Z"),
        ("Asia/Kolkata", "2026-11-22T12:00:00Z", 0, "day", "2026-11-22T18:30:00Z"),
    ];
    for (timezone, earned_at, days, granularity, end) in cases {
        let program = expiring(timezone, days, granularity);
        assert_eq!(program.expires_at(at(earned_at)), Some(at(end)), "{timezone} {earned_at} {days} {granularity}");
    }
    assert_eq!(program(&json!({})).expires_at(at("2026-11-22T12:00:00Z")), None);
}

fn holds(window: &Value, timezone: &str, when: &str) -> bool {
    let rule = json!({"code": "a", "kind": "per_unit", "points": "1", "window": window});
    let program = program(&json!({"timezone": timezone, "earning": {"rules": [rule]}}));
    let mut order = order(vec![]);
    order.placed_at = at(when);
    program.earning.rules[0].holds_for(&order, program.timezone)
}

#[test]
fn windows_are_read_on_the_local_clock() {
    let morning = json!({"hours": ["09:00", "13:00"]});
    let november = json!({"from": "2026-11-01", "to": "2026-11-30"});
    let sunday = json!({"weekdays": [7]});
    // 2026-11-21 is a Saturday.
    let night = json!({"weekdays": [6], "hours": ["22:00", "02:00"]});
    let last_night = json!({"from": "2026-11-21", "to": "2026-11-21", "hours": ["22:00", "02:00"]});
    let evening = json!({"hours": ["18:00", "24:00"]});
    let until_midnight = json!({"weekdays": [6], "hours": ["18:00", "00:00"]});
    let cases = [
        // Hours are half-open, to the minute: 09:00:00 holds, 12:59:59 holds, 13:00:00 does not.
        (&morning, "UTC", "2026-11-21T08:59:59Z", false),
        (&morning, "UTC", "2026-11-21T09:00:00Z", true),
        (&morning, "UTC", "2026-11-21T12:59:59Z", true),
        (&morning, "UTC", "2026-11-21T13:00:00Z", false),
        // In Paris 09:00 is 08:00 UTC in winter and 07:00 in summer.
        (&morning, "Europe/Paris", "2026-11-21T08:00:00Z", true),
        (&morning, "Europe/Paris", "2026-07-21T07:00:00Z", true),
        (&morning, "Europe/Paris", "2026-11-21T07:00:00Z", false),
        // The day the clocks change: 25 October 2026, at 01:00 UTC.
        (&morning, "Europe/Paris", "2026-10-25T07:59:59Z", false),
        (&morning, "Europe/Paris", "2026-10-25T08:00:00Z", true),
        // Dates are inclusive and local.
        (&november, "Europe/Paris", "2026-10-31T22:59:59Z", false),
        (&november, "Europe/Paris", "2026-10-31T23:00:00Z", true),
        (&november, "Europe/Paris", "2026-11-30T22:59:59Z", true),
        (&november, "Europe/Paris", "2026-11-30T23:00:00Z", false),
        (&sunday, "UTC", "2026-11-22T00:00:00Z", true),
        (&sunday, "Europe/Paris", "2026-11-22T23:00:00Z", false),
        (&sunday, "Europe/Paris", "2026-11-21T23:00:00Z", true),
        // Across midnight the span belongs to the day it begins on.
        (&night, "UTC", "2026-11-21T21:59:59Z", false),
        (&night, "UTC", "2026-11-21T22:00:00Z", true),
        (&night, "UTC", "2026-11-22T01:59:59Z", true),
        (&night, "UTC", "2026-11-22T02:00:00Z", false),
        (&night, "UTC", "2026-11-21T01:00:00Z", false),
        (&night, "UTC", "2026-11-22T22:30:00Z", false),
        (&last_night, "UTC", "2026-11-22T01:00:00Z", true),
        (&last_night, "UTC", "2026-11-21T01:00:00Z", false),
        (&evening, "UTC", "2026-11-21T23:59:59Z", true),
        (&evening, "UTC", "2026-11-22T00:00:00Z", false),
        (&until_midnight, "UTC", "2026-11-21T23:59:59Z", true),
        (&until_midnight, "UTC", "2026-11-22T00:00:00Z", false),
    ];
    for (window, timezone, when, expected) in cases {
        assert_eq!(holds(window, timezone, when), expected, "{window} {timezone} {when}");
    }
}

#[test]
fn a_program_applies_to_its_company_currency_shops_and_dates() {
    let program = program(&json!({
        "company_id": 1, "pos_config_ids": [2, 3],
        "starts_at": "2026-11-01T00:00:00+01:00", "ends_at": "2026-12-01T00:00:00Z",
    }));
    let sold = order(vec![]);
    assert_eq!(program.applies_to(&sold), Applicability::Yes);
    let mut other = sold.clone();
    other.company_id = CompanyId(2);
    assert_eq!(program.applies_to(&other), Applicability::OtherCompany);
    let mut other = sold.clone();
    other.currency = "EUR".to_owned();
    assert_eq!(program.applies_to(&other), Applicability::OtherCurrency);
    for shop in [None, Some(PosConfigId(4))] {
        let mut other = sold.clone();
        other.pos_config_id = shop;
        assert_eq!(program.applies_to(&other), Applicability::OtherShop);
    }
    let cases = [
        ("2026-10-31T22:59:59Z", Applicability::OutsideDates),
        ("2026-10-31T23:00:00Z", Applicability::Yes),
        ("2026-11-30T23:59:59Z", Applicability::Yes),
        ("2026-12-01T00:00:00Z", Applicability::OutsideDates),
    ];
    for (when, expected) in cases {
        let mut other = sold.clone();
        other.placed_at = at(when);
        assert_eq!(program.applies_to(&other), expected, "{when}");
    }
}
