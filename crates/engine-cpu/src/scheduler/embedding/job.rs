//! One request for vectors, from its arrival to its settlement.

use std::sync::Arc;

use domain::OrganisationId;
use inference::ports::{Consumed, Embed, EmbedFailure};
use tokio::sync::oneshot;

use super::super::places::Place;
use crate::{energy::Account, served_encoder::ServedEncoder};

/// A request that was taken on. Its passages are those of the model.
pub(crate) struct EmbedJob {
    pub(crate) served: Arc<ServedEncoder>,
    pub(crate) request: Embed,
    pub(crate) vectors: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedFailure>>,
    pub(crate) settled: oneshot::Sender<Consumed>,
    pub(crate) place: Place,
}

pub(super) struct Running {
    /// Tells it from every other one.
    pub(super) number: u64,
    pub(super) served: Arc<ServedEncoder>,
    pub(super) organisation: OrganisationId,
    pub(super) account: Account,
    passages: Vec<Vec<u32>>,
    /// The first passage that is in no batch yet.
    next: usize,
    /// Empty where a passage is not computed.
    made: Vec<Vec<f32>>,
    missing: usize,
    /// Of passages that are computed.
    tokens: usize,
    vectors: oneshot::Sender<Result<Vec<Vec<f32>>, EmbedFailure>>,
    settled: oneshot::Sender<Consumed>,
    place: Place,
}

impl Running {
    pub(super) fn new(number: u64, job: EmbedJob) -> Self {
        let EmbedJob { served, request, vectors, settled, place } = job;
        let passages = request.passages.tokens;
        Self {
            number,
            served,
            organisation: request.organisation,
            account: Account::default(),
            next: 0,
            made: vec![Vec::new(); passages.len()],
            missing: passages.len(),
            passages,
            tokens: 0,
            vectors,
            settled,
            place,
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.vectors.is_closed()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Tokens of the next passage that is in no batch.
    pub(super) fn next_tokens(&self) -> Option<usize> {
        self.passages.get(self.next).map(Vec::len)
    }

    /// Takes the next passage: its index and its tokens.
    pub(super) fn begin_next(&mut self) -> (usize, usize) {
        let index = self.next;
        self.next += 1;
        (index, self.passages[index].len())
    }

    pub(super) fn passage(&self, index: usize) -> &[u32] {
        &self.passages[index]
    }

    pub(super) fn take(&mut self, passage: usize, vector: Vec<f32>) {
        self.tokens += self.passages[passage].len();
        self.made[passage] = vector;
        self.missing -= 1;
    }

    pub(super) fn finish(mut self) {
        let made = std::mem::take(&mut self.made);
        self.end(Ok(made));
    }

    pub(super) fn fail(self, detail: &str) {
        self.end(Err(EmbedFailure { detail: detail.to_owned() }));
    }

    /// Of one that nobody waits for.
    pub(super) fn settle(self) {
        self.fail("cancelled");
    }

    /// Its place is free before anybody hears of it.
    fn end(self, result: Result<Vec<Vec<f32>>, EmbedFailure>) {
        let consumed = Consumed {
            prompt_tokens: u32::try_from(self.tokens).unwrap_or(u32::MAX),
            cached_prompt_tokens: 0,
            completion_tokens: 0,
            energy: self.account.energy,
            cpu_seconds: self.account.cpu_seconds,
        };
        drop(self.place);
        if self.vectors.send(result).is_err() {
            tracing::debug!("nobody waits for the vectors of a request");
        }
        if self.settled.send(consumed).is_err() {
            tracing::debug!("nobody waits for the settlement of a request for vectors");
        }
    }
}
