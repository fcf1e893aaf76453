//! How often one token may call: a bucket of `burst` calls that fills at `per_second`, kept in this process.
//!
//! A bucket is one moment: when it will be full again. A call moves that moment on by its share of a second; where
//! it would lie further ahead than an empty bucket takes to fill, the call is too early.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Past this many buckets the full ones are forgotten: they are what a new one is.
const MANY: usize = 1024;

/// How often each token may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls a second, for as long as one likes.
    pub per_second: NonZeroU32,
    /// Calls at once, after a pause.
    pub burst: NonZeroU32,
}

/// The buckets of all tokens that call.
pub(super) struct RateLimiter {
    /// What one call takes.
    share: Duration,
    /// How long an empty bucket takes to fill.
    filling: Duration,
    full_at: Mutex<HashMap<String, Instant>>,
}

impl RateLimiter {
    pub fn new(limit: RateLimit) -> Self {
        let share = Duration::from_secs(1) / limit.per_second.get();
        Self { share, filling: share.saturating_mul(limit.burst.get()), full_at: Mutex::default() }
    }

    /// Takes `calls` from a token's bucket, all or none.
    ///
    /// # Errors
    /// How long to wait until that many are there.
    pub fn take(&self, token: &str, calls: usize, now: Instant) -> Result<(), Duration> {
        let wanted = self.share.saturating_mul(u32::try_from(calls).unwrap_or(u32::MAX));
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let ahead = buckets.get(token).map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now));
        let after = ahead.saturating_add(wanted);
        if after > self.filling {
            return Err(after.saturating_sub(self.filling));
        }
        buckets.insert(token.to_owned(), now + after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_second: u32, burst: u32) -> RateLimiter {
        let number = |number| NonZeroU32::new(number).unwrap();
        RateLimiter::new(RateLimit { per_second: number(per_second), burst: number(burst) })
    }

    #[test]
    fn a_burst_then_the_pace() {
        let (pace, start) = (pace(10, 100), Instant::now());
        assert_eq!(pace.take("a", 100, start), Ok(()));
        assert_eq!(pace.take("a", 1, start), Err(Duration::from_millis(100)));
        assert_eq!(pace.take("a", 20, start), Err(Duration::from_secs(2)));
        // Who waits as long as told is let through, and takes nothing by asking too early.
        let later = start + Duration::from_secs(2);
        assert_eq!(pace.take("a", 20, later), Ok(()));
        assert_eq!(pace.take("a", 1, later), Err(Duration::from_millis(100)));
        assert_eq!(pace.take("a", 100, later + Duration::from_hours(1)), Ok(()), "no more than a burst adds up");
        assert!(pace.take("a", 1, later + Duration::from_hours(1)).is_err());
    }

    #[test]
    fn each_token_has_its_own_bucket() {
        let (pace, now) = (pace(1, 100), Instant::now());
        assert_eq!((pace.take("a", 100, now), pace.take("b", 100, now)), (Ok(()), Ok(())));
        assert!(pace.take("a", 1, now).is_err() && pace.take("b", 1, now).is_err());
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let (pace, now) = (pace(1000, 100), Instant::now());
        for token in 0..MANY {
            assert_eq!(pace.take(&token.to_string(), 1, now), Ok(()));
        }
        assert_eq!(pace.take("late", 1, now + Duration::from_secs(1)), Ok(()));
        assert_eq!(pace.full_at.lock().unwrap().len(), 1);
    }
}
