//! What waits for a lane of the writer, in two queues: what people wait for in front, the ledger's own work behind.
//!
//! The lane takes everything in front, up to a batch; then one chunk of the work behind; then the front again. So a till
//! waits for one chunk at most, and a chunk waits for one batch at most, however many tills there are.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::command::AskedBy;
use crate::ledger::writer::lane::Job;

/// Commands that may wait in a queue before callers are told to come back later.
const QUEUE_LIMIT: usize = 4096;
/// Commands of people that are taken into one transaction at most: bounds how long a lock is held.
pub(in crate::ledger) const BATCH_LIMIT: usize = 256;
/// Orders, or accounts to settle, that are written in one transaction at most.
pub(in crate::ledger) const CHUNK: usize = 100;
/// The same while people use the service: each till waits for a chunk. Smaller ones would make reading slower still,
/// since each waits for the disk.
const CHUNK_BESIDE_PEOPLE: usize = 25;
/// For how long after a person's command people count as using the service.
const PEOPLE_STAY: Duration = Duration::from_secs(2);

/// The two queues of a lane.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Lane {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    front: VecDeque<Job>,
    back: VecDeque<Job>,
    /// Whether the last batch was of the front while work waited behind it.
    back_is_next: bool,
    /// When a person's command last came.
    person_came: Option<Instant>,
    is_closed: bool,
}

impl Lane {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a job. `false` when its queue is full or nobody takes jobs any more: then it is dropped.
    #[must_use]
    pub fn push(&self, job: Job) -> bool {
        let mut waiting = self.waiting();
        let is_of_people = job.command.asked_by() == AskedBy::Person;
        let queue = if is_of_people { &waiting.front } else { &waiting.back };
        if waiting.is_closed || queue.len() >= QUEUE_LIMIT {
            return false;
        }
        if is_of_people {
            waiting.person_came = Some(Instant::now());
            waiting.front.push_back(job);
        } else {
            waiting.back.push_back(job);
        }
        drop(waiting);
        self.filled.notify_one();
        true
    }

    /// What is to be written next, in the order in which it came; waits for it. `None` once the lane is closed and empty.
    pub fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        while waiting.front.is_empty() && waiting.back.is_empty() {
            if waiting.is_closed {
                return None;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        Some(waiting.next())
    }

    /// How many orders, or accounts, a command of the ledger's own work may bring.
    pub fn chunk(&self) -> usize {
        let people_are_here = self.waiting().person_came.is_some_and(|came| came.elapsed() < PEOPLE_STAY);
        if people_are_here { CHUNK_BESIDE_PEOPLE } else { CHUNK }
    }

    /// From now on no job is taken; those that wait are written still.
    fn close(&self) {
        self.waiting().is_closed = true;
        self.filled.notify_all();
    }

    /// Nobody takes jobs any more: whoever waits for one learns that it will not be answered.
    pub fn abandon(&self) {
        self.close();
        let mut waiting = self.waiting();
        let unanswered = (std::mem::take(&mut waiting.front), std::mem::take(&mut waiting.back));
        drop(waiting);
        drop(unanswered);
    }
}

impl Waiting {
    fn next(&mut self) -> Vec<Job> {
        if self.front.is_empty() || (self.back_is_next && !self.back.is_empty()) {
            self.back_is_next = false;
            return self.next_chunk();
        }
        self.back_is_next = !self.back.is_empty();
        let many = self.front.len().min(BATCH_LIMIT);
        self.front.drain(..many).collect()
    }

    /// Work up to a chunk; a job that is longer by itself comes alone.
    fn next_chunk(&mut self) -> Vec<Job> {
        let mut chunk = Vec::new();
        let mut weight: usize = 0;
        while let Some(job) = self.back.front() {
            weight = weight.saturating_add(job.command.weight());
            if !chunk.is_empty() && weight > CHUNK {
                break;
            }
            chunk.extend(self.back.pop_front());
        }
        chunk
    }
}

/// The lanes, as those who ask see them. When the last of these is gone, the writers end.
#[derive(Debug)]
pub(in crate::ledger) struct Lanes(pub Vec<Arc<Lane>>);

impl Drop for Lanes {
    fn drop(&mut self) {
        for lane in &self.0 {
            lane.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use tokio::sync::oneshot;

    use super::*;
    use crate::domain::value::ids::{AccountId, HoldId};
    use crate::ledger::writer::command::{Command, ReleaseHold, SettleAccounts};

    fn job(command: impl Command) -> Job {
        Job { command: Box::new(command), answer: oneshot::channel().0 }
    }

    fn till() -> Job {
        let hold_id = HoldId::parse("0198b2a0-0000-7000-8000-000000000001").unwrap();
        job(ReleaseHold { hold_id, reason: "nothing".into(), actor: "till 1".into() })
    }

    fn work(accounts: i64) -> Job {
        let accounts: BTreeSet<AccountId> = (1..=accounts).map(AccountId).collect();
        job(SettleAccounts { accounts })
    }

    fn words(jobs: &[Job]) -> Vec<&'static str> {
        jobs.iter().map(|job| job.command.name()).collect()
    }

    #[test]
    fn what_people_wait_for_comes_first_and_work_a_chunk_at_a_time() {
        let lane = Lane::default();
        for accounts in [60, 40, 1, 300] {
            assert!(lane.push(work(accounts)));
        }
        assert!(lane.push(till()));
        assert!(lane.push(till()));
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.push(words(&lane.take().unwrap()));
        }
        assert!(lane.push(till()));
        lane.close();
        while let Some(jobs) = lane.take() {
            taken.push(words(&jobs));
        }
        let (till, work) = ("release", "settle");
        // 60 and 40 are a chunk; 300 come alone. The till that came later waited for one chunk.
        assert_eq!(taken, [vec![till, till], vec![work, work], vec![work], vec![till], vec![work]]);
    }

    #[test]
    fn a_closed_lane_takes_nothing_more_and_neither_does_a_full_queue() {
        let lane = Lane::default();
        for _ in 0..QUEUE_LIMIT {
            assert!(lane.push(work(1)));
        }
        assert!(!lane.push(work(1)));
        assert!(lane.push(till()));
        lane.close();
        assert!(!lane.push(till()));
        assert_eq!(words(&lane.take().unwrap()), ["release"], "what waited is written still");
    }

    #[test]
    fn chunks_are_small_while_people_use_the_service() {
        let lane = Lane::default();
        assert!(lane.push(work(1)));
        assert_eq!(lane.chunk(), CHUNK);
        assert!(lane.push(till()));
        assert_eq!(lane.chunk(), CHUNK_BESIDE_PEOPLE);
        lane.waiting().person_came = Instant::now().checked_sub(PEOPLE_STAY);
        assert_eq!(lane.chunk(), CHUNK);
    }

    proptest! {
        /// However jobs come, between two batches of one queue there is one of the other at most while both have
        /// something, each queue keeps its order, and nothing is lost.
        #[test]
        fn neither_queue_waits_for_more_than_one_batch_of_the_other(
            steps in proptest::collection::vec((0_usize..3, 1_i64..150), 1..200),
        ) {
            let lane = Lane::default();
            let (mut came, mut taken) = (0, 0);
            let mut last: Option<bool> = None;
            for (step, accounts) in steps {
                match step {
                    0 => { assert!(lane.push(till())); came += 1; }
                    1 => { assert!(lane.push(work(accounts))); came += 1; }
                    _ if came > taken => {
                        let both = { let w = lane.waiting(); !w.front.is_empty() && !w.back.is_empty() };
                        let jobs = lane.take().unwrap();
                        taken += jobs.len();
                        let of_people = jobs.iter().all(|job| job.command.asked_by() == AskedBy::Person);
                        prop_assert!(of_people || jobs.iter().all(|job| job.command.asked_by() == AskedBy::Ledger));
                        if both && last.is_some() {
                            prop_assert_ne!(last, Some(of_people), "the same queue twice while the other waited");
                        }
                        last = both.then_some(of_people);
                    }
                    _ => {}
                }
            }
            lane.close();
            while let Some(jobs) = lane.take() { taken += jobs.len(); }
            prop_assert_eq!(came, taken);
        }
    }
}
