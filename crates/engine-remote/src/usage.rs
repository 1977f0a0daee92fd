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
    /// Of the texts that were sent: what a prompt is taken for that nobody counts.
    pub(crate) prompt_bytes: usize,
    /// Events with text or calls: what an answer is taken for that nobody counts.
    pub(crate) pieces: u32,
}

const BYTES_PER_TOKEN: usize = 4;

impl Count {
    pub(crate) fn consumed(&self, energy: Option<EnergyPerToken>) -> Consumed {
        let told = self.told.unwrap_or_default();
        let estimated = u32::try_from(self.prompt_bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX);
        let prompt_tokens = told.prompt_tokens.unwrap_or(estimated);
        let completion_tokens = told.completion_tokens.unwrap_or(self.pieces);
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
