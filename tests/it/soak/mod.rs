//! The proof of rule 2: whatever a set of people and tokens does, what they control never exceeds what they controlled at the
//! start and what an Admin outside the set gave since.
//!
//! `LATCHKEY_TEST_SOAK` sets how many sequences are tried, `LATCHKEY_TEST_SOAK_SEED` which.

mod acts;
mod dice;
mod gifts;
mod hands;
mod power;
mod run;
mod scene;

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use tokio::runtime::Builder;

use crate::support::{Flavour, TestApp};
use run::{Run, Step, Tally};

const STEPS: usize = 30;
/// Sequences that share a store.
const PER_STORE: u32 = 500;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is not a number")),
        Err(_) => default,
    }
}

fn step() -> impl Strategy<Value = Step> {
    let thrown = || vec(any::<u32>(), 10);
    prop_oneof![
        24 => (any::<u32>(), any::<u32>(), thrown()).prop_map(|(who, act, dice)| Step::Set { who, act, dice }),
        4 => (any::<u32>(), thrown()).prop_map(|(act, dice)| Step::Admin { act, dice }),
        1 => prop_oneof![Just(1), Just(30), Just(180), Just(1_500)].prop_map(|minutes| Step::Wait { minutes }),
    ]
}

/// Tries sequences in one store, and tells what broke.
async fn soak(flavour: Flavour, cases: u32, seed: u64, tally: &RefCell<Tally>) -> Result<(), String> {
    let portal = TestApp::start(flavour).await;
    let window = RefCell::new(portal.db.window());
    let played = Cell::new(0);
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 1_000,
        ..Config::default()
    };
    // A failure shrinks by leaving out steps, and then by taking people and tokens out of the set.
    let all = |count| vec(proptest::bool::weighted(1.0), count);
    let sequence =
        (all(STEPS), all(scene::HOLDABLE), vec(any::<u32>(), 260).no_shrink(), vec(step(), STEPS).no_shrink());
    let outcome = TestRunner::new(config).run(&sequence, |(taken, held, scene, steps)| {
        played.set(played.get() + 1);
        let window = &mut *window.borrow_mut();
        let mut run = Run::begin(&portal, window, played.get(), (&scene, &held));
        for step in steps.iter().zip(taken).filter(|(_, taken)| *taken).map(|(step, _)| step) {
            if let Err(broken) = run.step(step, &mut tally.borrow_mut()) {
                return Err(TestCaseError::fail(format!("{broken}\n\n{}", run.story.join("\n"))));
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => {
            portal.db.discard();
            Ok(())
        }
        Err(TestError::Fail(reason, _)) => Err(format!(
            "Somebody grants more than they hold: {reason}\n\nAgain, and with the rest of them: \
             LATCHKEY_TEST_SOAK_SEED={seed} LATCHKEY_TEST_SOAK={cases}"
        )),
        Err(TestError::Abort(reason)) => Err(format!("the sequences were not played: {reason}")),
    }
}

/// Every kind of act was done, and a quarter of all that was tried, so that the invariant was not kept by nothing happening.
fn much_was_done(tally: &Tally) {
    let mut tried = 0;
    let mut done = 0;
    for (name, (attempts, successes)) in &tally.0 {
        eprintln!("{successes:>7} of {attempts:>7}  {name}");
        tried += attempts;
        done += successes;
    }
    eprintln!("{done:>7} of {tried:>7}");
    assert!(done * 4 >= tried, "only {done} of {tried} acts were done");
    for act in acts::ACTS.iter().chain(gifts::GIFTS).filter(|act| !act.hopeless) {
        let done = tally.0.get(act.name).map_or(0, |counts| counts.1);
        assert!(done > 0, "never done: {}", act.name);
    }
}

/// Has the other workers begin nothing new once one of them has failed.
struct StopOthers<'a> {
    begun: &'a AtomicU32,
    parts: u32,
}

impl Drop for StopOthers<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.begun.store(self.parts, Ordering::Relaxed);
        }
    }
}

/// Sequences in parts of a store each, as many at a time as there are cores. What has failed is told once the parts that are
/// under way have ended too.
fn prove(flavour: Flavour) {
    let sequences = u32::try_from(number("LATCHKEY_TEST_SOAK", 300)).unwrap();
    let seed = number("LATCHKEY_TEST_SOAK_SEED", 2026);
    let parts = sequences.div_ceil(PER_STORE);
    let begun = AtomicU32::new(0);
    let work = || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let tally = RefCell::new(Tally::default());
        let _stop = StopOthers { begun: &begun, parts };
        while let Some(part) = Some(begun.fetch_add(1, Ordering::Relaxed)).filter(|part| *part < parts) {
            let cases = PER_STORE.min(sequences - part * PER_STORE);
            let seed = seed + u64::from(part);
            runtime.block_on(soak(flavour, cases, seed, &tally)).unwrap_or_else(|broken| panic!("{broken}"));
            eprintln!("{flavour:?}: {cases} sequences of seed {seed} held");
        }
        tally.into_inner()
    };
    let workers = parts.min(std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32));
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in working {
            tally.add(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    if sequences >= 300 {
        much_was_done(&tally);
    }
}

mod nobody_grants_more_than_they_hold {
    use super::*;

    #[test]
    fn sqlite() {
        prove(Flavour::Sqlite);
    }

    #[test]
    fn postgres() {
        prove(Flavour::Postgres);
    }
}
