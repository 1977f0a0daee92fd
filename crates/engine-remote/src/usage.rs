//! What an answer used elsewhere: counted there if it was, and energy as the operator estimates it.

use carbon_ledger::{Energy, Joules, Method, Uncertainty};
use inference::ports::Consumed;

use crate::answer::Tokens;

/// What is declared of a model that runs elsewhere; nobody here measures it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyPerToken {
    pub prompt: Joules,
    pub completion: Joules,
    pub uncertainty: Uncertainty,
}

/// What was counted while an answer came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    /// As the upstream tells it.
    pub(crate) told: Option<Tokens>,
    /// What a prompt is taken for that nobody counts.
    pub(crate) prompt_estimated: u32,
    /// Bytes of the request as it was sent: more tokens than these and a template's it cannot have.
    pub(crate) bytes: usize,
    /// Tokens that the answer can have.
    pub(crate) completion_max: u32,
    /// Events with text or calls: what an answer is taken for that nobody counts.
    pub(crate) pieces: u32,
}

/// What a template adds to a prompt at most; a token has a byte or more.
const TEMPLATE_TOKENS_MAX: usize = 4096;

impl Count {
    pub(crate) fn consumed(&self, energy: Option<EnergyPerToken>) -> Consumed {
        let told = self.told.unwrap_or_default();
        // Nobody is charged what cannot have been: an upstream is believed within bounds.
        let prompt_max = self.bytes.saturating_add(TEMPLATE_TOKENS_MAX);
        let prompt_max = u32::try_from(prompt_max).unwrap_or(u32::MAX);
        let is_some = |tokens: &u32| *tokens > 0 || self.pieces == 0;
        let prompt_tokens =
            told.prompt_tokens.filter(is_some).unwrap_or(self.prompt_estimated).min(prompt_max);
        let completion_tokens = told.completion_tokens.filter(is_some).unwrap_or(self.pieces);
        let completion_tokens = completion_tokens.min(self.completion_max);
        let cached_prompt_tokens = told.cached().min(prompt_tokens);
        Consumed {
            prompt_tokens,
            cached_prompt_tokens,
            completion_tokens,
            energy: energy.map_or_else(unknown, |per| {
                per.of(prompt_tokens - cached_prompt_tokens, completion_tokens)
            }),
            cpu_seconds: 0.0,
        }
    }
}

impl EnergyPerToken {
    fn of(&self, prompt: u32, completion: u32) -> Energy {
        let joules = self.prompt.value() * f64::from(prompt)
            + self.completion.value() * f64::from(completion);
        let joules = Joules::new(joules).unwrap_or(Joules::ZERO);
        Energy { joules, method: Method::Estimated, uncertainty: self.uncertainty }
    }
}

/// Nobody said anything: zero, and as uncertain as can be said.
fn unknown() -> Energy {
    let (joules, uncertainty) = (Joules::ZERO, Uncertainty::UNKNOWN);
    Energy { joules, method: Method::Estimated, uncertainty }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(usage: &serde_json::Value, pieces: u32, expected: (u32, u32)) {
        let told = Some(serde_json::from_value(usage.clone()).unwrap());
        let count = Count { told, prompt_estimated: 100, bytes: 400, completion_max: 50, pieces };
        let consumed = count.consumed(None);
        assert_eq!((consumed.prompt_tokens, consumed.completion_tokens), expected, "{usage}");
    }

    #[test]
    fn an_upstream_is_believed_within_bounds() {
        check(&json!({ "prompt_tokens": 90, "completion_tokens": 7 }), 3, (90, 7));
        check(
            &json!({ "prompt_tokens": 4_294_967_295_u32, "completion_tokens": 1e9 }),
            3,
            (4496, 3),
        );
        check(
            &json!({ "prompt_tokens": 1_u64 << 40, "completion_tokens": 1_u64 << 40 }),
            3,
            (4496, 50),
        );
        check(&json!({ "prompt_tokens": 0, "completion_tokens": 0 }), 3, (100, 3));
        check(&json!({ "prompt_tokens": -1, "completion_tokens": "7" }), 3, (100, 3));
        check(&json!({ "prompt_tokens": 12, "completion_tokens": 0 }), 0, (12, 0));
        check(&json!({}), 3, (100, 3));
    }
}
