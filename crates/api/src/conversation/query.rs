//! What follows the question mark.

use assistant::{HistoryPart, ListQuery};
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use domain::EntryId;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{id, problem::invalid};
use crate::problem::{Code, Problem};

/// As Mistral has it.
const PAGE_SIZE_DEFAULT: u32 = 100;

/// Every parameter that a route of conversations knows; others are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    page: Option<String>,
    page_size: Option<String>,
    search: Option<String>,
    archived: Option<String>,
    metadata: Option<String>,
    all: Option<String>,
    entry_id: Option<String>,
}

async fn parameters<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Parameters, Problem> {
    let query = Query::<Parameters>::from_request_parts(parts, state).await;
    query.map(|Query(parameters)| parameters).map_err(|_| {
        Problem::new(Code::InvalidRequest, "the parameters after the question mark make no sense")
    })
}

/// Which conversations to list.
pub(crate) struct Listing(pub(crate) ListQuery);

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = parameters(parts, state).await?;
        if given.metadata.as_deref().is_some_and(asks_for_members) {
            let problem = Problem::new(Code::FeatureUnsupported, "metadata cannot be searched");
            return Err(problem.param("metadata"));
        }
        let archived = match given.archived.as_deref() {
            None | Some("" | "false") => Some(false),
            Some("true") => Some(true),
            Some("any") => None,
            Some(_) => return Err(invalid(("query", "archived"), "is false, true or any")),
        };
        let limit = number("page_size", given.page_size.as_deref(), PAGE_SIZE_DEFAULT)?;
        let page = number("page", given.page.as_deref(), 0)?;
        let offset = u64::from(page) * u64::from(limit);
        let search = given.search.filter(|text| !text.is_empty());
        Ok(Self(ListQuery { search, archived, limit, offset }))
    }
}

/// Which entries of a history.
pub(crate) struct Part(pub(super) HistoryPart);

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match parameters(parts, state).await?.all.as_deref() {
            None | Some("" | "false") => Ok(Self(HistoryPart::Path)),
            Some("true") => Ok(Self(HistoryPart::All)),
            Some(_) => Err(invalid(("query", "all"), "is false or true")),
        }
    }
}

/// Which answer to read; `None`: the running one, or else the newest of the shown branch.
pub(crate) struct Answer(pub(super) Option<EntryId>);

impl<S: Send + Sync> FromRequestParts<S> for Answer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = parameters(parts, state).await?.entry_id.filter(|text| !text.is_empty());
        given.as_deref().map(id::entry).transpose().map(Self)
    }
}

/// Official clients send a text of their own for "not given".
fn asks_for_members(filter: &str) -> bool {
    let filter: Option<Map<String, Value>> = serde_json::from_str(filter).ok();
    filter.is_some_and(|members| !members.is_empty())
}

fn number(name: &'static str, text: Option<&str>, default: u32) -> Result<u32, Problem> {
    match text {
        None | Some("") => Ok(default),
        Some(text) => text.parse().map_err(|_| invalid(("query", name), "is a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn listing(query: &str) -> Result<ListQuery, Problem> {
        let request = Request::get(format!("/?{query}")).body(()).unwrap();
        Listing::from_request_parts(&mut request.into_parts().0, &()).await.map(|given| given.0)
    }

    #[tokio::test]
    async fn pages_are_counted_from_0() {
        let default = ListQuery { search: None, archived: Some(false), limit: 100, offset: 0 };
        assert_eq!(listing("").await.unwrap(), default);
        assert_eq!(listing("page=&page_size=&search=&archived=&x=1").await.unwrap(), default);
        let read = listing("page=2&page_size=30&archived=any&search=d%C3%A9j%C3%A0+vu").await;
        let expected =
            ListQuery { search: Some("déjà vu".into()), archived: None, limit: 30, offset: 60 };
        assert_eq!(read.unwrap(), expected);
        assert_eq!(listing("archived=true&metadata={}").await.unwrap().archived, Some(true));
        let unset = "metadata=%22~%3F~unset~%3F~sentinel~%3F~%22";
        assert_eq!(listing(unset).await.unwrap(), default);
        for wrong in ["page=-1", "page_size=x", "archived=1", "metadata=%7B%22a%22:1%7D"] {
            assert!(listing(wrong).await.is_err(), "{wrong}");
        }
    }
}
