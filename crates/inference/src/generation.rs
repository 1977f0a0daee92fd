//! What one generation is asked for, and what comes out of it.

/// Who goes first when there is not room for all. The first is the highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for the answer.
    #[default]
    Interactive,
    /// The answer may take its time: it begins, and goes on, when nobody else needs its place.
    Background,
}

/// How the next token is chosen. The chain is applied by the engine in the order of the fields
/// that it documents; the defaults leave the model's distribution untouched.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// 0 picks the most likely token.
    pub temperature: f32,
    pub top_k: Option<u32>,
    /// In (0, 1]; 1 keeps everything.
    pub top_p: f32,
    /// In [0, 1]; 0 keeps everything.
    pub min_p: f32,
    /// Above 0; 1 changes nothing.
    pub repetition_penalty: f32,
    pub presence_penalty: f32,
    pub frequency_penalty: f32,
    /// Added to the logit of a token, clamped by the API to [-100, 100].
    pub logit_bias: Vec<(u32, f32)>,
    /// The same seed, prompt and settings give the same text.
    pub seed: Option<u64>,
    /// No end of text before so many tokens.
    pub min_tokens: u32,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_k: None,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            logit_bias: Vec::new(),
            seed: None,
            min_tokens: 0,
        }
    }
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// The model ended its turn, or a stop string was met.
    Stop,
    /// `max_tokens` was reached.
    Length,
    /// The model's context is full.
    ModelLength,
    /// The model asks for calls and waits for their results.
    ToolCalls,
}

/// One candidate token with its natural-log probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its number in the model's vocabulary.
    pub token: u32,
    pub bytes: Vec<u8>,
    pub logprob: f32,
}

/// The token that was chosen and the most likely candidates, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
    pub chosen: Choice,
    pub top: Vec<Choice>,
}

/// Text that became certain with one or more tokens. Empty text is allowed (part of a character).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenPiece {
    pub text: String,
    /// One entry a token, only when asked for.
    pub logprobs: Vec<TokenLogprob>,
}
