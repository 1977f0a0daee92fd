//! One question from the passages that were found to the answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use domain::{Caller, Clock, IdSource, ModelId, Timestamp, TraceId};
use governance::{Action, AuditError, AuditFact, Subject, Trail};
use inference::{Chat, ChatError, Models};
use tokio::{
    sync::{Semaphore, SemaphorePermit, mpsc},
    time::timeout,
};

use super::{
    Answer, AnswerError, Gap, GapReason, Outcome, QuestionLanguage, Searched, SimilarityBounds,
    Statement, Trace, TracedPassage,
    ports::{SourceVersion, Sources, TraceStore},
    run::{Draft, Run},
    statement::numbers,
};
use crate::{IndexHit, VersionKey, ports::Embedder};

/// Characters of a question.
pub(super) const QUESTION_CHARACTERS_MAX: usize = 4_000;

/// Hits that are looked at; a search that gave more gave what nobody is shown.
const HITS_MAX: usize = 60;

/// Versions that are opened for one question.
const VERSIONS_MAX: usize = 32;

/// Bytes of their texts; the places of the words take several times as much. Whoever has them opens
/// no more versions.
const TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Questions that have versions open at a time, until the model has answered.
const QUESTIONS_MAX: usize = 8;

/// How long a question waits for others.
const PATIENCE: Duration = Duration::from_mins(2);

/// What is to be answered.
#[derive(Clone, Debug)]
pub struct AnswerCommand {
    pub question: String,
    pub model: ModelId,
    pub mode: AnswerMode,
    pub searched: Searched,
    /// What the search of these libraries gave, best first.
    pub hits: Vec<IndexHit>,
}

/// Whose words an answer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AnswerMode {
    /// Those of the documents alone. What small models are good for.
    #[default]
    Extractive,
    /// Sentences of the model, each bound to quotes that it is held against.
    Written { fallback: Fallback },
}

/// What takes the place of a sentence that does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// Its quotes.
    #[default]
    Quote,
    /// Nothing; the outcome says how many there were.
    Refuse,
}

/// Bounds on one answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerLimits {
    /// Passages that the model is shown.
    pub passages_max: usize,
    /// Tokens of all of them together, where the model holds as many.
    pub tokens_max: u32,
    /// From 1 to [`inference::QuoteForm::QUOTES_MAX`].
    pub quotes_max: usize,
    pub similarity: SimilarityBounds,
}

impl Default for AnswerLimits {
    /// 12 passages of 350 tokens.
    fn default() -> Self {
        Self {
            passages_max: 12,
            tokens_max: 4_200,
            quotes_max: 6,
            similarity: SimilarityBounds::default(),
        }
    }
}

/// How far an answer is. Says nothing of what stands in documents: that is given out when it is
/// certain, and may be read, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerProgress {
    /// Passages were chosen.
    Selected { passages: u32 },
    /// The model has begun so many lines of quotes.
    Quoting { lines: u32 },
    /// The model has begun so many lines of sentences.
    Writing { lines: u32 },
    /// Sentences are held against their quotes.
    Checking { sentences: u32 },
}

/// What [`Answers`] is made of.
pub struct AnswersParts {
    pub chat: Chat,
    pub models: Models,
    pub sources: Arc<dyn Sources>,
    pub traces: Arc<dyn TraceStore>,
    /// Without one no sentence can be held against its quotes, and quotes take their places.
    pub embedder: Option<Arc<dyn Embedder>>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub limits: AnswerLimits,
}

/// Answers questions from documents. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    pub(super) chat: Chat,
    pub(super) models: Models,
    sources: Arc<dyn Sources>,
    traces: Arc<dyn TraceStore>,
    pub(super) embedder: Option<Arc<dyn Embedder>>,
    trail: Trail,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    pub(super) limits: AnswerLimits,
    places: Arc<Semaphore>,
}

impl Answers {
    pub fn new(parts: AnswersParts) -> Self {
        let AnswersParts { chat, models, sources, traces, embedder, trail, clock, ids, limits } =
            parts;
        let places = Arc::new(Semaphore::new(QUESTIONS_MAX));
        Self { chat, models, sources, traces, embedder, trail, clock, ids, limits, places }
    }

    /// Answers a question from the passages that were found for it. The questions to the model are
    /// requests of the caller. The trace and the audit entry are durable when this returns; a
    /// refusal has its entry too. Progress that finds no room in the channel is not told.
    pub async fn answer(
        &self,
        caller: &Caller,
        command: AnswerCommand,
        progress: &mpsc::Sender<AnswerProgress>,
    ) -> Result<Answer, AnswerError> {
        match self.try_answer(caller, &command, progress).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.refused(caller, error).await?),
        }
    }

    /// The refusal, once its entry is durable.
    pub(super) async fn refused(
        &self,
        caller: &Caller,
        error: AnswerError,
    ) -> Result<AnswerError, AuditError> {
        let fact = AuditFact::ok(Action::AnswerCreate, *caller, Subject::Nothing);
        self.trail.record(&AuditFact { outcome: error.code(), ..fact }).await?;
        Ok(error)
    }

    async fn try_answer(
        &self,
        caller: &Caller,
        command: &AnswerCommand,
        progress: &mpsc::Sender<AnswerProgress>,
    ) -> Result<Answer, AnswerError> {
        let asked_at = self.clock.now();
        if !is_question(&command.question) {
            return Err(AnswerError::Question);
        }
        let _place = self.place().await?;
        let run = Run {
            answers: self,
            caller,
            command,
            progress,
            language: QuestionLanguage::of(&command.question),
            sources: self.open(caller, &command.hits).await?,
        };
        let draft = run.play().await?;
        self.give(&run, draft, asked_at).await
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, ChatError> {
        let place = timeout(PATIENCE, self.places.acquire()).await;
        // The semaphore is never closed.
        place.ok().and_then(Result::ok).ok_or(ChatError::Crowded { places: QUESTIONS_MAX })
    }

    /// The versions of the best hits, those that the caller may read.
    async fn open(
        &self,
        caller: &Caller,
        hits: &[IndexHit],
    ) -> Result<BTreeMap<VersionKey, SourceVersion>, AnswerError> {
        let (mut asked, mut sources, mut bytes) = (BTreeSet::new(), BTreeMap::new(), 0);
        for hit in hits.iter().take(HITS_MAX) {
            if asked.len() < VERSIONS_MAX
                && bytes < TEXT_BYTES_MAX
                && asked.insert(hit.version)
                && let Some(source) = self.sources.source(caller, hit.version).await?
            {
                bytes += source.reading.text.len();
                sources.insert(hit.version, source);
            }
        }
        Ok(sources)
    }

    /// Leaves out what may not be read any more, writes down how it came to be, and gives the rest.
    async fn give(
        &self,
        run: &Run<'_>,
        draft: Draft,
        asked_at: Timestamp,
    ) -> Result<Answer, AnswerError> {
        let readable = self.readable(run.caller, &draft.statements).await?;
        let may_read = |statement: &&Statement| {
            statement.citations.iter().all(|citation| readable.contains(&citation.version.key))
        };
        let numbered = draft.statements.iter().zip(numbers(&draft.statements));
        let given = numbered.filter(|(statement, _)| may_read(statement));
        let (statements, numbers): (Vec<Statement>, Vec<u32>) =
            given.map(|(statement, number)| (statement.clone(), number)).unzip();
        let outcome = outcome(run, &draft, statements.len());
        let request = draft.steps.first().map(|step| step.request);
        let usage = draft.usage.clone();
        let id = TraceId::from_uuid(self.ids.next(asked_at));
        let trace = trace(id, run, draft, asked_at, outcome.clone());
        let subject = request.map_or(Subject::Nothing, Subject::Request);
        let fact = AuditFact::ok(Action::AnswerCreate, *run.caller, subject);
        let audit = self.trail.entry(&fact).await?;
        self.traces.keep(&trace, &audit).await?;
        Ok(Answer { trace: id, model: trace.model, statements, numbers, outcome, usage })
    }

    /// Asked after everything else, since answers take seconds and shares end meanwhile.
    async fn readable(
        &self,
        caller: &Caller,
        statements: &[Statement],
    ) -> Result<BTreeSet<VersionKey>, AnswerError> {
        let cited = statements.iter().flat_map(|statement| &statement.citations);
        let versions: BTreeSet<_> = cited.map(|citation| citation.version.key).collect();
        if versions.is_empty() {
            return Ok(versions);
        }
        let versions: Vec<_> = versions.into_iter().collect();
        Ok(self.sources.readable(caller, &versions).await?.into_iter().collect())
    }
}

pub(super) fn is_question(text: &str) -> bool {
    let characters = text.chars().take(QUESTION_CHARACTERS_MAX + 1).count();
    !text.trim().is_empty() && characters <= QUESTION_CHARACTERS_MAX
}

/// `given`: statements that are left.
fn outcome(run: &Run<'_>, draft: &Draft, given: usize) -> Outcome {
    let because = match draft.because {
        None if given > 0 => {
            let withdrawn = number(draft.statements.len() - given);
            return Outcome::Answered { withdrawn, refused: draft.refused };
        }
        None => GapReason::Withdrawn,
        Some(because) => because,
    };
    let searched = run.command.searched.clone();
    let (hits, passages) = (number(run.command.hits.len()), number(draft.chosen.len()));
    Outcome::NoAnswer { gap: Gap { because, searched, hits, passages } }
}

fn trace(id: TraceId, run: &Run<'_>, draft: Draft, asked_at: Timestamp, outcome: Outcome) -> Trace {
    let Run { caller, command, language, .. } = run;
    let passages = draft.chosen.iter().map(|chosen| TracedPassage {
        version: chosen.version,
        passage: chosen.passage,
        score: chosen.score,
        sentences: number(chosen.sentences.len()),
    });
    Trace {
        id,
        organisation: caller.organisation,
        account: caller.account,
        asked_at,
        question: command.question.clone(),
        language: *language,
        model: command.model.clone(),
        mode: command.mode,
        searched: command.searched.clone(),
        hits: command.hits.iter().take(HITS_MAX).copied().collect(),
        passages: passages.collect(),
        steps: draft.steps,
        statements: draft.statements,
        rejected: draft.rejected,
        outcome,
        is_withheld: false,
    }
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
