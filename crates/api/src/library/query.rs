//! What follows the question mark of routes of libraries.

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::{DocumentId, LibraryId, Timestamp};
use knowledge::{
    DocumentOrder, Documents, LibraryQuery, Listing, VersionQuery, Wanted, ports::Resolution,
};

use super::{
    path,
    time::{EXPECTED, time},
};
use crate::{
    parameters::{Parameters, invalid},
    problem::Problem,
};

/// As Mistral has it.
const PAGE_SIZE: u32 = 100;
const PAGE_SIZE_MAX: u32 = 1_000;

/// Hours that a link is good for if nobody says otherwise.
const HOURS: u32 = 24;

/// A page of a list.
#[derive(Clone, Copy)]
struct Page {
    number: u32,
    size: u32,
}

impl Page {
    fn of(given: &Parameters) -> Result<Self, Problem> {
        let size = given.number("page_size")?.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
        Ok(Self { number: given.number("page")?.unwrap_or(0), size })
    }

    fn offset(self) -> u64 {
        u64::from(self.number) * u64::from(self.size)
    }
}

/// Which libraries to list.
pub(crate) struct LibrariesAsked {
    pub(super) page: u32,
    pub(super) page_size: u32,
    after: Option<LibraryId>,
}

impl LibrariesAsked {
    pub(super) fn query(&self) -> LibraryQuery {
        let page = Page { number: self.page, size: self.page_size };
        LibraryQuery { limit: page.size, offset: page.offset(), after: self.after }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LibrariesAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        given.refuse(&["search", "filter_owned_by_me"])?;
        let page = Page::of(&given)?;
        let after = given.text("page_token").map(path::library).transpose()?;
        Ok(Self { page: page.number, page_size: page.size, after })
    }
}

/// Which documents to list, of a library that is told elsewhere.
pub(crate) struct DocumentsAsked {
    pub(super) page: u32,
    pub(super) page_size: u32,
    search: Option<String>,
    attributes: Option<String>,
    order: DocumentOrder,
    is_ascending: bool,
}

impl DocumentsAsked {
    pub(super) fn listing(self, library: LibraryId) -> Listing {
        let page = Page { number: self.page, size: self.page_size };
        Listing {
            library,
            name: self.search,
            attributes: self.attributes,
            order: self.order,
            is_ascending: self.is_ascending,
            limit: page.size,
            offset: page.offset(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for DocumentsAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        let page = Page::of(&given)?;
        let is_ascending = match given.text("sort_order") {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(invalid("sort_order", "must be `asc` or `desc`")),
        };
        Ok(Self {
            page: page.number,
            page_size: page.size,
            search: given.text("search").map(str::to_owned),
            attributes: given.text("filters_attributes").map(str::to_owned),
            order: given.word("sort_by")?.unwrap_or_default(),
            is_ascending,
        })
    }
}

/// Which version of a document: by its number, or by a time at which it holds.
pub(crate) struct VersionAsked {
    number: Option<u32>,
    at: Option<Timestamp>,
}

impl VersionAsked {
    fn of(given: &Parameters) -> Result<Self, Problem> {
        let read = |text: &str| time(text).ok_or_else(|| invalid("as_of", EXPECTED));
        let at = given.text("as_of").map(read).transpose()?;
        Ok(Self { number: given.number("version")?, at })
    }

    pub(super) fn wanted(&self, documents: &Documents, document: DocumentId) -> Wanted {
        Wanted { number: self.number, ..documents.as_of(document, self.at) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for VersionAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&Parameters::of(parts)?)
    }
}

/// Which picture of a page.
pub(crate) struct PictureAsked {
    pub(super) version: VersionAsked,
    pub(super) resolution: Resolution,
}

impl<S: Send + Sync> FromRequestParts<S> for PictureAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        let resolution = match given.text("resolution") {
            None | Some("screen") => Resolution::Screen,
            Some("overview") => Resolution::Overview,
            Some("sharp") => Resolution::Sharp,
            Some(_) => {
                let message = "must be one of overview, screen and sharp";
                return Err(invalid("resolution", message));
            }
        };
        Ok(Self { version: VersionAsked::of(&given)?, resolution })
    }
}

/// Which versions of a document to list.
pub(crate) struct VersionsAsked {
    limit: u32,
    before: Option<u32>,
}

impl VersionsAsked {
    pub(super) fn query(&self, document: DocumentId) -> VersionQuery {
        VersionQuery { document, limit: self.limit, before: self.before }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for VersionsAsked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        let limit = given.number("limit")?.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX);
        Ok(Self { limit, before: given.number("before")? })
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
