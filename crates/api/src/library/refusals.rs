//! Why there may be nothing, as the `OpenAPI` document tells it.

use std::collections::BTreeMap;

use inference_wire::ErrorBody;
use utoipa::{
    IntoResponses, ToSchema as _,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// What every request may get instead.
pub(crate) struct Usual;

/// Of what is asked for by its id.
pub(crate) struct NotThere;

/// Of parameters after the question mark.
pub(crate) struct BadQuery;

/// Of a body.
pub(crate) struct BadBody;

/// Of a form with a document.
pub(crate) struct BadForm;

/// Of what is to be removed.
pub(crate) struct Held;

/// Of a search.
pub(crate) struct BadSearch;

/// Of the model that answers.
pub(crate) struct NoAnswer;

type Reason = (u16, &'static str);

const USUAL: [Reason; 3] = [
    (401, "The caller is not known"),
    (
        403,
        "The caller may not do this, or not with this library, or the request comes from a foreign \
         page",
    ),
    (
        503,
        "The access cannot be recorded, libraries are locked, or something that is needed is not \
         there now",
    ),
];

const NOT_THERE: [Reason; 1] = [(404, "There is no such thing that the caller may use")];

const BAD_QUERY: [Reason; 1] = [(422, "Parameters that make no sense")];

const BAD_BODY: [Reason; 4] = [
    (400, "Not JSON or not UTF-8"),
    (408, "The body did not arrive in time"),
    (413, "The body is too large"),
    (422, "Fields that make no sense or are not offered"),
];

const BAD_FORM: [Reason; 3] = [
    (408, "Too little arrived for too long"),
    (413, "The document is too large, or there is no room"),
    (422, "Not a form, or fields that make no sense"),
];

const HELD: [Reason; 1] = [(409, "A hold covers it")];

const BAD_SEARCH: [Reason; 2] = [
    (429, "As many searches wait as may, or a limit is reached; see Retry-After"),
    (500, "The index is damaged, or the engine failed"),
];

const NO_ANSWER: [Reason; 1] = [(502, "The engine elsewhere that has the model failed")];

fn described(reasons: &[Reason]) -> BTreeMap<String, RefOr<Response>> {
    let row = |(status, why): &Reason| (status.to_string(), refusal(why).into());
    reasons.iter().map(row).collect()
}

fn refusal(why: &str) -> Response {
    let schema = Ref::from_schema_name(ErrorBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(why).content("application/json", content).build()
}

impl IntoResponses for Usual {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&USUAL)
    }
}

impl IntoResponses for NotThere {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&NOT_THERE)
    }
}

impl IntoResponses for BadQuery {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&BAD_QUERY)
    }
}

impl IntoResponses for BadBody {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&BAD_BODY)
    }
}

impl IntoResponses for BadForm {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&BAD_FORM)
    }
}

impl IntoResponses for Held {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&HELD)
    }
}

impl IntoResponses for BadSearch {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&BAD_SEARCH)
    }
}

impl IntoResponses for NoAnswer {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described(&NO_ANSWER)
    }
}
