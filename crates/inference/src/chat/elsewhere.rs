//! A chat request that an engine elsewhere answers: its entry and its row are durable before a byte
//! leaves this machine.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use domain::chat::Message;
use governance::ContentDigest;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Chat, ChatCommand, ChatError, ChatStream, EVENTS_BUFFERED, Request};
use crate::{
    ChatEvent, Gateway, GatewayError, Reservation, UsageOpened, UsageOutcome,
    budget::Wanted,
    content,
    gateway::{Answering, Question, Route, Step, Work},
    ports::{Asking, EngineError, Generation},
    rules,
    settlement::{Settlement, unknown_consumption},
};

/// Texts of more bytes are hashed off the async threads.
const HASHED_AT_ONCE_MAX: usize = 64 * 1024;
/// What a token is counted as where nobody has counted: bytes of text. Rows tell what was really
/// used when the answer has ended.
const BYTES_PER_TOKEN: usize = 4;

impl Chat {
    /// The way to an upstream; `None` if the engine of this server answers.
    pub(super) fn route(
        &self,
        gateway: &Gateway,
        request: &Request<'_>,
        command: &ChatCommand,
    ) -> Result<Option<Route>, ChatError> {
        if !gateway.serves(&command.model) {
            return Ok(None);
        }
        let is_here = self.engine.models().iter().any(|card| card.id == command.model);
        if !is_here && !gateway.does(&command.model, Work::Answer) {
            let (model, does) =
                (command.model.clone(), "makes vectors and answers no conversations");
            return Err(EngineError::Unsuited { model, does }.into());
        }
        let question = Question {
            request: request.id,
            model: &command.model,
            project: request.caller.project,
            prefix: beginning(request, command),
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
        command: ChatCommand,
        left: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let (caller, model) = (request.caller, command.model.clone());
        let cards = || gateway.models();
        rules::must_permit(&self.rules, cards, caller, &model, Work::Answer).await?;
        let (asking, content) = asking(request, command).await?;
        let prompt_tokens = estimated_tokens(&asking.messages);
        let context = gateway.context_tokens(&model);
        let tokens = usize::try_from(prompt_tokens).unwrap_or(usize::MAX);
        let wanted = Wanted::chat(&model, tokens, context, asking.max_tokens);
        let reservation = self.budgets.reserve(caller, wanted).await?;
        let exchange = gateway.exchange(&model, route, &asking);
        let metering = exchange.first().unwrap_or(&self.metering);
        let opened = UsageOpened {
            request: request.id,
            organisation: caller.organisation,
            project: caller.project,
            account: caller.account,
            principal: caller.principal,
            model: model.clone(),
            prompt_tokens,
            opened_at: request.at,
            digest: None,
            deployment: metering.deployment(),
        };
        let metering = metering.clone();
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
            Err(error) => {
                let outcome = match error {
                    GatewayError::CallerLeft => UsageOutcome::Cancelled,
                    _ => UsageOutcome::Failed,
                };
                let row = self.row(opened, reservation, metering);
                let usage = row.metering.usage(&unknown_consumption());
                let settled = row.settled(outcome, usage);
                if !row.record(&settled).await {
                    self.tasks.spawn(async move { row.record_later(&settled).await });
                }
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
        let Answering { answer, seat, metering } = answering;
        let (sender, receiver) = mpsc::channel(EVENTS_BUFFERED);
        let row = self.row(opened, reservation, metering);
        let settlement =
            Settlement { row, ids: Arc::clone(&self.ids), stall: self.limits.stall, stop };
        self.tasks.spawn(async move {
            if settlement.run(answer, sender).await == UsageOutcome::Failed {
                seat.broke_off();
            }
            drop(seat);
        });
        receiver
    }
}

/// The request as upstreams are asked it, and what its entry commits to.
async fn asking(
    request: &Request<'_>,
    command: ChatCommand,
) -> Result<(Asking, ContentDigest), ChatError> {
    let ChatCommand { messages, .. } = &command;
    let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
    let (messages, content) = if bytes > HASHED_AT_ONCE_MAX {
        let messages = command.messages;
        let work = move || {
            let content = content::digest(&messages);
            (messages, content)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| ChatError::Preparation)?
    } else {
        let content = content::digest(messages);
        (command.messages, content)
    };
    let asking = Asking {
        request: request.id,
        model: command.model,
        messages,
        sampling: command.sampling,
        format: command.format,
        tools: command.tools,
        max_tokens: command.max_tokens,
        stop: command.stop,
        top_logprobs: command.top_logprobs,
        is_streamed: command.is_streamed,
    };
    Ok((asking, content))
}

fn estimated_tokens(messages: &[Message]) -> u32 {
    let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
    u32::try_from(bytes / BYTES_PER_TOKEN + messages.len()).unwrap_or(u32::MAX)
}

/// Stands for tenant, model and how the conversation begins: up to the first question.
fn beginning(request: &Request<'_>, command: &ChatCommand) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    request.caller.organisation.hash(&mut hasher);
    request.caller.project.hash(&mut hasher);
    command.model.hash(&mut hasher);
    for message in command.messages.iter().take(2) {
        message.role.as_str().hash(&mut hasher);
        message.content.hash(&mut hasher);
    }
    hasher.finish()
}
