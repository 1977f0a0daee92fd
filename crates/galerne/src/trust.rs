//! Whether a model may be loaded: who signed it, and what was waived.
//!
//! [`TrustSource`] reads the trusted keys, [`Trust::judge`] decides. A model whose bytes are not
//! those of its manifest or of its signature is never loaded; whether one without a signature of a
//! trusted key is, the setting `models.signatures` says.

#[cfg(test)]
mod tests;

use std::{fs, io::ErrorKind, path::PathBuf};

use engine_cpu::checkpoint::Checkpoint;
use model_signing::{
    BundleError, MalformedBundle, SINGLE_FILE, SignatureBundle, Statement, TrustedKey,
};
use sha2::{Digest as _, Sha256};

use crate::{
    config::Signatures,
    failure::Failure,
    model_files::{Contents, Manifest},
    waiver::{Waiver, WaiverKey},
};

const PUBLIC: &str = "pub";

/// Where trust comes from.
#[derive(Clone)]
pub(crate) struct TrustSource {
    pub(crate) signatures: Signatures,
    /// Files `*.pub`, each a public key in PEM.
    pub(crate) keys: PathBuf,
    pub(crate) waivers: WaiverKey,
}

/// What counts at one moment.
pub(crate) struct Trust {
    signatures: Signatures,
    keys: Vec<TrustedKey>,
    /// Names of the files of the keys, in the same order.
    names: Vec<String>,
    waivers: WaiverKey,
    /// Files that hold no key.
    pub(crate) problems: Vec<String>,
}

/// What lies beside a model and speaks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vouchers {
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) waiver: Option<Vec<u8>>,
}

/// How a model stands that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// By the key of this name.
    Signed {
        key: String,
    },
    /// By a key that is not trusted.
    Foreign {
        fingerprint: String,
    },
    Unsigned,
    Waived(Waiver),
}

/// Why a model is not loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "its files are not those that were imported: {bytes} bytes with SHA-256 {found}, and \
         {expected} was expected"
    )]
    Damaged { bytes: u64, found: String, expected: String },
    #[error("its files cannot be read: {reason}")]
    Unreadable { reason: String },
    #[error("its files were changed while it was loaded")]
    Changed,
    #[error("its files are not those that were signed: {differences}")]
    Differs { differences: String },
    #[error("its signature cannot be used: {reason}")]
    Signature { reason: String },
    #[error("it is not signed, and `models.signatures` is `required`")]
    Unsigned,
    #[error(
        "it is signed with the key {fingerprint}, which is not trusted, and `models.signatures` is \
         `required`"
    )]
    Untrusted { fingerprint: String },
}

impl Refusal {
    /// What the log and `galerne model list` call it.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Changed
            | Self::Differs { .. } => "model.damaged",
            Self::Signature { .. } => "model.signature_invalid",
            Self::Unsigned => "model.unsigned",
            Self::Untrusted { .. } => "model.untrusted",
        }
    }

    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Changed
            | Self::Differs { .. } => "import the model again from a good copy",
            Self::Signature { .. } => {
                "obtain the signature again from those who signed the model, and import it again"
            }
            Self::Unsigned => {
                "`galerne model sign ID --key KEY` signs it; `galerne model waive ID --reason TEXT` \
                 uses it all the same"
            }
            Self::Untrusted { .. } => {
                "put the public key into keys/models of the data directory if you trust it; \
                 `galerne model waive ID --reason TEXT` uses the model all the same"
            }
        }
    }

    /// Whether the files are as they were signed and imported, and only a voucher is missing.
    pub(crate) const fn lacks_a_voucher(&self) -> bool {
        match self {
            Self::Unsigned | Self::Untrusted { .. } => true,
            Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::Changed
            | Self::Differs { .. }
            | Self::Signature { .. } => false,
        }
    }
}

/// The signature of a model, as far as it can be told without reading the model.
enum Signature {
    None,
    Foreign(String),
    By { key: String, statement: Statement },
}

impl TrustSource {
    pub(crate) fn read(&self) -> Result<Trust, Failure> {
        let mut paths = Vec::new();
        match fs::read_dir(&self.keys) {
            Ok(entries) => {
                for entry in entries {
                    let path = entry?.path();
                    if path.extension().is_some_and(|extension| extension == PUBLIC) {
                        paths.push(path);
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        paths.sort();
        let (mut keys, mut names, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for path in paths {
            let read = fs::read_to_string(&path).map_err(|error| error.to_string());
            let key = read
                .and_then(|text| TrustedKey::from_pem(&text).map_err(|error| error.to_string()));
            match key {
                Ok(key) => {
                    let name = path.file_stem().unwrap_or_default();
                    names.push(name.to_string_lossy().into_owned());
                    keys.push(key);
                }
                Err(error) => problems.push(format!("{}: {error}", path.display())),
            }
        }
        let (signatures, waivers) = (self.signatures, self.waivers.clone());
        Ok(Trust { signatures, keys, names, waivers, problems })
    }
}

impl Trust {
    /// One key and no others, for whoever names it.
    pub(crate) fn only(key: TrustedKey, waivers: &WaiverKey) -> Self {
        let (signatures, waivers) = (Signatures::Required, waivers.clone());
        let names = vec![key.fingerprint()];
        Self { signatures, keys: vec![key], names, waivers, problems: Vec::new() }
    }

    /// Whether models need a signature here.
    pub(crate) fn is_required(&self) -> bool {
        self.signatures == Signatures::Required
    }

    pub(crate) fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// Whether the model may be loaded, once it was read.
    pub(crate) fn judge(
        &self,
        manifest: &Manifest,
        contents: &Contents,
        vouchers: &Vouchers,
    ) -> Result<Standing, Refusal> {
        if contents.sha256 != manifest.sha256 || contents.bytes != manifest.bytes {
            return Err(Refusal::Damaged {
                bytes: contents.bytes,
                found: contents.sha256.clone(),
                expected: manifest.sha256.clone(),
            });
        }
        match self.signature(vouchers)? {
            Signature::By { key, statement } => {
                compare(&statement, contents)?;
                Ok(Standing::Signed { key })
            }
            Signature::Foreign(fingerprint) => {
                self.unvouched(manifest, vouchers, Some(fingerprint))
            }
            Signature::None => self.unvouched(manifest, vouchers, None),
        }
    }

    /// How the model stands as far as it can be told without reading it.
    pub(crate) fn outlook(
        &self,
        manifest: &Manifest,
        vouchers: &Vouchers,
    ) -> Result<Standing, Refusal> {
        match self.signature(vouchers)? {
            Signature::By { key, .. } => Ok(Standing::Signed { key }),
            Signature::Foreign(fingerprint) => {
                self.unvouched(manifest, vouchers, Some(fingerprint))
            }
            Signature::None => self.unvouched(manifest, vouchers, None),
        }
    }

    /// Changes whenever a judgement may: with the signature, the waiver or the trusted keys.
    pub(crate) fn evidence(&self, vouchers: &Vouchers) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [&vouchers.signature, &vouchers.waiver] {
            let digest: [u8; 32] =
                part.as_ref().map_or([0; 32], |bytes| Sha256::digest(bytes).into());
            hash.update(digest);
        }
        for key in &self.keys {
            hash.update(key.fingerprint());
        }
        hash.finalize().into()
    }

    fn signature(&self, vouchers: &Vouchers) -> Result<Signature, Refusal> {
        let Some(bytes) = &vouchers.signature else { return Ok(Signature::None) };
        let malformed = |error: MalformedBundle| Refusal::Signature { reason: error.to_string() };
        let bundle = SignatureBundle::parse(bytes).map_err(malformed)?;
        match bundle.verify(&self.keys) {
            Ok((statement, signer)) => {
                let mut named = self.keys.iter().zip(&self.names);
                let name = named.find_map(|(key, name)| (key == signer).then_some(name));
                let key = name.cloned().unwrap_or_else(|| signer.fingerprint());
                Ok(Signature::By { key, statement })
            }
            Err(BundleError::Untrusted { fingerprint }) => Ok(Signature::Foreign(fingerprint)),
            Err(BundleError::Statement(error)) => {
                Err(Refusal::Signature { reason: format!("what was signed is no model: {error}") })
            }
            Err(error @ BundleError::Invalid { .. }) => {
                Err(Refusal::Signature { reason: error.to_string() })
            }
        }
    }

    fn unvouched(
        &self,
        manifest: &Manifest,
        vouchers: &Vouchers,
        signer: Option<String>,
    ) -> Result<Standing, Refusal> {
        let waiver = vouchers.waiver.as_ref();
        if let Some(waiver) = waiver.and_then(|it| self.waivers.read(it, &manifest.sha256)) {
            return Ok(Standing::Waived(waiver));
        }
        match (self.signatures, signer) {
            (Signatures::Optional, Some(fingerprint)) => Ok(Standing::Foreign { fingerprint }),
            (Signatures::Optional, None) => Ok(Standing::Unsigned),
            (Signatures::Required, Some(fingerprint)) => Err(Refusal::Untrusted { fingerprint }),
            (Signatures::Required, None) => Err(Refusal::Unsigned),
        }
    }
}

/// Whether a signature speaks for these bytes. It may list files beside them that are not kept
/// here, as READMEs are, but none that would be read if it were there.
fn compare(statement: &Statement, contents: &Contents) -> Result<(), Refusal> {
    if let [(name, digest)] = contents.files.as_slice()
        && name == SINGLE_FILE
    {
        // The copy has a name of its own: what was signed are its bytes.
        if statement.files().any(|(_, signed)| signed == *digest) {
            return Ok(());
        }
        let differences = format!("no file with SHA-256 {digest} was signed");
        return Err(Refusal::Differs { differences });
    }
    let found = statement.compare(&contents.files);
    let missing = found.missing.into_iter().filter(|name| Checkpoint::may_be_read(name)).collect();
    let mut told = Vec::new();
    for (what, names) in
        [("changed", found.changed), ("missing", missing), ("not signed", found.unsigned)]
    {
        if let Some(first) = names.first() {
            let more = names.len() - 1;
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            told.push(format!("`{first}`{rest} {what}"));
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    Err(Refusal::Differs { differences: told.join(", ") })
}

impl Standing {
    /// One phrase for lists.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Signed { key } => format!("signed by {key}"),
            Self::Foreign { fingerprint } => {
                let short = fingerprint.get(..16).unwrap_or(fingerprint);
                format!("signed by the key {short}…, which is not trusted")
            }
            Self::Unsigned => "unsigned".to_owned(),
            Self::Waived(waiver) => format!("waived: {}", waiver.reason),
        }
    }
}
