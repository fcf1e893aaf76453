//! Fencing tokens: the right to write what was read from Odoo.

use std::time::{Duration, Instant};

use crate::store::table::leases::{READING, hold_term};
use crate::store::{AnyConnection, StoreError};

/// How long a token without a lease's term is good. The lease's holder reads every order again for the overlap of its
/// windows (at least 120 s, which a transaction of Odoo may last, 150 s by default) and so puts right what was read so
/// shortly before.
const GOOD_FOR: Duration = Duration::from_secs(20);

/// When and under which term of the lease something was read from Odoo. A process may stand still between reading and
/// writing for any time; what it then writes must not undo what another process has read since.
#[derive(Clone, Copy, Debug)]
pub struct FencingToken {
    term: Option<i64>,
    began: Instant,
}

impl FencingToken {
    /// Taken now, under this term of the lease, or without the lease.
    #[must_use]
    pub fn begin(term: Option<i64>) -> Self {
        Self { term, began: Instant::now() }
    }

    /// True if what was read may still be written. To be asked in the transaction that writes it, when the rows to be
    /// written are locked: no process takes the lease before that transaction has ended.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn still_counts(&self, conn: &mut AnyConnection) -> Result<bool, StoreError> {
        match self.term {
            Some(term) => Ok(hold_term(conn, READING)? == term),
            None => Ok(self.began.elapsed() < GOOD_FOR),
        }
    }
}
