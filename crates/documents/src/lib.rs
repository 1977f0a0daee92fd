//! The port `Parser`: documents are read by processes that can do nothing else.
//!
//! ```text
//! server               companion (one a slot)          worker (one a document)
//! Documents  --task, bytes-->  keep()  --task, bytes-->  answer_document()
//!            <--reading------          <--reading------
//!                                      <--picture------          recogniser
//!                                      --lines-------->          answer_recogniser()
//! ```
//!
//! The server confines itself before its first thread, and starts nothing afterwards. So it starts
//! the companions before: each takes one document after the other, starts a worker for it, and is
//! itself confined to that. A worker has no files, no network, and so much memory and time; a page
//! without letters goes back as a picture, to a process that is allowed to become `tesseract`.
//!
//! Start at [`Documents`] for the server, [`keep`] for the companion, [`answer_document`] for the
//! worker. What a worker says may have been written by the document: `encoding.rs` checks it.
//! **Never here:** what formats look like, where documents are kept, who may read them.

mod boundaries;
mod documents;
mod encoding;
mod frame;
mod keeper;
mod message;
mod ocr;
mod reading;
mod recogniser;
mod settings;
mod slot;
mod worker;

pub use boundaries::keeper_confinement;
pub use documents::{Documents, StartError};
pub use keeper::{KeepError, keep};
pub use recogniser::{RecogniserArguments, RecogniserError, answer_recogniser};
pub use settings::{KeeperSettings, ReaderLimits, Recogniser};
pub use worker::{AnswerError, MakeCounter, answer_document};
