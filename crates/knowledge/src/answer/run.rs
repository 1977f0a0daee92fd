//! The steps of one answer, from passages to statements.

use std::{collections::BTreeMap, sync::Arc};

use domain::Caller;
use inference::{QuoteForm, QuotesRead, Usage};
use tokio::sync::mpsc;

use super::{
    AnswerCommand, AnswerError, AnswerMode, AnswerProgress, Answers, Check, Citation, Fallback,
    GapReason, QuestionLanguage, Rejected, Statement, StatementKind, TraceStep, TraceStepKind,
    answers::number,
    ask::{Means, Question, Said, ask, cannot_keep, is_too_long},
    check,
    ports::SourceVersion,
    prompts,
    quote::{Placed, placed},
    resolve,
    select::{Budget, Chosen, select},
    write,
};
use crate::VersionKey;

/// Tokens of an answer that quotes. Six long sentences; the lexer of the form can follow them.
const QUOTE_TOKENS_MAX: u32 = 640;

/// Tokens of the sentences that are written about quotes.
const WRITE_TOKENS_MAX: u32 = 640;

/// What instructions, a question and a template take of a context, in tokens.
const TOKENS_AROUND: u32 = 700;

/// The least that passages are given, whatever the context: the model refuses what is too long.
const TOKENS_MIN: u32 = 400;

/// Bytes of text that a token has in the mean, where there is nobody to count.
const BYTES_PER_TOKEN: usize = 3;

/// One answer on its way.
pub(super) struct Run<'a> {
    pub(super) answers: &'a Answers,
    pub(super) caller: &'a Caller,
    pub(super) command: &'a AnswerCommand,
    pub(super) progress: &'a mpsc::Sender<AnswerProgress>,
    pub(super) language: QuestionLanguage,
    pub(super) sources: BTreeMap<VersionKey, SourceVersion>,
}

/// What came of it, before it is looked whether it may still be given out.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) chosen: Vec<Chosen>,
    pub(super) steps: Vec<TraceStep>,
    pub(super) statements: Vec<Statement>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) refused: u32,
    /// Why there is no statement.
    pub(super) because: Option<GapReason>,
    pub(super) usage: Option<Usage>,
}

impl Draft {
    fn note(&mut self, kind: TraceStepKind, said: Said) {
        let Said { request, text, is_cut, usage } = said;
        self.steps.push(TraceStep { kind, request, text: Some(text), is_cut });
        self.usage = Some(match self.usage.take() {
            Some(earlier) => earlier.plus(&usage),
            None => usage,
        });
    }

    /// What takes the place of a sentence that does not hold, or that is missing.
    fn fall_back(&mut self, rejected: Rejected, fallback: Fallback) {
        match fallback {
            Fallback::Quote => {
                let quotes = rejected.citations.iter().cloned().map(quoted);
                self.statements.extend(quotes);
            }
            Fallback::Refuse => self.refused = self.refused.saturating_add(1),
        }
        if !rejected.text.is_empty() {
            self.rejected.push(rejected);
        }
    }
}

impl Run<'_> {
    pub(super) async fn play(&self) -> Result<Draft, AnswerError> {
        let mut draft = Draft { chosen: self.choose(), ..Draft::default() };
        self.tell(AnswerProgress::Selected { passages: number(draft.chosen.len()) });
        if draft.chosen.is_empty() {
            draft.because = Some(GapReason::NothingFound);
            return Ok(draft);
        }
        let (form, read) = self.quote(&mut draft).await?;
        let runs = match read {
            QuotesRead::NoAnswer => {
                draft.because = Some(GapReason::NotInPassages);
                return Ok(draft);
            }
            QuotesRead::Quotes(runs) => runs,
        };
        let quotes = placed(&runs, &form, &draft.chosen, &self.sources);
        match self.command.mode {
            AnswerMode::Extractive => {
                let cited = quotes.iter().filter_map(|quote| self.citation(quote));
                draft.statements = cited.map(quoted).collect();
            }
            AnswerMode::Written { fallback } => self.write(&quotes, fallback, &mut draft).await?,
        }
        if draft.statements.is_empty() {
            draft.because = Some(GapReason::NothingHeld);
        }
        Ok(draft)
    }

    fn choose(&self) -> Vec<Chosen> {
        let limits = &self.answers.limits;
        let card = self.answers.models.find(&self.command.model);
        let room = card.map_or(limits.tokens_max, |card| {
            card.context_tokens.saturating_sub(QUOTE_TOKENS_MAX + TOKENS_AROUND).max(TOKENS_MIN)
        });
        let tokens_max = limits.tokens_max.min(room);
        let budget = Budget { passages_max: limits.passages_max, tokens_max };
        let count = |text: &str| match &self.answers.embedder {
            Some(embedder) => embedder.count_tokens(text),
            None => number(text.len() / BYTES_PER_TOKEN),
        };
        select(&self.command.hits, &self.sources, budget, count)
    }

    /// What the model quotes. Where the passages are too long for it, it is shown the better half
    /// of them; where it cannot be kept to quotes, it is asked for numbers.
    async fn quote(&self, draft: &mut Draft) -> Result<(Arc<QuoteForm>, QuotesRead), AnswerError> {
        let mut means = Means::of(&self.answers.chat, &self.command.model);
        loop {
            let texts: Vec<_> = draft.chosen.iter().map(|chosen| chosen.texts.clone()).collect();
            let form = Arc::new(QuoteForm::new(&texts, self.answers.limits.quotes_max)?);
            let asked = &self.command.question;
            let question = Question {
                model: &self.command.model,
                messages: prompts::quoting(self.language, means, &form, &draft.chosen, asked),
                format: means.format(&form),
                max_tokens: QUOTE_TOKENS_MAX,
            };
            match self.ask(question, |lines| AnswerProgress::Quoting { lines }).await {
                Err(AnswerError::Chat(error)) if is_too_long(&error) && draft.chosen.len() > 1 => {
                    draft.chosen.truncate(draft.chosen.len() / 2);
                }
                Err(AnswerError::Chat(error)) if means == Means::Here && cannot_keep(&error) => {
                    means = Means::Elsewhere;
                }
                said => {
                    let said = said?;
                    let read = means.read(&form, &said.text);
                    let kind = match means {
                        Means::Here => TraceStepKind::Quote,
                        Means::Elsewhere => TraceStepKind::Pick,
                    };
                    draft.note(kind, said);
                    return Ok((form, read));
                }
            }
        }
    }

    /// Sentences of the model about the quotes of each passage, and quotes where one does not hold.
    async fn write(
        &self,
        quotes: &[Placed],
        fallback: Fallback,
        draft: &mut Draft,
    ) -> Result<(), AnswerError> {
        let cited: Vec<Vec<Citation>> = write::sets(quotes)
            .into_iter()
            .map(|set| {
                let quotes = set.into_iter().filter_map(|at| quotes.get(at));
                quotes.filter_map(|quote| self.citation(quote)).collect()
            })
            .collect();
        let sentences = self.sentences(&cited, draft).await?;
        self.tell(AnswerProgress::Checking { sentences: number(sentences.len()) });
        let similarities = self.similarities(&sentences, &cited).await;
        for ((citations, sentence), similarity) in
            cited.into_iter().zip(sentences).zip(similarities)
        {
            match self.judged(sentence, citations, similarity) {
                Ok(statement) => draft.statements.push(statement),
                Err(rejected) => draft.fall_back(rejected, fallback),
            }
        }
        Ok(())
    }

    /// One for each set of quotes; none for those beyond what is asked for at once.
    async fn sentences(
        &self,
        cited: &[Vec<Citation>],
        draft: &mut Draft,
    ) -> Result<Vec<Option<String>>, AnswerError> {
        let sets: Vec<Vec<String>> = cited
            .iter()
            .take(write::SETS_MAX)
            .map(|citations| {
                citations.iter().map(|citation| on_one_line(&citation.quote)).collect()
            })
            .collect();
        let mut sentences = Vec::new();
        if !sets.is_empty() {
            let means = Means::of(&self.answers.chat, &self.command.model);
            let asked = &self.command.question;
            let question = Question {
                model: &self.command.model,
                messages: prompts::writing(self.language, means, &sets, asked),
                format: write::form(means, sets.len()),
                max_tokens: WRITE_TOKENS_MAX,
            };
            let said = self.ask(question, |lines| AnswerProgress::Writing { lines }).await?;
            sentences = write::read(means, sets.len(), &said.text);
            draft.note(TraceStepKind::Write, said);
        }
        sentences.resize(cited.len(), None);
        Ok(sentences)
    }

    /// One for each set of quotes; `None` for those without a sentence too.
    async fn similarities(
        &self,
        sentences: &[Option<String>],
        cited: &[Vec<Citation>],
    ) -> Vec<Option<f32>> {
        let both = |(sentence, citations): (&Option<String>, &Vec<Citation>)| {
            let quotes: Vec<_> = citations.iter().map(|citation| &*citation.quote).collect();
            Some((sentence.clone()?, quotes.join(" ")))
        };
        let pairs: Vec<_> = sentences.iter().zip(cited).filter_map(both).collect();
        let embedder = self.answers.embedder.as_deref();
        let found = check::similarities(embedder, self.caller, &pairs).await;
        let mut found = found.into_iter();
        let of = |sentence: &Option<String>| sentence.as_ref().and_then(|_| found.next()).flatten();
        sentences.iter().map(of).collect()
    }

    /// The sentence as a statement, if it holds.
    fn judged(
        &self,
        sentence: Option<String>,
        citations: Vec<Citation>,
        similarity: Option<f32>,
    ) -> Result<Statement, Rejected> {
        let Some(text) = sentence else {
            return Err(Rejected { text: String::new(), checks: Vec::new(), citations });
        };
        let wanted = self.answers.limits.similarity.of(self.language);
        let quotes: Vec<&str> = citations.iter().map(|citation| &*citation.quote).collect();
        let checks =
            vec![check::claims(&text, &quotes), Check::Similarity { found: similarity, wanted }];
        if checks.iter().all(Check::holds) && !citations.is_empty() {
            Ok(Statement { text, kind: StatementKind::Written, citations, checks })
        } else {
            Err(Rejected { text, checks, citations })
        }
    }

    fn citation(&self, quote: &Placed) -> Option<Citation> {
        resolve::citation(self.sources.get(&quote.version)?, quote.span)
    }

    async fn ask(
        &self,
        question: Question<'_>,
        progress: fn(u32) -> AnswerProgress,
    ) -> Result<Said, AnswerError> {
        let mut told = 0;
        let mut on_text = |text: &str| {
            let lines = number(text.lines().count());
            if lines > told {
                told = lines;
                self.tell(progress(lines));
            }
        };
        ask(&self.answers.chat, self.caller, question, &mut on_text).await
    }

    /// Whoever listens too slowly, or not at all, is told the next thing instead.
    fn tell(&self, progress: AnswerProgress) {
        self.progress.try_send(progress).ok();
    }
}

/// A quote as a statement of its own.
fn quoted(citation: Citation) -> Statement {
    Statement {
        text: on_one_line(&citation.quote),
        kind: StatementKind::Quoted,
        citations: vec![citation],
        checks: vec![Check::Verbatim],
    }
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
