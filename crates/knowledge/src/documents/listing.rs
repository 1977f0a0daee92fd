//! Lists of documents in other orders than that of the store, and of some of them alone.
//!
//! Names and attributes are sealed, so no store can look for them or sort by them: they are looked
//! at here, all of a library. Of each no more is kept than what puts it in order; those of the page
//! are read again. The usual list, the newest first, is the store's own.

use std::str::FromStr;

use domain::{DocumentId, LibraryId, Timestamp};
use serde_json::{Map, Value};

use crate::{
    DocumentPage, DocumentQuery, KnowledgeError, StoredDocument, Visitor, Wanted,
    ports::DocumentStore,
};

/// A library with more is listed the newest or the oldest first, and not searched by names.
pub const LISTED_MAX: u64 = 50_000;

/// Documents that are looked at together.
const PIECE: u32 = 1_000;

/// Which documents of a library to list, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub library: LibraryId,
    /// Those whose names have these characters, in upper or lower case.
    pub name: Option<String>,
    /// Those that have all of these attributes: a JSON object as text.
    pub attributes: Option<String>,
    pub order: DocumentOrder,
    pub is_ascending: bool,
    pub limit: u32,
    pub offset: u64,
}

/// By what documents are put in order; of equals the one that was added last comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentOrder {
    #[default]
    CreatedAt,
    UpdatedAt,
    Name,
    /// Of the version that holds, in bytes.
    Size,
}

impl DocumentOrder {
    pub const ALL: [Self; 4] = [Self::CreatedAt, Self::UpdatedAt, Self::Name, Self::Size];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Name => "name",
            Self::Size => "size",
        }
    }
}

impl FromStr for DocumentOrder {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|order| order.as_str() == text);
        found.ok_or("must be one of created_at, updated_at, name and size")
    }
}

/// A document that is wanted, without what is known of it.
struct Place {
    id: DocumentId,
    by: By,
}

/// What puts a document in order; the same for all of a list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum By {
    /// Ids carry their time.
    Created(DocumentId),
    Updated(Timestamp),
    /// In lower case.
    Name(String),
    Size(u64),
}

impl Place {
    fn of(document: &StoredDocument, order: DocumentOrder) -> Self {
        let by = match order {
            DocumentOrder::CreatedAt => By::Created(document.id),
            DocumentOrder::UpdatedAt => By::Updated(document.updated_at),
            DocumentOrder::Name => By::Name(document.name.to_lowercase()),
            DocumentOrder::Size => By::Size(document.current.bytes),
        };
        Self { id: document.id, by }
    }
}

/// One page of what is wanted, with versions of this time.
pub(super) async fn page(
    store: &dyn DocumentStore,
    visitor: Visitor,
    (listing, at): (&Listing, Timestamp),
) -> Result<DocumentPage, KnowledgeError> {
    let Listing { library, limit, offset, .. } = *listing;
    let query = DocumentQuery { library, limit, offset, after: None, at };
    let filter = Filter::of(listing)?;
    if filter.is_none() && listing.order == DocumentOrder::CreatedAt {
        return if listing.is_ascending {
            oldest_first(store, visitor, query).await
        } else {
            Ok(store.documents(visitor, &query).await??)
        };
    }
    let mut places = matching(store, visitor, (query, &filter, listing.order)).await?;
    sort(&mut places, listing.is_ascending);
    let total = places.len() as u64;
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let has_more = places.len() > offset.saturating_add(limit as usize);
    let ids = places.into_iter().skip(offset).take(limit as usize).map(|place| place.id).collect();
    let documents = read(store, visitor, (ids, at)).await?;
    Ok(DocumentPage { documents, total, has_more })
}

/// The end of the list of the store, turned around.
async fn oldest_first(
    store: &dyn DocumentStore,
    visitor: Visitor,
    query: DocumentQuery,
) -> Result<DocumentPage, KnowledgeError> {
    let first = DocumentQuery { limit: 1, offset: 0, ..query };
    let total = store.documents(visitor, &first).await??.total;
    let behind = total.saturating_sub(query.offset);
    let count = behind.min(u64::from(query.limit));
    let limit = u32::try_from(count).unwrap_or(query.limit);
    if limit == 0 {
        return Ok(DocumentPage { documents: Vec::new(), total, has_more: false });
    }
    let offset = behind - count;
    let page = store.documents(visitor, &DocumentQuery { limit, offset, ..query }).await??;
    let DocumentPage { mut documents, total, .. } = page;
    documents.reverse();
    Ok(DocumentPage { documents, total, has_more: offset > 0 })
}

/// All that are wanted, the newest first.
async fn matching(
    store: &dyn DocumentStore,
    visitor: Visitor,
    (query, filter, order): (DocumentQuery, &Filter, DocumentOrder),
) -> Result<Vec<Place>, KnowledgeError> {
    let mut piece = DocumentQuery { limit: PIECE, offset: 0, ..query };
    let mut found = Vec::new();
    loop {
        let page = store.documents(visitor, &piece).await??;
        if page.total > LISTED_MAX {
            let reason = format!(
                "the library has more than {LISTED_MAX} documents: list them by `created_at`, all \
                 of them, page by page"
            );
            return Err(KnowledgeError::Invalid { parameter: "sort_by", reason });
        }
        piece.after = page.documents.last().map(|document| document.id);
        let wanted = page.documents.iter().filter(|document| filter.has(document));
        found.extend(wanted.map(|document| Place::of(document, order)));
        if !page.has_more || piece.after.is_none() {
            return Ok(found);
        }
    }
}

/// They come the newest first, and stay so where nothing else tells them apart.
fn sort(places: &mut [Place], is_ascending: bool) {
    if !is_ascending {
        places.reverse();
    }
    places.sort_by(|one, other| one.by.cmp(&other.by));
    if !is_ascending {
        places.reverse();
    }
}

/// Those of one page, without what is gone since it was looked at.
async fn read(
    store: &dyn DocumentStore,
    visitor: Visitor,
    (ids, at): (Vec<DocumentId>, Timestamp),
) -> Result<Vec<StoredDocument>, KnowledgeError> {
    let mut documents = Vec::new();
    for document in ids {
        documents.extend(store.document(visitor, Wanted { document, number: None, at }).await?);
    }
    Ok(documents)
}

/// What a document must have.
struct Filter {
    /// In lower case.
    name: Option<String>,
    attributes: Map<String, Value>,
}

impl Filter {
    fn of(listing: &Listing) -> Result<Self, KnowledgeError> {
        let read = |text: &String| {
            serde_json::from_str::<Map<String, Value>>(text).map_err(|_| KnowledgeError::Invalid {
                parameter: "filters_attributes",
                reason: "attributes are a JSON object".to_owned(),
            })
        };
        let attributes = listing.attributes.as_ref().map(read).transpose()?;
        let name = listing.name.as_ref().map(|name| name.to_lowercase());
        Ok(Self { name, attributes: attributes.unwrap_or_default() })
    }

    fn is_none(&self) -> bool {
        self.name.is_none() && self.attributes.is_empty()
    }

    fn has(&self, document: &StoredDocument) -> bool {
        let has_name = |name: &String| document.name.to_lowercase().contains(name.as_str());
        self.name.as_ref().is_none_or(has_name) && self.has_attributes(&document.attributes)
    }

    fn has_attributes(&self, text: &str) -> bool {
        if self.attributes.is_empty() {
            return true;
        }
        let own: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        self.attributes.iter().all(|(name, value)| own.get(name) == Some(value))
    }
}
