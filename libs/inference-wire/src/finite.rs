//! JSON has no NaN and no infinity, and serde would write `null`, which clients refuse.

use serde::{Serialize, Serializer};

/// The value that stands for "impossible" among log-probabilities, as `OpenAI` writes it.
const LOGPROB_MIN: f32 = -9999.0;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
pub(crate) fn amount<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let value = if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) };
    value.serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
pub(crate) fn logprob<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    bounded_logprob(*value).serialize(serializer)
}

/// A log-probability that JSON can hold.
pub(crate) fn bounded_logprob(value: f32) -> f32 {
    if value.is_nan() { LOGPROB_MIN } else { value.clamp(LOGPROB_MIN, 0.0) }
}

/// A number of a vector.
pub(crate) fn number(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(f32::MIN, f32::MAX) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
pub(crate) fn score<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f32(number(*value))
}
