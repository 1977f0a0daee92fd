//! Finds the tokens that may follow, beside the model's own work.

use std::{
    sync::mpsc::{Sender, channel},
    thread::JoinHandle,
};

use llguidance::Matcher;
use tokio::sync::oneshot;
use toktrie::SimpleVob;

/// A state of an answer, and where to send which tokens may follow it.
struct Task {
    matcher: Matcher,
    answer: oneshot::Sender<Masked>,
}

struct Masked {
    matcher: Matcher,
    mask: Result<SimpleVob, String>,
}

/// The way to the thread. Each running generation has at most one task there.
#[derive(Clone)]
pub(crate) struct Masks {
    tasks: Sender<Task>,
}

/// Ends when every generation has ended and [`MaskThread::join`] is called.
pub(crate) struct MaskThread {
    masks: Masks,
    thread: JoinHandle<()>,
}

impl MaskThread {
    pub(crate) fn start() -> std::io::Result<Self> {
        let (tasks, received) = channel::<Task>();
        let work = move || received.into_iter().for_each(compute);
        let thread = std::thread::Builder::new().name("engine-masks".to_owned()).spawn(work)?;
        Ok(Self { masks: Masks { tasks }, thread })
    }

    pub(crate) fn masks(&self) -> Masks {
        self.masks.clone()
    }

    pub(crate) fn join(self) {
        drop(self.masks);
        if self.thread.join().is_err() {
            tracing::error!("the thread that computes masks ended by a panic");
        }
    }
}

/// The library turns its own panics into errors.
fn compute(Task { mut matcher, answer }: Task) {
    let mask = matcher.compute_mask_or_eos().map_err(|error| error.to_string());
    // A generation that ended in the meantime does not wait for it.
    answer.send(Masked { matcher, mask }).ok();
}

impl Masks {
    fn ask(&self, matcher: Matcher) -> oneshot::Receiver<Masked> {
        let (answer, masked) = oneshot::channel();
        // Without the thread nothing will come, which the receiver finds.
        self.tasks.send(Task { matcher, answer }).ok();
        masked
    }
}

/// The form of one answer that is being written.
pub(crate) struct Constraint {
    masks: Masks,
    /// The mask of the next token, until it was taken.
    masked: Option<oneshot::Receiver<Masked>>,
    /// From when a mask was taken until the token was chosen.
    matcher: Option<Matcher>,
}

impl Constraint {
    pub(crate) fn begin(matcher: Matcher, masks: Masks) -> Self {
        let masked = Some(masks.ask(matcher));
        Self { masks, masked, matcher: None }
    }

    /// The tokens that may come next, a bit each; never none. Waits for the thread: never call it
    /// from an async task.
    pub(crate) fn mask(&mut self) -> Result<SimpleVob, String> {
        let masked = self.masked.take().and_then(|masked| masked.blocking_recv().ok());
        let Masked { matcher, mask } = masked.ok_or("the thread that computes masks has ended")?;
        self.matcher = Some(matcher);
        mask
    }

    /// Tells which of them was chosen; `true` when the answer is complete with it. Tokens that end
    /// an answer are not told.
    pub(crate) fn accept(&mut self, token: u32) -> Result<bool, String> {
        let mut matcher = self.matcher.take().ok_or("a token was chosen without a mask")?;
        matcher.consume_token(token).map_err(|error| error.to_string())?;
        let is_complete = matcher.is_stopped();
        if !is_complete {
            self.masked = Some(self.masks.ask(matcher));
        }
        Ok(is_complete)
    }
}
