//! What follows the question mark, and the pages that it asks for.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use scim::{Filter, Members, ScimError, ScimType, Selection};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::problem::Problem;

/// The longest page.
pub(super) const RESULTS_MAX: u32 = 1_000;
const RESULTS_DEFAULT: u32 = 100;

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Every parameter that is known; others are ignored.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Parameters {
    filter: Option<String>,
    start_index: Option<String>,
    count: Option<String>,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

/// Which resources, which page of them, and what of each.
pub(crate) struct Asked {
    filter: Option<Filter>,
    /// From 1.
    start: usize,
    count: usize,
    pub(super) selection: Selection,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Parameters>::from_request_parts(parts, state).await;
        let Query(given) = query.map_err(|_| {
            let message = "the parameters after the question mark make no sense";
            ScimError::new(ScimType::InvalidSyntax, message)
        })?;
        let filter = given.filter.as_deref().map(Filter::parse).transpose()?;
        let start = number("startIndex", given.start_index.as_deref(), 1)?.max(1);
        let count = number("count", given.count.as_deref(), RESULTS_DEFAULT.into())?;
        let count = count.clamp(0, RESULTS_MAX.into());
        let attributes = given.attributes.as_deref();
        let selection = Selection::new(attributes, given.excluded_attributes.as_deref());
        Ok(Self {
            filter,
            start: usize::try_from(start).unwrap_or(usize::MAX),
            count: usize::try_from(count).unwrap_or(0),
            selection,
        })
    }
}

impl Asked {
    /// One page of what fits, with how many there are.
    pub(super) fn page(&self, all: impl Iterator<Item = Members>) -> Value {
        let fits = |one: &Members| self.filter.as_ref().is_none_or(|filter| filter.fits(one));
        let mut total = 0_usize;
        let mut page = Vec::new();
        for resource in all.filter(fits) {
            total += 1;
            if total >= self.start && page.len() < self.count {
                page.push(Value::Object(self.selection.of(resource)));
            }
        }
        json!({
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": self.start,
            "itemsPerPage": page.len(),
            "Resources": page,
        })
    }
}

/// A list that is told whole.
pub(super) fn whole(all: &[Value]) -> Value {
    json!({
        "schemas": [LIST],
        "totalResults": all.len(),
        "startIndex": 1,
        "itemsPerPage": all.len(),
        "Resources": all,
    })
}

fn number(name: &'static str, text: Option<&str>, default: i64) -> Result<i64, Problem> {
    match text {
        None | Some("") => Ok(default),
        Some(text) => text.parse().map_err(|_| {
            let message = format!("`{name}` is a whole number");
            ScimError::new(ScimType::InvalidValue, message).into()
        }),
    }
}
