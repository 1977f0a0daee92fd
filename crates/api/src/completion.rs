//! `POST /v1/completions`, `POST /v1/fim/completions`

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::ModelId;
use inference::{AnswerFormat, BareText, Question, Several, Terms, ToolUse, ports::Passage};
use inference_wire::{
    ChatCompletion, ChatCompletionChunk, ChatRequest, ErrorBody, FimBody, FimRequest,
    TextCompletion, TextCompletionBody, TextCompletionChunk, TextCompletionRequest, TextPrompt,
};
use tokio::time::Instant;

use crate::{
    ApiState,
    answer::{self, Head, Script, Texts},
    body,
    caller::Authenticated,
    convert,
    problem::Problem,
};

/// Go on with texts
///
/// The model writes what follows a text, without a template around it. With `suffix` it writes
/// what stands between, if it can. With `stream: true` the answer comes as server-sent events: one
/// `data:` line with a `TextCompletionChunk` each, then `data: [DONE]`.
#[utoipa::path(
    post,
    path = "/v1/completions",
    operation_id = "completeText",
    tag = "chat",
    request_body = TextCompletionBody,
    responses(
        (status = 200, description = "The texts", content(
            (TextCompletion = "application/json"),
            (TextCompletionChunk = "text/event-stream"),
        )),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or not what it does", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense or are not offered", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request, or no engine that has the model may be asked and is well", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn complete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let body = body::read(request, &state.settings).await?;
    let request = TextCompletionRequest::decode(&body)?;
    drop(body);
    let (streamed, has_logprobs) = (request.chat.stream, request.chat.logprobs.is_some());
    let echoes = echoes(&request);
    let streams = state.chat.start_several(&caller, texts(request)?).await?;
    let head = Head::of_all(&streams)?;
    let id = head.request;
    let texts = Texts::new(head, echoes, has_logprobs);
    let mut response = if streamed {
        answer::framed(streams, Script::Texts(texts), started, state.settings.keep_alive)
    } else {
        match texts.complete(streams, started).await {
            Ok(answer) => Json(answer).into_response(),
            Err(problem) => problem.into_response(),
        }
    };
    // Also of an answer that broke off: its entry and usage row exist.
    answer::name(&mut response, id);
    Ok(response)
}

/// Fill a hole in a text
///
/// The model writes what stands between `prompt` and `suffix`, and is asked in the way that its
/// family has learned. A model whose tokenizer has no marks for that is refused. The answer has the
/// shape of a chat.
#[utoipa::path(
    post,
    path = "/v1/fim/completions",
    operation_id = "fillHole",
    tag = "chat",
    request_body = FimBody,
    responses(
        (status = 200, description = "The text", content(
            (ChatCompletion = "application/json"),
            (ChatCompletionChunk = "text/event-stream"),
        )),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or not what it does", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense or are not offered", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request, or no engine that has the model may be asked and is well", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn fill(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let body = body::read(request, &state.settings).await?;
    let FimRequest { chat, prompt, suffix } = FimRequest::decode(&body)?;
    drop(body);
    let streamed = chat.stream;
    let hole = BareText::Hole { before: prompt, after: suffix };
    let several = several(chat, vec![Question::Text(hole)])?;
    let streams = state.chat.start_several(&caller, several).await?;
    let head = Head::of_all(&streams)?;
    let id = head.request;
    let mut response = if streamed {
        answer::streamed(head, streams, started, state.settings.keep_alive)
    } else {
        match answer::complete(head, streams, started).await {
            Ok(answer) => Json(answer).into_response(),
            Err(problem) => problem.into_response(),
        }
    };
    answer::name(&mut response, id);
    Ok(response)
}

/// What stands in front of each answer.
fn echoes(request: &TextCompletionRequest) -> Vec<String> {
    let choices = usize::from(request.chat.n.unwrap_or(1));
    let echo = |prompt: &TextPrompt| match prompt {
        TextPrompt::Text(text) if request.echo => text.clone(),
        TextPrompt::Text(_) | TextPrompt::Tokens(_) => String::new(),
    };
    request.prompts.iter().flat_map(|prompt| vec![echo(prompt); choices]).collect()
}

fn texts(request: TextCompletionRequest) -> Result<Several, Problem> {
    let TextCompletionRequest { chat, prompts, suffix, .. } = request;
    let question = |prompt| {
        let text = match (prompt, &suffix) {
            (TextPrompt::Text(before), Some(after)) => {
                BareText::Hole { before, after: after.clone() }
            }
            (TextPrompt::Text(text), None) => BareText::Open(Passage::Text(text)),
            (TextPrompt::Tokens(tokens), _) => BareText::Open(Passage::Tokens(tokens)),
        };
        Question::Text(text)
    };
    let questions = prompts.into_iter().map(question).collect();
    several(chat, questions)
}

fn several(chat: ChatRequest, questions: Vec<Question>) -> Result<Several, Problem> {
    let model = chat.model.parse::<ModelId>();
    let model = model.map_err(|_| Problem::model_unknown(&chat.model))?;
    let terms = Terms {
        priority: convert::priority(chat.service_tier),
        sampling: convert::sampling(&chat),
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens: chat.max_tokens,
        top_logprobs: chat.candidates(),
        is_streamed: chat.stream,
        stop: chat.stop,
    };
    Ok(Several { model, questions, choices: chat.n.unwrap_or(1), terms })
}
