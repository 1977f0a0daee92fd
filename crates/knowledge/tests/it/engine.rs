//! A model that says what a test makes of what it is asked.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{ModelId, Timestamp, chat::Message};
use inference::{
    AnswerFormat, ModelCard, QuoteForm, ToolUse,
    ports::{
        Asked, Embed, Embedding, Engine, EngineError, Generate, Generation, Passage, Passages,
        Prompt, WhenTooLong,
    },
};
use testkit::FakeEngine;

type Script = Box<dyn Fn(&Seen) -> String + Send + Sync>;

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<Message>,
    pub(crate) format: AnswerFormat,
    pub(crate) tools: ToolUse,
}

impl Seen {
    /// The form of quotes that it was asked in.
    pub(crate) fn form(&self) -> &QuoteForm {
        match &self.format {
            AnswerFormat::Quotes(form) => form,
            other => panic!("{other:?}"),
        }
    }

    /// A line that quotes: passage and sentences count from 1.
    pub(crate) fn line(&self, passage: usize, first: usize, last: usize) -> String {
        let run = inference::QuoteRun { passage: passage - 1, first: first - 1, last: last - 1 };
        format!("[{passage}] {}", self.form().text(run).expect("there are such sentences"))
    }
}

/// Clones are the same engine.
#[derive(Clone)]
pub(crate) struct ScriptedEngine {
    inner: FakeEngine,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<VecDeque<Script>>,
    seen: Mutex<Vec<Seen>>,
    /// It has no model, and answers all the same: as one that runs elsewhere.
    is_elsewhere: AtomicBool,
    /// It cannot be kept to quotes.
    keeps_no_quotes: AtomicBool,
}

impl ScriptedEngine {
    pub(crate) fn new(context_tokens: u32) -> Self {
        let inner = FakeEngine::new().with_context_tokens(context_tokens);
        Self { inner, shared: Arc::default() }
    }

    /// What it says to the next question that has no script yet.
    pub(crate) fn then(&self, script: impl Fn(&Seen) -> String + Send + Sync + 'static) {
        lock(&self.shared.scripts).push_back(Box::new(script));
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    pub(crate) fn move_elsewhere(&self) {
        self.shared.is_elsewhere.store(true, Ordering::SeqCst);
    }

    pub(crate) fn keep_no_quotes(&self) {
        self.shared.keeps_no_quotes.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    fn models(&self) -> Vec<ModelCard> {
        let is_elsewhere = self.shared.is_elsewhere.load(Ordering::SeqCst);
        if is_elsewhere { Vec::new() } else { self.inner.models() }
    }

    fn prepare(
        &self,
        model: &ModelId,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Prompt, EngineError> {
        let is_quotes = matches!(asked.format, AnswerFormat::Quotes(_));
        if is_quotes && self.shared.keeps_no_quotes.load(Ordering::SeqCst) {
            let reason = "a test says so".to_owned();
            return Err(EngineError::FormatRejected { reason });
        }
        let prompt = self.inner.prepare(model, asked, now)?;
        let seen = Seen {
            messages: asked.messages.to_vec(),
            format: asked.format.clone(),
            tools: asked.tools.clone(),
        };
        let script = lock(&self.shared.scripts).pop_front().expect("a script");
        let last = &asked.messages[asked.messages.len() - 1].content;
        self.inner.answer(last, &[&script(&seen)]);
        lock(&self.shared.seen).push(seen);
        Ok(prompt)
    }

    fn generate(&self, request: Generate) -> Result<Generation, EngineError> {
        self.inner.generate(request)
    }

    fn prepare_passages(
        &self,
        model: &ModelId,
        passages: Vec<Passage>,
        when_too_long: WhenTooLong,
    ) -> Result<Passages, EngineError> {
        self.inner.prepare_passages(model, passages, when_too_long)
    }

    fn embed(&self, request: Embed) -> Result<Embedding, EngineError> {
        self.inner.embed(request)
    }

    async fn shut_down(&self, deadline: Duration) {
        self.inner.shut_down(deadline).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
