//! What the audit entry of a chat request commits to.

use domain::chat::Message;
use governance::ContentDigest;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

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
    let mut hasher = Sha256::new();
    hasher.update(bytes(&canonical));
    ContentDigest(hasher.finalize().into())
}

#[expect(clippy::expect_used, reason = "strings always serialise")]
fn bytes(canonical: &[Canonical<'_>]) -> Vec<u8> {
    serde_json::to_vec(canonical).expect("strings always serialise")
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
        let expected = "5de3ee7afed61daf69ca52f2d790e74cc9d0d1867e5aea4683cd8060b7d2e7f6";
        assert_eq!(hexadecimal(&digest(&messages).0), expected);
    }
}
