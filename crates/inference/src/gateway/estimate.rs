//! What is taken for the length of a request that is sent elsewhere, where nobody has counted it.
//! Rows tell what was really used when the answer has ended.

use domain::chat::Message;

use crate::{
    AnswerFormat, Tool,
    ports::{Asking, AskingPassages, Passage},
};

/// Bytes of text that a token has in the mean.
const BYTES_PER_TOKEN: usize = 4;
/// Bytes of text that a token has at least, in nearly all texts.
const BYTES_PER_TOKEN_MIN: usize = 2;
/// What a template writes around a message.
const BYTES_PER_MESSAGE: usize = 16;

impl Asking {
    /// Tokens of the prompt, in the mean.
    pub fn prompt_tokens_estimated(&self) -> u32 {
        tokens_in(self.prompt_bytes(), BYTES_PER_TOKEN)
    }

    /// Tokens of the prompt that hardly any has more than.
    pub(crate) fn prompt_tokens_held(&self) -> u32 {
        tokens_in(self.prompt_bytes(), BYTES_PER_TOKEN_MIN)
    }

    /// Of everything that is sent: tools, forms and earlier calls are read like messages.
    fn prompt_bytes(&self) -> usize {
        let message = |message: &Message| {
            let calls = message.calls.iter().map(|call| call.name.len() + call.arguments.len());
            message.content.len() + calls.sum::<usize>() + BYTES_PER_MESSAGE
        };
        let tool = |tool: &Tool| {
            let description = tool.description.as_ref().map_or(0, String::len);
            tool.name.len() + description + tool.parameters.len()
        };
        let format = match &self.format {
            AnswerFormat::Text => 0,
            AnswerFormat::Json(text) | AnswerFormat::Regex(text) | AnswerFormat::Lark(text) => {
                text.len()
            }
        };
        let messages: usize = self.messages.iter().map(message).sum();
        messages + self.tools.tools.iter().map(tool).sum::<usize>() + format
    }
}

impl AskingPassages {
    /// Tokens of all passages, in the mean.
    pub fn prompt_tokens_estimated(&self) -> u32 {
        let of = |passage: &Passage| match passage {
            Passage::Text(text) => text.len() / BYTES_PER_TOKEN + 1,
            Passage::Tokens(tokens) => tokens.len(),
        };
        u32::try_from(self.passages.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
    }
}

fn tokens_in(bytes: usize, bytes_per_token: usize) -> u32 {
    u32::try_from(bytes / bytes_per_token).unwrap_or(u32::MAX)
}
