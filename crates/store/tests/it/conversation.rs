//! Conversations: what the shared suite cannot ask of every implementation.

mod deletion;
mod erasure;
mod hostile;
mod reopening;
mod sample;
mod sealing;
mod search;
