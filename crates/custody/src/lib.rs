//! The port `KeyCustodian`: who keeps the key that wraps the keys of texts.
//!
//! [`KeyFile`] keeps it in a file, which is read each time: whoever takes the file away locks the
//! texts. [`TokenKey`] has a PKCS#11 token wrap and unwrap, which never gives the key away.
//! **Never here:** data keys that outlive a call, texts.

mod custodian;
mod file;
mod token;

pub use custodian::{Custodian, CustodianError};
pub use file::{KeyFile, KeyFileError};
pub use token::{TokenError, TokenKey, TokenPlace, hold, keep};
