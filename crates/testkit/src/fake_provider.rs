//! An identity provider that believes its test.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::Timestamp;
use governance::ports::{Identified, IdentityProvider, ProviderError, Question, Reply};

/// Takes the code `good` and says that it is whoever the test said. Clones share that.
#[derive(Clone, Debug)]
pub struct FakeProvider {
    // A lock and not a task: nothing waits while it is held.
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    is_away: bool,
    identified: Identified,
    /// The nonce and the verifier of the last browser that was sent here.
    asked: Option<(String, String)>,
}

impl FakeProvider {
    pub fn new(subject: &str, name: Option<&str>, groups: &[&str]) -> Self {
        let identified = identified(subject, name, groups);
        let state = State { is_away: false, identified, asked: None };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Who signs in from now on.
    pub fn is_now(&self, subject: &str, name: Option<&str>, groups: &[&str]) {
        self.state().identified = identified(subject, name, groups);
    }

    /// From now on nobody can ask it.
    pub fn go_away(&self) {
        self.state().is_away = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> Result<MutexGuard<'_, State>, ProviderError> {
        let state = self.state();
        if state.is_away {
            return Err(ProviderError::Unavailable { source: "the provider is away".into() });
        }
        Ok(state)
    }
}

fn identified(subject: &str, name: Option<&str>, groups: &[&str]) -> Identified {
    Identified {
        subject: subject.to_owned(),
        name: name.map(str::to_owned),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
    }
}

#[async_trait]
impl IdentityProvider for FakeProvider {
    fn name(&self) -> &'static str {
        "Example"
    }

    fn issuer(&self) -> &'static str {
        "https://id.example"
    }

    async fn address(&self, question: &Question<'_>) -> Result<String, ProviderError> {
        let mut state = self.asked()?;
        state.asked = Some((question.nonce.to_owned(), question.verifier.to_owned()));
        Ok(format!("https://id.example/authorize?state={}", question.state))
    }

    async fn identify(
        &self,
        reply: &Reply<'_>,
        _now: Timestamp,
    ) -> Result<Identified, ProviderError> {
        let state = self.asked()?;
        let fits = state.asked.as_ref().is_some_and(|(nonce, verifier)| {
            nonce.as_str() == reply.nonce && verifier.as_str() == reply.verifier
        });
        if fits && reply.code == "good" {
            Ok(state.identified.clone())
        } else {
            Err(ProviderError::Refused { reason: "it does not take the code".to_owned() })
        }
    }
}
