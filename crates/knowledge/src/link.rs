//! Links with which whoever has them reads one version of a document for some hours.
//!
//! A link is kept nowhere: it carries what it opens, until when and as whom, under a keyed hash. It
//! ends with the document, with its time, with the key that made it, with the account, and as soon
//! as the account does not see the library any more.

use domain::{
    AccountId, Caller, DocumentId, KeyId, OrganisationId, Permissions, Principal, ProjectId,
    SessionId, Timestamp, hexadecimal,
};

use crate::KnowledgeError;

/// A week.
pub const LINK_HOURS_MAX: u32 = 168;

/// Keeps these links apart from all others that are signed with the same secret.
const PURPOSE: &str = "galerne 2026 link to a document";

const ID: usize = 16;
const FIELDS: usize = 5 * ID + 1 + 4 + 8;
const HASH: usize = 32;

/// What links are signed with; nobody outside of the installation has it.
#[derive(Clone)]
pub struct DocumentLinkKey([u8; 32]);

impl DocumentLinkKey {
    /// Of a secret that may serve other purposes too.
    pub fn of(secret: &[u8; 32]) -> Self {
        Self(blake3::derive_key(PURPOSE, secret))
    }
}

/// What a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLink {
    /// Who made it, as whom it is used.
    pub maker: Caller,
    pub document: DocumentId,
    /// Of the version.
    pub number: u32,
    pub expires_at: Timestamp,
}

impl DocumentLink {
    /// Hexadecimal digits.
    pub fn seal(&self, key: &DocumentLinkKey) -> String {
        let fields = self.fields();
        let hash = blake3::keyed_hash(&key.0, &fields);
        hexadecimal(&[fields.as_slice(), hash.as_bytes()].concat())
    }

    /// # Errors
    /// [`KnowledgeError::LinkInvalid`] if it was not made under this key, or is over.
    pub fn open(text: &str, key: &DocumentLinkKey, now: Timestamp) -> Result<Self, KnowledgeError> {
        let bytes = bytes_of(text).ok_or(KnowledgeError::LinkInvalid)?;
        let (fields, hash) = bytes.split_at_checked(FIELDS).ok_or(KnowledgeError::LinkInvalid)?;
        let hash: [u8; HASH] = hash.try_into().map_err(|_| KnowledgeError::LinkInvalid)?;
        // Compared in constant time: both are hashes of the library.
        if blake3::keyed_hash(&key.0, fields) != blake3::Hash::from_bytes(hash) {
            return Err(KnowledgeError::LinkInvalid);
        }
        let link = Self::read(fields).ok_or(KnowledgeError::LinkInvalid)?;
        if link.expires_at <= now { Err(KnowledgeError::LinkInvalid) } else { Ok(link) }
    }

    fn fields(&self) -> Vec<u8> {
        let Caller { organisation, project, account, principal, permissions: _ } = self.maker;
        let (kind, id) = match principal {
            Principal::Operator => (0, [0; ID]),
            Principal::Key(id) => (1, *id.as_uuid().as_bytes()),
            Principal::Session(id) => (2, *id.as_uuid().as_bytes()),
        };
        let mut fields = Vec::with_capacity(FIELDS + HASH);
        for id in [organisation.as_uuid(), project.as_uuid(), account.as_uuid()] {
            fields.extend_from_slice(id.as_bytes());
        }
        fields.push(kind);
        fields.extend_from_slice(&id);
        fields.extend_from_slice(self.document.as_uuid().as_bytes());
        fields.extend_from_slice(&self.number.to_be_bytes());
        fields.extend_from_slice(&self.expires_at.as_micros().to_be_bytes());
        fields
    }

    fn read(mut fields: &[u8]) -> Option<Self> {
        let mut id = || {
            let (id, rest) = fields.split_first_chunk::<ID>()?;
            fields = rest;
            Some(hexadecimal(id))
        };
        let organisation: OrganisationId = id()?.parse().ok()?;
        let project: ProjectId = id()?.parse().ok()?;
        let account: AccountId = id()?.parse().ok()?;
        let (kind, rest) = fields.split_first()?;
        let (principal, rest) = rest.split_first_chunk::<ID>()?;
        let principal = hexadecimal(principal);
        let principal = match kind {
            0 => Principal::Operator,
            1 => Principal::Key(principal.parse::<KeyId>().ok()?),
            2 => Principal::Session(principal.parse::<SessionId>().ok()?),
            _ => return None,
        };
        let (document, rest) = rest.split_first_chunk::<ID>()?;
        let document: DocumentId = hexadecimal(document).parse().ok()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let expires_at = Timestamp::from_micros(i64::from_be_bytes(rest.try_into().ok()?));
        let permissions = Permissions::NONE;
        let maker = Caller { organisation, project, account, principal, permissions };
        Some(Self { maker, document, number: u32::from_be_bytes(*number), expires_at })
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 2 * (FIELDS + HASH) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DocumentLinkKey {
        DocumentLinkKey::of(&[7; 32])
    }

    fn link(principal: Principal) -> DocumentLink {
        let id = |digit: char| digit.to_string().repeat(32);
        let maker = Caller {
            organisation: id('1').parse().unwrap(),
            project: id('2').parse().unwrap(),
            account: id('3').parse().unwrap(),
            principal,
            permissions: Permissions::NONE,
        };
        let expires_at = Timestamp::from_micros(5_000_000);
        DocumentLink { maker, document: id('4').parse().unwrap(), number: 3, expires_at }
    }

    #[test]
    fn a_link_says_what_it_was_made_of_until_its_time() {
        let id = "5".repeat(32);
        for principal in [
            Principal::Operator,
            Principal::Key(id.parse().unwrap()),
            Principal::Session(id.parse().unwrap()),
        ] {
            let (link, text) = (link(principal), link(principal).seal(&key()));
            let before = Timestamp::from_micros(4_999_999);
            assert_eq!(DocumentLink::open(&text, &key(), before).unwrap(), link);
            assert!(DocumentLink::open(&text, &key(), link.expires_at).is_err());
            let other = DocumentLinkKey::of(&[8; 32]);
            assert!(DocumentLink::open(&text, &other, before).is_err());
        }
    }

    #[test]
    fn a_link_that_was_changed_anywhere_is_none() {
        let text = link(Principal::Operator).seal(&key());
        let now = Timestamp::from_micros(0);
        for at in 0..text.len() {
            let mut digits = text.clone().into_bytes();
            digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(digits).unwrap();
            assert!(DocumentLink::open(&changed, &key(), now).is_err(), "{at}");
        }
        for wrong in ["", "00", "é", &text[2..], &format!("{text}00")] {
            assert!(DocumentLink::open(wrong, &key(), now).is_err(), "{wrong}");
        }
    }
}
