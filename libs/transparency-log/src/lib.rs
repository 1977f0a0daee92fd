//! Merkle logs that an outsider can check: tiles, proofs, signed notes and checkpoints.
//!
//! A log is a list of entries that only grows. Its hashes form the tree of RFC 6962, stored and
//! served as tiles of up to 256 hashes (C2SP tlog-tiles). Now and then the log signs its size and
//! root: a [`Checkpoint`], in the form of a [`SignedNote`]. Who holds the public key ([`Verifier`])
//! and any one checkpoint can tell later whether an entry is in the log ([`InclusionEvidence`]),
//! whether a newer checkpoint continues the older one ([`verify_consistency`]), and what was done
//! to a log that does not fit ([`Examination`]).
//!
//! | to | start at |
//! |---|---|
//! | keep a log | [`TreeBuilder::push`], [`TreeBuilder::take_changed`], [`TreeBuilder::resume`] |
//! | sign it | [`Signer`], [`Checkpoint::sign`] |
//! | serve it | [`TileId::parse`], [`encode_tile`], [`encode_bundle`] |
//! | prove something | [`inclusion_tiles`], [`inclusion_proof`], [`consistency_proof`] |
//! | check one entry | [`InclusionEvidence::parse`], [`InclusionEvidence::verify`] |
//! | check all of it | [`Checkpoint::open`], [`Examination`] |
//!
//! ```
//! use std::error::Error;
//! use transparency_log::{
//!     Checkpoint, InclusionEvidence, Signer, TileSet, TreeBuilder, Verifier, inclusion_proof,
//!     leaf_hash,
//! };
//!
//! // The operator appends entries ...
//! let signer = Signer::from_seed("example.org/log", [42; 32])?;
//! let entries = ["opened", "read", "closed"];
//! let mut tree = TreeBuilder::new();
//! for entry in entries {
//!     tree.push(leaf_hash(entry.as_bytes()));
//! }
//! // ... stores the tiles, signs what the log has become, and publishes that.
//! let mut tiles = TileSet::new();
//! for (tile, hashes) in tree.take_changed() {
//!     tiles.insert(tile, hashes);
//! }
//! let origin = signer.name().to_owned();
//! let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() }.sign(&signer)?;
//!
//! // Asked for the second entry, the operator hands out a proof.
//! let proof = inclusion_proof(1, tree.size(), &tiles)?;
//! let file = InclusionEvidence { index: 1, proof, extra: None, checkpoint }.to_string();
//!
//! // Anybody with the public key verifies it, without asking the operator.
//! let verifier: Verifier = signer.verifier().to_string().parse()?;
//! let evidence = InclusionEvidence::parse(&file)?;
//! assert_eq!(evidence.verify(b"read", &verifier)?.size, 3);
//! assert!(evidence.verify(b"changed", &verifier).is_err());
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! Trees have at most [`TREE_SIZE_MAX`] leaves. Whatever is read from outside is refused unless it
//! is spelled in the one way in which it is written here. Nothing panics on input of any kind.
//!
//! **Never here:** files, sockets, clocks and randomness; what entries mean.
#![deny(missing_docs)]

mod builder;
mod checkpoint;
mod decimal;
mod evidence;
mod examination;
mod finding;
mod hash;
mod key;
mod note;
mod proof;
mod subtree;
mod tile;
mod tile_set;

pub use builder::{ResumeError, TreeBuilder};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use evidence::{EvidenceError, InclusionEvidence};
pub use examination::{CLOCK_SKEW_SECONDS_MAX, Chronology, Examination, Examined, forks};
pub use finding::Finding;
pub use hash::{Hash, HashTextError, empty_root, leaf_hash, node_hash};
pub use key::{Algorithm, Cosigner, KeyError, Signer, Verifier};
pub use note::{
    MalformedNote, NoteError, NoteSignature, Notes, SIGNATURES_MAX, SignedNote, TORN_END,
    split_notes,
};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use tile::{
    BundleError, BundleId, TILE_WIDTH, TREE_SIZE_MAX, TileId, TileIdError, TilePathError,
    TileSizeError, decode_bundle, decode_tile, encode_bundle, encode_tile,
};
pub use tile_set::{
    TileSet, consistency_proof, consistency_tiles, inclusion_proof, inclusion_tiles, root,
    root_tiles,
};
