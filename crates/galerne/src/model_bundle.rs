//! Models as one file, for places without a network: a tar archive with everything that belongs to
//! each, and the SHA-256 of every file.
//!
//! ```text
//! bundle.json                    what is in it, in the order in which models need each other
//! models/<id>/manifest.json      what is known of a model
//! models/<id>/model.gguf         or model/<file>, as it lies in a data directory
//! models/<id>/licences/<file>    under which it may be used
//! models/<id>/model.sig          who vouches for it
//! SHA256SUMS                     of all files above, as `sha256sum -c` reads them
//! bundle.sig                     who vouches for all of it
//! ```

mod export;
mod import;

use std::fmt::Write as _;

use model_signing::FileDigest;
use serde::{Deserialize, Serialize};

pub(crate) use self::{export::export, import::Incoming};

const INDEX: &str = "bundle.json";
const SUMS: &str = "SHA256SUMS";
const BUNDLE_SIGNATURE: &str = "bundle.sig";
const FORMAT: &str = "galerne-bundle/1";
/// Manifests, sums and signatures of the largest models are far shorter.
const TEXT_BYTES_MAX: u64 = 32 << 20;

/// What a bundle holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format: String,
    /// Folders below `models/`.
    models: Vec<String>,
}

/// One line a file.
fn sums(files: &[(String, FileDigest)]) -> String {
    files.iter().fold(String::new(), |mut text, (name, digest)| {
        // Writing to a String cannot fail.
        writeln!(text, "{digest}  {name}").ok();
        text
    })
}
