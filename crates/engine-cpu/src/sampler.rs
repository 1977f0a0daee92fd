//! Chooses the next token.
//!
//! The chain, in the default order of llama.cpp: logit bias; repetition penalty over prompt and
//! answer, then presence and frequency penalties over the answer; forbidden
//! tokens and those that a given form does not allow; top-k; top-p;
//! min-p; temperature; the draw. Top-p and min-p therefore see probabilities at temperature 1.
//! Temperature 0 takes the most likely token after the penalties, the lowest id among equals.
//!
//! The same logits, settings and seed give the same token on every machine: probabilities are
//! computed with basic arithmetic in a fixed order ([`likelihood`]), never with the platform's
//! `exp`. No call allocates once its buffers have grown to the vocabulary's size.

mod head;
mod likelihood;
mod penalties;
mod random;
#[cfg(test)]
mod tests;

use inference::Sampling;

use self::{
    head::{Candidate, Head},
    likelihood::{exp, log_sum_exp, maximum},
    penalties::Penalties,
    random::Random,
};

/// A token and its natural-log probability in the model's own distribution: at temperature 1,
/// before bias, penalties and truncation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    pub token: u32,
    pub logprob: f32,
}

/// The state of one answer's choices.
#[derive(Clone, Debug)]
pub struct Sampler {
    settings: Sampling,
    penalties: Penalties,
    random: Random,
    forbidden: Vec<u32>,
    /// A bit for each token that may be chosen; empty when all may.
    allowed: Vec<u32>,
    head: Head,
    weights: Vec<f32>,
    likely: Vec<Choice>,
}

impl Sampler {
    /// `seed` is the caller's own or a random one; `settings.seed` is not read.
    pub fn new(settings: &Sampling, seed: u64) -> Self {
        Self {
            penalties: Penalties::new(settings),
            random: Random::new(seed),
            settings: settings.clone(),
            forbidden: Vec::new(),
            allowed: Vec::new(),
            head: Head::default(),
            weights: Vec::new(),
            likely: Vec::new(),
        }
    }

    /// Lets the repetition penalty see the prompt. Once, before the first choice.
    pub fn accept_prompt(&mut self, tokens: &[u32]) {
        self.penalties.accept_prompt(tokens);
    }

    /// Tells that a token became part of the answer.
    pub fn accept(&mut self, token: u32) {
        self.penalties.accept(token);
    }

    /// Tokens that may not be chosen from now on; replaces those of an earlier call. The engine
    /// forbids the end tokens so until the answer has its `min_tokens`.
    pub fn forbid(&mut self, tokens: &[u32]) {
        self.forbidden.clear();
        self.forbidden.extend_from_slice(tokens);
    }

    /// Allows only tokens whose bit is set, the first token the lowest bit of the first word, until
    /// the next call. No words allow all tokens; a token beyond the last word is not allowed.
    pub fn allow(&mut self, mask: &[u32]) {
        self.allowed.clear();
        self.allowed.extend_from_slice(mask);
    }

    /// The `count` most likely tokens, best first. Call it before [`Self::sample`], which changes
    /// the logits.
    pub fn most_likely(&mut self, logits: &[f32], count: usize) -> &[Choice] {
        let normaliser = log_sum_exp(logits);
        self.likely.clear();
        let best = self.head.select(logits, count);
        let choice = |one: &Candidate| Choice { token: one.token, logprob: one.logit - normaliser };
        self.likely.extend(best.iter().map(choice));
        &self.likely
    }

    /// Chooses a token and leaves the adjusted logits behind. Logits that are no numbers are
    /// never chosen; without any usable logit the answer is token 0.
    pub fn sample(&mut self, logits: &mut [f32]) -> Choice {
        let normaliser = log_sum_exp(logits);
        self.adjust(logits);
        let chosen = if self.settings.temperature > 0.0 {
            self.draw(logits).unwrap_or_else(|| most_likely(logits))
        } else {
            most_likely(logits)
        };
        let untouched = || logits.get(chosen).copied().unwrap_or(f32::NEG_INFINITY);
        let logit = self.penalties.original(chosen).unwrap_or_else(untouched);
        #[expect(clippy::cast_possible_truncation, reason = "vocabularies are far below 2^32")]
        Choice { token: chosen as u32, logprob: logit - normaliser }
    }

    fn adjust(&mut self, logits: &mut [f32]) {
        self.penalties.forget_originals();
        for &(token, bias) in &self.settings.logit_bias {
            self.penalties.change(logits, token, |logit| logit + bias);
        }
        self.penalties.apply(logits);
        for &token in &self.forbidden {
            self.penalties.change(logits, token, |_| f32::NEG_INFINITY);
        }
        self.mask(logits);
    }

    /// What is masked is never chosen, so that its logit need not be remembered.
    fn mask(&self, logits: &mut [f32]) {
        if self.allowed.is_empty() {
            return;
        }
        let words = self.allowed.iter().copied().chain(std::iter::repeat(0));
        for (logits, word) in logits.chunks_mut(32).zip(words) {
            if word == u32::MAX {
                continue;
            }
            for (bit, logit) in logits.iter_mut().enumerate() {
                if (word >> bit) & 1 == 0 {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
    }

    /// Truncates and draws; `None` when no weight is usable.
    fn draw(&mut self, logits: &[f32]) -> Option<usize> {
        let maximum = maximum(logits);
        let count = self.truncate(logits, maximum);
        let kept = count.map(|count| &self.head.candidates()[..count]);
        let likely_enough = self.settings.min_p;
        let scale = 1.0 / self.settings.temperature;
        let first_scale = if likely_enough > 0.0 { 1.0 } else { scale };
        match kept {
            Some(kept) => {
                let logits = kept.iter().map(|one| one.logit);
                self.weights.clear();
                self.weights.extend(logits.map(|logit| exp((logit - maximum) * first_scale)));
            }
            None => likelihood::weigh(logits, maximum, first_scale, &mut self.weights),
        }
        if likely_enough > 0.0 {
            for (place, weight) in self.weights.iter_mut().enumerate() {
                *weight = if *weight < likely_enough {
                    0.0
                } else {
                    let logit = kept.map_or_else(|| logits[place], |kept| kept[place].logit);
                    exp((logit - maximum) * scale)
                };
            }
        }
        let place = self.random.weighted(&self.weights)?;
        Some(kept.map_or(place, |kept| kept[place].token as usize))
    }

    /// Applies top-k and top-p: how many of the head's candidates stay, `None` for all tokens.
    fn truncate(&mut self, logits: &[f32], maximum: f32) -> Option<usize> {
        let share = self.settings.top_p;
        let whole = share >= 1.0;
        let top_k = self.settings.top_k.filter(|&count| count > 0).map(|count| count as usize);
        let weight = |one: &Candidate| f64::from(exp(one.logit - maximum));
        match top_k {
            None if whole => None,
            None => Some(self.head.select_share(logits, maximum, share)),
            Some(count) => {
                let kept = self.head.select(logits, count);
                if whole {
                    return Some(kept.len());
                }
                let total: f64 = kept.iter().map(weight).sum();
                Some(head::share_count(kept, maximum, total * f64::from(share)))
            }
        }
    }
}

/// The place of the largest logit, the first among equals; 0 when none is usable.
fn most_likely(logits: &[f32]) -> usize {
    let largest = maximum(logits);
    if largest == f32::NEG_INFINITY {
        return 0;
    }
    logits.iter().position(|&logit| logit >= largest).unwrap_or(0)
}
