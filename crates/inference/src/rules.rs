//! Asks the customer's rules about a model.

use domain::{Caller, ModelId};
use governance::{Act, ModelFacts, Rulebook};

use crate::{
    ChatError,
    ports::{Engine, EngineError},
};

/// What a model shall do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Answer,
    Embed,
}

/// Where there are rules, a model that they cannot look at does nothing.
pub(crate) async fn must_permit(
    rules: &Rulebook,
    engine: &dyn Engine,
    caller: &Caller,
    model: &ModelId,
    work: Work,
) -> Result<(), ChatError> {
    if !rules.has_rules()? {
        return Ok(());
    }
    let cards = engine.models();
    let card = cards.iter().find(|card| card.id == *model);
    let card = card.ok_or_else(|| EngineError::UnknownModel { model: model.clone() })?;
    let facts = ModelFacts {
        id: &card.id,
        digest: &card.digest,
        architecture: &card.architecture,
        is_adapter: card.base.is_some(),
    };
    let act = match work {
        Work::Answer => Act::Infer(facts),
        Work::Embed => Act::Embed(facts),
    };
    Ok(rules.permits(caller, act).await?)
}
