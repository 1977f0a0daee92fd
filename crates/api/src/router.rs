//! All routes, and what every request passes through.

use std::any::Any;

use axum::{
    Router,
    extract::{Request, State},
    http::Method,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState, account, assessment, batch, break_glass, budget, chat, classification, collection,
    completion, connector,
    conversation::{browse, draft, turn},
    embedding, erasure, file, health, hold, host, identity, key, library, log, me, metering, model,
    observe,
    problem::{Code, Problem},
    receipt, refusal, rerank, responses, scim, session, upstream, usage,
};

/// Every route, with its description.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .merge(beside_chat())
        .routes(routes!(chat::complete))
        .routes(routes!(responses::create))
        .routes(routes!(embedding::create))
        .merge(workloads())
        .merge(libraries())
        .merge(collections())
        .routes(routes!(turn::start, browse::list))
        .routes(routes!(turn::append, browse::read, browse::update, browse::delete))
        .routes(routes!(browse::history))
        .routes(routes!(browse::messages))
        .routes(routes!(turn::restart))
        .routes(routes!(turn::stop))
        .routes(routes!(turn::events))
        .routes(routes!(draft::read, draft::write))
        .routes(routes!(model::list))
        .routes(routes!(model::read))
        .routes(routes!(upstream::list))
        .routes(routes!(receipt::read))
        .routes(routes!(session::create, session::read, session::end))
        .routes(routes!(session::change_password))
        .routes(routes!(identity::provider))
        .routes(routes!(identity::begin, identity::bind))
        .routes(routes!(identity::finish))
        .routes(routes!(account::list, account::create))
        .routes(routes!(account::list_subjects))
        .routes(routes!(account::update))
        .routes(routes!(account::invite))
        .routes(routes!(erasure::order))
        .routes(routes!(erasure::list))
        .routes(routes!(erasure::read))
        .routes(routes!(hold::list, hold::place))
        .routes(routes!(hold::lift))
        .routes(routes!(key::list, key::create))
        .routes(routes!(key::revoke))
        .merge(accounting())
        .routes(routes!(assessment::read))
        .routes(routes!(break_glass::list, break_glass::request))
        .routes(routes!(break_glass::close))
        .routes(routes!(break_glass::approve))
        .routes(routes!(break_glass::conversations))
        .routes(routes!(break_glass::conversation))
        .routes(routes!(scim::discovery::config))
        .routes(routes!(scim::discovery::resource_types))
        .routes(routes!(scim::discovery::resource_type))
        .routes(routes!(scim::discovery::schemas))
        .routes(routes!(scim::discovery::schema))
        .routes(routes!(scim::user::list, scim::user::create))
        .routes(routes!(
            scim::user::read,
            scim::user::replace,
            scim::user::patch,
            scim::user::remove
        ))
        .routes(routes!(scim::group::list, scim::group::create))
        .routes(routes!(
            scim::group::read,
            scim::group::replace,
            scim::group::patch,
            scim::group::remove
        ))
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::tile))
        .routes(routes!(log::entries))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::document))
}

/// What else models are asked for.
fn beside_chat() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(completion::complete))
        .routes(routes!(completion::fill))
        .routes(routes!(responses::count))
        .routes(routes!(connector::bootstrap))
        .routes(routes!(rerank::order))
        .routes(routes!(classification::moderate))
        .routes(routes!(classification::moderate_chats))
        .routes(routes!(classification::classify))
        .routes(routes!(classification::classify_chats))
}

/// What is used, what may be, and by whom.
fn accounting() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(budget::list, budget::set))
        .routes(routes!(budget::remove))
        .routes(routes!(usage::read))
        .routes(routes!(me::info))
        .routes(routes!(me::usage))
}

/// Files and batch jobs.
fn workloads() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(file::upload, file::list))
        .routes(routes!(file::read, file::delete))
        .routes(routes!(file::content))
        .routes(routes!(file::url))
        .routes(routes!(file::linked))
        .routes(routes!(batch::job::create, batch::job::list))
        .routes(routes!(batch::job::read, batch::job::delete))
        .routes(routes!(batch::job::cancel))
        .routes(routes!(batch::openai::create, batch::openai::list))
        .routes(routes!(batch::openai::read))
        .routes(routes!(batch::openai::cancel))
}

/// Libraries of documents, what is found in them, and what is answered from them.
fn libraries() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(library::list, library::create))
        .routes(routes!(library::search::search))
        .routes(routes!(library::search::reindex))
        .routes(routes!(library::answer::create))
        .routes(routes!(library::read, library::replace, library::update, library::delete))
        .routes(routes!(library::share::list, library::share::put, library::share::delete))
        .routes(routes!(library::document::list, library::document::add))
        .routes(routes!(
            library::document::read,
            library::document::replace,
            library::document::update,
            library::document::delete
        ))
        .routes(routes!(library::document::status))
        .routes(routes!(library::document::reprocess))
        .routes(routes!(library::document::versions))
        .routes(routes!(library::content::text))
        .routes(routes!(library::content::link))
        .routes(routes!(library::content::text_link))
        .routes(routes!(library::content::page))
        .routes(routes!(library::content::linked))
        .routes(routes!(library::content::linked_text))
        .routes(routes!(library::trace::read))
        .routes(routes!(library::trace::record))
}

/// The same libraries for clients of Albert.
fn collections() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(collection::list, collection::create))
        .routes(routes!(collection::read, collection::update, collection::delete))
        .routes(routes!(collection::document::list, collection::document::add))
        .routes(routes!(collection::document::read, collection::document::delete))
        .routes(routes!(collection::chunk::list))
        .routes(routes!(collection::chunk::read))
        .routes(routes!(collection::chunk::search))
}

/// The whole service. A request passes the layers from the last to the first.
pub fn router(state: ApiState) -> Router {
    metering::describe();
    Router::from(routes())
        .fallback(unknown_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), host::must_be_known))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), budget::tell_rates))
        .layer(from_fn_with_state(state.clone(), refusal::record))
        .layer(from_fn_with_state(state.clone(), observe::request))
        .with_state(state)
}

/// Paths outside the API belong to the page, if there is one.
async fn unknown_route(State(state): State<ApiState>, request: Request) -> Response {
    let is_api = refusal::is_api(request.uri().path());
    match &state.page {
        Some(page) if !is_api => match page.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Some(_) | None => Problem::new(Code::RouteUnknown, "there is nothing at this path")
            .hint("GET /openapi.json lists every route")
            .into_response(),
    }
}

async fn method_not_allowed(method: Method) -> Problem {
    // Methods are tokens of any length that clients may invent.
    let method: String = method.as_str().chars().take(16).collect();
    Problem::new(Code::MethodNotAllowed, format!("{method} is not possible here"))
        .hint("the Allow header lists what is")
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the payload over")]
fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("unknown"), "a handler panicked");
    Problem::new(Code::Internal, "the server failed").into_response()
}
