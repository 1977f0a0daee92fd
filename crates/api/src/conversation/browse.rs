//! Conversations as they lie there: list, read, change, delete.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderName, StatusCode},
};
use inference_wire::{
    Conversation, ConversationHistory, ConversationMessages, ErrorBody, UpdateConversation,
};

use super::{
    convert,
    id::ConversationPath,
    query::{Listing, Part},
};
use crate::{ApiState, body, caller::Authenticated, problem::Problem};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("galerne-total-count");

/// List conversations
///
/// Pinned ones first, then those in which something was said last. A search finds words by their
/// beginnings, in titles and in what was said; its audit class is `conversation.search`.
#[utoipa::path(
    get,
    path = "/v1/conversations",
    operation_id = "listConversations",
    tag = "conversations",
    params(
        ("page" = Option<u32>, Query, description = "From 0"),
        ("page_size" = Option<u32>, Query, description = "1 to 1000; 100 if absent"),
        ("search" = Option<String>, Query, description = "Words to find; at most 200 characters"),
        ("archived" = Option<String>, Query, description = "`false` (if absent), `true` or `any`"),
    ),
    responses(
        (
            status = 200,
            description = "One page",
            body = Vec<Conversation>,
            headers(("galerne-total-count" = u64, description = "On all pages together")),
        ),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.list")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    Listing(query): Listing,
) -> Result<([(HeaderName, String); 1], Json<Vec<Conversation>>), Problem> {
    let page = state.assistant.list(&caller, query).await?;
    let total = [(TOTAL_COUNT, page.total.to_string())];
    let page = page.conversations.into_iter().map(|conversation| {
        let running = state.assistant.is_running(conversation.id);
        convert::conversation(conversation, running)
    });
    Ok((total, Json(page.collect())))
}

/// Tell of one conversation
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}",
    operation_id = "readConversation",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation")),
    responses(
        (status = 200, description = "The conversation, without its entries", body = Conversation),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No such conversation", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.read")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
) -> Result<Json<Conversation>, Problem> {
    let conversation = state.assistant.read(&caller, id).await?;
    Ok(Json(convert::conversation(conversation, state.assistant.is_running(id))))
}

/// Change a conversation
///
/// Its title, whether it is pinned or archived, and which branch is shown.
#[utoipa::path(
    patch,
    path = "/v1/conversations/{id}",
    operation_id = "updateConversation",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation")),
    request_body = UpdateConversation,
    responses(
        (status = 200, description = "The conversation as it is now", body = Conversation),
        (status = 400, description = "Not JSON or not UTF-8", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "No such conversation or entry", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.update")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn update(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
    request: Request,
) -> Result<Json<Conversation>, Problem> {
    let body = body::read(request, &state.settings).await?;
    let change = convert::change(UpdateConversation::decode(&body)?)?;
    let conversation = state.assistant.update(&caller, id, change).await?;
    Ok(Json(convert::conversation(conversation, state.assistant.is_running(id))))
}

/// Delete a conversation
///
/// With all that was said in it, and its draft. A running answer is stopped first.
#[utoipa::path(
    delete,
    path = "/v1/conversations/{id}",
    operation_id = "deleteConversation",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "No such conversation", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.delete")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
) -> Result<StatusCode, Problem> {
    state.assistant.delete(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the entries of a conversation
///
/// Those of the shown branch, oldest first; with `all=true` those of every branch, which
/// `parent_id` puts together.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/history",
    operation_id = "readConversationHistory",
    tag = "conversations",
    params(
        ("id" = String, Path, description = "The id of the conversation"),
        ("all" = Option<bool>, Query, description = "Also the branches that are not shown"),
    ),
    responses(
        (status = 200, description = "The entries", body = ConversationHistory),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No such conversation", body = ErrorBody),
        (status = 422, description = "Parameters that make no sense", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.read")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn history(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
    Part(part): Part,
) -> Result<Json<ConversationHistory>, Problem> {
    let history = state.assistant.history(&caller, id, part).await?;
    Ok(Json(convert::history(history)))
}

/// Read the messages of a conversation
///
/// The same as its history: there are no entries but messages.
#[utoipa::path(
    get,
    path = "/v1/conversations/{id}/messages",
    operation_id = "readConversationMessages",
    tag = "conversations",
    params(("id" = String, Path, description = "The id of the conversation")),
    responses(
        (status = 200, description = "The messages of the shown branch", body = ConversationMessages),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
        (status = 404, description = "No such conversation", body = ErrorBody),
        (status = 503, description = "The access cannot be recorded", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("conversation.read")), ("x-permission" = json!("conversations"))),
)]
pub(crate) async fn messages(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    ConversationPath(id): ConversationPath,
) -> Result<Json<ConversationMessages>, Problem> {
    let history = state.assistant.history(&caller, id, assistant::HistoryPart::Path).await?;
    Ok(Json(convert::messages(history)))
}
