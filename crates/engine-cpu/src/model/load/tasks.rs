//! Work that several threads take from one queue.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

/// Runs every task on one of `threads` threads, of which the caller's is one. They are handed out
/// in order. Of those that fail, the first one in order says the error, whichever thread was
/// faster, and none behind it begins. `memory` makes what a thread keeps from task to task.
pub(super) fn run<Task: Send, Memory, Error: Send>(
    tasks: Vec<Task>,
    threads: usize,
    memory: impl Fn() -> Memory + Sync,
    work: impl Fn(&mut Memory, Task) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let threads = threads.min(tasks.len());
    let queue = Mutex::new(tasks.into_iter().enumerate());
    let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let worker = || {
        let mut memory = memory();
        loop {
            let next = lock(&queue).next();
            let Some((index, task)) = next else { return };
            let Err(error) = work(&mut memory, task) else { continue };
            lock(&queue).by_ref().for_each(drop);
            let mut failed = lock(&failed);
            if failed.as_ref().is_none_or(|(first, _)| index < *first) {
                *failed = Some((index, error));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let builder = thread::Builder::new().name("loading".to_owned());
            if builder.spawn_scoped(scope, worker).is_err() {
                // The threads that there are do it all.
                break;
            }
        }
        worker();
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.map_or(Ok(()), |(_, error)| Err(error))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_task_runs_once() {
        for threads in [0, 1, 2, 7, 100] {
            let mut done = vec![0; 50];
            let add = |(): &mut (), one: &mut i32| {
                *one += 1;
                Ok::<(), ()>(())
            };
            run(done.iter_mut().collect(), threads, || (), add).unwrap();
            assert_eq!(done, vec![1; 50], "{threads} threads");
        }
    }

    #[test]
    fn the_first_error_in_order_is_told_whoever_is_faster() {
        for round in 0..50 {
            let begun = AtomicUsize::new(0);
            let work = |(): &mut (), index: usize| {
                begun.fetch_max(index, Ordering::Relaxed);
                if index == 3 {
                    // The later one fails first.
                    while begun.load(Ordering::Relaxed) < 4 {
                        thread::yield_now();
                    }
                }
                if index < 3 { Ok(()) } else { Err(index) }
            };
            assert_eq!(run((0..1000).collect(), 3, || (), work), Err(3), "round {round}");
            assert!(begun.load(Ordering::Relaxed) < 10, "tasks behind a failed one began");
        }
    }
}
