//! `conv_…` and `msg_…`, and the paths that they stand in.

use assistant::{DraftOf, Follow};
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use domain::{ConversationId, EntryId};

use crate::{
    ApiState,
    problem::{Code, Problem},
};

const CONVERSATION: &str = "conv_";
const ENTRY: &str = "msg_";
/// Stands for the parent of a first question.
const ROOT: &str = "root";
/// Stands in the path of a draft for the conversation that does not exist yet.
const NEW: &str = "new";

pub(super) fn show_conversation(id: ConversationId) -> String {
    format!("{CONVERSATION}{id}")
}

/// Where the conversation is read.
pub(super) fn path_of(id: ConversationId) -> String {
    format!("/v1/conversations/{}", show_conversation(id))
}

pub(super) fn show_entry(id: EntryId) -> String {
    format!("{ENTRY}{id}")
}

/// What is no id is not the id of anything that is here.
pub(super) fn entry(text: &str) -> Result<EntryId, Problem> {
    text.strip_prefix(ENTRY).unwrap_or(text).parse().map_err(|_| {
        Problem::new(Code::EntryNotFound, "that is not the id of an entry")
            .hint("ids of entries look like `msg_` and 32 hexadecimal digits")
    })
}

/// An entry, or the place before the first one.
pub(super) fn follow(text: &str) -> Result<Follow, Problem> {
    if text == ROOT { Ok(Follow::Root) } else { entry(text).map(Follow::Entry) }
}

pub(crate) fn conversation(text: &str) -> Result<ConversationId, Problem> {
    text.strip_prefix(CONVERSATION).unwrap_or(text).parse().map_err(|_| {
        Problem::new(Code::ConversationNotFound, "that is not the id of a conversation")
            .hint("ids of conversations look like `conv_` and 32 hexadecimal digits")
    })
}

async fn segment(parts: &mut Parts, state: &ApiState) -> String {
    let path = Path::<String>::from_request_parts(parts, state).await;
    // Bytes that are no text are no id.
    path.map_or_else(|_| String::new(), |Path(text)| text)
}

/// The conversation in the path; known only to be an id.
pub(crate) struct ConversationPath(pub(super) ConversationId);

impl FromRequestParts<ApiState> for ConversationPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        conversation(&segment(parts, state).await).map(Self)
    }
}

/// Whose draft: that of the conversation in the path, or of `new`.
pub(crate) struct DraftPath(pub(super) DraftOf);

impl FromRequestParts<ApiState> for DraftPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let text = segment(parts, state).await;
        if text == NEW {
            return Ok(Self(DraftOf::New));
        }
        conversation(&text).map(|id| Self(DraftOf::Conversation(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_every_form_and_written_in_one() {
        let hexadecimal = "0199b3c4d5e67f8091a2b3c4d5e6f708";
        let dashed = "0199b3c4-d5e6-7f80-91a2-b3c4d5e6f708";
        for text in [hexadecimal, dashed, &format!("conv_{hexadecimal}"), &format!("conv_{dashed}")]
        {
            let id = conversation(text).unwrap();
            assert_eq!(show_conversation(id), format!("conv_{hexadecimal}"));
        }
        let id = entry(&format!("msg_{hexadecimal}")).unwrap();
        assert_eq!(show_entry(id), format!("msg_{hexadecimal}"));
        for wrong in ["", "new", "conv_", "conv_1", &format!("msg_{hexadecimal}")] {
            assert!(conversation(wrong).is_err(), "{wrong}");
        }
        assert!(entry(&format!("conv_{hexadecimal}")).is_err());
    }
}
