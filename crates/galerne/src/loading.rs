//! What is seen of models while they are loaded, and how that is called off.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use engine_cpu::LoadProgress;
use indicatif::ProgressBar;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    failure::Failure,
    output::{bar, is_watched},
    signals::Signals,
};

/// A load that takes no longer is not worth a word.
const MOMENT: Duration = Duration::from_secs(1);
/// From one line to the next, where lines stay.
const LINES: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(100);

/// The models that a command loads, one after the other.
pub(crate) struct Loads {
    now: watch::Sender<Option<Load>>,
    stop: CancellationToken,
}

/// One of them.
#[derive(Clone)]
struct Load {
    model: String,
    began: Instant,
    progress: Arc<LoadProgress>,
}

/// Runs `work`, which loads models and blocks meanwhile; shows how far they are, and calls them off
/// at the first signal. `None` if that was so. Signals that come later are still to be heard.
pub(crate) async fn watched<T>(
    signals: Signals,
    work: impl FnOnce(&Loads) -> Result<T, Failure>,
) -> Result<(Option<T>, Signals), Failure> {
    let (now, seen) = watch::channel(None);
    let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
    let tasks = TaskTracker::new();
    tasks.spawn(show(seen.clone(), ended.clone()));
    let heeding = tasks.spawn(heed(signals, seen, stop.clone(), ended.clone()));
    let loads = Loads { now, stop };
    let done = tokio::task::block_in_place(|| work(&loads));
    ended.cancel();
    tasks.close();
    tasks.wait().await;
    let signals = heeding.await?;
    if loads.is_stopped() { Ok((None, signals)) } else { Ok((Some(done?), signals)) }
}

impl Loads {
    /// Loads that nobody watches, until the token says otherwise; then call them off.
    pub(crate) fn until(stop: CancellationToken) -> Self {
        Self { now: watch::Sender::new(None), stop }
    }

    /// Ends the load that is running, should it be one of those that can.
    pub(crate) fn call_off(&self) {
        if let Some(load) = &*self.now.borrow() {
            load.progress.stop();
        }
    }

    /// Whether the models that are left shall not be loaded.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Loads one model, and tells of it.
    pub(crate) fn run<T>(&self, model: &str, load: impl FnOnce(&LoadProgress) -> T) -> T {
        let (began, progress) = (Instant::now(), Arc::new(LoadProgress::default()));
        let one = Load { model: model.to_owned(), began, progress: progress.clone() };
        self.now.send_replace(Some(one.clone()));
        if self.is_stopped() {
            // The signal came before anybody could know of this one.
            progress.stop();
        }
        let loaded = load(&progress);
        self.now.send_replace(None);
        one.tell_end();
        loaded
    }
}

impl Load {
    fn bytes_per_second(&self) -> u64 {
        let milliseconds = self.began.elapsed().as_millis().max(1);
        let bytes = u128::from(self.progress.bytes_done()) * 1000;
        u64::try_from(bytes / milliseconds).unwrap_or(u64::MAX)
    }

    fn tell(&self) {
        tracing::info!(
            model = self.model,
            bytes = self.progress.bytes_done(),
            bytes_total = self.progress.bytes_total(),
            bytes_per_second = self.bytes_per_second(),
            "loading a model"
        );
    }

    fn tell_end(&self) {
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (bytes, model) = (self.progress.bytes_done(), &self.model);
        if self.began.elapsed() > MOMENT && !is_watched() {
            tracing::info!(model, bytes, milliseconds, "the load of a model has ended");
        } else {
            tracing::debug!(model, bytes, milliseconds, "the load of a model has ended");
        }
    }
}

/// One line that moves on a terminal, now and then a line of the log elsewhere.
async fn show(loads: watch::Receiver<Option<Load>>, ended: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    let mut display = Display::default();
    while ended.run_until_cancelled(ticks.tick()).await.is_some() {
        let load = loads.borrow().clone();
        display.show(load.as_ref());
    }
    display.show(None);
}

/// The first signal calls everything off.
async fn heed(
    mut signals: Signals,
    loads: watch::Receiver<Option<Load>>,
    stop: CancellationToken,
    ended: CancellationToken,
) -> Signals {
    if ended.run_until_cancelled(signals.next()).await.is_some() {
        stop.cancel();
        if let Some(load) = &*loads.borrow() {
            load.progress.stop();
        }
    }
    signals
}

#[derive(Default)]
struct Display {
    /// When the load began that is shown.
    began: Option<Instant>,
    pace: Pace,
    bar: Option<ProgressBar>,
}

impl Display {
    fn show(&mut self, load: Option<&Load>) {
        if self.began != load.map(|load| load.began) {
            *self = Self::default();
            self.began = load.map(|load| load.began);
        }
        let Some(load) = load else { return };
        let (done, total) = (load.progress.bytes_done(), load.progress.bytes_total());
        if total == 0 {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        } else if self.pace.is_due(load.began.elapsed()) {
            if is_watched() {
                let bar = bar(total, format!("loading {}", load.model));
                bar.set_position(done);
                self.bar = Some(bar);
            } else {
                load.tell();
            }
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// When a load is spoken of.
struct Pace {
    next: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { next: MOMENT }
    }
}

impl Pace {
    fn is_due(&mut self, elapsed: Duration) -> bool {
        let is_due = elapsed >= self.next;
        if is_due {
            self.next = elapsed + LINES;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_load_is_not_spoken_of_and_a_long_one_now_and_then() {
        let mut pace = Pace::default();
        let spoken = |pace: &mut Pace, tenths: std::ops::Range<u64>| {
            tenths.filter(|&at| pace.is_due(Duration::from_millis(100 * at))).collect::<Vec<_>>()
        };
        assert!(spoken(&mut pace, 0..10).is_empty());
        assert_eq!(spoken(&mut pace, 10..350), [10, 110, 210, 310]);
    }

    #[test]
    fn what_begins_after_a_signal_is_called_off_too() {
        let loads = Loads { now: watch::channel(None).0, stop: CancellationToken::new() };
        assert!(!loads.run("one", LoadProgress::is_stopped));
        loads.stop.cancel();
        assert!(loads.run("two", LoadProgress::is_stopped));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn work_that_is_done_is_handed_out() {
        let work = |loads: &Loads| Ok(loads.run("one", |_| 5));
        let (done, signals) = watched(Signals::listen().unwrap(), work).await.unwrap();
        assert_eq!(done, Some(5));
        let failed = watched(signals, |_| Err::<(), _>(Failure::message("no"))).await;
        assert!(failed.is_err());
    }
}
