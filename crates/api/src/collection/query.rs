//! What follows the question mark of routes of collections.

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::LibraryId;
use knowledge::{DocumentOrder, LibraryQuery, Listing};

use crate::{
    library,
    parameters::{Parameters, invalid},
    problem::Problem,
};

/// As Albert has it.
const LIMIT: u32 = 10;
const LIMIT_MAX: u32 = 100;

/// Some of a list.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    pub(super) limit: u32,
    pub(super) offset: u32,
}

impl Part {
    fn of(given: &Parameters) -> Result<Self, Problem> {
        let limit = given.number("limit")?.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(invalid("limit", "must be from 1 to 100"));
        }
        Ok(Self { limit, offset: given.number("offset")?.unwrap_or(0) })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&Parameters::of(parts)?)
    }
}

/// Which collections to list.
pub(crate) struct CollectionsAsked(Part);

impl CollectionsAsked {
    pub(super) fn query(&self) -> LibraryQuery {
        let Part { limit, offset } = self.0;
        LibraryQuery { limit, offset: u64::from(offset), after: None }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CollectionsAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        given.refuse(&["name", "visibility"])?;
        Part::of(&given).map(Self)
    }
}

/// Which documents of a collection to list.
pub(crate) struct DocumentsAsked {
    collection: LibraryId,
    name: Option<String>,
    part: Part,
}

impl DocumentsAsked {
    pub(super) fn listing(self) -> Listing {
        let Self { collection, name, part } = self;
        Listing {
            library: collection,
            name,
            attributes: None,
            order: DocumentOrder::CreatedAt,
            is_ascending: false,
            limit: part.limit,
            offset: u64::from(part.offset),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for DocumentsAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        let newer = given.text("collection_id");
        let Some(collection) = newer.or_else(|| given.text("collection")) else {
            return Err(invalid("collection", "must name a collection"));
        };
        Ok(Self {
            collection: library::path::library(collection)?,
            name: given.text("name").map(str::to_owned),
            part: Part::of(&given)?,
        })
    }
}
