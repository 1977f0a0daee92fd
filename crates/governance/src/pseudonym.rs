//! Pseudonyms and salts: keyed hashes whose key can be destroyed.

use domain::{AccountId, KeyId, Principal, SessionId, SignInLinkId, hexadecimal};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ContentDigest;

/// Whoever or whatever has a pseudonym key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectId {
    Operator,
    Key(KeyId),
    Session(SessionId),
    SignInLink(SignInLinkId),
    Account(AccountId),
}

impl SubjectId {
    /// The word by which stores and pseudonyms tell kinds apart.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Key(_) => "key",
            Self::Session(_) => "session",
            Self::SignInLink(_) => "sign_in_link",
            Self::Account(_) => "account",
        }
    }

    /// `None` for the operator: there is one in an organisation.
    pub const fn uuid(self) -> Option<Uuid> {
        match self {
            Self::Operator => None,
            Self::Key(id) => Some(id.as_uuid()),
            Self::Session(id) => Some(id.as_uuid()),
            Self::SignInLink(id) => Some(id.as_uuid()),
            Self::Account(id) => Some(id.as_uuid()),
        }
    }
}

impl From<Principal> for SubjectId {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::Key(id) => Self::Key(id),
            Principal::Session(id) => Self::Session(id),
            Principal::Operator => Self::Operator,
        }
    }
}

/// The random key of one subject. Whoever destroys it makes its pseudonyms and salts unresolvable.
#[derive(Clone, Copy)]
pub(crate) struct SubjectKey(pub(crate) [u8; 32]);

impl SubjectKey {
    pub(crate) fn pseudonym(&self, subject: SubjectId) -> String {
        let text = match subject.uuid() {
            Some(id) => format!("{}:{}", subject.kind(), id.simple()),
            None => subject.kind().to_owned(),
        };
        keyed_text(&self.0, &text)
    }

    /// The salt of what the entry commits to: as random as the key, stored nowhere.
    pub(crate) fn salt(&self, entry: Uuid) -> [u8; 32] {
        *blake3::keyed_hash(&self.0, format!("content:{}", entry.simple()).as_bytes()).as_bytes()
    }
}

/// The first 128 bits of a keyed hash: enough to be unique, useless without the key.
pub(crate) fn keyed_text(key: &[u8; 32], text: &str) -> String {
    hexadecimal(&blake3::keyed_hash(key, text.as_bytes()).as_bytes()[..16])
}

/// What an entry says of content: `sha256:` and SHA-256 of salt and digest.
pub(crate) fn commitment(salt: &[u8; 32], content: ContentDigest) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(content.0).finalize();
    format!("sha256:{}", hexadecimal(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_with_one_id_have_different_pseudonyms() {
        let id = Uuid::from_u128(7);
        let key = SubjectKey([1; 32]);
        let subjects = [
            SubjectId::Operator,
            SubjectId::Key(KeyId::from_uuid(id)),
            SubjectId::Session(SessionId::from_uuid(id)),
            SubjectId::SignInLink(SignInLinkId::from_uuid(id)),
            SubjectId::Account(AccountId::from_uuid(id)),
        ];
        let mut pseudonyms: Vec<_> = subjects.map(|subject| key.pseudonym(subject)).into();
        pseudonyms.push(SubjectKey([2; 32]).pseudonym(SubjectId::Operator));
        pseudonyms.sort();
        pseudonyms.dedup();
        assert_eq!(pseudonyms.len(), 6);
    }

    #[test]
    fn salts_belong_to_one_entry_and_one_subject() {
        let salt = |key: u8, entry: u128| SubjectKey([key; 32]).salt(Uuid::from_u128(entry));
        assert_eq!(salt(1, 1), salt(1, 1));
        assert_ne!(salt(1, 1), salt(1, 2));
        assert_ne!(salt(1, 1), salt(2, 1));
    }

    /// `printf '%064d' 0 | xxd -r -p; printf` … computed with `sha256sum` on 64 zero bytes.
    #[test]
    fn commitments_can_be_recomputed_with_common_tools() {
        let expected = "sha256:f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b";
        assert_eq!(commitment(&[0; 32], ContentDigest([0; 32])), expected);
    }
}
