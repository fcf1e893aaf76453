//! Windows: which records of a stream a pass reads, so that none is missed. Pure.
//!
//! Odoo's `write_date` is the *start* of the writing transaction, which may run for two minutes before it commits;
//! rows therefore appear behind records that were seen before. So a pass takes the newest visible `write_date` M when it
//! begins, reads everything from the M of the pass before less an overlap, and keeps its own M once it has read to the end.
//! A row that shows up late belongs to a transaction that had begun before the M of the pass before was taken, so it lies within
//! the overlap. Only Odoo's own clock is compared with itself; ours only measures how long something lasts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Longer than Odoo lets a request run (120 s): after it, nothing can appear behind a `write_date` any more.
const TRANSACTIONS_ARE_OVER: Duration = Duration::from_secs(150);

/// The newest `write_date`s of a stream, when a pass begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The newest that is not in the future: what windows go by.
    pub past: DateTime<Utc>,
    /// The newest of all.
    pub latest: DateTime<Utc>,
}

/// What a pass reads of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadWindow {
    /// Everything: there is no cursor yet, or everything was asked for.
    All,
    /// What was written at this moment or later.
    Since(DateTime<Utc>),
    /// Nothing: there are no records, or none that could have changed.
    Nothing,
}

/// Where the window begins: `overlap` before the older of what the last pass had seen and what is newest now.
///
/// The newest now is older than the last pass's when records were deleted, or Odoo was restored from a backup.
#[must_use]
pub fn window(cursor: Option<DateTime<Utc>>, newest: Option<DateTime<Utc>>, overlap: Duration) -> ReadWindow {
    match (cursor, newest) {
        (_, None) => ReadWindow::Nothing,
        (None, Some(_)) => ReadWindow::All,
        (Some(cursor), Some(newest)) => {
            let overlap = TimeDelta::from_std(overlap).unwrap_or(TimeDelta::MAX);
            ReadWindow::Since(cursor.min(newest).checked_sub_signed(overlap).unwrap_or(DateTime::UNIX_EPOCH))
        }
    }
}

/// A cursor, unless an earlier version left it in the future, after a record that is dated so: what was written since was
/// not read, and nobody knows since when. Then everything is read once more. Clocks may differ by an overlap.
#[must_use]
pub fn believed(cursor: DateTime<Utc>, now: DateTime<Utc>, overlap: Duration) -> Option<DateTime<Utc>> {
    let overlap = TimeDelta::from_std(overlap).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(overlap).is_none_or(|latest| cursor <= latest).then_some(cursor)
}

/// Which streams have nothing left to read: their newest `write_date` has stood still for so long that every
/// transaction that could write behind it is over, and they were read once since.
///
/// Without this a bulk import of a hundred thousand partners would be read again in every pass until the next one.
#[derive(Debug, Default)]
pub struct QuietPeriods(BTreeMap<&'static str, QuietPeriod>);

#[derive(Debug)]
struct QuietPeriod {
    newest: Newest,
    since: Instant,
    read_out: bool,
}

impl QuietPeriods {
    /// Takes note of a stream's newest `write_date` at the start of a pass; whether all of it has been read.
    pub fn is_read_out(&mut self, stream: &'static str, newest: Newest, now: Instant) -> bool {
        match self.0.get(stream) {
            Some(quiet) if quiet.newest == newest => quiet.read_out,
            _ => {
                self.0.insert(stream, QuietPeriod { newest, since: now, read_out: false });
                false
            }
        }
    }

    /// A window of the stream, begun at `began`, has been read to its end.
    pub fn was_read(&mut self, stream: &'static str, began: Instant, overlap: Duration) {
        if let Some(quiet) = self.0.get_mut(stream)
            && began.saturating_duration_since(quiet.since) >= overlap.max(TRANSACTIONS_ARE_OVER)
        {
            quiet.read_out = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    const OVERLAP: Duration = Duration::from_secs(150);

    #[test]
    fn a_window_reaches_back_from_the_last_pass_s_newest() {
        assert_eq!(window(Some(at(0)), Some(at(500)), OVERLAP), ReadWindow::Since(at(-150)));
        assert_eq!(window(Some(at(0)), Some(at(0)), OVERLAP), ReadWindow::Since(at(-150)));
    }

    #[test]
    fn a_first_pass_reads_all_and_an_empty_stream_nothing() {
        assert_eq!(window(None, Some(at(0)), OVERLAP), ReadWindow::All);
        assert_eq!(window(None, None, OVERLAP), ReadWindow::Nothing);
        assert_eq!(window(Some(at(0)), None, OVERLAP), ReadWindow::Nothing);
    }

    #[test]
    fn a_restored_odoo_is_read_from_its_own_newest() {
        assert_eq!(window(Some(at(0)), Some(at(-9_000)), OVERLAP), ReadWindow::Since(at(-9_150)));
    }

    #[test]
    fn a_cursor_in_the_future_is_none() {
        assert_eq!(believed(at(0), at(0), OVERLAP), Some(at(0)));
        assert_eq!(believed(at(150), at(0), OVERLAP), Some(at(150)), "two clocks of one Odoo");
        assert_eq!(believed(at(151), at(0), OVERLAP), None);
        assert_eq!(believed(at(0), DateTime::<Utc>::MAX_UTC, OVERLAP), Some(at(0)));
    }

    #[test]
    fn a_stream_is_read_out_only_once_late_transactions_are_over() {
        let mut quiet = QuietPeriods::default();
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let at = |seconds| Newest { past: at(seconds), latest: at(seconds) };
        assert!(!quiet.is_read_out("res.partner", at(0), start));
        quiet.was_read("res.partner", start, OVERLAP);
        assert!(!quiet.is_read_out("res.partner", at(0), later(149)), "a transaction may still be running");
        quiet.was_read("res.partner", later(149), OVERLAP);
        assert!(!quiet.is_read_out("res.partner", at(0), later(151)), "it was not read since they are over");
        quiet.was_read("res.partner", later(151), OVERLAP);
        assert!(quiet.is_read_out("res.partner", at(0), later(160)));
        let future = Newest { past: at(0).past, latest: at(9).latest };
        assert!(!quiet.is_read_out("res.partner", future, later(165)), "something was written, in the future");
        assert!(!quiet.is_read_out("res.partner", at(1), later(170)), "something was written");
        assert!(!quiet.is_read_out("pos.order", at(0), later(170)), "each stream has its own");
    }
}
