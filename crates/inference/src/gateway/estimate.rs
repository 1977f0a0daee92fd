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
            // Quotes are sent nowhere: no engine elsewhere can be kept to them.
            AnswerFormat::Text | AnswerFormat::Quotes(_) => 0,
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
        self.prompt_tokens(BYTES_PER_TOKEN)
    }

    /// Tokens of all passages that hardly any have more than.
    pub(crate) fn prompt_tokens_held(&self) -> u32 {
        self.prompt_tokens(BYTES_PER_TOKEN_MIN)
    }

    fn prompt_tokens(&self, bytes_per_token: usize) -> u32 {
        let of = |passage: &Passage| match passage {
            Passage::Text(text) => text.len() / bytes_per_token + 1,
            Passage::Tokens(tokens) => tokens.len(),
        };
        u32::try_from(self.passages.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
    }
}

fn tokens_in(bytes: usize, bytes_per_token: usize) -> u32 {
    u32::try_from(bytes / bytes_per_token).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use domain::{ModelId, RequestId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn twice_the_tokens_of_the_mean_are_held_of_passages_too() {
        let model: ModelId = "m".parse().unwrap();
        let passages = vec![Passage::Text("a".repeat(400)), Passage::Tokens(vec![1, 2, 3])];
        let request = RequestId::from_uuid(Uuid::nil());
        let asking = AskingPassages { request, model, passages };
        assert_eq!((asking.prompt_tokens_estimated(), asking.prompt_tokens_held()), (104, 204));
    }
}
