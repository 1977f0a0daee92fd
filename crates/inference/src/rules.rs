//! Asks the customer's rules about a model.

use domain::{Caller, ModelId};
use governance::{Act, ModelFacts, Rulebook};

use crate::{ChatError, ModelCard, gateway::Work, ports::EngineError};

/// What rules are told of the architecture of a model that runs elsewhere.
const ELSEWHERE: &str = "elsewhere";

/// Where there are rules, a model that they cannot look at does nothing. `cards` is asked only then.
pub(crate) async fn must_permit(
    rules: &Rulebook,
    cards: impl FnOnce() -> Vec<ModelCard>,
    caller: &Caller,
    model: &ModelId,
    work: Work,
) -> Result<(), ChatError> {
    if !rules.has_rules()? {
        return Ok(());
    }
    let cards = cards();
    let card = cards.iter().find(|card| card.id == *model);
    let card = card.ok_or_else(|| EngineError::UnknownModel { model: model.clone() })?;
    let weights = card.weights.as_ref();
    let facts = ModelFacts {
        id: &card.id,
        digest: weights.map_or("", |weights| &weights.digest),
        architecture: weights.map_or(ELSEWHERE, |weights| &weights.architecture),
        is_adapter: card.base.is_some(),
    };
    let act = match work {
        Work::Answer => Act::Infer(facts),
        Work::Embed => Act::Embed(facts),
    };
    Ok(rules.permits(caller, act).await?)
}
