//! Objects as they are stored: frames of an authenticated cipher.
//!
//! A frame is bound to its organisation, to its object, to its place in it and to whether it is
//! the last: what was moved, left out, repeated or cut off does not open. In clear stand only the
//! length of each frame and what the sealed bytes of every text of the house begin with.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `GLRN-OBJ` |
//! | 4 | version: 1 |
//! | 4 a frame, then the frame | its length, and the sealed bytes |

use std::fmt;

use bytes::Bytes;
use domain::OrganisationId;
use governance::{Locked, Unreadable, Vault};
use uuid::Uuid;

/// Bytes of a frame before it is sealed; the last one has as many as are left.
const FRAME: usize = 1 << 20;

const MAGIC: &[u8; 8] = b"GLRN-OBJ";
const FORMAT_VERSION: u32 = 1;

/// Seals and opens what an index stores of an organisation.
///
/// Asked anew for every frame and before every search, so that a key that is taken away ends what
/// was opened with it.
pub trait SegmentKeys: Send + Sync {
    fn seal(
        &self,
        organisation: OrganisationId,
        place: SealedPlace<'_>,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Locked>;

    /// The bytes, if they were sealed for this place.
    fn open(
        &self,
        organisation: OrganisationId,
        place: SealedPlace<'_>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unsealed>;

    /// Whether anything could be opened now.
    fn check(&self, organisation: OrganisationId) -> Result<(), Locked>;
}

/// What sealed bytes are bound to, beside the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedPlace<'p> {
    /// Which object it is: the keys are derived for it.
    pub object: &'p [u8],
    /// Which part of the object.
    pub part: &'p [u8],
}

/// Why sealed bytes were not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    #[error(transparent)]
    Locked(#[from] Locked),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl SegmentKeys for Vault {
    fn seal(
        &self,
        organisation: OrganisationId,
        place: SealedPlace<'_>,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Locked> {
        let keys = self.keys(organisation)?;
        Ok(keys.sealer(place.object.to_vec()).seal_bytes(place.part, bytes))
    }

    fn open(
        &self,
        organisation: OrganisationId,
        place: SealedPlace<'_>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unsealed> {
        let keys = self.keys(organisation)?;
        Ok(keys.sealer(place.object.to_vec()).open_bytes(place.part, sealed)?)
    }

    fn check(&self, organisation: OrganisationId) -> Result<(), Locked> {
        self.keys(organisation).map(drop)
    }
}

/// The folder of the segments of an organisation.
pub(crate) const SEGMENTS: &str = "segments";

/// The folder of its manifests.
pub(crate) const MANIFESTS: &str = "manifests";

/// An object of an organisation's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectName {
    pub(crate) organisation: OrganisationId,
    pub(crate) kind: ObjectKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Segment(Uuid),
    /// By its generation.
    Manifest(u64),
}

impl ObjectName {
    /// What the keys of the object are derived for.
    fn sealed_as(self) -> Vec<u8> {
        let organisation = self.organisation.as_uuid();
        match self.kind {
            ObjectKind::Segment(id) => {
                [b"search.segment\0".as_slice(), organisation.as_bytes(), id.as_bytes()].concat()
            }
            ObjectKind::Manifest(generation) => {
                let generation = generation.to_be_bytes();
                [b"search.manifest\0".as_slice(), organisation.as_bytes(), &generation].concat()
            }
        }
    }
}

/// As messages call it.
impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let organisation = self.organisation;
        match self.kind {
            ObjectKind::Segment(id) => {
                write!(formatter, "{organisation}/{SEGMENTS}/{}", id.simple())
            }
            ObjectKind::Manifest(generation) => {
                write!(formatter, "{organisation}/{MANIFESTS}/{generation:020}")
            }
        }
    }
}

/// Why the frames of an object were not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error(transparent)]
    Locked(#[from] Locked),
    #[error("these bytes are no sealed object")]
    NotAnObject,
    #[error("the object has version {found}; only {FORMAT_VERSION} can be read")]
    Version { found: u32 },
    #[error("the object ends inside of frame {frame}")]
    Short { frame: u64 },
    #[error("frame {frame} was altered, moved, or belongs to another key")]
    Frame { frame: u64, source: Unreadable },
}

/// The pieces of the sealed object, in order.
pub(crate) fn seal(
    keys: &dyn SegmentKeys,
    name: ObjectName,
    plain: &[u8],
) -> Result<Vec<Bytes>, Locked> {
    let object = name.sealed_as();
    let mut pieces = vec![Bytes::from([MAGIC.as_slice(), &FORMAT_VERSION.to_le_bytes()].concat())];
    let mut rest = plain;
    for frame in 0_u64.. {
        let (now, later) = rest.split_at(rest.len().min(FRAME));
        let part = part_of(frame, later.is_empty());
        let place = SealedPlace { object: &object, part: &part };
        let sealed = keys.seal(name.organisation, place, now)?;
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        pieces.push(Bytes::copy_from_slice(&length.to_le_bytes()));
        pieces.push(Bytes::from(sealed));
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    Ok(pieces)
}

/// The bytes that were sealed under this name.
pub(crate) fn open(
    keys: &dyn SegmentKeys,
    name: ObjectName,
    stored: &[u8],
) -> Result<Vec<u8>, FrameError> {
    let object = name.sealed_as();
    let mut rest = frames_of(stored)?;
    let mut plain = Vec::with_capacity(rest.len());
    for frame in 0_u64.. {
        let (sealed, later) = next_frame(rest).ok_or(FrameError::Short { frame })?;
        let part = part_of(frame, later.is_empty());
        let place = SealedPlace { object: &object, part: &part };
        let opened = keys.open(name.organisation, place, sealed);
        plain.extend(opened.map_err(|error| match error {
            Unsealed::Locked(locked) => FrameError::Locked(locked),
            Unsealed::Unreadable(source) => FrameError::Frame { frame, source },
        })?);
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    Ok(plain)
}

fn frames_of(stored: &[u8]) -> Result<&[u8], FrameError> {
    let behind = stored.strip_prefix(MAGIC).ok_or(FrameError::NotAnObject)?;
    let (version, frames) = behind.split_first_chunk().ok_or(FrameError::NotAnObject)?;
    match u32::from_le_bytes(*version) {
        FORMAT_VERSION => Ok(frames),
        found => Err(FrameError::Version { found }),
    }
}

/// A frame, and what is behind it.
fn next_frame(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// What a frame is bound to, beside its object.
fn part_of(frame: u64, is_last: bool) -> Vec<u8> {
    let mut part = b"frame\0".to_vec();
    part.extend_from_slice(&frame.to_be_bytes());
    part.push(u8::from(is_last));
    part
}

#[cfg(test)]
mod tests {
    use envelope::{DataKey, NONCE_LENGTH};
    use zeroize::Zeroizing;

    use super::*;

    /// One key for everything, and always the same nonce.
    struct Known;

    impl Known {
        fn key() -> DataKey {
            DataKey::new(1, Zeroizing::new([7; 32]))
        }
    }

    impl SegmentKeys for Known {
        fn seal(
            &self,
            _organisation: OrganisationId,
            place: SealedPlace<'_>,
            bytes: &[u8],
        ) -> Result<Vec<u8>, Locked> {
            let key = Self::key().sealing_key(place.object);
            Ok(key.seal([9; NONCE_LENGTH], place.part, bytes))
        }

        fn open(
            &self,
            _organisation: OrganisationId,
            place: SealedPlace<'_>,
            sealed: &[u8],
        ) -> Result<Vec<u8>, Unsealed> {
            let opened = Self::key().sealing_key(place.object).open(place.part, sealed);
            Ok(opened.map_err(Unreadable::from)?)
        }

        fn check(&self, _organisation: OrganisationId) -> Result<(), Locked> {
            Ok(())
        }
    }

    fn name(organisation: u128, kind: ObjectKind) -> ObjectName {
        ObjectName { organisation: OrganisationId::from_uuid(Uuid::from_u128(organisation)), kind }
    }

    fn segment() -> ObjectName {
        name(1, ObjectKind::Segment(Uuid::from_u128(2)))
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        seal(&Known, segment(), plain).unwrap().concat()
    }

    #[test]
    fn objects_of_every_length_come_back() {
        for length in [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 5] {
            let plain: Vec<u8> = (0_u8..=250).cycle().take(length).collect();
            assert!(open(&Known, segment(), &sealed(&plain)).unwrap() == plain, "{length}");
        }
    }

    #[test]
    fn every_bit_and_every_cut_is_noticed() {
        let stored = sealed(b"what is found");
        for bit in 0..stored.len() * 8 {
            let mut altered = stored.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&Known, segment(), &altered).is_err(), "bit {bit}");
        }
        for length in 0..stored.len() {
            assert!(open(&Known, segment(), &stored[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn frames_are_bound_to_their_place_and_to_the_end() {
        let pieces = seal(&Known, segment(), &vec![3; 2 * FRAME + 1]).unwrap();
        let join = |places: &[usize]| {
            let mut stored = pieces[0].to_vec();
            for place in places {
                stored.extend_from_slice(&pieces[1 + 2 * place]);
                stored.extend_from_slice(&pieces[2 + 2 * place]);
            }
            open(&Known, segment(), &stored).map(|plain| plain.len())
        };
        assert_eq!(join(&[0, 1, 2]).unwrap(), 2 * FRAME + 1);
        for others in [&[0, 1][..], &[0, 2], &[1, 0, 2], &[0, 1, 1, 2], &[0, 1, 2, 2], &[2], &[]] {
            assert!(join(others).is_err(), "{others:?}");
        }
    }

    #[test]
    fn an_object_opens_under_its_name_alone() {
        let stored = sealed(b"x");
        for other in [
            name(9, segment().kind),
            name(1, ObjectKind::Segment(Uuid::from_u128(3))),
            name(1, ObjectKind::Manifest(2)),
        ] {
            let error = open(&Known, other, &stored).unwrap_err();
            assert!(matches!(error, FrameError::Frame { frame: 0, .. }), "{other}");
        }
    }
}
