//! One generation, from its admission to its settlement.

use std::sync::Arc;

use inference::{
    Choice, FinishReason, FunctionCall, TokenLogprob, TokenPiece,
    ports::{BrokenOff, Consumed, EngineEvent, Generate},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    drafts::{Drafts, GUESSES_MAX},
    fairness::Claim,
    places::Place,
    writing::{CallWriting, Writing, Written},
};
use crate::{
    energy::Account,
    forward::{LogitsOf, Run},
    grammar::Constraint,
    kv_cache::KvSequence,
    kv_memory::KvMemory,
    prefix_tree::PrefixOwner,
    sampler::Sampler,
    served::Served,
};

/// Events that a consumer may leave unread before its generation pauses.
pub(crate) const EVENTS_MAX: usize = 32;
/// A step sends at most a token, calls and an end.
const EVENTS_OF_A_STEP: usize = 3;

/// A generation that was asked for.
pub(crate) struct Job {
    pub(crate) served: Arc<Served>,
    pub(crate) request: Generate,
    pub(crate) constraint: Option<Constraint>,
    /// `None` where the answer has no calls.
    pub(crate) calls: Option<CallWriting>,
    pub(crate) events: mpsc::Sender<EngineEvent>,
    pub(crate) settled: oneshot::Sender<Consumed>,
    pub(crate) place: Place,
}

/// How a generation ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Finished(FinishReason),
    Failed { detail: String },
    Cancelled,
}

/// What is kept to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// All of the answer.
    Answer,
    /// The call that is being written.
    Call,
}

pub(super) struct Sequence {
    pub(super) served: Arc<Served>,
    pub(super) claim: Claim,
    pub(super) account: Account,
    /// Tokens in the step that is being computed.
    pub(super) chunk: usize,
    /// The step computes all that is known, so that the next token can be chosen.
    pub(super) asks: bool,
    /// The last step had no room for its keys and values.
    pub(super) starved: bool,
    pub(super) ending: Option<Ending>,
    kv: KvSequence,
    prefix_owner: PrefixOwner,
    /// What was kept when this one last looked for a known beginning.
    prefixes_seen: Option<u64>,
    is_prompt_kept: bool,
    /// Prompt and answer.
    tokens: Vec<u32>,
    prompt_tokens: usize,
    /// How many of `tokens` are in the cache.
    computed: usize,
    /// The most that ever were: it may have made way for others in between.
    furthest: usize,
    /// How many of `tokens` were given: the prompt, and after a pause what was written before it.
    given_tokens: usize,
    /// How many of the prompt's tokens were computed for earlier prompts.
    cached: usize,
    drafts: Drafts,
    /// How many of `tokens`, at their end, are guesses that the step checks.
    guessed: usize,
    completion_tokens: u32,
    max_tokens: u32,
    min_tokens: u32,
    top_logprobs: Option<u8>,
    sampler: Sampler,
    constraint: Option<Constraint>,
    /// What the constraint ends with.
    kept: Kept,
    writing: Writing,
    piece: TokenPiece,
    calls: Vec<FunctionCall>,
    events: mpsc::Sender<EngineEvent>,
    settled: oneshot::Sender<Consumed>,
    _place: Place,
}

impl Sequence {
    pub(super) fn admit(job: Box<Job>) -> Self {
        let Job { served, request, constraint, calls, events, settled, place } = *job;
        let Generate { organisation, project, priority, .. } = request;
        let prefix_owner = PrefixOwner { model: served.number, organisation, project };
        let (high, low) = request.request.as_uuid().as_u64_pair();
        // A request id is random enough to differ from request to request.
        let seed = request.sampling.seed.unwrap_or(high ^ low);
        let mut sampler = Sampler::new(&request.sampling, seed);
        sampler.accept_prompt(&request.prompt.tokens);
        // A given form decides itself when the answer may end.
        if request.sampling.min_tokens > 0 && constraint.is_none() {
            sampler.forbid(served.tokenizer.end_tokens());
        }
        let nothing_wanted = request.max_tokens == 0;
        Self {
            claim: Claim { organisation, priority },
            account: Account::default(),
            chunk: 0,
            asks: false,
            starved: false,
            ending: nothing_wanted.then_some(Ending::Finished(FinishReason::Length)),
            kv: KvSequence::new(served.model.kv_shape()),
            prefix_owner,
            prefixes_seen: None,
            is_prompt_kept: false,
            prompt_tokens: request.prompt.tokens.len(),
            given_tokens: request.prompt.tokens.len(),
            tokens: request.prompt.tokens,
            computed: 0,
            furthest: 0,
            cached: 0,
            drafts: Drafts::default(),
            guessed: 0,
            completion_tokens: 0,
            max_tokens: request.max_tokens,
            min_tokens: request.sampling.min_tokens,
            top_logprobs: request.top_logprobs,
            sampler,
            constraint,
            kept: Kept::Answer,
            writing: Writing::new(request.stop, calls),
            piece: TokenPiece::default(),
            calls: Vec::new(),
            events,
            settled,
            served,
            _place: place,
        }
    }

    /// Whether what is given and one more token would fit, so that it makes sense to begin.
    pub(super) fn has_room(&self, memory: &KvMemory) -> bool {
        memory.has_room(self.served.model.kv_shape(), &self.prefix_owner, &self.tokens)
    }

    /// Lets go of its keys and values. What can be kept of them may be there when it goes on.
    pub(super) fn make_way(&mut self, memory: &mut KvMemory) {
        self.keep(memory);
        self.kv = KvSequence::new(self.served.model.kv_shape());
        memory.trim();
        self.computed = 0;
        self.given_tokens = self.tokens.len();
        self.prefixes_seen = None;
        self.starved = false;
    }

    /// So that the next one is admitted only if it fits beside this one.
    pub(super) fn take_room_for_prompt(&mut self, memory: &mut KvMemory) {
        self.take_known_prefix(memory);
        if memory.reserve(&mut self.kv, self.tokens.len() + 1).is_err() {
            tracing::debug!("a prompt begins before there is room for all of it");
        }
    }

    /// Skips what is known of the rest of its prompt. Others may have computed it since the last
    /// look.
    pub(super) fn take_known_prefix(&mut self, memory: &mut KvMemory) {
        let version = memory.version();
        let is_new = self.prefixes_seen.replace(version) != Some(version);
        if !is_new || self.computed >= self.given_tokens || self.served.is_unloaded() {
            return;
        }
        let given = &self.tokens[..self.given_tokens];
        let known = memory.lend(&self.prefix_owner, given, &mut self.kv, self.computed);
        // What it has once computed itself was not saved by others.
        self.cached += known.saturating_sub(self.computed.max(self.furthest));
        self.computed = known;
        self.furthest = self.furthest.max(known);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.events.is_closed()
    }

    /// Whether its consumer has room for what a step may send.
    pub(super) fn is_ready(&self) -> bool {
        self.ending.is_none() && self.events.capacity() >= EVENTS_OF_A_STEP
    }

    pub(super) fn pending_tokens(&self) -> usize {
        self.tokens.len() - self.computed
    }

    /// Takes on up to `chunk` tokens, as far as there is room for their keys and values.
    pub(super) fn plan_chunk(&mut self, chunk: usize, memory: &mut KvMemory) {
        let room = memory.reserve(&mut self.kv, self.computed + chunk);
        self.chunk = chunk.min(self.kv.capacity_tokens() - self.computed);
        self.starved = room.is_err() && self.chunk == 0;
        self.asks = self.chunk > 0 && self.chunk == self.pending_tokens();
    }

    /// Whether the step computes its next token and nothing else.
    pub(super) fn writes(&self) -> bool {
        self.asks && self.chunk == 1
    }

    /// Adds up to `most` guesses to a step that [`writes`](Self::writes). A given form decides
    /// token by token.
    pub(super) fn guess(&mut self, most: usize, memory: &mut KvMemory) {
        let answer_left = self.max_tokens.saturating_sub(self.completion_tokens + 1) as usize;
        let context_left = self.served.card.context_tokens as usize - self.tokens.len();
        let most = most.min(GUESSES_MAX).min(answer_left).min(context_left.saturating_sub(1));
        if self.constraint.is_some() || most == 0 {
            return;
        }
        let guesses = self.drafts.guess(&self.tokens, most);
        let wanted = self.tokens.len() + guesses.len();
        if guesses.is_empty() || memory.reserve(&mut self.kv, wanted).is_err() {
            return;
        }
        self.guessed = guesses.len();
        self.chunk += guesses.len();
        self.tokens.extend(guesses);
    }

    /// Rows of logits that the step computes.
    pub(super) fn rows(&self) -> usize {
        if self.asks { 1 + self.guessed } else { 0 }
    }

    pub(super) fn run(&self) -> Option<Run<'_>> {
        assert!(self.computed >= self.kv.tokens_shared(), "nobody writes what others read");
        let end = self.computed + self.chunk;
        (self.chunk > 0).then(|| Run {
            kv: &self.kv,
            adapter: self.served.adapter.as_ref(),
            start: self.computed,
            tokens: &self.tokens[self.computed..end],
            logits: match (self.asks, self.guessed) {
                (false, _) => LogitsOf::None,
                (true, 0) => LogitsOf::Last,
                (true, _) => LogitsOf::All,
            },
        })
    }

    pub(super) fn work(&self) -> f64 {
        self.served.work.of(self.computed, self.chunk, self.rows())
    }

    /// Chooses the token that follows, and the next ones as long as the guesses are right. `logits`
    /// are its [`rows`](Self::rows).
    pub(super) fn choose(&mut self, logits: &mut [f32]) {
        let guesses = self.tokens.split_off(self.tokens.len() - self.guessed);
        let vocabulary = self.served.model.config().vocabulary;
        let mut right = 0;
        for (index, row) in logits.chunks_exact_mut(vocabulary).enumerate() {
            self.choose_next(row);
            if self.ending.is_some() || self.tokens.last() != guesses.get(index) {
                break;
            }
            right += 1;
        }
        self.drafts.learn(guesses.len(), right);
    }

    /// Chooses one token and turns it into text.
    fn choose_next(&mut self, logits: &mut [f32]) {
        if let Err(detail) = self.allow() {
            self.ending = Some(Ending::Failed { detail });
            return;
        }
        let wanted = self.top_logprobs.map(usize::from);
        let top: Option<Vec<Choice>> = wanted.map(|count| {
            let likely = self.sampler.most_likely(logits, count);
            likely.iter().map(|one| choice(&self.served, one.token, one.logprob)).collect()
        });
        let chosen = self.sampler.sample(logits);
        self.sampler.accept(chosen.token);
        self.tokens.push(chosen.token);
        self.completion_tokens += 1;
        if self.completion_tokens == self.min_tokens {
            self.sampler.forbid(&[]);
        }
        if self.served.tokenizer.end_tokens().contains(&chosen.token) {
            self.finish_text(FinishReason::Stop);
            return;
        }
        if let Some(top) = top {
            let chosen = choice(&self.served, chosen.token, chosen.logprob);
            self.piece.logprobs.push(TokenLogprob { chosen, top });
        }
        self.write(chosen.token);
    }

    /// Lets the sampler choose only what the given form allows next.
    fn allow(&mut self) -> Result<(), String> {
        if let Some(constraint) = &mut self.constraint {
            self.sampler.allow(constraint.mask()?.as_slice());
        }
        Ok(())
    }

    /// Adds a token to the text, and finds out whether the answer ends with it.
    fn write(&mut self, token: u32) {
        let written = self.writing.push(token, &self.served);
        let is_complete = written.is_complete;
        self.take(written);
        if is_complete {
            self.ending = Some(Ending::Finished(self.reason(FinishReason::Stop)));
            return;
        }
        match self.constraint.as_mut().map_or(Ok(false), |form| form.accept(token)) {
            Ok(false) => {}
            Ok(true) if self.kept == Kept::Call => self.free(),
            Ok(true) => return self.finish_text(FinishReason::Stop),
            Err(detail) => {
                self.ending = Some(Ending::Failed { detail });
                return;
            }
        }
        if self.completion_tokens >= self.max_tokens {
            self.finish_text(FinishReason::Length);
        } else if self.tokens.len() >= self.served.card.context_tokens as usize {
            self.finish_text(FinishReason::ModelLength);
        } else if self.constraint.is_none() {
            self.constraint = self.writing.begun_call(&self.served.tokenizer);
            self.kept = Kept::Call;
        }
    }

    /// A call is complete: the model writes on as it likes.
    fn free(&mut self) {
        self.constraint = None;
        self.sampler.allow(&[]);
    }

    fn take(&mut self, written: Written) {
        self.piece.text.push_str(&written.text);
        self.calls.extend(written.calls);
    }

    /// An answer that ends by itself and has calls waits for their results.
    fn reason(&self, reason: FinishReason) -> FinishReason {
        match reason {
            FinishReason::Stop if self.writing.has_calls() => FinishReason::ToolCalls,
            other => other,
        }
    }

    fn finish_text(&mut self, reason: FinishReason) {
        let written = self.writing.finish();
        self.take(written);
        self.ending = Some(Ending::Finished(self.reason(reason)));
    }

    /// Counts the step's tokens as computed and sends what became certain.
    pub(super) fn complete_step(&mut self, memory: &mut KvMemory) {
        self.computed += std::mem::take(&mut self.chunk);
        if self.asks {
            // The last token was chosen now. Behind it may be keys and values of wrong guesses,
            // which are written over.
            self.computed = self.computed.min(self.tokens.len() - 1);
        }
        self.guessed = 0;
        self.furthest = self.furthest.max(self.computed);
        if !self.is_prompt_kept && self.computed >= self.prompt_tokens {
            self.keep(memory);
            self.is_prompt_kept = true;
        }
        self.send_written();
    }

    fn send_written(&mut self) {
        let is_silent = self.piece.text.is_empty() && self.calls.is_empty();
        if is_silent && self.ending.is_none() && self.writing.is_holding() {
            return;
        }
        if self.piece.text.is_empty() && !self.calls.is_empty() {
            // The probabilities of a call belong to no text.
            self.piece.logprobs.clear();
        }
        let piece = std::mem::take(&mut self.piece);
        if !piece.text.is_empty() || !piece.logprobs.is_empty() {
            send(&self.events, EngineEvent::Token(piece));
        }
        if !self.calls.is_empty() {
            send(&self.events, EngineEvent::Calls(std::mem::take(&mut self.calls)));
        }
    }

    /// Lets prompts to come use what this one has computed.
    fn keep(&mut self, memory: &mut KvMemory) {
        if !self.served.is_unloaded() {
            memory.keep(&self.prefix_owner, &self.tokens[..self.computed], &mut self.kv);
        }
    }

    pub(super) fn end(mut self, ending: Ending, memory: &mut KvMemory) {
        self.ending = Some(ending);
        self.finish(memory);
    }

    /// Says how it ended, and what it used. Its room is free before anybody hears of it.
    pub(super) fn finish(mut self, memory: &mut KvMemory) {
        match &self.ending {
            Some(Ending::Finished(_) | Ending::Cancelled) => self.keep(memory),
            Some(Ending::Failed { .. }) | None => {}
        }
        let prompt_tokens = self.prompt_tokens.min(self.furthest);
        let consumed = Consumed {
            prompt_tokens: u32::try_from(prompt_tokens).unwrap_or(u32::MAX),
            cached_prompt_tokens: u32::try_from(self.cached).unwrap_or(u32::MAX),
            completion_tokens: self.completion_tokens,
            energy: self.account.energy,
            cpu_seconds: self.account.cpu_seconds,
        };
        let Self { ending, events, settled, kv, _place: place, .. } = self;
        drop((kv, place));
        memory.trim();
        match ending {
            Some(Ending::Finished(reason)) => send(&events, EngineEvent::Finished(reason)),
            Some(Ending::Failed { detail }) => {
                send(&events, EngineEvent::Failed { detail, because: BrokenOff::Cut });
            }
            Some(Ending::Cancelled) | None => {}
        }
        if settled.send(consumed).is_err() {
            tracing::debug!("nobody waits for the settlement of a generation");
        }
    }
}

fn send(events: &mpsc::Sender<EngineEvent>, event: EngineEvent) {
    match events.try_send(event) {
        // Closed: cancelled, which the next step notices.
        Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
        Err(mpsc::error::TrySendError::Full(_)) => {
            tracing::error!("an event of a generation was lost: its channel is full");
        }
    }
}

fn choice(served: &Served, token: u32, logprob: f32) -> Choice {
    Choice { token, bytes: served.tokenizer.token_bytes(token).to_vec(), logprob }
}
