//! What upstreams answer, read with tolerance: whatever is missing is missing, and only what is no
//! answer at all is refused.

use inference::{Choice, FinishReason, TokenLogprob};
use serde::Deserialize;
use serde_json::Value;

/// A whole answer, or a part of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Completion {
    pub(crate) choices: Vec<Alternative>,
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
    pub(crate) tool_calls: Option<Vec<CallPart>>,
}

/// Text, or a list of chunks of which those of text count.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Chunks(Vec<Value>),
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
    pub(crate) prompt_tokens: Option<u32>,
    pub(crate) completion_tokens: Option<u32>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Logprobs {
    content: Option<Vec<Listed>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    token: String,
    logprob: f32,
    bytes: Option<Vec<u8>>,
    top_logprobs: Vec<Listed>,
}

impl Said {
    pub(crate) fn into_text(self) -> (String, Vec<CallPart>) {
        let text = match self.content {
            None => String::new(),
            Some(Content::Text(text)) => text,
            Some(Content::Chunks(chunks)) => {
                let texts = chunks.iter().filter(|chunk| chunk["type"] == "text");
                texts.filter_map(|chunk| chunk["text"].as_str()).collect()
            }
        };
        (text, self.tool_calls.unwrap_or_default())
    }
}

impl Tokens {
    pub(crate) fn cached(&self) -> u32 {
        self.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0)
    }
}

impl Logprobs {
    pub(crate) fn into_tokens(self) -> Vec<TokenLogprob> {
        let one = |token: Listed| {
            let top = token.top_logprobs.iter().map(Listed::choice).collect();
            TokenLogprob { chosen: token.choice(), top }
        };
        self.content.unwrap_or_default().into_iter().map(one).collect()
    }
}

impl Listed {
    /// Upstreams do not tell the numbers of tokens.
    fn choice(&self) -> Choice {
        let bytes = self.bytes.clone().unwrap_or_else(|| self.token.clone().into_bytes());
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
