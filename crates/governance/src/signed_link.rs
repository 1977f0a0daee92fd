//! Links with which whoever has them reads one thing for some hours.
//!
//! A link is kept nowhere: it carries what it opens, until when and as whom, under a keyed hash. It
//! ends with what it opens, with its time, with the key that made it and with the account, and as
//! soon as the account may not read it any more. One that a browser made outlives the session, as a
//! batch job does.

use domain::{
    AccountId, Caller, DocumentId, FileId, KeyId, OrganisationId, Permissions, Principal,
    ProjectId, SessionId, Timestamp, hexadecimal,
};
use uuid::Uuid;

use crate::InstallationKey;

/// A week.
pub const LINK_HOURS_MAX: u32 = 168;

/// What the keys are for, among those that follow from the installation key. They never change:
/// links that an earlier version made are opened by a later one.
const FILES: &str = "galerne 2026 links to files";
const DOCUMENTS: &str = "galerne 2026 links to documents of libraries";
const DOCUMENT: &str = "galerne 2026 link to a document";

const ID: usize = 16;
const HASH: usize = 32;

/// What links are signed with; nobody outside of the installation has it.
#[derive(Clone)]
pub struct LinkKey {
    files: [u8; 32],
    documents: [u8; 32],
}

/// What links are for. It is in the key under which they are hashed: one of one purpose opens
/// nothing of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    File,
    Document,
}

/// What a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    File(FileId),
    /// One version of a document, by its number.
    Document {
        id: DocumentId,
        number: u32,
    },
}

/// A link that is to be sealed, or was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedLink {
    /// Who made it, as whom it is used.
    pub maker: Caller,
    pub opens: Linked,
    pub expires_at: Timestamp,
}

impl LinkKey {
    pub fn of(installation: &InstallationKey) -> Self {
        let files = installation.derive(FILES);
        let documents = blake3::derive_key(DOCUMENT, &installation.derive(DOCUMENTS));
        Self { files, documents }
    }

    const fn of_purpose(&self, purpose: LinkPurpose) -> &[u8; 32] {
        match purpose {
            LinkPurpose::File => &self.files,
            LinkPurpose::Document => &self.documents,
        }
    }
}

impl LinkPurpose {
    /// What the fields take, in bytes.
    const fn fields(self) -> usize {
        let opens = match self {
            Self::File => ID,
            Self::Document => ID + 4,
        };
        4 * ID + 1 + opens + 8
    }
}

impl Linked {
    const fn purpose(self) -> LinkPurpose {
        match self {
            Self::File(_) => LinkPurpose::File,
            Self::Document { .. } => LinkPurpose::Document,
        }
    }
}

impl SignedLink {
    /// Hexadecimal digits.
    pub fn seal(&self, key: &LinkKey) -> String {
        let fields = self.fields();
        let hash = blake3::keyed_hash(key.of_purpose(self.opens.purpose()), &fields);
        hexadecimal(&[fields.as_slice(), hash.as_bytes()].concat())
    }

    /// `None` if it was not made for this purpose under this key, or is over.
    pub fn open(text: &str, purpose: LinkPurpose, key: &LinkKey, now: Timestamp) -> Option<Self> {
        let bytes = bytes_of(text, purpose.fields() + HASH)?;
        let (fields, hash) = bytes.split_last_chunk::<HASH>()?;
        // Compared in constant time: both are hashes of the library.
        if blake3::keyed_hash(key.of_purpose(purpose), fields) != blake3::Hash::from_bytes(*hash) {
            return None;
        }
        Self::read(Fields(fields), purpose).filter(|link| now < link.expires_at)
    }

    fn fields(&self) -> Vec<u8> {
        let Caller { organisation, project, account, principal, permissions: _ } = self.maker;
        let (kind, id) = match principal {
            Principal::Operator => (0, [0; ID]),
            Principal::Key(id) => (1, *id.as_uuid().as_bytes()),
            Principal::Session(id) => (2, *id.as_uuid().as_bytes()),
        };
        let mut fields = Vec::with_capacity(self.opens.purpose().fields());
        for id in [organisation.as_uuid(), project.as_uuid(), account.as_uuid()] {
            fields.extend_from_slice(id.as_bytes());
        }
        fields.push(kind);
        fields.extend_from_slice(&id);
        match self.opens {
            Linked::File(id) => fields.extend_from_slice(id.as_uuid().as_bytes()),
            Linked::Document { id, number } => {
                fields.extend_from_slice(id.as_uuid().as_bytes());
                fields.extend_from_slice(&number.to_be_bytes());
            }
        }
        fields.extend_from_slice(&self.expires_at.as_micros().to_be_bytes());
        fields
    }

    fn read(mut fields: Fields<'_>, purpose: LinkPurpose) -> Option<Self> {
        let organisation = OrganisationId::from_uuid(fields.id()?);
        let project = ProjectId::from_uuid(fields.id()?);
        let account = AccountId::from_uuid(fields.id()?);
        let ([kind], id) = (fields.take::<1>()?, fields.id()?);
        let principal = match kind {
            0 => Principal::Operator,
            1 => Principal::Key(KeyId::from_uuid(id)),
            2 => Principal::Session(SessionId::from_uuid(id)),
            _ => return None,
        };
        let id = fields.id()?;
        let opens = match purpose {
            LinkPurpose::File => Linked::File(FileId::from_uuid(id)),
            LinkPurpose::Document => {
                let number = u32::from_be_bytes(fields.take()?);
                Linked::Document { id: DocumentId::from_uuid(id), number }
            }
        };
        let expires_at = Timestamp::from_micros(i64::from_be_bytes(fields.take()?));
        let permissions = Permissions::NONE;
        let maker = Caller { organisation, project, account, principal, permissions };
        Some(Self { maker, opens, expires_at })
    }
}

/// What was not read yet.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let fields = self.0;
        let (taken, rest) = fields.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn id(&mut self) -> Option<Uuid> {
        self.take().map(Uuid::from_bytes)
    }
}

fn bytes_of(text: &str, length: usize) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 2 * length || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSES: [LinkPurpose; 2] = [LinkPurpose::File, LinkPurpose::Document];

    fn key(byte: u8) -> LinkKey {
        LinkKey::of(&InstallationKey::from_bytes([byte; 32]))
    }

    fn link(purpose: LinkPurpose, principal: Principal) -> SignedLink {
        let id = |digit: char| digit.to_string().repeat(32);
        let maker = Caller {
            organisation: id('1').parse().unwrap(),
            project: id('2').parse().unwrap(),
            account: id('3').parse().unwrap(),
            principal,
            permissions: Permissions::NONE,
        };
        let opens = match purpose {
            LinkPurpose::File => Linked::File(id('4').parse().unwrap()),
            LinkPurpose::Document => Linked::Document { id: id('4').parse().unwrap(), number: 3 },
        };
        SignedLink { maker, opens, expires_at: Timestamp::from_micros(5_000_000) }
    }

    #[test]
    fn a_link_says_what_it_was_made_of_until_its_time() {
        let id = "5".repeat(32);
        for principal in [
            Principal::Operator,
            Principal::Key(id.parse().unwrap()),
            Principal::Session(id.parse().unwrap()),
        ] {
            for purpose in PURPOSES {
                let link = link(purpose, principal);
                let text = link.seal(&key(7));
                let before = Timestamp::from_micros(4_999_999);
                let open = |key: &LinkKey, at| SignedLink::open(&text, purpose, key, at);
                assert_eq!(open(&key(7), before), Some(link));
                assert_eq!(open(&key(7), link.expires_at), None);
                assert_eq!(open(&key(8), before), None);
            }
        }
    }

    /// Made by the versions that signed links to files and to documents each in its own way.
    #[test]
    fn links_of_earlier_versions_are_opened() {
        for (purpose, hash) in [
            (LinkPurpose::File, "09e91db54ee3bf7eec43633ed8529d642ae99a505bac4185b6abcd4e6c466051"),
            (
                LinkPurpose::Document,
                "bb551c926a722105d0067dc99f39b9f52736021462650646639e11181a6c0180",
            ),
        ] {
            let [one, two, three, four] = ['1', '2', '3', '4'].map(|id| id.to_string().repeat(32));
            let number = match purpose {
                LinkPurpose::File => "",
                LinkPurpose::Document => "00000003",
            };
            let maker = format!("{one}{two}{three}01{}", "5".repeat(32));
            let text = format!("{maker}{four}{number}00000000004c4b40{hash}");
            let link = link(purpose, Principal::Key("5".repeat(32).parse().unwrap()));
            assert_eq!(link.seal(&key(7)), text);
            let now = Timestamp::from_micros(0);
            assert_eq!(SignedLink::open(&text, purpose, &key(7), now), Some(link));
        }
    }

    #[test]
    fn a_link_of_another_purpose_is_none() {
        let (key, now) = (key(7), Timestamp::from_micros(0));
        let file = link(LinkPurpose::File, Principal::Operator).seal(&key);
        let document = link(LinkPurpose::Document, Principal::Operator).seal(&key);
        assert_eq!(SignedLink::open(&file, LinkPurpose::Document, &key, now), None);
        assert_eq!(SignedLink::open(&document, LinkPurpose::File, &key, now), None);
        assert_ne!(key.files, key.documents);
    }

    #[test]
    fn a_link_that_was_changed_anywhere_is_none() {
        let now = Timestamp::from_micros(0);
        for purpose in PURPOSES {
            let open = |text: &str| SignedLink::open(text, purpose, &key(7), now);
            let text = link(purpose, Principal::Operator).seal(&key(7));
            assert!(open(&text).is_some());
            for at in 0..text.len() {
                let mut digits = text.clone().into_bytes();
                digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
                let changed = String::from_utf8(digits).unwrap();
                assert_eq!(open(&changed), None, "{at}");
            }
            for wrong in ["", "00", "é", &text[2..], &format!("{text}00")] {
                assert_eq!(open(wrong), None, "{wrong}");
            }
        }
    }
}
