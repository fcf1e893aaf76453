//! Trying again: only what is transient, a bounded number of times, further apart each time.

use std::future::Future;
use std::time::Duration;

use crate::odoo::error::OdooFault;

/// The pause before the first repetition; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs `attempt` until it succeeds, fails for good, or has been repeated `retries` times.
///
/// # Errors
/// The last attempt's [`OdooFault`].
pub async fn with_retries<T, F>(retries: u32, mut attempt: impl FnMut() -> F) -> Result<T, OdooFault>
where
    F: Future<Output = Result<T, OdooFault>>,
{
    let mut repeated = 0;
    loop {
        match attempt().await {
            Err(fault) if fault.is_transient() && repeated < retries => {
                let pause = pause_before(repeated, random_byte());
                tracing::debug!(%fault, repeated, ?pause, "trying again");
                metrics::counter!("loyalty_odoo_retries_total", "kind" => fault.kind()).increment(1);
                tokio::time::sleep(pause).await;
                repeated += 1;
            }
            done => return done,
        }
    }
}

/// The pause before repetition number `repeated` (from 0): between half and all of 200 ms × 2^repeated, at
/// most 5 s, so that several sidecars do not come back in step. `jitter` is any byte.
fn pause_before(repeated: u32, jitter: u8) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(repeated)).min(LONGEST_PAUSE);
    whole / 2 + (whole / 2).saturating_mul(u32::from(jitter)) / 255
}

/// A byte of the system's randomness; without it the pauses are merely even.
fn random_byte() -> u8 {
    let mut byte = [0_u8];
    let _ = getrandom::fill(&mut byte);
    byte.into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> OdooFault {
        OdooFault::Busy { url: "http://odoo".to_owned(), status: 502 }
    }

    #[test]
    fn pauses_double_and_stay_bounded() {
        assert_eq!(pause_before(0, 0), Duration::from_millis(100));
        assert_eq!(pause_before(0, 255), Duration::from_millis(200));
        assert_eq!(pause_before(2, 255), Duration::from_millis(800));
        assert_eq!(pause_before(40, 255), LONGEST_PAUSE);
    }

    #[tokio::test]
    async fn what_is_transient_is_repeated_and_no_more_than_allowed() {
        let mut calls = 0;
        let answer = with_retries(1, || {
            calls += 1;
            let first = calls == 1;
            async move { if first { Err(busy()) } else { Ok(7) } }
        });
        assert_eq!(answer.await, Ok(7));
        let mut calls = 0;
        let answer: Result<(), _> = with_retries(1, || {
            calls += 1;
            async { Err(busy()) }
        })
        .await;
        assert_eq!((answer, calls), (Err(busy()), 2));
    }

    #[tokio::test]
    async fn a_refused_login_is_never_repeated() {
        let mut calls = 0;
        let refused = OdooFault::AccessDenied { login: "sidecar".to_owned() };
        let answer: Result<(), _> = with_retries(5, || {
            calls += 1;
            let refused = refused.clone();
            async move { Err(refused) }
        })
        .await;
        assert_eq!((answer, calls), (Err(refused), 1));
    }
}
