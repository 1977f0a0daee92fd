//! From the words of the wire to those of the context, and back.

pub(super) mod answer;
pub(super) mod trace;

use std::path::Path;

use domain::{Caller, LibraryId, OrganisationId, Timestamp, hexadecimal};
use inference_wire as wire;
use knowledge::{
    DocumentChange, Grantee, LibraryAccess, ReadFailure, ReadingState, SearchHit, SearchMode,
    SearchRequest, Share, ShareRole, StoredDocument, Version, VisibleLibrary,
};
use serde_json::{Map, Value};

use super::{
    path,
    time::{EXPECTED, time},
};
use crate::{
    body,
    problem::{Code, Problem},
};

/// The role of a share that was taken back.
const NO_ROLE: &str = "None";

pub(crate) fn library(seen: &VisibleLibrary) -> wire::Library {
    let VisibleLibrary { library, access } = seen;
    wire::Library {
        id: library.id.to_string(),
        name: library.name.clone(),
        created_at: library.created_at.to_string(),
        updated_at: library.updated_at.to_string(),
        owner_id: library.owner.map(|owner| owner.to_string()),
        owner_type: wire::LibraryParty::User,
        total_size: library.bytes,
        nb_documents: library.documents,
        chunk_size: None,
        description: library.description.clone(),
        access: match access {
            LibraryAccess::Viewer => wire::LibraryAccess::Viewer,
            LibraryAccess::Editor => wire::LibraryAccess::Editor,
            LibraryAccess::Owner => wire::LibraryAccess::Owner,
        },
    }
}

/// Of how many there are, and whether more follow.
pub(super) fn pagination(
    (total, has_more): (u64, bool),
    page: u32,
    page_size: u32,
) -> wire::DocumentPagination {
    wire::DocumentPagination {
        total_items: total,
        total_pages: total.div_ceil(u64::from(page_size.max(1))).max(1),
        current_page: u64::from(page),
        page_size,
        has_more,
    }
}

pub(super) fn document(document: &StoredDocument) -> wire::LibraryDocument {
    let version = &document.current;
    let (process_status, processing_status, state) = states(version.state);
    wire::LibraryDocument {
        id: document.id.to_string(),
        library_id: document.library.to_string(),
        hash: hexadecimal(&version.digest),
        mime_type: document.media_type.clone(),
        extension: extension(&document.name),
        size: version.bytes,
        name: document.name.clone(),
        created_at: document.created_at.to_string(),
        updated_at: document.updated_at.to_string(),
        last_processed_at: version.ended_at.map(|at| at.to_string()),
        number_of_pages: (version.pages > 0).then_some(version.pages),
        process_status,
        processing_status,
        uploaded_by_id: document.added_by.map(|account| account.to_string()),
        uploaded_by_type: wire::LibraryParty::User,
        tokens_processing_total: version.tokens,
        attributes: attributes(&document.attributes),
        state,
        passages: version.passages,
        versions: document.versions,
        version: self::version(version),
    }
}

/// They were an object when they were kept.
pub(crate) fn attributes(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

fn extension(name: &str) -> Option<String> {
    let extension = Path::new(name).extension()?.to_str()?;
    Some(extension.to_owned())
}

pub(super) fn version(version: &Version) -> wire::DocumentVersion {
    let (_, _, state) = states(version.state);
    wire::DocumentVersion {
        number: version.number,
        digest: digest(&version.digest),
        size: version.bytes,
        added_at: version.added_at.to_string(),
        state,
        searchable: version.searchable,
        in_force_from: version.in_force.from.to_string(),
        in_force_until: version.in_force.until.map(|until| until.to_string()),
        pages: version.pages,
        passages: version.passages,
        tokens: version.tokens,
        language: version.language.map(|language| language.tag().to_owned()),
        notes: version.notes,
        failure: version.failure.as_ref().map(failure),
    }
}

fn failure(failure: &ReadFailure) -> wire::DocumentFailure {
    wire::DocumentFailure { code: failure.code.clone(), part: failure.part.clone() }
}

/// In Mistral's newer words, in its older ones, and in ours.
pub(super) const fn states(
    state: ReadingState,
) -> (wire::ProcessStatus, wire::ProcessingWord, wire::DocumentState) {
    use wire::{DocumentState as Ours, ProcessStatus as Newer, ProcessingWord as Older};
    match state {
        ReadingState::Queued => (Newer::Todo, Older::Running, Ours::Queued),
        ReadingState::Reading => (Newer::InProgress, Older::Running, Ours::Reading),
        ReadingState::Indexing => (Newer::InProgress, Older::Running, Ours::Indexing),
        ReadingState::Ready => (Newer::Done, Older::Completed, Ours::Ready),
        ReadingState::Failed => (Newer::Error, Older::Error, Ours::Failed),
    }
}

pub(super) fn digest(digest: &[u8]) -> String {
    format!("sha256:{}", hexadecimal(digest))
}

pub(super) fn document_change(wanted: wire::UpdateLibraryDocument) -> DocumentChange {
    let attributes = wanted.attributes.map(|attributes| Value::Object(attributes).to_string());
    DocumentChange { name: wanted.name, attributes }
}

/// Whom an id names; nobody who is known for what is no id.
pub(super) fn grantee(
    caller: &Caller,
    kind: wire::ShareKind,
    text: &str,
) -> Result<Grantee, Problem> {
    let own = |id: &OrganisationId| *id == caller.organisation;
    let (found, code, unknown) = match kind {
        wire::ShareKind::User => {
            let found = text.parse().ok().map(Grantee::Account);
            (found, Code::AccountUnknown, "there is no account with this id")
        }
        wire::ShareKind::Workspace => {
            let found = text.parse().ok().map(Grantee::Group);
            (found, Code::GroupUnknown, "there is no group with this id")
        }
        wire::ShareKind::Org => {
            let found = text.parse().ok().filter(own).map(|_| Grantee::Organisation);
            (found, Code::AccountUnknown, "that is not the id of your organisation")
        }
    };
    let hint = "GET /v1/libraries/{id}/share tells who may use it, and the id of the organisation";
    found.ok_or_else(|| Problem::new(code, unknown).hint(hint))
}

pub(super) const fn role(level: wire::ShareLevel) -> ShareRole {
    match level {
        wire::ShareLevel::Viewer => ShareRole::Viewer,
        wire::ShareLevel::Editor => ShareRole::Editor,
    }
}

pub(super) fn share(caller: &Caller, share: &Share) -> wire::LibraryShare {
    let role = match share.role {
        ShareRole::Viewer => "Viewer",
        ShareRole::Editor => "Editor",
    };
    shared(caller, (share.library, share.grantee), role)
}

/// A share that was taken back.
pub(super) fn unshared(
    caller: &Caller,
    library: LibraryId,
    grantee: Grantee,
) -> wire::LibraryShare {
    shared(caller, (library, grantee), NO_ROLE)
}

fn shared(
    caller: &Caller,
    (library, grantee): (LibraryId, Grantee),
    role: &str,
) -> wire::LibraryShare {
    let (kind, id) = match grantee {
        Grantee::Account(id) => (wire::ShareKind::User, id.to_string()),
        Grantee::Group(id) => (wire::ShareKind::Workspace, id.to_string()),
        Grantee::Organisation => (wire::ShareKind::Org, caller.organisation.to_string()),
    };
    wire::LibraryShare {
        library_id: library.to_string(),
        org_id: caller.organisation.to_string(),
        role: role.to_owned(),
        share_with_type: kind,
        share_with_uuid: id,
    }
}

pub(super) fn search(wanted: wire::SearchLibraries) -> Result<SearchRequest, Problem> {
    Ok(SearchRequest {
        libraries: libraries(wanted.library_ids.as_deref().unwrap_or_default())?,
        as_of: as_of(wanted.as_of.as_deref())?,
        limit: wanted.limit,
        mode: match wanted.mode {
            wire::LibrarySearchMode::Hybrid => SearchMode::Hybrid,
            wire::LibrarySearchMode::Lexical => SearchMode::Lexical,
            wire::LibrarySearchMode::Dense => SearchMode::Dense,
        },
        text: wanted.query,
    })
}

pub(crate) fn libraries(ids: &[String]) -> Result<Vec<LibraryId>, Problem> {
    ids.iter().map(|id| path::library(id)).collect()
}

pub(super) fn as_of(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| moment("as_of", text)).transpose()
}

/// A field that is a day or a time.
pub(super) fn moment(field: &'static str, text: &str) -> Result<Timestamp, Problem> {
    time(text).ok_or_else(|| body::invalid(field, EXPECTED.to_owned()))
}

pub(super) const fn mode(mode: SearchMode) -> wire::LibrarySearchMode {
    match mode {
        SearchMode::Hybrid => wire::LibrarySearchMode::Hybrid,
        SearchMode::Lexical => wire::LibrarySearchMode::Lexical,
        SearchMode::Dense => wire::LibrarySearchMode::Dense,
    }
}

pub(super) fn hit(hit: SearchHit) -> wire::FoundPassage {
    let version = wire::FoundVersion {
        number: hit.version.number,
        digest: digest(&hit.version.digest),
        in_force_from: hit.version.in_force.from.to_string(),
        in_force_until: hit.version.in_force.until.map(|until| until.to_string()),
    };
    let snippet = hit.text.get(hit.snippet.range()).unwrap_or_default().to_owned();
    wire::FoundPassage {
        object: wire::PassageObject::Passage,
        score: hit.score,
        lexical: hit.lexical,
        dense: hit.dense,
        library_id: hit.library.to_string(),
        document_id: hit.document.to_string(),
        document_name: hit.name,
        version,
        passage: hit.passage,
        headings: hit.headings,
        table_header: hit.table_header,
        pages: hit.pages,
        text: hit.text,
        start: hit.span.start,
        end: hit.span.end,
        snippet,
    }
}
