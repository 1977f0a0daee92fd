//! Changes to single logits: what was said before becomes less likely.

use inference::Sampling;

#[derive(Clone, Debug)]
pub(super) struct Penalties {
    repetition: f32,
    presence: f32,
    frequency: f32,
    /// For each token: 0 when it has not occurred, otherwise 1 more than its count in the answer.
    occurrences: Vec<u32>,
    /// The tokens that have occurred, each once.
    seen: Vec<u32>,
    /// What changed logits were before their first change in this step.
    originals: Vec<(u32, f32)>,
}

impl Penalties {
    pub(super) fn new(settings: &Sampling) -> Self {
        Self {
            repetition: settings.repetition_penalty,
            presence: settings.presence_penalty,
            frequency: settings.frequency_penalty,
            occurrences: Vec::new(),
            seen: Vec::new(),
            originals: Vec::new(),
        }
    }

    pub(super) fn accept_prompt(&mut self, tokens: &[u32]) {
        if self.repeats_matter() {
            for &token in tokens {
                self.meet(token);
            }
        }
    }

    pub(super) fn accept(&mut self, token: u32) {
        if self.repeats_matter() || self.answer_matters() {
            *self.meet(token) += 1;
        }
    }

    pub(super) fn apply(&mut self, logits: &mut [f32]) {
        let (repetition, presence, frequency) = (self.repetition, self.presence, self.frequency);
        for place in 0..self.seen.len() {
            let token = self.seen[place];
            let count = self.occurrences[token as usize] - 1;
            self.change(logits, token, |logit| {
                let repeated = if logit > 0.0 { logit / repetition } else { logit * repetition };
                if count == 0 {
                    return repeated;
                }
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^24")]
                let often = count as f32 * frequency;
                repeated - often - presence
            });
        }
    }

    /// Changes one logit and remembers what it was. Tokens outside the vocabulary are ignored.
    pub(super) fn change(&mut self, logits: &mut [f32], token: u32, to: impl Fn(f32) -> f32) {
        if let Some(logit) = logits.get_mut(token as usize) {
            self.originals.push((token, *logit));
            *logit = to(*logit);
        }
    }

    /// The model's own logit of a token that was changed in this step.
    pub(super) fn original(&self, token: usize) -> Option<f32> {
        self.originals.iter().find(|(changed, _)| *changed as usize == token).map(|&(_, was)| was)
    }

    pub(super) fn forget_originals(&mut self) {
        self.originals.clear();
    }

    fn meet(&mut self, token: u32) -> &mut u32 {
        let place = token as usize;
        if place >= self.occurrences.len() {
            self.occurrences.resize(place + 1, 0);
        }
        let count = &mut self.occurrences[place];
        if *count == 0 {
            *count = 1;
            self.seen.push(token);
        }
        count
    }

    #[expect(clippy::float_cmp, reason = "exactly 1 is the setting that changes nothing")]
    fn repeats_matter(&self) -> bool {
        self.repetition != 1.0
    }

    fn answer_matters(&self) -> bool {
        self.presence != 0.0 || self.frequency != 0.0
    }
}
