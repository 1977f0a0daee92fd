//! Has written down who was reached and what was refused.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

/// Writes down what the broker did. Durable when it returns.
#[async_trait]
pub trait Recorder: Send + Sync + 'static {
    async fn record(&self, event: Event<'_>) -> Result<(), NotRecorded>;
}

/// What the broker did. A party is a destination as the settings name it, never as somebody asked
/// for it: an address that a model made up can hold what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event<'a> {
    /// Something was sent, or is about to be.
    Exchange { party: &'a str },
    /// Something was not sent, for the reason of this code.
    Refusal { party: Option<&'a str>, code: &'static str },
}

/// It could not be written down.
#[derive(Debug, thiserror::Error)]
#[error("it could not be written to the audit log")]
pub struct NotRecorded {
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// How often the same thing is written down again.
const EXCHANGES_EVERY: Duration = Duration::from_hours(24);
const REFUSALS_EVERY: Duration = Duration::from_hours(1);
/// After which a record that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Keeps what repeats from filling the log: a checkpoint goes to the witness every few seconds, and
/// an entry about that would need a checkpoint of its own.
#[derive(Clone)]
pub(crate) struct Journal {
    recorder: Arc<dyn Recorder>,
    /// When an event may be written down again. Asked by requests side by side, never across a wait.
    quiet_until: Arc<Mutex<HashMap<(String, &'static str), Instant>>>,
}

impl Journal {
    pub(crate) fn new(recorder: Arc<dyn Recorder>) -> Self {
        Self { recorder, quiet_until: Arc::default() }
    }

    /// Writes down that something is about to be sent. What cannot be written down is not sent.
    pub(crate) async fn before(&self, party: &str) -> Result<(), NotRecorded> {
        self.recorder.record(Event::Exchange { party }).await
    }

    /// Writes down that something public was sent, once a day. The witness must be reachable while
    /// the log is closed: it is what opens it again.
    pub(crate) async fn after(&self, party: &str) {
        self.seldom(party, "", EXCHANGES_EVERY, Event::Exchange { party }).await;
    }

    /// Writes down that a party that the settings name was not reached, once an hour.
    pub(crate) async fn refused(&self, party: &str, code: &'static str) {
        let event = Event::Refusal { party: Some(party), code };
        self.seldom(party, code, REFUSALS_EVERY, event).await;
    }

    /// Writes down that somebody asked for what the settings do not name, each time.
    pub(crate) async fn refused_unknown(&self, code: &'static str) {
        let event = Event::Refusal { party: None, code };
        if let Err(error) = self.recorder.record(event).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a refusal is not in the audit log");
        }
    }

    async fn seldom(&self, party: &str, code: &'static str, every: Duration, event: Event<'_>) {
        let key = (party.to_owned(), code);
        let now = Instant::now();
        if self.quiet(&key).is_some_and(|until| now < until) {
            return;
        }
        // Another request that comes meanwhile has nothing to add.
        self.keep_quiet(key.clone(), now + every);
        if let Err(error) = self.recorder.record(event).await {
            self.keep_quiet(key, now + AGAIN_AFTER);
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "not in the audit log yet");
        }
    }

    fn quiet(&self, key: &(String, &'static str)) -> Option<Instant> {
        self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn keep_quiet(&self, key: (String, &'static str), until: Instant) {
        let mut quiet = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        quiet.insert(key, until);
    }
}
