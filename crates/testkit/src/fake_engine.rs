//! An engine without a model: words are its tokens, and it says what it was told to say.

mod embedding;
mod run;
mod vocabulary;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ModelId, Timestamp,
    chat::{Message, Role},
};
use inference::{
    AnswerFormat, BareText, FunctionCall, ModelCard, ModelPurpose, Tool, ToolChoice, ToolUse,
    Weights,
    ports::{
        Asked, Embed, Embedding, Engine, EngineError, Generate, Generation, Passage, Passages,
        Prompt, WhenTooLong,
    },
};
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use run::Run;
use vocabulary::Vocabulary;

/// Tokens that wait for a consumer; a generation that is ahead by more than that pauses.
const EVENTS_BUFFERED: usize = 8;

/// The model that every fake engine has.
const MODEL: &str = "fake-model";

/// The model of every fake engine that makes vectors.
const EMBEDDER: &str = "fake-embedder";

/// What the engine does with the next generations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with the script for the last message, or with its words.
    #[default]
    Answer,
    /// Refuses: every place is taken.
    Busy { retry_after_seconds: u32 },
    /// Refuses: broken.
    Fail,
    /// Breaks off after so many tokens.
    FailAfter { tokens: usize },
}

/// How many generations came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub started: usize,
    pub finished: usize,
    pub cancelled: usize,
    pub failed: usize,
}

/// Echoes the last message word by word, unless it was given a script. Clones are the same engine.
///
/// A token is a word between white space; the first word of an answer has no space before it, the
/// others have one. A conversation that starts with an answer is refused, as templates do.
#[derive(Clone)]
pub struct FakeEngine {
    context_tokens: u32,
    /// `None`: tokens come as fast as they are taken.
    steps: Option<Arc<Semaphore>>,
    shared: Arc<Shared>,
}

struct Shared {
    // Locks and not tasks: nothing waits while they are held.
    vocabulary: Mutex<Vocabulary>,
    behaviour: Mutex<Behaviour>,
    scripts: Mutex<Vec<(String, Script)>>,
    requests: Mutex<Vec<Generate>>,
    embed_requests: Mutex<Vec<Embed>>,
    counts: watch::Sender<Counts>,
    stopping: AtomicBool,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What is answered to a message: text, then calls.
#[derive(Clone, Debug, Default)]
struct Script {
    pieces: Vec<String>,
    calls: Vec<FunctionCall>,
}

/// Lets a stepped engine say its next tokens.
#[derive(Clone)]
pub struct Stepper {
    steps: Arc<Semaphore>,
}

impl Stepper {
    /// Lets the running generations together say so many more tokens.
    pub fn step(&self, tokens: usize) {
        self.steps.add_permits(tokens);
    }

    /// From now on tokens come as fast as they are taken.
    pub fn release(&self) {
        self.steps.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeEngine {
    /// With room for 256 tokens.
    pub fn new() -> Self {
        Self {
            context_tokens: 256,
            steps: None,
            shared: Arc::new(Shared {
                vocabulary: Mutex::default(),
                behaviour: Mutex::default(),
                scripts: Mutex::default(),
                requests: Mutex::default(),
                embed_requests: Mutex::default(),
                counts: watch::Sender::default(),
                stopping: AtomicBool::new(false),
                stop: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// With room for so many tokens, prompt and answer together.
    #[must_use]
    pub fn with_context_tokens(mut self, context_tokens: u32) -> Self {
        self.context_tokens = context_tokens;
        self
    }

    /// An engine that says nothing until it is told to.
    #[must_use]
    pub fn stepped(mut self) -> (Self, Stepper) {
        let steps = Arc::new(Semaphore::new(0));
        self.steps = Some(Arc::clone(&steps));
        (self, Stepper { steps })
    }

    pub fn model() -> ModelId {
        MODEL.parse().expect("a model id")
    }

    /// Makes vectors of [`DIMENSIONS`](Self::DIMENSIONS) numbers; a token is a word here too.
    pub fn embedder() -> ModelId {
        EMBEDDER.parse().expect("a model id")
    }

    /// Numbers in a vector.
    pub const DIMENSIONS: u32 = 4;

    /// Answers `pieces`, one a token, whenever the last message is `message`. The white space of
    /// the message counts as one space; a piece may be empty.
    pub fn answer(&self, message: &str, pieces: &[&str]) {
        self.answer_with_calls(message, pieces, &[]);
    }

    /// As [`Self::answer`], and then asks for these calls: names and arguments. A script for a
    /// request without tools keeps its calls to itself.
    pub fn answer_with_calls(&self, message: &str, pieces: &[&str], calls: &[(&str, Value)]) {
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let pieces = pieces.iter().map(|&piece| piece.to_owned()).collect();
        let calls = calls.iter().map(|(name, arguments)| call(name, arguments)).collect();
        lock(&self.shared.scripts).push((message, Script { pieces, calls }));
    }

    /// How the next generations go; running ones go on as they began.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }

    /// Everything that was asked, in order.
    pub fn requests(&self) -> Vec<Generate> {
        lock(&self.shared.requests).clone()
    }

    /// All passages that were to become vectors, in order.
    pub fn embed_requests(&self) -> Vec<Embed> {
        lock(&self.shared.embed_requests).clone()
    }

    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Waits until the counts are as wanted. The caller guards against a hang.
    pub async fn reached(&self, wanted: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.shared.counts.subscribe();
        *counts.wait_for(wanted).await.expect("the engine holds the sender")
    }

    fn card(&self) -> ModelCard {
        ModelCard {
            id: Self::model(),
            created_at: Timestamp::from_micros(1_767_225_600_000_000),
            context_tokens: self.context_tokens,
            purpose: ModelPurpose::Chat,
            weights: Some(Weights {
                digest: "0".repeat(64),
                architecture: "echo".to_owned(),
                quantization: "none".to_owned(),
                parameters: 0,
            }),
            base: None,
        }
    }

    /// How the next piece of work goes, if it is taken on.
    fn tokens_before_failure(&self) -> Result<Option<usize>, EngineError> {
        if self.shared.stopping.load(Ordering::SeqCst) {
            return Err(EngineError::Stopping);
        }
        let behaviour = *lock(&self.shared.behaviour);
        match behaviour {
            Behaviour::Answer => Ok(None),
            Behaviour::FailAfter { tokens } => Ok(Some(tokens)),
            Behaviour::Busy { retry_after_seconds } => {
                Err(EngineError::Busy { retry_after_seconds })
            }
            Behaviour::Fail => Err(EngineError::Failed { detail: "told to fail".to_owned() }),
        }
    }

    fn prompt(&self, model: &ModelId, tokens: Vec<u32>) -> Result<Prompt, EngineError> {
        let prompt_tokens = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        let context_tokens = self.context_tokens;
        // At least one token of an answer must fit.
        if prompt_tokens >= context_tokens {
            let model = model.clone();
            return Err(EngineError::ContextTooLong { model, prompt_tokens, context_tokens });
        }
        let digest = self.card().digest();
        Ok(Prompt { model: model.clone(), digest, tokens, context_tokens })
    }

    fn answer_to(&self, prompt: &Prompt, tools: &ToolUse) -> Script {
        let words = lock(&self.shared.vocabulary).last_message(&prompt.tokens);
        let message = words.join(" ");
        let scripts = lock(&self.shared.scripts);
        // The newest script wins.
        if let Some((_, script)) = scripts.iter().rev().find(|(asked, _)| *asked == message) {
            let mut script = script.clone();
            script.calls.truncate(if tools.tools.is_empty() { 0 } else { usize::MAX });
            return script;
        }
        if let Some(call) = forced(tools) {
            return Script { pieces: Vec::new(), calls: vec![call] };
        }
        let spaced = |(at, word): (usize, String)| if at == 0 { word } else { format!(" {word}") };
        let pieces = words.into_iter().enumerate().map(spaced).collect();
        Script { pieces, calls: Vec::new() }
    }
}

fn call(name: &str, arguments: &Value) -> FunctionCall {
    FunctionCall { name: name.to_owned(), arguments: arguments.to_string() }
}

/// The first tool that may be called, with the first of the values that each argument may have.
fn forced(tools: &ToolUse) -> Option<FunctionCall> {
    let tool = match &tools.choice {
        ToolChoice::Auto => None,
        ToolChoice::Any => tools.tools.first(),
        ToolChoice::Named(name) => tools.tools.iter().find(|tool| tool.name == *name),
    }?;
    let schema: Value = serde_json::from_str(&tool.parameters).ok()?;
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let first = |(name, schema): (String, Value)| (name, schema["enum"][0].clone());
    let arguments: Map<String, Value> = properties.into_iter().map(first).collect();
    Some(call(&tool.name, &json!(arguments)))
}

/// The form itself is not kept: it says what it was told to say.
fn check_format(format: &AnswerFormat) -> Result<(), EngineError> {
    let AnswerFormat::Json(schema) = format else { return Ok(()) };
    check_schema(schema).map_err(|reason| EngineError::FormatRejected { reason })
}

fn check_tool(tool: &Tool) -> Result<(), EngineError> {
    check_schema(&tool.parameters).map_err(|reason| {
        let reason = format!("the parameters of `{}`: {reason}", tool.name);
        EngineError::ToolsRejected { reason }
    })
}

/// Looks at the types of a schema and of its properties.
fn check_schema(schema: &str) -> Result<(), String> {
    let object: Map<String, Value> =
        serde_json::from_str(schema).map_err(|error| error.to_string())?;
    let properties = object.get("properties").and_then(Value::as_object);
    let kinds = properties.into_iter().flat_map(Map::values).map(|schema| schema.get("type"));
    for kind in kinds.chain([object.get("type")]) {
        match kind.and_then(Value::as_str) {
            None | Some("object" | "array" | "string" | "number" | "integer" | "boolean") => {}
            Some(other) => return Err(format!("there is no type `{other}`")),
        }
    }
    Ok(())
}

#[async_trait]
impl Engine for FakeEngine {
    fn models(&self) -> Vec<ModelCard> {
        let dimensions = Self::DIMENSIONS;
        let purpose = ModelPurpose::Embeddings { dimensions };
        vec![self.card(), ModelCard { id: Self::embedder(), purpose, ..self.card() }]
    }

    fn prepare(
        &self,
        model: &ModelId,
        Asked { messages, format, tools }: Asked<'_>,
        _now: Timestamp,
    ) -> Result<Prompt, EngineError> {
        must_be(model, &Self::model())?;
        if messages.first().is_none_or(|message| message.role == Role::Assistant) {
            let reason = "a conversation starts with a question".to_owned();
            return Err(EngineError::MessagesRejected { reason });
        }
        check_format(format)?;
        tools.tools.iter().try_for_each(check_tool)?;
        let tokens = lock(&self.shared.vocabulary).tokens(messages);
        self.prompt(model, tokens)
    }

    /// A hole is filled with the words around it.
    fn prepare_text(&self, model: &ModelId, text: &BareText) -> Result<Prompt, EngineError> {
        must_be(model, &Self::model())?;
        let mut vocabulary = lock(&self.shared.vocabulary);
        let text = match text {
            BareText::Open(Passage::Text(text)) => text.clone(),
            BareText::Open(Passage::Tokens(tokens)) => {
                vocabulary.check(model, tokens)?;
                return self.prompt(model, tokens.clone());
            }
            BareText::Hole { before, after } => format!("{before} {after}"),
        };
        let tokens = vocabulary.tokens(&[Message::new(Role::User, text)]);
        self.prompt(model, tokens)
    }

    fn generate(&self, request: Generate) -> Result<Generation, EngineError> {
        let tokens_before_failure = self.tokens_before_failure()?;
        let (events, receiver) = mpsc::channel(EVENTS_BUFFERED);
        let (settled, consumed) = oneshot::channel();
        let run = Run {
            script: self.answer_to(&request.prompt, &request.tools),
            tokens_before_failure,
            steps: self.steps.clone(),
            stop: self.shared.stop.clone(),
            events,
            request: request.clone(),
        };
        lock(&self.shared.requests).push(request);
        self.shared.counts.send_modify(|counts| counts.started += 1);
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let (end, used) = run.play().await;
            // Whoever asked may be gone.
            settled.send(used).ok();
            shared.counts.send_modify(|counts| *end.counter(counts) += 1);
        });
        Ok(Generation { events: receiver, settled: consumed })
    }

    fn prepare_passages(
        &self,
        model: &ModelId,
        passages: Vec<Passage>,
        when_too_long: WhenTooLong,
    ) -> Result<Passages, EngineError> {
        must_be(model, &Self::embedder())?;
        embedding::prepare(model, passages, when_too_long, self.context_tokens)
    }

    fn embed(&self, request: Embed) -> Result<Embedding, EngineError> {
        must_be(&request.passages.model, &Self::embedder())?;
        let fails = self.tokens_before_failure()?.is_some();
        lock(&self.shared.embed_requests).push(request.clone());
        self.shared.counts.send_modify(|counts| counts.started += 1);
        let (vectors, vectors_receiver) = oneshot::channel();
        let (settled, settled_receiver) = oneshot::channel();
        let run = embedding::Run {
            request,
            fails,
            steps: self.steps.clone(),
            stop: self.shared.stop.clone(),
            vectors,
        };
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            let (end, used) = run.play().await;
            // Whoever asked may be gone.
            settled.send(used).ok();
            shared.counts.send_modify(|counts| *end.counter(counts) += 1);
        });
        Ok(Embedding { vectors: vectors_receiver, settled: settled_receiver })
    }

    async fn shut_down(&self, deadline: Duration) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.tasks.close();
        if tokio::time::timeout(deadline, self.shared.tasks.wait()).await.is_err() {
            self.shared.stop.cancel();
            self.shared.tasks.wait().await;
        }
    }
}

fn must_be(asked: &ModelId, wanted: &ModelId) -> Result<(), EngineError> {
    if asked == wanted {
        return Ok(());
    }
    let model = asked.clone();
    Err(if [FakeEngine::model(), FakeEngine::embedder()].contains(asked) {
        EngineError::Unsuited { model, does: "does something else" }
    } else {
        EngineError::UnknownModel { model }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
