//! Passages that become vectors elsewhere.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use inference::ports::{AskingPassages, EmbedFailure, Passage, UpstreamError};
use serde::Deserialize;
use serde_json::json;

use crate::{answer::Tokens, reader::failed};

#[derive(Debug, Deserialize)]
pub(crate) struct Vectors {
    data: Vec<Vector>,
    #[serde(default)]
    pub(crate) usage: Option<Tokens>,
}

#[derive(Debug, Deserialize)]
struct Vector {
    #[serde(default)]
    index: Option<usize>,
    embedding: Numbers,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Numbers {
    Plain(Vec<f32>),
    /// Little-endian, in base64.
    Packed(String),
}

pub(crate) fn request(model: &str, asking: &AskingPassages) -> Result<Vec<u8>, UpstreamError> {
    let input: Vec<_> = asking
        .passages
        .iter()
        .map(|passage| match passage {
            Passage::Text(text) => json!(text),
            Passage::Tokens(tokens) => json!(tokens),
        })
        .collect();
    let body = json!({ "model": model, "input": input, "encoding_format": "float" });
    serde_json::to_vec(&body).map_err(|error| failed(&error.to_string()))
}

impl Vectors {
    /// One vector a passage, in their order, each of length one.
    pub(crate) fn checked(
        self,
        passages: usize,
        dimensions: u32,
    ) -> Result<Vec<Vec<f32>>, EmbedFailure> {
        let wrong = |detail: String| EmbedFailure { detail };
        if self.data.len() != passages {
            return Err(wrong(format!("{} vectors for {passages} passages", self.data.len())));
        }
        let mut vectors = vec![Vec::new(); passages];
        for (place, vector) in self.data.into_iter().enumerate() {
            let index = vector.index.unwrap_or(place);
            let numbers = vector.embedding.numbers().map_err(|reason| wrong(reason.to_owned()))?;
            if u32::try_from(numbers.len()) != Ok(dimensions) {
                return Err(wrong(format!("a vector of {} numbers", numbers.len())));
            }
            let slot = vectors.get_mut(index).filter(|slot| slot.is_empty());
            let slot = slot.ok_or_else(|| wrong(format!("vector {index} is there twice")))?;
            *slot = of_length_one(numbers).map_err(|reason| wrong(reason.to_owned()))?;
        }
        Ok(vectors)
    }
}

impl Numbers {
    fn numbers(self) -> Result<Vec<f32>, &'static str> {
        match self {
            Self::Plain(numbers) => Ok(numbers),
            Self::Packed(text) => {
                let bytes =
                    BASE64_STANDARD.decode(text).map_err(|_| "a vector that is no base64")?;
                let (numbers, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err("a vector that is cut");
                }
                Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
        }
    }
}

fn of_length_one(mut numbers: Vec<f32>) -> Result<Vec<f32>, &'static str> {
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    if !length.is_finite() || length <= f32::MIN_POSITIVE {
        return Err("a vector without a direction");
    }
    for number in &mut numbers {
        *number /= length;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<Vec<Vec<f32>>, &str>) {
        let vectors: Vectors = serde_json::from_str(json).unwrap();
        let found = vectors.checked(2, 2).map_err(|failure| failure.detail);
        assert_eq!(found, expected.map_err(str::to_owned), "{json}");
    }

    #[test]
    fn vectors_are_put_in_order_and_made_of_length_one() {
        let expected = Ok(vec![vec![1.0, 0.0], vec![0.6, 0.8]]);
        check(
            r#"{"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[2,0]}]}"#,
            expected.clone(),
        );
        check(r#"{"data":[{"embedding":"AABAQAAAAAA="},{"embedding":[3,4]}]}"#, expected);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        check(r#"{"data":[{"embedding":[1,0]}]}"#, Err("1 vectors for 2 passages"));
        let twice = r#"{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}"#;
        check(twice, Err("vector 0 is there twice"));
        let away = r#"{"data":[{"index":7,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}"#;
        check(away, Err("vector 7 is there twice"));
        let none = r#"{"data":[{"embedding":[0,0]},{"embedding":[1,0]}]}"#;
        check(none, Err("a vector without a direction"));
        let long = r#"{"data":[{"embedding":[1,0,0]},{"embedding":[1,0]}]}"#;
        check(long, Err("a vector of 3 numbers"));
        check(
            r#"{"data":[{"embedding":"AA"},{"embedding":[1,0]}]}"#,
            Err("a vector that is no base64"),
        );
    }
}
