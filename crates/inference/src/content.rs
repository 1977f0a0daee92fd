//! What the audit entry of a request commits to.

use domain::chat::Message;
use governance::ContentDigest;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::ports::Passage;

/// Keys in alphabetical order: serde writes fields as they are declared.
#[derive(Serialize)]
struct Canonical<'a> {
    content: &'a str,
    role: &'static str,
}

/// SHA-256 of the messages as compact JSON with sorted keys, as `jq -cjS .messages` prints them
/// when each has a role and a text (except that `jq` escapes U+007F).
pub(crate) fn digest(messages: &[Message]) -> ContentDigest {
    let canonical: Vec<_> = messages
        .iter()
        .map(|message| Canonical { content: &message.content, role: message.role.as_str() })
        .collect();
    hashed(&canonical)
}

/// A passage as it was sent: a text, or a list of tokens.
#[derive(Serialize)]
#[serde(untagged)]
enum CanonicalPassage<'a> {
    Text(&'a str),
    Tokens(&'a [u32]),
}

/// SHA-256 of the passages as a list in compact JSON, as `jq -cj .input` prints it when it is a
/// list (except that `jq` escapes U+007F).
pub(crate) fn digest_of_passages(passages: &[Passage]) -> ContentDigest {
    let canonical: Vec<_> = passages
        .iter()
        .map(|passage| match passage {
            Passage::Text(text) => CanonicalPassage::Text(text),
            Passage::Tokens(tokens) => CanonicalPassage::Tokens(tokens),
        })
        .collect();
    hashed(&canonical)
}

#[expect(clippy::expect_used, reason = "strings and numbers always serialise")]
fn hashed(canonical: &impl Serialize) -> ContentDigest {
    let bytes = serde_json::to_vec(canonical).expect("strings and numbers always serialise");
    ContentDigest(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use domain::{chat::Role, hexadecimal};

    use super::*;

    /// `printf '[{"content":"Réponds.","role":"system"},{"content":"a\\nb","role":"user"}]' | sha256sum`
    #[test]
    fn the_digest_can_be_recomputed_with_common_tools() {
        let message =
            |role, content: &str| Message { role, content: content.into(), prefix: false };
        let messages = [message(Role::System, "Réponds."), message(Role::User, "a\nb")];
        let passages = [Passage::Text("a\nb".to_owned()), Passage::Tokens(vec![1, 22])];
        // `printf '["a\\nb",[1,22]]' | sha256sum`
        let of_passages = "3e6c53f2c0152ca97fdf55303b30818aa540d0a3466efeb655b1c8db2a30677d";
        assert_eq!(hexadecimal(&digest_of_passages(&passages).0), of_passages);
        let expected = "5de3ee7afed61daf69ca52f2d790e74cc9d0d1867e5aea4683cd8060b7d2e7f6";
        assert_eq!(hexadecimal(&digest(&messages).0), expected);
    }
}
