//! Why there may be no answer, as the `OpenAPI` document tells it.

use std::collections::BTreeMap;

use inference_wire::ErrorBody;
use utoipa::{
    IntoResponses, ToSchema as _,
    openapi::{
        ContentBuilder, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response,
        ResponseBuilder, Type,
    },
};

/// What every request for an answer may get instead.
pub(super) struct Refusals;

const BEFORE: [(u16, &str); 4] = [
    (401, "The caller is not known"),
    (403, "The request comes from a foreign page"),
    (408, "The body did not arrive in time"),
    (413, "The body is too large"),
];

/// Also after the question was kept.
const BEFORE_OR_AFTER: [(u16, &str); 7] = [
    (
        400,
        "Not JSON, not UTF-8, too long for the model, or refused by the engine elsewhere that has \
         it",
    ),
    (404, "No such model, conversation or entry"),
    (422, "Fields that make no sense or are not offered, or messages that the model refuses"),
    (429, "Every place is taken, or a limit is reached; see Retry-After"),
    (500, "The engine failed"),
    (502, "The engine elsewhere that has the model failed"),
    (
        503,
        "The server is stopping or cannot record the request, or no engine that has the model may \
         be asked and is well",
    ),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let before = BEFORE.map(|(status, why)| (status, refusal(why)));
        let after = BEFORE_OR_AFTER
            .map(|(status, why)| (status, refusal(why).header("Location", location())));
        let all = before.into_iter().chain(after);
        all.map(|(status, refusal)| (status.to_string(), refusal.build().into())).collect()
    }
}

fn refusal(why: &str) -> ResponseBuilder {
    let schema = Ref::from_schema_name(ErrorBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(why).content("application/json", content)
}

fn location() -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let why = "The conversation that keeps the question, if it was kept";
    HeaderBuilder::new().schema(Some(text)).description(Some(why)).build()
}
