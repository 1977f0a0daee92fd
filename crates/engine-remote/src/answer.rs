//! What upstreams answer, read with tolerance: whatever is missing is missing, and only what is no
//! answer at all is refused. Lists are bounded: three bytes of a hostile list become a hundred in
//! memory.

use std::{fmt, marker::PhantomData};

use inference::{Choice, FinishReason, TokenLogprob};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::Value;

/// Parts of calls, chunks of a text, and tokens with their candidates in one event or answer.
const PARTS_MAX: usize = 1024;
const TOKENS_MAX: usize = 131_072;
const CANDIDATES_MAX: usize = 64;

/// A whole answer, or a part of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Completion {
    /// The first: no more were asked for.
    pub(crate) choices: First<Alternative>,
    pub(crate) usage: Option<Tokens>,
    /// In place of an answer, also in the middle of a stream.
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Alternative {
    #[serde(alias = "delta")]
    pub(crate) message: Option<Said>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) logprobs: Option<Logprobs>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    content: Option<Content>,
    pub(crate) tool_calls: Option<AtMost<CallPart, PARTS_MAX>>,
}

/// Text, or a list of chunks of which those of text count.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Chunks(AtMost<Value, PARTS_MAX>),
}

/// A call, or a part of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallPart {
    pub(crate) index: Option<u32>,
    pub(crate) id: Option<String>,
    pub(crate) function: FunctionPart,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FunctionPart {
    pub(crate) name: Option<String>,
    /// A text, or the object itself.
    pub(crate) arguments: Option<Value>,
}

/// What a request used.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "these are the names in the answer")]
pub(crate) struct Tokens {
    #[serde(deserialize_with = "count")]
    pub(crate) prompt_tokens: Option<u32>,
    #[serde(deserialize_with = "count")]
    pub(crate) completion_tokens: Option<u32>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(deserialize_with = "count")]
    cached_tokens: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Logprobs {
    content: Option<AtMost<Listed, TOKENS_MAX>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    token: String,
    logprob: f32,
    bytes: Option<Vec<u8>>,
    top_logprobs: AtMost<Candidate, CANDIDATES_MAX>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Candidate {
    token: String,
    logprob: f32,
    bytes: Option<Vec<u8>>,
}

/// The first element of a list; the others are read over.
#[derive(Debug)]
pub(crate) struct First<T>(pub(crate) Option<T>);

/// A list that is refused when it is longer.
#[derive(Debug)]
pub(crate) struct AtMost<T, const MAX: usize>(Vec<T>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T, const MAX: usize> Default for AtMost<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct Elements<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Elements<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            if elements.len() == MAX {
                return Err(A::Error::custom("a list that is too long"));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

struct Beginning<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Beginning<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<T>, A::Error> {
        let first = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for AtMost<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Elements::<T, MAX>(PhantomData)).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Beginning(PhantomData)).map(Self)
    }
}

/// A count that makes no sense is none; it is no reason to lose an answer.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_u64().map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
}

impl Said {
    pub(crate) fn into_text(self) -> (String, Vec<CallPart>) {
        let text = match self.content {
            None => String::new(),
            Some(Content::Text(text)) => text,
            Some(Content::Chunks(chunks)) => {
                let texts = chunks.0.iter().filter(|chunk| chunk["type"] == "text");
                texts.filter_map(|chunk| chunk["text"].as_str()).collect()
            }
        };
        (text, self.tool_calls.unwrap_or_default().0)
    }
}

impl Tokens {
    pub(crate) fn cached(&self) -> u32 {
        self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0)
    }
}

impl Logprobs {
    pub(crate) fn into_tokens(self) -> Vec<TokenLogprob> {
        let one = |listed: Listed| {
            let Listed { token, logprob, bytes, top_logprobs } = listed;
            let top = top_logprobs.0.into_iter().map(Candidate::choice).collect();
            TokenLogprob { chosen: Candidate { token, logprob, bytes }.choice(), top }
        };
        self.content.unwrap_or_default().0.into_iter().map(one).collect()
    }
}

impl Candidate {
    /// Upstreams do not tell the numbers of tokens.
    fn choice(self) -> Choice {
        let bytes = self.bytes.unwrap_or_else(|| self.token.into_bytes());
        Choice { token: 0, bytes, logprob: self.logprob }
    }
}

/// Why it ended, in our words; `None` for words that tell of a failure.
pub(crate) fn finish_reason(word: &str, has_calls: bool) -> Option<FinishReason> {
    match word {
        "length" | "max_tokens" => Some(FinishReason::Length),
        "model_length" => Some(FinishReason::ModelLength),
        "error" | "abort" | "cancelled" => None,
        // Some say `stop` after calls, and some say what nobody else does.
        _ if has_calls => Some(FinishReason::ToolCalls),
        _ => Some(FinishReason::Stop),
    }
}

/// What is said of an error, on one line and not long: an upstream is not trusted to be brief.
pub(crate) fn told(error: &Value) -> String {
    const CHARS_MAX: usize = 300;
    let message = [&error["message"], &error["error"]["message"], &error["detail"], error];
    let text = message
        .into_iter()
        .find_map(Value::as_str)
        .map_or_else(|| error.to_string(), str::to_owned);
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    text.chars().map(clean).take(CHARS_MAX).collect()
}
