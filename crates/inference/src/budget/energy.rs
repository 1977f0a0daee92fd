//! What tokens of a model take: as it is declared, and as it was seen.

use carbon_ledger::Joules;

use super::Amounts;

/// Of one token of a model that runs elsewhere, as the operator declares it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TokenEnergy {
    pub prompt: Joules,
    pub completion: Joules,
}

impl TokenEnergy {
    /// Of so many tokens, in thousandths of a joule.
    pub(super) fn of(self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        let number = |tokens: u64| f64::from(u32::try_from(tokens).unwrap_or(u32::MAX));
        let joules = self.prompt.value() * number(prompt_tokens)
            + self.completion.value() * number(completion_tokens);
        Joules::new(joules).map_or(u64::MAX, millijoules)
    }
}

/// What tokens of one model took so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observed {
    tokens: u64,
    millijoules: u64,
}

impl Observed {
    pub(super) fn add(&mut self, amounts: Amounts) {
        self.tokens = self.tokens.saturating_add(amounts.tokens);
        self.millijoules = self.millijoules.saturating_add(amounts.millijoules);
    }

    /// What so many tokens take, as far as is known; nothing before anything was seen.
    pub(super) fn of(self, tokens: u64) -> u64 {
        let product = u128::from(self.millijoules) * u128::from(tokens);
        let mean = product.checked_div(u128::from(self.tokens)).unwrap_or_default();
        u64::try_from(mean).unwrap_or(u64::MAX)
    }
}

/// As a store rounds them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "energy is finite and not negative, and a cast stops at the bounds"
)]
pub(super) fn millijoules(energy: Joules) -> u64 {
    (energy.value() * 1000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_is_of_each_token() {
        let joules = |value| Joules::new(value).unwrap();
        for (prompt, completion, tokens, expected) in [
            (0.0, 0.0, (1_000, 1_000), 0),
            (0.2, 2.0, (10, 3), 8_000),
            (0.2, 2.0, (0, 0), 0),
            (0.0, f64::MAX, (0, 2), u64::MAX),
            (1.0, 0.0, (u64::MAX, 0), u64::from(u32::MAX) * 1_000),
        ] {
            let energy = TokenEnergy { prompt: joules(prompt), completion: joules(completion) };
            assert_eq!(energy.of(tokens.0, tokens.1), expected, "{energy:?} of {tokens:?}");
        }
    }
}
