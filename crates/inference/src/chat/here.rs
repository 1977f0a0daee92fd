//! Answers of the engine of this server: any number of them as one request.

use std::sync::Arc;

use domain::{Caller, ModelId, Timestamp};
use governance::{AuditFact, ContentDigest};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Chat, ChatError, ChatStream, EVENTS_BUFFERED, Request};
use crate::{
    ChatEvent, Question, Reservation, Several, Terms, UsageOpened,
    admission::{NoPlace, Place},
    budget::Wanted,
    content,
    gateway::Work,
    ports::{Asked, EngineError, Generate, Generation, Prompt},
    rules,
    settlement::Settlement,
};

/// What the answers of one request share.
struct Started {
    choices: u8,
    stop: CancellationToken,
    places: Place,
    reservation: Reservation,
}

impl Chat {
    pub(super) async fn start_here(
        &self,
        request: &Request<'_>,
        mut several: Several,
    ) -> Result<Vec<ChatStream>, ChatError> {
        let places = self.enter(&several)?;
        let (prompts, content) = self.admit(request, &mut several).await?;
        let caller = request.caller;
        let reservation = self.budgets.reserve(caller, wanted(&several, &prompts)).await?;
        let opened = UsageOpened {
            request: request.id,
            organisation: caller.organisation,
            project: caller.project,
            account: caller.account,
            principal: caller.principal,
            model: several.model.clone(),
            prompt_tokens: count(&prompts),
            opened_at: request.at,
            digest: prompts.first().and_then(|prompt| prompt.digest),
            deployment: self.metering.deployment(),
        };
        let stop = CancellationToken::new();
        let started = Started { choices: several.choices, stop: stop.clone(), places, reservation };
        // The engine computes while the entry is written; nothing is shown before it is durable.
        let generations = self.generate(request, &several, prompts)?;
        let fact = AuditFact { model: opened.digest, ..request.fact("ok", Some(content)) };
        self.open(&fact, &opened).await?;
        let stream = |events| ChatStream {
            request: request.id,
            model: several.model.clone(),
            created_at: request.at,
            events,
            stop: stop.clone(),
        };
        let events = self.settle_at_end(opened, generations, started);
        Ok(events.into_iter().map(stream).collect())
    }

    pub(super) async fn try_count(
        &self,
        request: &Request<'_>,
        several: &Several,
    ) -> Result<u32, ChatError> {
        if self.stopping.is_cancelled() {
            return Err(ChatError::Stopping);
        }
        self.must_count_here(request, several).await?;
        let _places = self.enter(several)?;
        let (prompts, _) = self.admit(request, &mut several.clone()).await?;
        Ok(count(&prompts))
    }

    /// Engines elsewhere tell what they have counted when they answer, and not before.
    async fn must_count_here(
        &self,
        request: &Request<'_>,
        several: &Several,
    ) -> Result<(), ChatError> {
        let (caller, model) = (request.caller, &several.model);
        let Some(gateway) = self.gateway.as_ref().filter(|gateway| gateway.serves(model)) else {
            return Ok(());
        };
        if self.is_here(model) {
            return Ok(());
        }
        rules::must_permit(&self.rules, || gateway.models(), caller, model, Work::Answer).await?;
        let does = "runs elsewhere, and counts tokens there when it answers, not before";
        Err(EngineError::Unsuited { model: model.clone(), does }.into())
    }

    /// Refuses what has no places now, before long texts are made for it. They are taken later.
    pub(crate) async fn must_have_room(
        &self,
        caller: &Caller,
        model: &ModelId,
        answers: usize,
    ) -> Result<(), ChatError> {
        let Err(refusal) = self.admission.would_enter(answers) else { return Ok(()) };
        // Engines elsewhere are not asked such questions, which is said later.
        if !self.is_here(model) {
            return Ok(());
        }
        self.refuse(&self.request(caller), self.no_place(refusal, answers)).await
    }

    /// A place for each answer.
    fn enter(&self, several: &Several) -> Result<Place, ChatError> {
        let answers = several.answers();
        self.admission.enter_all(answers).map_err(|refusal| self.no_place(refusal, answers))
    }

    const fn no_place(&self, refusal: NoPlace, answers: usize) -> ChatError {
        let places = self.limits.requests_max;
        match refusal {
            NoPlace::Taken => ChatError::Crowded { places },
            NoPlace::TooMany => ChatError::TooManyAnswers { answers, places },
        }
    }

    /// The prompts for the engine, and what the audit entry commits to. The questions are gone
    /// then: they may be long.
    async fn admit(
        &self,
        request: &Request<'_>,
        several: &mut Several,
    ) -> Result<(Vec<Prompt>, ContentDigest), ChatError> {
        let (caller, model) = (request.caller, &several.model);
        rules::must_permit(&self.rules, || self.engine.models(), caller, model, Work::Answer)
            .await?;
        self.prepare(several, request.at).await
    }

    async fn prepare(
        &self,
        several: &mut Several,
        at: Timestamp,
    ) -> Result<(Vec<Prompt>, ContentDigest), ChatError> {
        let engine = Arc::clone(&self.engine);
        let questions = std::mem::take(&mut several.questions);
        let (model, terms) = (several.model.clone(), several.terms.clone());
        let work = move || {
            let prepare = |question: &Question| match question {
                Question::Conversation(messages) => {
                    let Terms { format, tools, .. } = &terms;
                    engine.prepare(&model, Asked { messages, format, tools }, at)
                }
                Question::Text(text) => engine.prepare_text(&model, text),
            };
            let prompts = questions.iter().map(prepare).collect::<Result<_, _>>()?;
            Ok::<_, EngineError>((prompts, content::digest_of_questions(&questions)))
        };
        let prepared = tokio::task::spawn_blocking(work).await;
        Ok(prepared.map_err(|_| ChatError::Preparation)??)
    }

    /// All answers, question by question. Those that run are dropped where one is refused, which
    /// cancels them.
    fn generate(
        &self,
        request: &Request<'_>,
        several: &Several,
        prompts: Vec<Prompt>,
    ) -> Result<Vec<Generation>, EngineError> {
        let answers = prompts
            .into_iter()
            .flat_map(|prompt| (0..several.choices).map(move |choice| (prompt.clone(), choice)));
        answers
            .map(|(prompt, choice)| {
                let terms = several.terms.of_choice(choice);
                self.engine.generate(generate(request, terms, prompt))
            })
            .collect()
    }

    fn settle_at_end(
        &self,
        opened: UsageOpened,
        generations: Vec<Generation>,
        started: Started,
    ) -> Vec<mpsc::Receiver<ChatEvent>> {
        let Started { choices, stop, places, reservation } = started;
        let callers = generations.iter().map(|_| mpsc::channel(EVENTS_BUFFERED));
        let (senders, receivers): (Vec<_>, Vec<_>) = callers.unzip();
        let row = self.row(opened, reservation, self.metering.clone());
        let settlement =
            Settlement { row, ids: Arc::clone(&self.ids), stall: self.limits.stall, stop, choices };
        self.tasks.spawn(async move {
            settlement.run(generations.into_iter().zip(senders).collect()).await;
            drop(places);
        });
        receivers
    }
}

/// All that the answers may use together. A prompt counts once, as it does in the usage row.
fn wanted<'a>(several: &'a Several, prompts: &[Prompt]) -> Wanted<'a> {
    let of = |prompt: &Prompt| {
        let (tokens, context) = (prompt.tokens.len(), prompt.context_tokens);
        let one = Wanted::chat(&several.model, tokens, context, several.terms.max_tokens);
        one.answers(several.choices)
    };
    prompts.iter().map(of).fold(Wanted::nothing(&several.model), Wanted::plus)
}

fn count(prompts: &[Prompt]) -> u32 {
    let tokens = prompts.iter().fold(0_usize, |sum, one| sum.saturating_add(one.tokens.len()));
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

fn generate(request: &Request<'_>, terms: Terms, prompt: Prompt) -> Generate {
    Generate {
        request: request.id,
        organisation: request.caller.organisation,
        project: request.caller.project,
        priority: terms.priority,
        max_tokens: terms.max_tokens.unwrap_or(prompt.context_tokens),
        prompt,
        sampling: terms.sampling,
        format: terms.format,
        tools: terms.tools,
        stop: terms.stop,
        top_logprobs: terms.top_logprobs,
    }
}
