//! Rules as the installation asks them: texts, decisions, the file in force, the analysis.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analysis;
mod decisions;
mod keeper;
mod texts;
mod world;
