//! Checkpoints: what a log says about itself at one size.

use crate::decimal;
use crate::hash::{Hash, empty_root};
use crate::key::{Signer, Verifier};
use crate::note::{NoteError, SignedNote};
use crate::tile::TREE_SIZE_MAX;

/// The size and root of a log at one moment.
///
/// A value is a claim; [`Checkpoint::open`] gives one only after the log's signature is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// Leaves of its tree.
    pub size: u64,
    /// Root of its tree.
    pub root: Hash,
}

/// A checkpoint cannot be signed, or a note is no checkpoint of the log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The note is not signed by the log.
    #[error("the checkpoint is not signed by the log")]
    Signature(#[source] NoteError),
    /// The checkpoint is of another log than the key.
    #[error("the checkpoint is of `{origin}`, the key of `{key}`")]
    Origin {
        /// Which log the checkpoint is of.
        origin: String,
        /// Name of the key.
        key: String,
    },
    /// The text does not consist of three lines. Extension lines are refused.
    #[error("the checkpoint is not exactly origin, size and root, each on a line")]
    Lines,
    /// The size is not a canonical decimal number, or too large.
    #[error("`{size}` is not the size of a log; at most {TREE_SIZE_MAX} is supported")]
    Size {
        /// What stands there.
        size: String,
    },
    /// The root is not the base64 of a hash.
    #[error("`{root}` is not the base64 of a root")]
    Root {
        /// What stands there.
        root: String,
    },
    /// A log without entries has one root only.
    #[error("the log is empty, but its root is not that of an empty log")]
    EmptyRoot,
}

impl Checkpoint {
    /// The three lines that are signed.
    ///
    /// # Source
    /// C2SP tlog-checkpoint, section "Note text".
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Signs the checkpoint with the key of the log.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] when the key is that of another log; [`CheckpointError::Size`]
    /// or [`CheckpointError::EmptyRoot`] when [`Checkpoint::open`] would refuse it.
    pub fn sign(&self, signer: &Signer) -> Result<SignedNote, CheckpointError> {
        self.of(signer.name())?;
        let text = self.text();
        Self::parse(&text)?;
        SignedNote::sign(&text, signer).map_err(CheckpointError::Signature)
    }

    /// Verifies the log's signature, then reads the checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`]; nothing in the note is to be believed then.
    pub fn open(note: &SignedNote, verifier: &Verifier) -> Result<Self, CheckpointError> {
        note.verify(verifier).map_err(CheckpointError::Signature)?;
        let checkpoint = Self::parse(note.text())?;
        checkpoint.of(verifier.name())?;
        Ok(checkpoint)
    }

    /// Whether the checkpoint is of the log with this key.
    fn of(&self, key: &str) -> Result<(), CheckpointError> {
        if self.origin == key {
            return Ok(());
        }
        Err(CheckpointError::Origin { origin: self.origin.clone(), key: key.to_owned() })
    }

    /// Reads a checkpoint without any proof of who wrote it: nothing may be concluded from one
    /// that fits, only from one that does not.
    ///
    /// # Errors
    /// [`CheckpointError`], except for signature and origin.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size_text), Some(root_text), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if origin.is_empty() {
            return Err(CheckpointError::Lines);
        }
        let size = decimal::parse(size_text).filter(|size| *size <= TREE_SIZE_MAX);
        let size = size.ok_or_else(|| CheckpointError::Size { size: size_text.to_owned() })?;
        let root = Hash::parse_base64(root_text)
            .map_err(|_| CheckpointError::Root { root: root_text.to_owned() })?;
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}
