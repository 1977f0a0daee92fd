//! The port `Embedder`: a model of this server makes vectors of documents, and of what is looked for
//! in them.
//!
//! Each call is a request of its caller as one to `/v1/embeddings` is: with its entry, its usage row
//! and its limits. Models that run elsewhere are not asked: they do not cut what is too long.

mod prefixes;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{AccountId, Caller, ModelId, OrganisationId};
use governance::RulesError;
use inference::{
    ChatError, EmbedCommand, EmbedError, Embeddings,
    ports::{EngineError, Passage, WhenTooLong},
};
use knowledge::ports::{Embedder, EmbedderError};
use tokio::time::Instant;

pub(crate) use prefixes::Prefixes;

/// For whom vectors of documents were denied is not asked for again before: a limit may be raised,
/// and each refusal is an entry of the log.
const DENIED_FOR: Duration = Duration::from_mins(10);

/// Characters that a token has at least in the mean, where there is nobody to count: a little less
/// than in Arabic and Hindi, and less than in French.
const CHARACTERS_PER_TOKEN: usize = 3;

const PASSAGES: &str = "galerne_document_passages_total";

type Account = (OrganisationId, AccountId);

/// Makes vectors with one model, whenever that is there.
pub(crate) struct DocumentVectors {
    embeddings: Embeddings,
    model: ModelId,
    prefixes: Prefixes,
    /// Until when nobody asks for them. A lock and not a task: nothing waits while it is held.
    denied: Mutex<HashMap<Account, Instant>>,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
#[error("vectors of documents were denied to the account some minutes ago")]
struct DeniedBefore;

impl DocumentVectors {
    pub(crate) fn new(embeddings: Embeddings, model: ModelId, prefixes: Prefixes) -> Self {
        metrics::describe_counter!(PASSAGES, "passages of documents that vectors were made of");
        Self { embeddings, model, prefixes, denied: Mutex::default() }
    }

    async fn embed(
        &self,
        caller: &Caller,
        prefix: &str,
        texts: &[&str],
    ) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let text = |text: &&str| Passage::Text(format!("{prefix}{text}"));
        let command = EmbedCommand {
            model: self.model.clone(),
            passages: texts.iter().map(text).collect(),
            when_too_long: WhenTooLong::Cut,
            dimensions: None,
        };
        let embedded = self.embeddings.embed(caller, command).await;
        embedded.map(|embedded| embedded.vectors).map_err(told)
    }

    fn was_denied(&self, account: Account) -> bool {
        self.denied().get(&account).is_some_and(|until| *until > Instant::now())
    }

    fn deny(&self, account: Account) {
        let now = Instant::now();
        let mut denied = self.denied();
        denied.retain(|_, until| *until > now);
        denied.insert(account, now + DENIED_FOR);
    }

    fn denied(&self) -> MutexGuard<'_, HashMap<Account, Instant>> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Embedder for DocumentVectors {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn is_there(&self) -> bool {
        self.embeddings.dimensions(&self.model).is_some()
    }

    fn dimension(&self) -> u32 {
        self.embeddings.dimensions(&self.model).unwrap_or_default()
    }

    fn is_denied(&self, caller: &Caller) -> bool {
        self.was_denied((caller.organisation, caller.account))
    }

    async fn passages(
        &self,
        caller: &Caller,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, EmbedderError> {
        let account = (caller.organisation, caller.account);
        if self.was_denied(account) {
            return Err(EmbedderError::Denied { source: DeniedBefore.into() });
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let made = self.embed(caller, &self.prefixes.passage, &texts).await;
        match &made {
            Ok(vectors) => metrics::counter!(PASSAGES).increment(vectors.len() as u64),
            Err(EmbedderError::Denied { .. }) => self.deny(account),
            Err(EmbedderError::Refused { .. } | EmbedderError::Unavailable { .. }) => {}
        }
        made
    }

    async fn query(&self, caller: &Caller, text: &str) -> Result<Vec<f32>, EmbedderError> {
        let mut made = self.embed(caller, &self.prefixes.query, &[text]).await?;
        made.pop().ok_or_else(|| EmbedderError::Refused { reason: "no vector came".to_owned() })
    }

    fn count_tokens(&self, text: &str) -> u32 {
        let count = |text: &str| self.embeddings.count_tokens(&self.model, text);
        // What stands around an empty text stands around every one.
        if let (Some(all), Some(around)) = (count(text), count("")) {
            return all.saturating_sub(around);
        }
        let tokens = text.chars().count().div_ceil(CHARACTERS_PER_TOKEN);
        u32::try_from(tokens).unwrap_or(u32::MAX)
    }
}

/// What it means for documents that a request was not answered.
fn told(error: EmbedError) -> EmbedderError {
    if is_denied(&error) {
        EmbedderError::Denied { source: error.into() }
    } else if lies_in_texts(&error) {
        EmbedderError::Refused { reason: error.to_string() }
    } else {
        EmbedderError::Unavailable { source: error.into() }
    }
}

/// Whether another caller may be answered.
const fn is_denied(error: &EmbedError) -> bool {
    matches!(
        error,
        EmbedError::Refused(
            ChatError::Budget(_)
                | ChatError::Rules(RulesError::Forbidden { .. } | RulesError::NotPermitted)
        )
    )
}

const fn lies_in_texts(error: &EmbedError) -> bool {
    matches!(
        error,
        EmbedError::TooManyTokens { .. }
            | EmbedError::Refused(ChatError::Engine(
                EngineError::PassageTooLong { .. } | EngineError::TokenUnknown { .. }
            ))
    )
}

#[cfg(test)]
mod tests;
