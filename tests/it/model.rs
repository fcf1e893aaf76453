//! The service beside a model of it: whatever happens, in any order, both come to the same.
//!
//! [`reference`] is the ledger as a page of arithmetic, [`steps`] what can happen. Each step is taken by both, and then
//! everything that can be read is read and compared. A case that fails is made as short as it can be.
//!
//! `LOYALTY_TEST_LONG=1` takes at least a hundred thousand steps, `LOYALTY_TEST_STEPS=N` at least N.

mod reference;
mod steps;
mod world;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use reference::Ledger;
use steps::Step;
use world::Case;

/// Members of a case.
const MEMBERS: usize = 4;
/// The most steps of a case: a failure must be readable.
const STEPS: usize = 60;
/// Steps between two verifications of the whole ledger.
const VERIFIED_EVERY: u64 = 25;

static STEPS_TAKEN: AtomicU64 = AtomicU64::new(0);
/// How many there were when a case failed for the first time.
static FAILED_AT: OnceLock<u64> = OnceLock::new();

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Ledger;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Ledger> {
        Just(Ledger::new(MEMBERS)).boxed()
    }

    fn transitions(ledger: &Ledger) -> BoxedStrategy<Step> {
        steps::next(ledger)
    }

    fn apply(mut ledger: Ledger, step: &Step) -> Ledger {
        ledger.step(step);
        ledger
    }

    fn preconditions(ledger: &Ledger, step: &Step) -> bool {
        steps::possible(ledger, step)
    }
}

struct Model;

impl StateMachineTest for Model {
    type SystemUnderTest = Case;
    type Reference = Reference;

    fn init_test(_: &Ledger) -> Case {
        Case::new(MEMBERS)
    }

    fn apply(mut case: Case, ledger: &Ledger, step: Step) -> Case {
        case.take(ledger, &step);
        if STEPS_TAKEN.fetch_add(1, Ordering::Relaxed).is_multiple_of(VERIFIED_EVERY) {
            case.verified();
        }
        case
    }

    fn check_invariants(case: &Case, ledger: &Ledger) {
        case.compare(ledger);
    }

    fn teardown(case: Case, ledger: Ledger) {
        case.end(&ledger);
    }
}

/// Says of the first case that fails how soon it did: what follows are the tries to make it shorter.
struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            FAILED_AT.get_or_init(|| {
                let taken = STEPS_TAKEN.load(Ordering::Relaxed);
                eprintln!("a case failed after {taken} steps and is made shorter");
                taken
            });
        }
    }
}

/// Takes cases of random steps until so many steps were taken, or one has failed.
fn take_steps(wanted: u64) {
    let config = Config {
        cases: 5,
        failure_persistence: None,
        max_shrink_iters: 300,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    while STEPS_TAKEN.load(Ordering::Relaxed) < wanted && FAILED_AT.get().is_none() {
        let mut runner = TestRunner::new(config.clone());
        let strategy = Reference::sequential_strategy(STEPS / 2..=STEPS);
        let outcome = runner.run(&strategy, |(ledger, steps, seen)| {
            let _watch = Watch;
            Model::test_sequential(config.clone(), ledger, steps, seen);
            Ok(())
        });
        if let Err(problem) = outcome {
            panic!("{problem}");
        }
    }
}

#[test]
fn whatever_happens_the_ledger_is_its_model() {
    let is_long = std::env::var_os("LOYALTY_TEST_LONG").is_some();
    let asked = std::env::var("LOYALTY_TEST_STEPS").ok();
    let wanted = asked.map(|steps| steps.parse().expect("LOYALTY_TEST_STEPS: a number"));
    let wanted = wanted.unwrap_or(if is_long { 100_000 } else { 1_200 });
    // A service each, so that both processors have something to do.
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(|| take_steps(wanted))).collect();
        for thread in threads {
            if let Err(problem) = thread.join() {
                std::panic::resume_unwind(problem);
            }
        }
    });
    world::end();
    println!("{} steps were taken by the service and by its model", STEPS_TAKEN.load(Ordering::Relaxed));
}
