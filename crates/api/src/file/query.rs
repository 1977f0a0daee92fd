//! What follows the question mark of routes of files.

use axum::{extract::FromRequestParts, http::request::Parts};
use workloads::FileQuery;

use super::id;
use crate::{
    parameters::{Parameters, invalid},
    problem::Problem,
};

/// As Mistral has it.
const LIMIT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// Hours that a link is good for if nobody says otherwise.
const HOURS: u32 = 24;

/// Which files to list.
pub(crate) struct Listing(pub(super) FileQuery);

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        given.refuse(&["source", "sample_type", "search", "mimetypes"])?;
        if given.text("order").is_some_and(|order| order != "desc") {
            return Err(invalid("order", "must be `desc`: the newest come first"));
        }
        let limit = match given.number("limit")? {
            Some(limit) => limit,
            None => given.number("page_size")?.unwrap_or(LIMIT),
        };
        let limit = limit.clamp(1, LIMIT_MAX);
        let page = given.number("page")?.unwrap_or(0);
        Ok(Self(FileQuery {
            purpose: given.word("purpose")?,
            source: None,
            limit,
            offset: u64::from(page) * u64::from(limit),
            after: given
                .text("after")
                .map(|text| id(text).ok_or_else(super::unknown))
                .transpose()?,
            at: None,
        }))
    }
}

/// How long a link is good for.
pub(crate) struct Hours(pub(super) u32);

impl<S: Send + Sync> FromRequestParts<S> for Hours {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let hours = Parameters::of(parts)?.number("expiry")?;
        Ok(Self(hours.unwrap_or(HOURS)))
    }
}
