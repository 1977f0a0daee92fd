//! Passages that an engine elsewhere turns into vectors.

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{EmbedCommand, EmbedError, Embedded, Embeddings, Held, Request, Started};
use crate::{
    ChatError, Gateway, GatewayError, ModelPurpose, UsageOpened,
    budget::Wanted,
    content,
    gateway::{Answering, Question, Route, Step, Work},
    ports::{AskingPassages, EngineError, UpstreamError, WhenTooLong},
    rules,
};

impl Embeddings {
    /// The way to an upstream; `None` if the engine of this server answers. That cuts what is too
    /// long, where it can: upstreams are not asked to.
    pub(super) fn route(
        &self,
        gateway: &Gateway,
        request: &Request<'_>,
        EmbedCommand { model, when_too_long, .. }: &EmbedCommand,
    ) -> Result<Option<Route>, EmbedError> {
        if !gateway.serves(model) {
            return Ok(None);
        }
        let is_here = self.engine.models().iter().any(|card| card.id == *model);
        if !is_here && !gateway.does(model, Work::Embed) {
            let (model, does) = (model.clone(), "answers conversations and makes no vectors");
            return Err(EngineError::Unsuited { model, does }.into());
        }
        if is_here && *when_too_long == WhenTooLong::Cut {
            return Ok(None);
        }
        // Passages have no beginning that is worth finding again.
        let (prefix, work) = (None, Work::Embed);
        let project = request.caller.project;
        let question = Question { request: request.id, model, project, prefix, work };
        let here = is_here.then(|| self.admission.here());
        let route = gateway.route(&question, here).map_err(ChatError::from)?;
        Ok((route.steps.first() != Some(&Step::Here)).then_some(route))
    }

    pub(super) async fn start_elsewhere(
        &self,
        gateway: &Gateway,
        route: &Route,
        request: &Request<'_>,
        (command, answer): (EmbedCommand, &mut oneshot::Sender<Result<Embedded, EmbedError>>),
    ) -> Result<Started, EmbedError> {
        let (caller, model) = (request.caller, command.model.clone());
        let cards = || gateway.models();
        rules::must_permit(&self.rules, cards, caller, &model, Work::Embed).await?;
        must_fit(gateway, &command)?;
        let EmbedCommand { passages, .. } = command;
        let asking = AskingPassages { request: request.id, model: model.clone(), passages };
        let tokens = asking.prompt_tokens_estimated();
        let tokens_max = self.limits.tokens_max;
        if tokens > tokens_max {
            return Err(EmbedError::TooManyTokens { tokens, tokens_max });
        }
        let work = move || (content::digest_of_passages(&asking.passages), asking);
        let hashed = tokio::task::spawn_blocking(work).await;
        let (content, asking) = hashed.map_err(|_| ChatError::Preparation)?;
        let prompt_tokens = asking.prompt_tokens_held().into();
        let wanted = Wanted { model: &model, prompt_tokens, completion_tokens_max: 0 };
        let reservation = self.budgets.reserve(caller, wanted).await?;
        let exchange = gateway.exchange(&model, route, &asking).map_err(ChatError::from)?;
        let first = exchange.first().clone();
        let opened = UsageOpened {
            request: request.id,
            organisation: caller.organisation,
            project: caller.project,
            account: caller.account,
            principal: caller.principal,
            model: model.clone(),
            prompt_tokens: tokens,
            opened_at: request.at,
            digest: None,
            deployment: first.deployment(),
        };
        let fact = request.fact("ok", Some(content));
        let open = async {
            let audit = self.trail.entry(&fact).await.map_err(ChatError::from)?;
            self.ledger.open(&opened, &audit).await.map_err(ChatError::from)
        };
        let (recorded, announced) = tokio::join!(open, exchange.announce());
        recorded?;
        let left = CancellationToken::new();
        let mut exchanged = Box::pin(exchange.run(announced, &left));
        let sent = tokio::select! {
            biased;
            () = answer.closed() => {
                left.cancel();
                exchanged.await
            }
            sent = &mut exchanged => sent,
        };
        match sent {
            Ok(Answering { answer: embedding, seat, metering, earlier }) => {
                let held = Held::Elsewhere(seat);
                Ok(Started { opened, embedding, held, reservation, metering, earlier })
            }
            Err((error, sent)) => {
                let row = self.row(opened, reservation, sent.by.clone().unwrap_or(first));
                row.close_unanswered(&error, sent, &self.tasks).await;
                Err(ChatError::from(error).into())
            }
        }
    }
}

/// What cannot be kept elsewhere is refused.
fn must_fit(gateway: &Gateway, command: &EmbedCommand) -> Result<(), EmbedError> {
    let model = command.model.clone();
    if command.when_too_long == WhenTooLong::Cut {
        let source = UpstreamError::Unsuited { field: "truncate" };
        return Err(ChatError::from(GatewayError::Upstream { model, source }).into());
    }
    let cards = gateway.models();
    let card = cards.iter().find(|card| card.id == model);
    match (card.map(|card| card.purpose), command.dimensions) {
        (Some(ModelPurpose::Embeddings { dimensions }), Some(asked)) if asked != dimensions => {
            Err(EmbedError::Dimensions { model, dimensions, asked })
        }
        _ => Ok(()),
    }
}
