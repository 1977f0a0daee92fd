//! The port `KeyCustodian`: who keeps the key that wraps the keys of texts.
//!
//! [`KeyFile`] keeps it in a file, which is read each time: whoever takes the file away locks the
//! texts.
//! **Never here:** data keys that outlive a call, texts.

mod file;

pub use file::{KeyFile, KeyFileError};
