//! Links with which whoever has them reads one file for some hours.
//!
//! A link is kept nowhere: it carries what it opens, until when and as whom, under a keyed hash.
//! It ends with the file, with its time, with the key that made it and with the account. One that a
//! browser made outlives the session, as a batch job does.

use domain::{
    AccountId, Caller, KeyId, OrganisationId, Permissions, Principal, ProjectId, SessionId,
    Timestamp, hexadecimal,
};

use crate::{FileId, WorkloadError};

/// A week.
pub const LINK_HOURS_MAX: u32 = 168;

const ID: usize = 16;
const FIELDS: usize = 5 * ID + 1 + 8;
const HASH: usize = 32;

/// What links are signed with; nobody outside of the installation has it.
#[derive(Clone)]
pub struct LinkKey([u8; 32]);

impl LinkKey {
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What a link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who made it, as whom it is used.
    pub maker: Caller,
    pub file: FileId,
    pub expires_at: Timestamp,
}

impl Link {
    /// Hexadecimal digits.
    pub fn seal(&self, key: &LinkKey) -> String {
        let fields = self.fields();
        let hash = blake3::keyed_hash(&key.0, &fields);
        hexadecimal(&[fields.as_slice(), hash.as_bytes()].concat())
    }

    /// # Errors
    /// [`WorkloadError::LinkInvalid`] if it was not made under this key, or is over.
    pub fn open(text: &str, key: &LinkKey, now: Timestamp) -> Result<Self, WorkloadError> {
        let bytes = bytes_of(text).ok_or(WorkloadError::LinkInvalid)?;
        let (fields, hash) = bytes.split_at_checked(FIELDS).ok_or(WorkloadError::LinkInvalid)?;
        let hash: [u8; HASH] = hash.try_into().map_err(|_| WorkloadError::LinkInvalid)?;
        // Compared in constant time: both are hashes of the library.
        if blake3::keyed_hash(&key.0, fields) != blake3::Hash::from_bytes(hash) {
            return Err(WorkloadError::LinkInvalid);
        }
        let link = Self::read(fields).ok_or(WorkloadError::LinkInvalid)?;
        if link.expires_at <= now { Err(WorkloadError::LinkInvalid) } else { Ok(link) }
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
        fields.extend_from_slice(self.file.as_uuid().as_bytes());
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
        let (file, rest) = rest.split_first_chunk::<ID>()?;
        let file: FileId = hexadecimal(file).parse().ok()?;
        let expires_at = Timestamp::from_micros(i64::from_be_bytes(rest.try_into().ok()?));
        let permissions = Permissions::NONE;
        let maker = Caller { organisation, project, account, principal, permissions };
        Some(Self { maker, file, expires_at })
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

    const KEY: LinkKey = LinkKey::from_bytes([7; 32]);

    fn link(principal: Principal) -> Link {
        let id = |digit: char| digit.to_string().repeat(32);
        let maker = Caller {
            organisation: id('1').parse().unwrap(),
            project: id('2').parse().unwrap(),
            account: id('3').parse().unwrap(),
            principal,
            permissions: Permissions::NONE,
        };
        let expires_at = Timestamp::from_micros(5_000_000);
        Link { maker, file: id('4').parse().unwrap(), expires_at }
    }

    #[test]
    fn a_link_says_what_it_was_made_of_until_its_time() {
        let id = "5".repeat(32);
        for principal in [
            Principal::Operator,
            Principal::Key(id.parse().unwrap()),
            Principal::Session(id.parse().unwrap()),
        ] {
            let (link, text) = (link(principal), link(principal).seal(&KEY));
            let before = Timestamp::from_micros(4_999_999);
            assert_eq!(Link::open(&text, &KEY, before).unwrap(), link);
            assert!(Link::open(&text, &KEY, link.expires_at).is_err());
            assert!(Link::open(&text, &LinkKey::from_bytes([8; 32]), before).is_err());
        }
    }

    #[test]
    fn a_link_that_was_changed_anywhere_is_none() {
        let text = link(Principal::Operator).seal(&KEY);
        let now = Timestamp::from_micros(0);
        for at in 0..text.len() {
            let mut digits = text.clone().into_bytes();
            digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(digits).unwrap();
            assert!(Link::open(&changed, &KEY, now).is_err(), "{at}");
        }
        for wrong in ["", "00", "é", &text[2..], &format!("{text}00")] {
            assert!(Link::open(wrong, &KEY, now).is_err(), "{wrong}");
        }
    }
}
