//! Words of the wire to words of the platform, and back.

use carbon_ledger::Method;
use domain::{
    ModelId,
    chat::{AnsweredCall, Message, Role, ToolCall},
};
use inference::{
    AnswerFormat, CallCount, ChatCommand, Choice, EmbedCommand, Embedded, FinishReason, ModelCard,
    ModelPurpose, Price, Priority, Sampling, TokenLogprob, Tool, ToolChoice, ToolUse, Usage,
    ports::{Passage, WhenTooLong},
};
use inference_wire as wire;

use crate::{
    ModelTypes, budget,
    problem::{Code, Problem},
};

/// Who the cards say serves the models.
const OWNER: &str = "galerne";

/// What Mistral puts in front of a conversation with `safe_prompt`.
const SAFE_PROMPT: &str = "Always assist with care, respect, and truth. Respond with utmost \
    utility yet securely. Avoid harmful, unethical, prejudiced, or negative content. Ensure \
    replies promote fairness and positivity.";

/// The arguments of a function that says nothing of them.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;

pub(crate) fn chat_command(request: wire::ChatRequest) -> Result<ChatCommand, Problem> {
    if request.messages.is_empty() {
        return Err(messages_empty());
    }
    // What is not a name of a model is not the name of one that is served.
    let model = request.model.parse::<ModelId>();
    let model = model.map_err(|_| Problem::model_unknown(&request.model))?;
    let top_logprobs = request.candidates();
    let safe = request.safe_prompt.then(|| Message::new(Role::System, SAFE_PROMPT));
    let count =
        if request.parallel_tool_calls == Some(false) { CallCount::One } else { CallCount::Many };
    Ok(ChatCommand {
        model,
        priority: priority(request.service_tier),
        sampling: sampling(&request),
        messages: with_first(safe, request.messages.into_iter().map(message).collect()),
        format: answer_format(request.response_format, request.structured_outputs),
        tools: tool_use(request.tools, request.tool_choice, count),
        max_tokens: request.max_tokens,
        stop: request.stop,
        top_logprobs,
        is_streamed: request.stream,
    })
}

/// Templates take instructions in one message.
fn with_first(instructions: Option<Message>, mut messages: Vec<Message>) -> Vec<Message> {
    let Some(instructions) = instructions else { return messages };
    match messages.first_mut() {
        Some(first) if first.role == Role::System => {
            first.content = format!("{}\n\n{}", instructions.content, first.content);
        }
        Some(_) | None => messages.insert(0, instructions),
    }
    messages
}

pub(crate) const fn priority(tier: wire::ServiceTier) -> Priority {
    match tier {
        wire::ServiceTier::Default => Priority::Interactive,
        wire::ServiceTier::Flex => Priority::Background,
    }
}

pub(crate) fn embed_command(request: wire::EmbeddingRequest) -> Result<EmbedCommand, Problem> {
    let model = request.model.parse::<ModelId>();
    let model = model.map_err(|_| Problem::model_unknown(&request.model))?;
    let passage = |input| match input {
        wire::EmbeddingInput::Text(text) => Passage::Text(text),
        wire::EmbeddingInput::Tokens(tokens) => Passage::Tokens(tokens),
    };
    Ok(EmbedCommand {
        model,
        passages: request.input.into_iter().map(passage).collect(),
        when_too_long: if request.truncate { WhenTooLong::Cut } else { WhenTooLong::Refuse },
        dimensions: request.dimensions,
    })
}

pub(crate) fn embeddings(
    embedded: Embedded,
    format: wire::EncodingFormat,
    dtype: wire::EmbeddingDtype,
) -> wire::EmbeddingResponse {
    let item = |(index, numbers)| wire::EmbeddingItem {
        object: wire::EmbeddingObject::Embedding,
        index,
        embedding: wire::EmbeddingVector::new(numbers, format, dtype),
    };
    wire::EmbeddingResponse {
        id: format!("embd-{}", embedded.request),
        object: wire::ListObject::List,
        model: embedded.model.to_string(),
        data: (0..).zip(embedded.vectors).map(item).collect(),
        usage: usage(&embedded.usage),
    }
}

fn answer_format(
    format: wire::ResponseFormat,
    structured: Option<wire::StructuredOutputs>,
) -> AnswerFormat {
    match (structured, format) {
        (Some(wire::StructuredOutputs::Json(schema)), _) => json(&schema),
        (Some(wire::StructuredOutputs::Regex(regex)), _) => AnswerFormat::Regex(regex.into()),
        (Some(wire::StructuredOutputs::Grammar(grammar)), _) => AnswerFormat::Lark(grammar.into()),
        (None, wire::ResponseFormat::Text) => AnswerFormat::Text,
        (None, wire::ResponseFormat::JsonObject) => AnswerFormat::json_object(),
        (None, wire::ResponseFormat::JsonSchema { json_schema }) => json(&json_schema.schema),
    }
}

fn json(schema: &serde_json::Value) -> AnswerFormat {
    AnswerFormat::Json(schema.to_string().into())
}

/// Tools that must not be called are as good as none.
fn tool_use(tools: Vec<wire::Tool>, choice: wire::ToolChoice, count: CallCount) -> ToolUse {
    let choice = match choice {
        wire::ToolChoice::Word(wire::ToolChoiceWord::None) => return ToolUse::default(),
        wire::ToolChoice::Word(wire::ToolChoiceWord::Auto) => ToolChoice::Auto,
        wire::ToolChoice::Word(wire::ToolChoiceWord::Any | wire::ToolChoiceWord::Required) => {
            ToolChoice::Any
        }
        wire::ToolChoice::Named(wire::NamedTool::Function { function }) => {
            ToolChoice::Named(function.name)
        }
    };
    ToolUse { tools: tools.into_iter().map(tool).collect(), choice, count }
}

fn tool(wire::Tool::Function { function }: wire::Tool) -> Tool {
    let parameters = function.parameters.map(|schema| schema.to_string());
    Tool {
        name: function.name,
        description: function.description,
        parameters: parameters.as_deref().unwrap_or(NO_PARAMETERS).into(),
        strict: function.strict,
    }
}

fn messages_empty() -> Problem {
    let path = ["body", "messages"].map(|key| wire::PathPart::Key(key.to_owned()));
    let field = wire::FieldError {
        loc: path.to_vec(),
        kind: wire::FieldErrorKind::TooShort,
        message: "must have at least one message".to_owned(),
    };
    Problem::new(Code::MessagesEmpty, field.to_string()).fields(vec![field])
}

pub(crate) fn sampling(request: &wire::ChatRequest) -> Sampling {
    let default = Sampling::default();
    Sampling {
        temperature: request.temperature.unwrap_or(default.temperature),
        top_k: request.top_k,
        top_p: request.top_p.unwrap_or(default.top_p),
        min_p: request.min_p.unwrap_or(default.min_p),
        repetition_penalty: request.repetition_penalty.unwrap_or(default.repetition_penalty),
        presence_penalty: request.presence_penalty.unwrap_or(default.presence_penalty),
        frequency_penalty: request.frequency_penalty.unwrap_or(default.frequency_penalty),
        logit_bias: request.logit_bias.iter().map(|(&token, &bias)| (token, bias)).collect(),
        seed: request.seed,
        min_tokens: request.min_tokens.unwrap_or(default.min_tokens),
    }
}

fn message(message: wire::Message) -> Message {
    let role = match message.role {
        wire::Role::System => Role::System,
        wire::Role::User => Role::User,
        wire::Role::Assistant => Role::Assistant,
        wire::Role::Tool => Role::Tool,
    };
    let answers = message.tool_call_id.zip(message.name);
    Message {
        role,
        content: message.content,
        prefix: message.prefix,
        calls: message.tool_calls.into_iter().map(earlier_call).collect(),
        answers: answers.map(|(id, name)| AnsweredCall { id, name }),
    }
}

fn earlier_call(call: wire::ToolCall) -> ToolCall {
    let wire::CalledFunction { name, arguments } = call.function;
    ToolCall { id: call.id, name, arguments }
}

pub(crate) fn tool_call(index: u32, call: ToolCall) -> wire::ToolCall {
    let ToolCall { id, name, arguments } = call;
    let function = wire::CalledFunction { name, arguments };
    wire::ToolCall { index, id, kind: wire::ToolKind::Function, function }
}

pub(crate) const fn finish_reason(reason: FinishReason) -> wire::FinishReason {
    match reason {
        FinishReason::Stop => wire::FinishReason::Stop,
        FinishReason::Length => wire::FinishReason::Length,
        FinishReason::ModelLength => wire::FinishReason::ModelLength,
        FinishReason::ToolCalls => wire::FinishReason::ToolCalls,
    }
}

pub(crate) fn usage(usage: &Usage) -> wire::Usage {
    let footprint = &usage.footprint;
    wire::Usage {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        total_tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
        prompt_tokens_details: Some(wire::PromptTokensDetails {
            cached_tokens: usage.cached_prompt_tokens,
        }),
        footprint: wire::Footprint {
            energy_joules: footprint.energy.joules.value(),
            energy_method: method(footprint.energy.method),
            energy_uncertainty_percent: footprint.energy.uncertainty.percent(),
            co2e_grams: footprint.emissions.grams.value(),
            co2e_method: method(footprint.emissions.method),
            co2e_uncertainty_percent: footprint.emissions.uncertainty.percent(),
            grid_factor_grams_per_kwh: footprint.factor.grams_per_kwh,
            grid_factor_year: footprint.factor.year,
            grid_factor_source: footprint.factor.source.to_owned(),
            grid_zone: footprint.factor.zone.to_owned(),
            site: usage.site.name.clone(),
        },
    }
}

pub(crate) const fn method(method: Method) -> wire::EvidenceMethod {
    match method {
        Method::Measured => wire::EvidenceMethod::Measured,
        Method::Modelled => wire::EvidenceMethod::Modelled,
        Method::Estimated => wire::EvidenceMethod::Estimated,
    }
}

pub(crate) fn logprob(token: &TokenLogprob) -> wire::TokenLogprob {
    let wire::TokenCandidate { token: text, token_id, logprob, bytes } = candidate(&token.chosen);
    let top_logprobs = token.top.iter().map(candidate).collect();
    wire::TokenLogprob { token: text, token_id, logprob, bytes, top_logprobs }
}

fn candidate(choice: &Choice) -> wire::TokenCandidate {
    wire::TokenCandidate {
        token: String::from_utf8_lossy(&choice.bytes).into_owned(),
        token_id: choice.token,
        logprob: choice.logprob,
        bytes: choice.bytes.clone(),
    }
}

pub(crate) fn model_card(
    card: &ModelCard,
    price: Price,
    types: ModelTypes,
) -> Result<wire::ModelCard, Problem> {
    let weights = card.weights.as_ref();
    Ok(wire::ModelCard {
        id: card.id.to_string(),
        object: wire::ModelObject::Model,
        created: card.created_at.as_seconds(),
        owned_by: OWNER.to_owned(),
        kind: model_kind(card.purpose, types),
        capabilities: capabilities(card.purpose),
        max_context_length: card.context_tokens,
        aliases: Vec::new(),
        deprecation: None,
        default_model_temperature: Sampling::default().temperature,
        digest: weights.map(|weights| weights.digest.clone()),
        architecture: weights.map(|weights| weights.architecture.clone()),
        quantization: weights.map(|weights| weights.quantization.clone()),
        parameters: weights.map(|weights| weights.parameters),
        root: card.base.as_ref().map(ToString::to_string),
        embedding_dimensions: match card.purpose {
            ModelPurpose::Chat => None,
            ModelPurpose::Embeddings { dimensions } => Some(dimensions),
        },
        costs: Some(wire::ModelCosts {
            prompt_tokens: budget::number(&price.prompt_per_million.to_string())?,
            completion_tokens: budget::number(&price.completion_per_million.to_string())?,
        }),
    })
}

const fn model_kind(purpose: ModelPurpose, types: ModelTypes) -> wire::ModelKind {
    match (types, purpose) {
        (ModelTypes::Mistral, _) => wire::ModelKind::Base,
        (ModelTypes::Albert, ModelPurpose::Chat) => wire::ModelKind::TextGeneration,
        (ModelTypes::Albert, ModelPurpose::Embeddings { .. }) => {
            wire::ModelKind::TextEmbeddingsInference
        }
    }
}

fn capabilities(purpose: ModelPurpose) -> wire::Capabilities {
    let none = wire::Capabilities::default();
    match purpose {
        ModelPurpose::Chat => {
            wire::Capabilities { completion_chat: true, function_calling: true, ..none }
        }
        ModelPurpose::Embeddings { .. } => wire::Capabilities { embeddings: true, ..none },
    }
}
