//! What an operator said of a model that nobody signed: use it all the same, and why.

use domain::{Timestamp, hexadecimal};
use serde::{Deserialize, Serialize};

/// What the key of waivers is for, among those that follow from the installation key.
pub(crate) const WAIVER_PURPOSE: &str = "galerne 2026 waivers of unsigned models";

/// The secret without which nobody makes a waiver: writing into the data directory is not enough.
#[derive(Clone)]
pub(crate) struct WaiverKey([u8; 32]);

/// Counts for the bytes that it was given for, and for no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiver {
    pub(crate) sha256: String,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
    tag: String,
}

impl WaiverKey {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn waive(&self, sha256: &str, reason: &str, at: Timestamp) -> Waiver {
        let tag = self.tag(sha256, reason, at);
        Waiver { sha256: sha256.to_owned(), reason: reason.to_owned(), at, tag }
    }

    /// Reads a waiver of this model; `None` if it is one of another, or of somebody else.
    pub(crate) fn read(&self, bytes: &[u8], sha256: &str) -> Option<Waiver> {
        let waiver: Waiver = serde_json::from_slice(bytes).ok()?;
        let tag = self.tag(&waiver.sha256, &waiver.reason, waiver.at);
        (waiver.sha256 == sha256 && waiver.tag == tag).then_some(waiver)
    }

    fn tag(&self, sha256: &str, reason: &str, at: Timestamp) -> String {
        // Digests have one length, times are numbers: only the reason is free, and comes last.
        let text = format!("{sha256}\n{}\n{reason}", at.as_micros());
        hexadecimal(blake3::keyed_hash(&self.0, text.as_bytes()).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_counts_for_one_model_in_one_installation() {
        let (key, other) = (WaiverKey::from_bytes([1; 32]), WaiverKey::from_bytes([2; 32]));
        let waiver = key.waive("aa", "made here", Timestamp::from_micros(5));
        let bytes = serde_json::to_vec(&waiver).unwrap();
        assert_eq!(key.read(&bytes, "aa"), Some(waiver.clone()));
        assert_eq!(key.read(&bytes, "ab"), None);
        assert_eq!(other.read(&bytes, "aa"), None);
        let forged = Waiver { reason: "made elsewhere".to_owned(), ..waiver };
        assert_eq!(key.read(&serde_json::to_vec(&forged).unwrap(), "aa"), None);
        assert_eq!(key.read(b"{}", "aa"), None);
    }
}
