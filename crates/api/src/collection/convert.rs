//! Between libraries and collections.

use inference_wire as wire;
use knowledge::{
    Found, Passage, SearchHit, SearchMode, SearchRequest, StoredDocument, VisibleLibrary,
};
use serde_json::{Map, Value};

use crate::{library::convert as library, problem::Problem};

/// What a chunk tells of its document beside its attributes.
const DOCUMENT_NAME: &str = "document_name";

pub(super) fn collection(seen: &VisibleLibrary) -> wire::Collection {
    let library = &seen.library;
    let (created, updated) = (library.created_at.as_seconds(), library.updated_at.as_seconds());
    wire::Collection {
        object: wire::CollectionObject::Collection,
        id: library.id.to_string(),
        name: library.name.clone(),
        owner: library.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        description: library.description.clone(),
        visibility: None,
        created_at: created,
        updated_at: updated,
        created,
        updated,
        documents: library.documents,
        size: library.bytes,
    }
}

pub(super) fn document(document: &StoredDocument) -> wire::CollectionDocument {
    let version = &document.current;
    wire::CollectionDocument {
        object: wire::CollectionDocumentObject::Document,
        id: document.id.to_string(),
        name: document.name.clone(),
        collection_id: document.library.to_string(),
        created: document.created_at.as_seconds(),
        chunks: version.searchable.then_some(version.passages),
        size: version.bytes,
    }
}

/// `text`: what the passage says.
pub(super) fn chunk(
    document: &StoredDocument,
    passage: &Passage,
    text: &str,
) -> wire::DocumentChunk {
    wire::DocumentChunk {
        object: wire::DocumentChunkObject::Chunk,
        id: passage.number,
        collection_id: document.library.to_string(),
        document_id: document.id.to_string(),
        content: text.to_owned(),
        metadata: metadata(&document.attributes, &document.name),
        created: document.created_at.as_seconds(),
    }
}

fn metadata(attributes: &str, name: &str) -> Map<String, Value> {
    let mut metadata = library::attributes(attributes);
    metadata.insert(DOCUMENT_NAME.to_owned(), Value::from(name));
    metadata
}

pub(super) fn search(wanted: &wire::SearchChunks) -> Result<SearchRequest, Problem> {
    Ok(SearchRequest {
        text: wanted.query.clone(),
        libraries: library::libraries(&wanted.collection_ids)?,
        as_of: None,
        limit: wanted.limit.saturating_add(wanted.offset),
        mode: match wanted.method {
            wire::ChunkSearchMethod::Hybrid => SearchMode::Hybrid,
            wire::ChunkSearchMethod::Semantic => SearchMode::Dense,
            wire::ChunkSearchMethod::Lexical => SearchMode::Lexical,
        },
    })
}

/// Those behind the offset that reach the threshold.
pub(super) fn found(found: Found, wanted: &wire::SearchChunks) -> wire::FoundChunkList {
    let method = method(found.mode);
    let behind = found.hits.into_iter().skip(wanted.offset as usize);
    let chunks = behind.map(|hit| found_chunk(hit, method));
    let least = wanted.score_threshold.unwrap_or(f32::MIN);
    let data = chunks.filter(|chunk| chunk.score >= least).collect();
    wire::FoundChunkList { object: wire::ListObject::List, data }
}

const fn method(mode: SearchMode) -> wire::ChunkSearchMethod {
    match mode {
        SearchMode::Hybrid => wire::ChunkSearchMethod::Hybrid,
        SearchMode::Dense => wire::ChunkSearchMethod::Semantic,
        SearchMode::Lexical => wire::ChunkSearchMethod::Lexical,
    }
}

fn found_chunk(hit: SearchHit, method: wire::ChunkSearchMethod) -> wire::FoundChunk {
    // Clients compare a cosine with a bound of their own.
    let cosine = hit.dense.filter(|_| method == wire::ChunkSearchMethod::Semantic);
    wire::FoundChunk {
        method,
        score: cosine.unwrap_or(hit.score),
        chunk: wire::DocumentChunk {
            object: wire::DocumentChunkObject::Chunk,
            id: hit.passage,
            collection_id: hit.library.to_string(),
            document_id: hit.document.to_string(),
            metadata: metadata(&hit.attributes, &hit.name),
            content: hit.text,
            created: hit.version.added_at.as_seconds(),
        },
    }
}
