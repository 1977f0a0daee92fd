//! Feed-forward parts of which each token uses only some: a mixture of experts.

use super::{Architecture, ConfigError, keys::Keys};

/// No real model has more; a larger number is a broken file.
const COUNT_MAX: usize = 1024;
const WIDTH_MAX: usize = 1 << 20;

/// The experts of every block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experts {
    pub count: usize,
    /// How many each token uses: those with the highest scores.
    pub used: usize,
    /// Hidden values of one expert.
    pub feed_forward: usize,
    /// Whether the scores of those used add up to one, or those of all.
    pub normalized: bool,
    /// Scores are multiplied by this.
    pub scale: f32,
}

impl Experts {
    /// `None` for a model without experts.
    pub(super) fn of(keys: &Keys<'_>) -> Result<Option<Self>, ConfigError> {
        const COUNT: &str = "expert_count";
        const USED: &str = "expert_used_count";
        if keys.architecture != Architecture::Qwen3Moe && !keys.has_count(COUNT) {
            return Ok(None);
        }
        let count = keys.count(COUNT, COUNT_MAX)?;
        let used = keys.count(USED, COUNT_MAX)?;
        if used > count {
            return Err(ConfigError::OutOfRange {
                key: keys.name(USED),
                value: used.to_string(),
                expected: "it must be at most the number of experts",
            });
        }
        let whole = keys.count("feed_forward_length", WIDTH_MAX)?;
        let feed_forward = match keys.architecture {
            Architecture::Qwen3Moe if keys.has_count("expert_feed_forward_length") => {
                keys.count("expert_feed_forward_length", WIDTH_MAX)?
            }
            Architecture::Qwen3Moe => (whole / used).max(1),
            Architecture::Llama
            | Architecture::Mistral3
            | Architecture::Qwen2
            | Architecture::Qwen3
            | Architecture::Granite
            | Architecture::SmolLm3
            | Architecture::Phi3
            | Architecture::Gemma3 => whole,
        };
        Ok(Some(Self {
            count,
            used,
            feed_forward,
            normalized: keys.flag_or("expert_weights_norm", true),
            scale: keys.positive_or("expert_weights_scale", 1.0)?,
        }))
    }

    /// The experts that these scores choose, with what their outputs are multiplied by; of equal
    /// scores the first. `order` is memory that is used again.
    pub(crate) fn choose(&self, scores: &[f32], order: &mut Vec<u32>, chosen: &mut [Choice]) {
        let score = |expert: &u32| scores[*expert as usize];
        order.clear();
        order.extend((0_u32..).zip(scores).map(|(expert, _)| expert));
        order.sort_unstable_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
        let highest = order.first().map_or(0.0, score);
        let counted = if self.normalized { &order[..self.used] } else { &order[..] };
        let total: f32 = counted.iter().map(|expert| (score(expert) - highest).exp()).sum();
        for (choice, &expert) in chosen.iter_mut().zip(&*order) {
            let weight = (score(&expert) - highest).exp() / total * self.scale;
            *choice = Choice { expert, weight };
        }
    }
}

/// An expert that a token uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) expert: u32,
    pub(crate) weight: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(experts: &Experts, scores: &[f32], expected: &[(u32, f32)]) {
        let mut chosen = vec![Choice::default(); experts.used];
        experts.choose(scores, &mut Vec::new(), &mut chosen);
        for (choice, &(expert, weight)) in chosen.iter().zip(expected) {
            assert_eq!(choice.expert, expert, "{chosen:?}");
            assert!((choice.weight - weight).abs() < 1e-6, "{chosen:?}");
        }
        assert_eq!(chosen.len(), expected.len());
    }

    #[test]
    fn the_highest_scores_are_chosen() {
        let plain = Experts { count: 4, used: 2, feed_forward: 8, normalized: true, scale: 1.0 };
        let scores = [0.0, 2.0_f32.ln(), 4.0_f32.ln(), 1.0_f32.ln()];
        check(&plain, &scores, &[(2, 4.0 / 6.0), (1, 2.0 / 6.0)]);
        check(&Experts { scale: 3.0, ..plain }, &scores, &[(2, 2.0), (1, 1.0)]);
        check(&Experts { normalized: false, ..plain }, &scores, &[(2, 0.5), (1, 0.25)]);
        check(&plain, &[1.0, 1.0, 1.0, 1.0], &[(0, 0.5), (1, 0.5)]);
        check(
            &Experts { used: 4, ..plain },
            &[0.0; 4],
            &[(0, 0.25), (1, 0.25), (2, 0.25), (3, 0.25)],
        );
    }

    #[test]
    fn broken_scores_still_choose() {
        let experts = Experts { count: 3, used: 2, feed_forward: 8, normalized: true, scale: 1.0 };
        let mut chosen = [Choice::default(); 2];
        for scores in [[f32::NAN; 3], [f32::INFINITY; 3], [f32::NEG_INFINITY; 3]] {
            experts.choose(&scores, &mut Vec::new(), &mut chosen);
            assert_eq!(chosen.map(|choice| choice.expert), [0, 1]);
        }
    }
}
