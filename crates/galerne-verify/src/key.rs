//! The public key of the log, as it was typed or from a file.

use std::ffi::OsStr;
use std::path::Path;

use transparency_log::{Algorithm, Verifier};

use crate::arguments::UsageError;
use crate::files::{self, FileError, Unreadable};
use crate::run::Stop;

const FILE_BYTES_MAX: u64 = 4096;

pub(crate) fn read(typed: &OsStr) -> Result<Verifier, Stop> {
    let typed = typed.to_str().ok_or(UsageError::KeyText)?;
    match typed.strip_prefix('@') {
        Some(file) => {
            let path = Path::new(file);
            let bytes = files::read(path, FILE_BYTES_MAX);
            let bytes = bytes.map_err(|error| Unreadable::new(path, error))?;
            let text = String::from_utf8(bytes);
            let text = text.map_err(|_| Unreadable::new(path, FileError::NotText))?;
            Ok(verifier(text.trim_end())?)
        }
        None => Ok(verifier(typed)?),
    }
}

fn verifier(vkey: &str) -> Result<Verifier, UsageError> {
    if vkey.starts_with("PRIVATE+KEY+") {
        return Err(UsageError::SecretKey);
    }
    let verifier: Verifier = vkey.parse().map_err(UsageError::Key)?;
    match verifier.algorithm() {
        Algorithm::Ed25519 => Ok(verifier),
        Algorithm::CosignatureEd25519 => Err(UsageError::WitnessKey),
    }
}
