//! A chat request that an engine elsewhere answers: its entry and its row are durable before a byte
//! leaves this machine.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use domain::{ModelId, chat::Message};
use governance::ContentDigest;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Chat, ChatError, ChatStream, EVENTS_BUFFERED, Request};
use crate::{
    AnswerFormat, ChatEvent, Gateway, GatewayError, Question, Reservation, Several, Terms,
    UsageOpened,
    budget::Wanted,
    content,
    gateway::{self, Answering, Route, Step, Work},
    ports::{Asking, EngineError, Generation, UpstreamError},
    rules,
    settlement::{Settlement, UsageRow},
};

/// Texts of more bytes are hashed off the async threads.
const HASHED_AT_ONCE_MAX: usize = 64 * 1024;

/// Bytes of a message that tell how a conversation begins.
const BEGINNING_BYTES_MAX: usize = 16 * 1024;

impl Chat {
    /// The way to an upstream; `None` if the engine of this server answers. That answers whatever
    /// engines elsewhere are not asked, where it can.
    pub(super) fn route(
        &self,
        gateway: &Gateway,
        request: &Request<'_>,
        several: &Several,
    ) -> Result<Option<Route>, ChatError> {
        let model = &several.model;
        if !gateway.serves(model) {
            return Ok(None);
        }
        let is_here = self.is_here(model);
        if !is_here && !gateway.does(model, Work::Answer) {
            let (model, does) = (model.clone(), "makes vectors and answers no conversations");
            return Err(EngineError::Unsuited { model, does }.into());
        }
        // Nobody else can keep to quotes.
        if is_here && matches!(several.terms.format, AnswerFormat::Quotes(_)) {
            return Ok(None);
        }
        let Some(messages) = several.one_conversation() else {
            // Refused at once, however those are that have it: it would never be sent.
            return if is_here { Ok(None) } else { Err(not_one_conversation(several)) };
        };
        let question = gateway::Question {
            request: request.id,
            model,
            project: request.caller.project,
            prefix: Some(beginning(request, model, messages)),
            work: Work::Answer,
        };
        let here = is_here.then(|| self.admission.here());
        let route = gateway.route(&question, here)?;
        if route.steps.first() == Some(&Step::Here) {
            gateway.answered_here(route.prefix);
            return Ok(None);
        }
        Ok(Some(route))
    }

    pub(super) async fn start_elsewhere(
        &self,
        gateway: &Gateway,
        route: &Route,
        request: &Request<'_>,
        several: Several,
        left: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let (caller, model) = (request.caller, several.model.clone());
        let cards = || gateway.models();
        rules::must_permit(&self.rules, cards, caller, &model, Work::Answer).await?;
        let (asking, content) = asking(request, several).await?;
        let exchange = gateway.exchange(&model, route, &asking)?;
        let wanted = held_for(&asking, gateway.context_tokens(&model));
        let reservation = self.budgets.reserve(caller, wanted).await?;
        let metering = exchange.first().clone();
        let opened = UsageOpened {
            request: request.id,
            organisation: caller.organisation,
            project: caller.project,
            account: caller.account,
            principal: caller.principal,
            model: model.clone(),
            prompt_tokens: asking.prompt_tokens_estimated(),
            opened_at: request.at,
            digest: None,
            deployment: metering.deployment(),
        };
        let fact = request.fact("ok", Some(content));
        // Two entries, one flush: the request, and that content is about to go there.
        let (recorded, announced) = tokio::join!(self.open(&fact, &opened), exchange.announce());
        recorded?;
        match exchange.run(announced, left).await {
            Ok(answering) => {
                let stop = gateway.cut();
                let events = self.settle_elsewhere(opened, reservation, answering, stop.clone());
                Ok(ChatStream { request: request.id, model, created_at: request.at, events, stop })
            }
            Err((error, sent)) => {
                let row = self.row(opened, reservation, sent.by.clone().unwrap_or(metering));
                row.close_unanswered(&error, sent, &self.tasks).await;
                Err(error.into())
            }
        }
    }

    fn settle_elsewhere(
        &self,
        opened: UsageOpened,
        reservation: Reservation,
        answering: Answering<Generation>,
        stop: CancellationToken,
    ) -> mpsc::Receiver<ChatEvent> {
        let Answering { answer, seat, metering, earlier } = answering;
        let (sender, receiver) = mpsc::channel(EVENTS_BUFFERED);
        let row = UsageRow { earlier, ..self.row(opened, reservation, metering) };
        let (ids, stall) = (Arc::clone(&self.ids), self.limits.stall);
        let settlement = Settlement { row, ids, stall, stop, choices: 1 };
        self.tasks.spawn(async move {
            if let Some(because) = settlement.run(vec![(answer, sender)]).await {
                seat.broke_off(because);
            }
            drop(seat);
        });
        receiver
    }
}

/// The request as upstreams are asked it, and what its entry commits to.
async fn asking(
    request: &Request<'_>,
    several: Several,
) -> Result<(Asking, ContentDigest), ChatError> {
    let (model, messages, terms) = one_conversation(several)?;
    let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
    let (messages, content) = if bytes > HASHED_AT_ONCE_MAX {
        let work = move || {
            let content = content::digest(&messages);
            (messages, content)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| ChatError::Preparation)?
    } else {
        let content = content::digest(&messages);
        (messages, content)
    };
    let asking = Asking {
        request: request.id,
        model,
        messages,
        sampling: terms.sampling,
        format: terms.format,
        tools: terms.tools,
        max_tokens: terms.max_tokens,
        stop: terms.stop,
        top_logprobs: terms.top_logprobs,
        is_streamed: terms.is_streamed,
    };
    Ok((asking, content))
}

/// Engines elsewhere are asked for one answer to one conversation; whatever is more is refused.
/// There is one usage row a request, and one upstream that answers it or does not.
fn one_conversation(several: Several) -> Result<(ModelId, Vec<Message>, Terms), ChatError> {
    if several.one_conversation().is_none() {
        return Err(not_one_conversation(&several));
    }
    let Several { model, mut questions, terms, .. } = several;
    match questions.pop() {
        Some(Question::Conversation(messages)) => Ok((model, messages, terms)),
        Some(Question::Text(_)) | None => Err(ChatError::Preparation),
    }
}

fn not_one_conversation(several: &Several) -> ChatError {
    let model = several.model.clone();
    let does = match several.questions.as_slice() {
        [Question::Conversation(_)] => {
            let source = UpstreamError::Unsuited { field: "n" };
            return GatewayError::Upstream { model, source }.into();
        }
        [Question::Text(_)] => "runs elsewhere, and answers conversations there, no bare texts",
        _ => "runs elsewhere, and is asked one question at a time there",
    };
    EngineError::Unsuited { model, does }.into()
}

/// What an answer may use at most, as far as that can be known here: twice the tokens that texts
/// have in the mean, and an answer as long as it may be, whatever the prompt leaves room for.
fn held_for(asking: &Asking, context_tokens: u32) -> Wanted<'_> {
    let completion_tokens_max = asking.max_tokens.unwrap_or(context_tokens).min(context_tokens);
    Wanted {
        model: &asking.model,
        prompt_tokens: asking.prompt_tokens_held().into(),
        completion_tokens_max: completion_tokens_max.into(),
    }
}

/// Stands for tenant, model and how the conversation begins: up to the first question.
fn beginning(request: &Request<'_>, model: &ModelId, messages: &[Message]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    request.caller.organisation.hash(&mut hasher);
    request.caller.project.hash(&mut hasher);
    model.hash(&mut hasher);
    for message in messages.iter().take(2) {
        message.role.as_str().hash(&mut hasher);
        // No more of it: this runs on the async threads.
        let bytes = message.content.as_bytes();
        bytes[..bytes.len().min(BEGINNING_BYTES_MAX)].hash(&mut hasher);
        bytes.len().hash(&mut hasher);
    }
    hasher.finish()
}
