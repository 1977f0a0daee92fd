//! Passages that are turned into vectors beside the generations, some layers a step.
//!
//! A batch takes passages in turn from all who wait, so that a question is not held up by a
//! thousand documents; and a step computes few layers of it while answers are being written.

mod job;
mod turns;

use std::sync::Arc;

use cpu_kernels::Path;

pub(crate) use self::job::EmbedJob;
use self::{
    job::Running,
    turns::{Candidate, choose},
};
use crate::{
    encoder::EncoderForward,
    energy::Spent,
    served_encoder::ServedEncoder,
    workers::{Crew, CrewBroken},
};

/// Tokens of a batch, unless one passage alone has more.
const BATCH_TOKENS: usize = 1024;

/// Multiply-adds of a step while answers are being written: about as much as a small model needs
/// for the next token of each, so that both sides go on.
const WORK_BESIDE: f64 = 1e9;
/// Multiply-adds of a step otherwise, so that what arrives meanwhile is seen soon.
const WORK_ALONE: f64 = 1e10;

/// What else a step computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    Generations,
}

pub(super) struct Embeddings {
    forward: EncoderForward,
    /// In the order in which they came.
    jobs: Vec<Running>,
    batch: Option<Batch>,
    next_number: u64,
}

/// Passages that are computed together.
struct Batch {
    served: Arc<ServedEncoder>,
    members: Vec<Member>,
    /// Layers that the step computes.
    layers: usize,
    is_complete: bool,
}

/// One passage of a batch.
struct Member {
    job: u64,
    passage: usize,
    tokens: usize,
}

impl Embeddings {
    pub(super) fn new(path: Path) -> Self {
        let forward = EncoderForward::new(path);
        Self { forward, jobs: Vec::new(), batch: None, next_number: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn push(&mut self, job: EmbedJob) {
        self.jobs.push(Running::new(self.next_number, job));
        self.next_number += 1;
    }

    /// Lets go of whoever waits no more.
    pub(super) fn drop_cancelled(&mut self) {
        for job in self.jobs.extract_if(.., |job| job.is_cancelled()) {
            job.settle();
        }
        // What nobody waits for is not computed to its end.
        let jobs = &self.jobs;
        let is_wanted = |member: &Member| jobs.iter().any(|job| job.number == member.job);
        if !self.batch.as_ref().is_some_and(|batch| batch.members.iter().any(is_wanted)) {
            self.batch = None;
        }
    }

    /// Computes some layers; whether there was something to compute.
    pub(super) fn advance(&mut self, crew: &Crew, beside: Beside) -> Result<bool, CrewBroken> {
        if self.batch.is_none() {
            self.compose(crew);
        }
        let Some(batch) = &mut self.batch else { return Ok(false) };
        let encoder = &batch.served.encoder;
        let layer_work: f64 =
            batch.members.iter().map(|member| encoder.layer_work(member.tokens)).sum();
        let work = match beside {
            Beside::Nothing => WORK_ALONE,
            Beside::Generations => WORK_BESIDE,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a number from 1 to the layers of a model"
        )]
        let layers = (work / layer_work).clamp(1.0, encoder.config().layers as f64) as usize;
        batch.layers = layers;
        batch.is_complete = self.forward.advance(encoder, crew, layers)?;
        Ok(true)
    }

    /// Multiply-adds of the last [`advance`](Self::advance).
    pub(super) fn work(&self) -> f64 {
        let Some(batch) = &self.batch else { return 0.0 };
        batch.members.iter().map(|member| batch.work(member)).sum()
    }

    /// Divides the part of what was spent that belongs to the last step's work.
    pub(super) fn charge(&mut self, spent: &Spent, total: f64) {
        let Some(batch) = &self.batch else { return };
        for member in &batch.members {
            if let Some(job) = self.jobs.iter_mut().find(|job| job.number == member.job) {
                job.account.charge(spent, batch.work(member), total);
            }
        }
    }

    /// Hands out vectors, when the batch is complete.
    pub(super) fn complete_step(&mut self) {
        let Some(batch) = self.batch.take_if(|batch| batch.is_complete) else { return };
        let vectors = self.forward.vectors(batch.served.encoder.config());
        for (member, vector) in batch.members.iter().zip(vectors) {
            if let Some(job) = self.jobs.iter_mut().find(|job| job.number == member.job) {
                job.take(member.passage, vector);
            }
        }
        for job in self.jobs.extract_if(.., |job| job.is_complete()) {
            job.finish();
        }
    }

    /// Ends everything.
    pub(super) fn fail_all(&mut self, detail: &str, spent: Option<&Spent>) {
        self.batch = None;
        self.forward.release();
        let count = self.jobs.len();
        for mut job in self.jobs.drain(..) {
            if let Some(spent) = spent {
                #[expect(clippy::cast_precision_loss, reason = "a handful of requests")]
                job.account.charge(spent, 1.0, count as f64);
            }
            job.fail(detail);
        }
    }

    fn compose(&mut self, crew: &Crew) {
        let waiting = |job: &&Running| job.next_tokens().is_some();
        let Some(served) = self.jobs.iter().find(waiting).map(|job| Arc::clone(&job.served)) else {
            return;
        };
        let mut members: Vec<Member> = Vec::new();
        let mut tokens = 0;
        // Passages that the batch has of each job.
        let mut taken = vec![0; self.jobs.len()];
        loop {
            let candidate = |(job, &taken): (&Running, &usize)| Candidate {
                organisation: job.organisation,
                taken,
                tokens: job.next_tokens().filter(|_| Arc::ptr_eq(&job.served, &served)),
            };
            let candidates: Vec<_> = self.jobs.iter().zip(&taken).map(candidate).collect();
            let room = if members.is_empty() { usize::MAX } else { BATCH_TOKENS - tokens };
            let Some(chosen) = choose(&candidates, room) else { break };
            let job = &mut self.jobs[chosen];
            let (passage, length) = job.begin_next();
            members.push(Member { job: job.number, passage, tokens: length });
            tokens += length;
            taken[chosen] += 1;
            if tokens >= BATCH_TOKENS {
                break;
            }
        }
        let passages = members.iter().filter_map(|member| {
            let job = self.jobs.iter().find(|job| job.number == member.job)?;
            Some(job.passage(member.passage))
        });
        self.forward.begin(&served.encoder, crew, passages);
        // In turn, also between models.
        let others = usize::from(self.jobs.len() > 1);
        self.jobs.rotate_left(others);
        self.batch = Some(Batch { served, members, layers: 0, is_complete: false });
    }
}

impl Batch {
    #[expect(clippy::cast_precision_loss, reason = "models have few layers")]
    fn work(&self, member: &Member) -> f64 {
        self.served.encoder.layer_work(member.tokens) * self.layers as f64
    }
}
