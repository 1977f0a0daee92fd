//! The threads that compute: a crew that runs one function on every thread at once.
//!
//! The thread that calls [`Crew::run`] is worker 0. Between runs the others spin for a moment, so
//! that the next token starts without a system call, then park: an idle engine uses no processor.
#![expect(unsafe_code, reason = "a borrowed closure is lent to threads that outlive the borrow")]

use std::{
    any::Any,
    cell::UnsafeCell,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{JoinHandle, yield_now},
};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Waits this often without a system call before it lets another thread run.
const SPINS_BEFORE_YIELD: u32 = 20_000;
/// Yields this often between two runs before it parks.
const YIELDS_BEFORE_PARK: u32 = 50;

type Task<'a> = dyn Fn(&Worker<'_>) + Sync + 'a;

/// A task panicked on some worker; the crew cannot be used again.
#[derive(Debug, thiserror::Error)]
#[error("a worker thread panicked: {message}")]
pub(crate) struct CrewBroken {
    pub(crate) message: String,
}

/// What one worker knows inside a run.
pub(crate) struct Worker<'a> {
    pub(crate) index: usize,
    pub(crate) count: usize,
    barrier: &'a Barrier,
}

impl Worker<'_> {
    /// Returns when every worker has arrived; what they wrote before is visible after.
    pub(crate) fn wait(&self) {
        if self.count > 1 {
            self.barrier.wait(self.count);
        }
    }

    /// This worker's part of `units` pieces of equal work.
    pub(crate) fn share(&self, units: usize) -> Range<usize> {
        units * self.index / self.count..units * (self.index + 1) / self.count
    }
}

/// A fixed number of threads, joined when this is dropped.
pub(crate) struct Crew {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// Counts runs; a worker that sees it grow takes `task`.
    epoch: AtomicU64,
    task: UnsafeCell<Option<&'static Task<'static>>>,
    finished: AtomicUsize,
    stopping: AtomicBool,
    parked: Vec<AtomicBool>,
    barrier: Barrier,
    panic_message: Mutex<Option<String>>,
}

// SAFETY: `task` is written by worker 0 alone while every other worker waits for `epoch` to grow,
// and read after it grew; the other fields are Sync by themselves.
unsafe impl Sync for Shared {}

impl Crew {
    /// Starts `threads - 1` threads; the caller's thread is the remaining one.
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            epoch: AtomicU64::new(0),
            task: UnsafeCell::new(None),
            finished: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            parked: (0..threads).map(|_| AtomicBool::new(false)).collect(),
            barrier: Barrier::default(),
            panic_message: Mutex::new(None),
        });
        let processors = processors_to_pin(threads);
        let mut crew = Self { shared, threads: Vec::with_capacity(threads - 1) };
        for index in 1..threads {
            let shared = Arc::clone(&crew.shared);
            let processor = processors.get(index).copied();
            let thread = std::thread::Builder::new()
                .name(format!("engine-{index}"))
                .spawn(move || shared.work(index, threads, processor))?;
            crew.threads.push(thread);
        }
        pin(processors.first().copied());
        Ok(crew)
    }

    pub(crate) fn len(&self) -> usize {
        self.threads.len() + 1
    }

    /// Runs `task` on every worker and returns when all have finished.
    pub(crate) fn run(&self, task: &Task<'_>) -> Result<(), CrewBroken> {
        let shared = &*self.shared;
        shared.check()?;
        // SAFETY: only the lifetime changes; this function returns after every worker has left
        // the task (`finished` below), so the reference never outlives the borrow.
        let lent: &'static Task<'static> = unsafe { std::mem::transmute(task) };
        // SAFETY: no worker reads `task` before `epoch` grows, see `Shared`.
        unsafe { *shared.task.get() = Some(lent) };
        shared.finished.store(0, Ordering::Relaxed);
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        for (thread, parked) in self.threads.iter().zip(&shared.parked[1..]) {
            if parked.load(Ordering::SeqCst) {
                thread.thread().unpark();
            }
        }
        shared.execute(lent, 0, self.len());
        let mut patience = Patience::default();
        while shared.finished.load(Ordering::Acquire) < self.threads.len() {
            patience.spin();
        }
        shared.check()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("an engine thread ended by a panic");
            }
        }
    }
}

impl Shared {
    fn work(&self, index: usize, count: usize, processor: Option<usize>) {
        pin(processor);
        let mut seen = 0;
        loop {
            seen = self.next_epoch(index, seen);
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            // SAFETY: `epoch` grew, so worker 0 has written `task` and writes no more until this
            // worker has counted itself as finished.
            if let Some(task) = unsafe { *self.task.get() } {
                self.execute(task, index, count);
            }
            self.finished.fetch_add(1, Ordering::Release);
        }
    }

    fn next_epoch(&self, index: usize, seen: u64) -> u64 {
        let mut patience = Patience::default();
        loop {
            let epoch = self.epoch.load(Ordering::Acquire);
            if epoch != seen {
                return epoch;
            }
            if patience.spin() < YIELDS_BEFORE_PARK {
                continue;
            }
            // Worker 0 first raises `epoch`, then reads `parked`; this does the reverse. One of
            // the two always sees the other, so no wake-up is lost.
            self.parked[index].store(true, Ordering::SeqCst);
            if self.epoch.load(Ordering::SeqCst) == seen {
                std::thread::park();
            }
            self.parked[index].store(false, Ordering::SeqCst);
        }
    }

    fn execute(&self, task: &Task<'_>, index: usize, count: usize) {
        let worker = Worker { index, count, barrier: &self.barrier };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(&worker)))
            && !panic.is::<Released>()
        {
            let mut message = self.panic_message.lock().unwrap_or_else(PoisonError::into_inner);
            message.get_or_insert_with(|| describe(&*panic));
            self.barrier.broken.store(true, Ordering::SeqCst);
        }
    }

    fn check(&self) -> Result<(), CrewBroken> {
        if !self.barrier.broken.load(Ordering::SeqCst) {
            return Ok(());
        }
        let message = self.panic_message.lock().unwrap_or_else(PoisonError::into_inner);
        Err(CrewBroken { message: message.clone().unwrap_or_default() })
    }
}

/// Carried by the unwinding of a worker that waited for one that panicked.
struct Released;

#[derive(Default)]
struct Barrier {
    arrived: AtomicUsize,
    phase: AtomicUsize,
    broken: AtomicBool,
}

impl Barrier {
    fn wait(&self, count: usize) {
        let phase = self.phase.load(Ordering::Relaxed);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == count {
            self.arrived.store(0, Ordering::Relaxed);
            self.phase.store(phase.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut patience = Patience::default();
        while self.phase.load(Ordering::Acquire) == phase {
            if self.broken.load(Ordering::Relaxed) {
                resume_unwind(Box::new(Released));
            }
            patience.spin();
        }
    }
}

/// Waits cheaply at first, then lets others have the processor: on a machine with more runnable
/// threads than processors the awaited thread may be the one that needs it.
#[derive(Default)]
struct Patience {
    spins: u32,
    yields: u32,
}

impl Patience {
    /// Returns how often it has yielded.
    fn spin(&mut self) -> u32 {
        if self.spins < SPINS_BEFORE_YIELD {
            self.spins += 1;
            std::hint::spin_loop();
        } else {
            self.yields += 1;
            yield_now();
        }
        self.yields
    }
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// The processors this process may use, when the crew fills them all; a smaller crew is left to
/// the scheduler of the operating system, which knows what else runs.
fn processors_to_pin(threads: usize) -> Vec<usize> {
    let Ok(allowed) = sched_getaffinity(None) else { return Vec::new() };
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&at| allowed.is_set(at)).collect();
    if processors.len() == threads { processors } else { Vec::new() }
}

fn pin(processor: Option<usize>) {
    let Some(processor) = processor else { return };
    let mut set = CpuSet::new();
    set.set(processor);
    if let Err(error) = sched_setaffinity(None, &set) {
        tracing::debug!(processor, %error, "an engine thread stays unpinned");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_sees_what_the_phase_before_wrote() {
        for threads in [1, 2, 3, 7] {
            let crew = Crew::new(threads).expect("threads start");
            let counters: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..20 {
                crew.run(&|worker| {
                    for (phase, counter) in counters.iter().enumerate() {
                        if phase > 0 {
                            let before = counters[phase - 1].load(Ordering::Relaxed);
                            assert_eq!(before % worker.count, 0, "phase {phase}");
                        }
                        counter.fetch_add(1, Ordering::Relaxed);
                        worker.wait();
                    }
                })
                .expect("no panic");
            }
            assert!(counters.iter().all(|counter| counter.load(Ordering::Relaxed) == 20 * threads));
        }
    }

    #[test]
    fn shares_cover_everything_once() {
        for count in 1..9 {
            for units in 0..50 {
                let barrier = Barrier::default();
                let covered: Vec<usize> = (0..count)
                    .flat_map(|index| Worker { index, count, barrier: &barrier }.share(units))
                    .collect();
                assert_eq!(covered, (0..units).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_panic_releases_the_others_and_breaks_the_crew() {
        for guilty in 0..3 {
            let crew = Crew::new(3).expect("threads start");
            let error = crew
                .run(&|worker| {
                    worker.wait();
                    assert!(worker.index != guilty, "worker {guilty} fell");
                    worker.wait();
                })
                .expect_err("a worker panicked");
            assert!(error.message.contains(&format!("worker {guilty} fell")), "{error}");
            crew.run(&|_| {}).expect_err("it stays broken");
        }
    }
}
