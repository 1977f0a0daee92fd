//! What tokens of a model cost, in whole millionths of a euro.

use std::{collections::HashMap, fmt, sync::Arc};

use domain::ModelId;

use crate::budget::decimal;

const TOKENS_PER_PRICE: u128 = 1_000_000;
const MICROEUROS_PER_EURO: u64 = 1_000_000;

/// Millionths of a euro. Money is never a floating-point number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroEuros(pub u64);

impl MicroEuros {
    /// Reads euros as they are written: `0.35`.
    pub fn from_euros(text: &str) -> Option<Self> {
        decimal::parse(text, MICROEUROS_PER_EURO).map(Self)
    }
}

/// In euros, without a unit.
impl fmt::Display for MicroEuros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal::show(self.0, MICROEUROS_PER_EURO))
    }
}

/// Of a million tokens of one model. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    pub prompt_per_million: MicroEuros,
    pub completion_per_million: MicroEuros,
}

impl Price {
    /// Rounded up, so that what has a price is never free.
    pub fn of(self, prompt_tokens: u64, completion_tokens: u64) -> MicroEuros {
        let part = |tokens: u64, price: MicroEuros| u128::from(tokens) * u128::from(price.0);
        let sum = part(prompt_tokens, self.prompt_per_million)
            .saturating_add(part(completion_tokens, self.completion_per_million));
        MicroEuros(u64::try_from(sum.div_ceil(TOKENS_PER_PRICE)).unwrap_or(u64::MAX))
    }

    /// Of a million tokens of prompts and a million of answers: by what prices are compared.
    pub const fn of_both(self) -> MicroEuros {
        MicroEuros(self.prompt_per_million.0.saturating_add(self.completion_per_million.0))
    }
}

/// What each model costs; nothing where nothing is said. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Prices(Arc<HashMap<ModelId, Price>>);

impl Prices {
    pub fn new(prices: HashMap<ModelId, Price>) -> Self {
        Self(Arc::new(prices))
    }

    pub fn of(&self, model: &ModelId) -> Price {
        self.0.get(model).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_price_is_never_free() {
        let price = Price {
            prompt_per_million: MicroEuros::from_euros("0.10").unwrap(),
            completion_per_million: MicroEuros::from_euros("0.30").unwrap(),
        };
        for (prompt, completion, expected) in [
            (0, 0, 0),
            (1, 0, 1),
            (10, 0, 1),
            (11, 0, 2),
            (1_000_000, 1_000_000, 400_000),
            (u64::MAX, u64::MAX, u64::MAX),
        ] {
            let cost = price.of(prompt, completion);
            let small = u128::from(prompt) < 1 << 40;
            assert!(cost.0 == expected || !small, "{prompt} {completion}: {cost:?}");
        }
        assert_eq!(Price::default().of(u64::MAX, u64::MAX), MicroEuros(0));
        assert_eq!(price.of_both(), MicroEuros(400_000));
        assert_eq!(MicroEuros(350_000).to_string(), "0.35");
    }

    #[test]
    fn the_dearest_price_stays_the_dearest() {
        let most = MicroEuros(u64::MAX);
        let price = Price { prompt_per_million: most, completion_per_million: most };
        assert_eq!(price.of_both(), most);
    }
}
