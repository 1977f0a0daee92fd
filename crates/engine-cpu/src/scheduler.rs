//! The engine's own thread: decides what each step computes, and for whom.
//!
//! A step takes one token of every answer that is being written and, beside them, a piece of the
//! prompts that are still to be read, without the beginnings that are known from earlier prompts.
//! Cancelled generations leave before a step, finished ones after it. A generation whose consumer
//! does not read pauses; the others go on.

mod compose;
mod drafts;
mod embedding;
mod fairness;
mod places;
mod queue;
mod sampling;
mod sequence;
#[cfg(test)]
mod tests;
mod writing;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use cpu_kernels::Path;

use self::{
    compose::{Limits, Pending},
    embedding::{Beside, Embeddings},
    fairness::{Accounts, Claim},
    queue::WaitingQueue,
    sequence::{Ending, Sequence},
};
pub(crate) use self::{
    embedding::EmbedJob,
    places::Places,
    sequence::{EVENTS_MAX, Job},
    writing::CallWriting,
};
use crate::{
    energy::EnergyMeter,
    forward::{Forward, Run},
    kv_memory::KvMemory,
    served::Served,
    workers::{Crew, CrewBroken},
};

/// How long the thread sleeps when every generation waits for its consumer.
const STALL: Duration = Duration::from_millis(5);

/// What the engine's thread is told.
pub(crate) enum Command {
    Generate(Box<Job>),
    Embed(Box<EmbedJob>),
    /// Forget what is kept of the model of this number, then say so.
    Forget {
        model: u64,
        done: mpsc::SyncSender<()>,
    },
    /// Let what runs end until then, then stop it.
    Stop(Instant),
}

pub(crate) struct Scheduler {
    commands: mpsc::Receiver<Command>,
    sequences_max: usize,
    threads: usize,
    memory: KvMemory,
    crew: Crew,
    forward: Forward,
    meter: EnergyMeter,
    guesses: bool,
    accounts: Accounts,
    waiting: WaitingQueue,
    /// In the order of admission.
    running: Vec<Sequence>,
    embeddings: Embeddings,
    stop_at: Option<Instant>,
    /// Nothing could be computed in the last step.
    stalled: bool,
    /// The model of the last step; another one with work goes first.
    last_model: Option<Arc<Served>>,
}

/// What a scheduler is made of.
pub(crate) struct Parts {
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) sequences_max: usize,
    pub(crate) threads: usize,
    pub(crate) memory: KvMemory,
    pub(crate) path: Path,
    pub(crate) meter: EnergyMeter,
    /// Whether tokens that may follow are guessed and checked together.
    pub(crate) guesses: bool,
}

impl Scheduler {
    /// Call on the thread that will [`run`](Self::run): it becomes worker 0.
    pub(crate) fn new(parts: Parts) -> std::io::Result<Self> {
        Ok(Self {
            commands: parts.commands,
            sequences_max: parts.sequences_max.max(1),
            threads: parts.threads,
            memory: parts.memory,
            crew: Crew::new(parts.threads)?,
            forward: Forward::new(parts.path),
            meter: parts.meter,
            guesses: parts.guesses,
            accounts: Accounts::default(),
            waiting: WaitingQueue::default(),
            running: Vec::new(),
            embeddings: Embeddings::new(parts.path),
            stop_at: None,
            stalled: false,
            last_model: None,
        })
    }

    /// Returns when it was told to stop, or nobody can command it any more.
    pub(crate) fn run(mut self) {
        while self.receive() {
            let step = catch_unwind(AssertUnwindSafe(|| self.step()));
            match step {
                Ok(Ok(())) => {}
                Ok(Err(broken)) => self.recover(&broken.to_string()),
                Err(_panic) => self.recover("the engine's thread panicked"),
            }
        }
        self.end_all("the engine stopped");
    }

    /// Takes commands; waits for one when there is nothing to do. `false` ends the thread.
    fn receive(&mut self) -> bool {
        if self.is_idle() {
            self.last_model = None;
            self.stalled = false;
            if self.stop_at.is_some() {
                return false;
            }
            let Ok(command) = self.commands.recv() else { return false };
            self.meter.begin();
            self.obey(command);
        } else if std::mem::take(&mut self.stalled)
            && let Ok(command) = self.commands.recv_timeout(STALL)
        {
            self.obey(command);
        }
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(mpsc::TryRecvError::Empty) => break,
                Err(mpsc::TryRecvError::Disconnected) => return false,
            }
        }
        self.stop_at.is_none_or(|deadline| Instant::now() < deadline)
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty() && self.embeddings.is_empty()
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Generate(job) => self.take_in(job),
            Command::Embed(job) => self.embeddings.push(*job),
            Command::Forget { model, done } => {
                self.memory.forget_model(model);
                if done.send(()).is_err() {
                    tracing::debug!("nobody waits until a model is forgotten");
                }
            }
            Command::Stop(deadline) => {
                self.stop_at = Some(self.stop_at.map_or(deadline, |old| old.min(deadline)));
            }
        }
    }

    fn take_in(&mut self, job: Box<Job>) {
        let sequence = Box::new(Sequence::admit(job));
        let running = self.running.iter().map(|one| one.claim.organisation);
        let present = running.chain(self.waiting.organisations());
        self.accounts.arrive(sequence.claim.organisation, present);
        self.waiting.push(sequence);
    }

    fn step(&mut self) -> Result<(), CrewBroken> {
        self.drop_cancelled();
        self.admit();
        self.compose();
        let served = self.batch_model();
        if let Some(served) = &served {
            self.generate(served)?;
        }
        let beside = if served.is_some() { Beside::Generations } else { Beside::Nothing };
        let embedded = self.embeddings.advance(&self.crew, beside)?;
        self.charge();
        for sequence in &mut self.running {
            sequence.complete_step(&mut self.memory);
        }
        self.embeddings.complete_step();
        if served.is_none() {
            self.stalled = !embedded;
            self.make_room_for_starved();
        }
        self.retire(|sequence| sequence.ending.is_some());
        self.last_model = served.or(self.last_model.take());
        Ok(())
    }

    /// Computes what was composed, and chooses the tokens that follow.
    fn generate(&mut self, served: &Served) -> Result<(), CrewBroken> {
        let runs: Vec<Run<'_>> = self.running.iter().filter_map(Sequence::run).collect();
        self.forward.run(&served.model, &self.crew, &runs)?;
        drop(runs);
        sampling::choose(&mut self.running, &self.forward, &self.crew)
    }

    fn drop_cancelled(&mut self) {
        for sequence in self.waiting.take_cancelled() {
            sequence.end(Ending::Cancelled, &mut self.memory);
        }
        for sequence in &mut self.running {
            if sequence.is_cancelled() {
                sequence.ending = Some(Ending::Cancelled);
            }
        }
        self.retire(|sequence| sequence.ending.is_some());
        self.embeddings.drop_cancelled();
    }

    /// Lets those begin that have a place and room, and one that another must make way for.
    fn admit(&mut self) {
        let mut may_preempt = true;
        while !self.waiting.is_empty() {
            let running: Vec<Claim> = self.running.iter().map(|one| one.claim).collect();
            let Some(index) = self.waiting.first(&self.accounts, &running) else { return };
            let waiting = self.waiting.get(index);
            let fits = running.is_empty()
                || running.len() < self.sequences_max && waiting.has_room(&self.memory);
            if fits {
                let Some(mut sequence) = self.waiting.take(index) else { return };
                sequence.take_room_for_prompt(&mut self.memory);
                self.running.push(*sequence);
            } else {
                let victim = fairness::victim(waiting.claim, &running);
                let Some(victim) = victim.filter(|_| std::mem::take(&mut may_preempt)) else {
                    return;
                };
                self.preempt(victim);
            }
        }
    }

    /// The sequence goes on when there is a place again. Its consumer sees only that it waits.
    fn preempt(&mut self, index: usize) {
        let mut sequence = self.running.remove(index);
        sequence.make_way(&mut self.memory);
        self.waiting.push_front(Box::new(sequence));
    }

    /// Decides how many tokens of each sequence the next step computes.
    fn compose(&mut self) {
        for sequence in &mut self.running {
            sequence.take_known_prefix(&mut self.memory);
        }
        let model = self.next_model();
        let pending: Vec<Pending> = self
            .running
            .iter()
            .map(|sequence| Pending {
                tokens: sequence.pending_tokens(),
                claim: sequence.claim,
                ready: sequence.is_ready()
                    && model.as_ref().is_some_and(|model| model.shares_weights(&sequence.served)),
            })
            .collect();
        let chunks = compose::compose(&pending, Limits::DEFAULT);
        for (sequence, chunk) in self.running.iter_mut().zip(chunks) {
            sequence.plan_chunk(chunk, &mut self.memory);
        }
        self.guess();
    }

    /// Fills a step that only writes answers, few of them, with guesses.
    fn guess(&mut self) {
        let mut active = self.running.iter().filter(|one| one.chunk > 0);
        if !self.guesses || !active.all(Sequence::writes) {
            return;
        }
        let count = self.running.iter().filter(|one| one.chunk > 0).count();
        let each = compose::STEP_ROWS_CHEAP.checked_div(count).unwrap_or(0).saturating_sub(1);
        for sequence in self.running.iter_mut().filter(|one| one.chunk > 0) {
            sequence.guess(each, &mut self.memory);
        }
    }

    /// Another model than in the last step, where one has work. Its adapters go with it.
    fn next_model(&self) -> Option<Arc<Served>> {
        let ready = || self.running.iter().filter(|sequence| sequence.is_ready());
        let last = self.last_model.as_ref();
        let other =
            |sequence: &&Sequence| last.is_none_or(|last| !last.shares_weights(&sequence.served));
        let next = ready().find(other).or_else(|| ready().next());
        next.map(|sequence| Arc::clone(&sequence.served))
    }

    fn batch_model(&self) -> Option<Arc<Served>> {
        let member = self.running.iter().find(|sequence| sequence.chunk > 0);
        member.map(|sequence| Arc::clone(&sequence.served))
    }

    /// Divides what the step has cost among all that it computed for.
    fn charge(&mut self) {
        let spent = self.meter.read();
        let total = self.running.iter().map(Sequence::work).sum::<f64>() + self.embeddings.work();
        for sequence in self.running.iter_mut().filter(|sequence| sequence.chunk > 0) {
            let work = sequence.work();
            sequence.account.charge(&spent, work, total);
            self.accounts.charge(sequence.claim.organisation, work);
        }
        self.embeddings.charge(&spent, total);
    }

    /// Nobody could go on although some wait for room only: the youngest gives its room back, and
    /// waits until another has ended.
    fn make_room_for_starved(&mut self) {
        let Some(youngest) = self.running.iter().rposition(|one| one.starved) else { return };
        if self.running.len() > 1 {
            return self.preempt(youngest);
        }
        let detail = "the memory for keys and values is exhausted".to_owned();
        self.running[youngest].ending = Some(Ending::Failed { detail });
        self.retire(|sequence| sequence.ending.is_some());
    }

    fn retire(&mut self, ended: impl Fn(&Sequence) -> bool) {
        for sequence in self.running.extract_if(.., |sequence| ended(sequence)) {
            sequence.finish(&mut self.memory);
        }
    }

    /// After a panic: what ran is lost, what was kept may be half changed, what waits may be better.
    fn recover(&mut self, detail: &str) {
        tracing::error!(detail, "a step of the engine failed");
        let spent = self.meter.read();
        let count = self.running.len();
        // Who of both was the cause is not known.
        self.embeddings.fail_all(detail, (count == 0).then_some(&spent));
        for mut sequence in self.running.drain(..) {
            #[expect(clippy::cast_precision_loss, reason = "a handful of sequences")]
            sequence.account.charge(&spent, 1.0, count as f64);
            sequence.end(Ending::Failed { detail: detail.to_owned() }, &mut self.memory);
        }
        self.memory.forget_all();
        self.forward.release();
        match Crew::new(self.threads) {
            Ok(crew) => self.crew = crew,
            Err(error) => {
                tracing::error!(%error, "the engine's threads cannot be started again");
                self.stop_at = Some(Instant::now());
            }
        }
    }

    /// Ends everything that is still here.
    fn end_all(&mut self, detail: &str) {
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
        let waiting = self.waiting.take_all().into_iter().map(|sequence| *sequence);
        for sequence in self.running.drain(..).chain(waiting) {
            sequence.end(Ending::Failed { detail: detail.to_owned() }, &mut self.memory);
        }
        self.embeddings.fail_all(detail, None);
    }
}
