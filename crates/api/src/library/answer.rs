//! `POST /v1/libraries/answers`: answers from documents, each statement with its citations.

mod stream;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use inference_wire as wire;
use tokio::sync::mpsc;

use super::{
    convert::answer as convert,
    refusals::{BadBody, BadSearch, NoAnswer, NotThere, Usual},
};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

/// Ask libraries
///
/// Galerne's own. An answer is made of statements, each with the quotes that it rests on: document,
/// version, page, place and rectangles, to the letter. That nothing answers is an answer too. What
/// is asked of the model are requests of the caller like any other.
///
/// With `stream: true` events tell how far the answer is, `answer.progress`; the last one has all of
/// it, `answer.done`, or says why there is none, `answer.error`. Lines that start with `:` are to be
/// skipped. Closing the connection stops the model.
#[utoipa::path(
    post,
    path = "/v1/libraries/answers",
    operation_id = "askLibraries",
    tag = "libraries",
    request_body = wire::AskLibraries,
    responses(
        (status = 200, description = "The answer", content(
            (wire::LibraryAnswer = "application/json"),
            (wire::LibraryAnswerEvent = "text/event-stream"),
        )),
        Usual,
        NotThere,
        BadBody,
        BadSearch,
        NoAnswer,
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("answer.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    let asked = wire::AskLibraries::decode(&body)?;
    let is_streamed = asked.stream;
    let question = convert::question(asked)?;
    let command = question.look_up(&caller, &state.search, &state.answers).await?;
    if is_streamed {
        return Ok(stream::streamed(&state, caller, command));
    }
    // Nobody listens.
    let (progress, _unheard) = mpsc::channel(1);
    let answer = Box::pin(state.answers.answer(&caller, command, &progress)).await?;
    Ok(Json(convert::answer(answer)).into_response())
}
