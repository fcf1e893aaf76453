//! Worked examples of windows: dates, weekdays and hours on the local clock.

use super::earning_examples::check;

#[test]
fn a_window_is_read_on_the_local_clock_through_every_change_of_it() {
    check(
        "
        // Dates are local and inclusive. Paris is UTC+1 in winter, UTC+2 in summer.
        timezone=Europe/Paris | per_order points=1 from=2026-11-01 to=2026-11-30
            at=2026-10-31T23:00:00Z: book 1 9.00 => 1 # 1 Nov 00:00 in Paris
            at=2026-10-31T22:59:59Z: book 1 9.00 => 0 # 31 Oct 23:59 in Paris
            at=2026-11-30T22:59:59Z: book 1 9.00 => 1 # 30 Nov 23:59 in Paris
            at=2026-11-30T23:00:00Z: book 1 9.00 => 0 # 1 Dec 00:00 in Paris
        timezone=Pacific/Kiritimati | per_order points=1 from=2027-01-01
            at=2026-12-31T10:00:00Z: book 1 9.00 => 1 # already 1 Jan at UTC+14
        timezone=Pacific/Honolulu | per_order points=1 to=2026-12-31
            at=2027-01-01T09:59:59Z: book 1 9.00 => 1 # still 31 Dec at UTC−10
        // Weekdays: 22 November 2026 is a Sunday.
        per_unit points=5 + multiplier factor=2 weekdays=7
            at=2026-11-22T12:00:00Z: book 1 9.00 => 10 # a Sunday ×2
        timezone=Asia/Kathmandu | per_order points=1 weekdays=7
            at=2026-11-22T18:15:00Z: book 1 9.00 => 0 # Monday already in Kathmandu, UTC+5:45
            at=2026-11-22T18:14:59Z: book 1 9.00 => 1 # Sunday until then
        // Hours are half-open: 09:00 in Kathmandu is 03:15 UTC.
        timezone=Asia/Kathmandu | per_order points=1 hours=09:00-13:00
            at=2026-11-22T03:14:59Z: book 1 9.00 => 0 # 08:59:59
            at=2026-11-22T03:15:00Z: book 1 9.00 => 1 # 09:00:00
            at=2026-11-22T07:15:00Z: book 1 9.00 => 0 # 13:00:00
        // Spring in Paris: 29 March 2026 at 01:00 UTC the clock goes from 02:00 to 03:00.
        timezone=Europe/Paris | per_order points=1 hours=02:00-03:00
            at=2026-03-29T00:59:59Z: book 1 9.00 => 0 # 01:59:59, before two
            at=2026-03-29T01:00:00Z: book 1 9.00 => 0 # 03:00:00: there was no two
        timezone=Europe/Paris | per_order points=1 weekdays=6 hours=22:00-04:00
            at=2026-03-29T01:59:59Z: book 1 9.00 => 1 # the night from Saturday lasts to 04:00, 02:00 UTC
            at=2026-03-29T02:00:00Z: book 1 9.00 => 0 # and ends then
        // Autumn in Paris: 25 October 2026 at 01:00 UTC the clock goes from 03:00 back to 02:00.
        timezone=Europe/Paris | per_order points=1 hours=02:00-03:00
            at=2026-10-25T00:00:00Z: book 1 9.00 => 1 # 02:00 the first time
            at=2026-10-25T01:59:59Z: book 1 9.00 => 1 # 02:59:59 the second time
            at=2026-10-25T02:00:00Z: book 1 9.00 => 0 # 03:00
        timezone=Europe/Paris | per_order points=1 weekdays=6 hours=22:00-04:00
            at=2026-10-25T02:59:59Z: book 1 9.00 => 1 # the night from Saturday lasts to 04:00, now 03:00 UTC
            at=2026-10-25T03:00:00Z: book 1 9.00 => 0 # and ends then
        // New York: 8 March 2026 at 07:00 UTC, 1 November 2026 at 06:00 UTC.
        timezone=America/New_York | per_order points=1 hours=12:00-13:00
            at=2026-03-07T17:00:00Z: book 1 9.00 => 1 # noon there is 17:00 UTC the day before
            at=2026-03-08T16:00:00Z: book 1 9.00 => 1 # and 16:00 UTC the day after
        timezone=America/New_York | per_order points=1 hours=01:00-02:00
            at=2026-11-01T05:30:00Z: book 1 9.00 => 1 # 01:30 the first time
            at=2026-11-01T06:30:00Z: book 1 9.00 => 1 # 01:30 the second time
        // A span across midnight belongs to the day it begins on.
        per_order points=1 weekdays=6 hours=22:00-02:00
            at=2026-11-22T01:00:00Z: book 1 9.00 => 1 # Sunday 01:00 is Saturday's night
            at=2026-11-21T01:00:00Z: book 1 9.00 => 0 # Saturday 01:00 is Friday's
        per_order points=1 to=2026-11-21 hours=22:00-02:00
            at=2026-11-22T01:59:59Z: book 1 9.00 => 1 # the last date's night goes on after it
        per_order points=1 from=2026-11-21 hours=22:00-02:00
            at=2026-11-21T01:00:00Z: book 1 9.00 => 0 # the first date's morning was the night before
        // The program's own dates are instants, the end excluded.
        starts_at=2026-11-01T00:00:00+01:00 | per_order points=1
            at=2026-10-31T23:00:00Z: book 1 9.00 => 1 # its first instant
            at=2026-10-31T22:59:59Z: book 1 9.00 => 0 # a second before
        ends_at=2026-12-01T00:00:00Z | per_order points=1
            at=2026-12-01T00:00:00Z: book 1 9.00 => 0 # its end
        ",
    );
}
