//! `POST /v1/moderations`, `POST /v1/classifications`, and both about conversations

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::{Caller, ModelId, RequestId};
use inference::{Bounds, CATEGORIES, JudgeCommand, Usage};
use inference_wire::{
    self as wire, ChatClassificationBody, ClassificationBody, ClassificationInput,
    ClassificationRequest, ClassificationResponse, ClassificationScores, ClassificationTarget,
    ErrorBody, Judge, JudgeMethod, ModerationResponse, ModerationResult,
};

use crate::{ApiState, answer, body, caller::Authenticated, convert, problem::Problem};

/// Judge texts by categories
///
/// A chat model is asked, category by category, whether a text belongs to it; the probability of
/// yes is the score. How good that is depends on the model: `judge` names it. Each text is a
/// request of its own in the log.
#[utoipa::path(
    post,
    path = "/v1/moderations",
    operation_id = "moderateTexts",
    tag = "judgements",
    request_body = ClassificationBody,
    responses(
        (status = 200, description = "The judgements", body = ModerationResponse),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or the model judges nothing here", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn moderate(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    moderation(&state, &caller, ClassificationRequest::decode_texts(&body)?).await
}

/// Judge conversations by categories
///
/// As `/v1/moderations`: what is judged is the last message, with what came before.
#[utoipa::path(
    post,
    path = "/v1/chat/moderations",
    operation_id = "moderateChats",
    tag = "judgements",
    request_body = ChatClassificationBody,
    responses(
        (status = 200, description = "The judgements", body = ModerationResponse),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or the model judges nothing here", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn moderate_chats(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    moderation(&state, &caller, ClassificationRequest::decode_chats(&body)?).await
}

/// Choose labels for texts
///
/// A chat model is asked, label by label, whether it fits a text; the scores of a target's labels
/// add up to one. Without `targets` the categories of moderation are told, under `moderation`.
#[utoipa::path(
    post,
    path = "/v1/classifications",
    operation_id = "classifyTexts",
    tag = "judgements",
    request_body = ClassificationBody,
    responses(
        (status = 200, description = "The labels", body = ClassificationResponse),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or the model judges nothing here", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn classify(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    classification(&state, &caller, ClassificationRequest::decode_texts(&body)?).await
}

/// Choose labels for conversations
///
/// As `/v1/classifications`: what is judged is the last message, with what came before.
#[utoipa::path(
    post,
    path = "/v1/chat/classifications",
    operation_id = "classifyChats",
    tag = "judgements",
    request_body = ChatClassificationBody,
    responses(
        (status = 200, description = "The labels", body = ClassificationResponse),
        (status = 400, description = "Not JSON, not UTF-8, too long for the model, or the model judges nothing here", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("chat.complete")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn classify_chats(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    classification(&state, &caller, ClassificationRequest::decode_chats(&body)?).await
}

async fn moderation(
    state: &ApiState,
    caller: &Caller,
    request: ClassificationRequest,
) -> Result<Response, Problem> {
    let questions = CATEGORIES.map(|category| category.question.to_owned()).to_vec();
    let judged = judge_all(state, caller, &request, &questions).await?;
    let bounds = bounds(state, &judged.model);
    let result = |scores: &Vec<f32>| {
        let mut result = ModerationResult::default();
        for (name, score, belongs) in bounds.judge(scores) {
            result.categories.insert(name.to_owned(), belongs);
            result.category_scores.insert(name.to_owned(), score);
        }
        result
    };
    let answer = ModerationResponse {
        id: format!("mod-{}", judged.request),
        model: judged.model.to_string(),
        results: judged.scores.iter().map(result).collect(),
        judge: judged.judge(bounds.are_measured),
        usage: convert::usage(&judged.usage),
    };
    Ok(named(Json(answer).into_response(), judged.request))
}

async fn classification(
    state: &ApiState,
    caller: &Caller,
    mut request: ClassificationRequest,
) -> Result<Response, Problem> {
    let targets = std::mem::take(&mut request.targets);
    let is_moderation = targets.is_empty();
    let questions = if is_moderation {
        CATEGORIES.map(|category| category.question.to_owned()).to_vec()
    } else {
        targets.iter().flat_map(questions_of).collect()
    };
    let judged = judge_all(state, caller, &request, &questions).await?;
    let result = |scores: &Vec<f32>| {
        if is_moderation {
            let names = CATEGORIES.iter().map(|category| category.name.to_owned());
            let scores = ClassificationScores { scores: names.zip(scores.clone()).collect() };
            return [("moderation".to_owned(), scores)].into();
        }
        let mut scores = scores.iter().copied();
        let of_target = |target: &ClassificationTarget| {
            (target.name.clone(), share(target, scores.by_ref().take(target.labels.len())))
        };
        targets.iter().map(of_target).collect()
    };
    let answer = ClassificationResponse {
        id: format!("class-{}", judged.request),
        model: judged.model.to_string(),
        results: judged.scores.iter().map(result).collect(),
        judge: judged.judge(false),
        usage: convert::usage(&judged.usage),
    };
    Ok(named(Json(answer).into_response(), judged.request))
}

fn questions_of(target: &ClassificationTarget) -> Vec<String> {
    let name = &target.name;
    let question =
        |label: &String| format!("Is \"{label}\" the right answer for \"{name}\" of this text?");
    target.labels.iter().map(question).collect()
}

/// Labels exclude each other.
fn share(target: &ClassificationTarget, scores: impl Iterator<Item = f32>) -> ClassificationScores {
    let scores: Vec<_> = scores.collect();
    let sum: f32 = scores.iter().sum();
    let share = |score: f32| if sum > 0.0 { score / sum } else { 0.0 };
    let scores = scores.into_iter().map(share);
    ClassificationScores { scores: target.labels.iter().cloned().zip(scores).collect() }
}

/// What the judge said of all inputs.
struct JudgedAll {
    /// The first of them.
    request: RequestId,
    model: ModelId,
    scores: Vec<Vec<f32>>,
    usage: Usage,
}

impl JudgedAll {
    fn judge(&self, calibrated: bool) -> Judge {
        Judge { model: self.model.to_string(), method: JudgeMethod::YesNo, calibrated }
    }
}

/// Each input is a request of its own: one after the other, so that they leave room for others.
async fn judge_all(
    state: &ApiState,
    caller: &Caller,
    request: &ClassificationRequest,
    questions: &[String],
) -> Result<JudgedAll, Problem> {
    let model = request.model.parse::<ModelId>();
    let model = model.map_err(|_| Problem::model_unknown(&request.model))?;
    let mut all: Option<JudgedAll> = None;
    for input in &request.input {
        let (model, questions) = (model.clone(), questions.to_vec());
        let command = JudgeCommand { model: model.clone(), text: text(input), questions };
        let judged = state.chat.judge(caller, command).await?;
        all = Some(match all {
            Some(mut all) => {
                all.scores.push(judged.scores);
                JudgedAll { usage: all.usage.plus(&judged.usage), ..all }
            }
            None => JudgedAll {
                request: judged.request,
                model,
                scores: vec![judged.scores],
                usage: judged.usage,
            },
        });
    }
    all.ok_or_else(|| body::invalid("input", "must have at least one input".to_owned()))
}

fn text(input: &ClassificationInput) -> String {
    match input {
        ClassificationInput::Text(text) => text.clone(),
        ClassificationInput::Chat(messages) => {
            let line = |message: &wire::Message| {
                let role = match message.role {
                    wire::Role::System => "system",
                    wire::Role::User => "user",
                    wire::Role::Assistant => "assistant",
                    wire::Role::Tool => "tool",
                };
                format!("{role}: {}", message.content)
            };
            messages.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

fn bounds(state: &ApiState, model: &ModelId) -> Bounds {
    let digest = state.models.find(model).and_then(|card| card.digest());
    Bounds::of(digest.as_ref())
}

fn named(mut response: Response, id: RequestId) -> Response {
    answer::name(&mut response, id);
    response
}
