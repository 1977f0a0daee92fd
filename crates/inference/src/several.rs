//! Several answers that are one request: one entry, one usage row.

use domain::{ModelId, chat::Message};

use crate::{
    AnswerFormat, ChatCommand, Priority, Sampling, ToolUse,
    ports::{Consumed, Passage},
};

/// What a model is to answer, or to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Conversation(Vec<Message>),
    Text(BareText),
}

/// A text that no chat template touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BareText {
    /// The model goes on where it ends.
    Open(Passage),
    /// The model writes what stands between.
    Hole { before: String, after: String },
}

/// On what terms an answer is written.
#[derive(Clone, Debug)]
pub struct Terms {
    pub priority: Priority,
    pub sampling: Sampling,
    pub format: AnswerFormat,
    pub tools: ToolUse,
    /// `None`: as many as the context holds.
    pub max_tokens: Option<u32>,
    pub stop: Vec<String>,
    /// How many candidates to report for each token; `None` reports none.
    pub top_logprobs: Option<u8>,
    /// Whether somebody reads the answer while it is written.
    pub is_streamed: bool,
}

/// Several questions to one model, and several answers to each.
#[derive(Clone, Debug)]
pub struct Several {
    pub model: ModelId,
    /// At least one.
    pub questions: Vec<Question>,
    /// Answers to each question; at least one. Their seeds differ.
    pub choices: u8,
    pub terms: Terms,
}

impl Several {
    /// All answers together.
    pub(crate) fn answers(&self) -> usize {
        self.questions.len().saturating_mul(usize::from(self.choices))
    }

    /// The conversation, where one answer to it is all that is asked: the only thing that engines
    /// elsewhere are asked in one request.
    pub(crate) fn one_conversation(&self) -> Option<&[Message]> {
        match self.questions.as_slice() {
            [Question::Conversation(messages)] if self.choices == 1 => Some(messages),
            _ => None,
        }
    }
}

impl From<ChatCommand> for Several {
    fn from(command: ChatCommand) -> Self {
        let terms = Terms {
            priority: command.priority,
            sampling: command.sampling,
            format: command.format,
            tools: command.tools,
            max_tokens: command.max_tokens,
            stop: command.stop,
            top_logprobs: command.top_logprobs,
            is_streamed: command.is_streamed,
        };
        let questions = vec![Question::Conversation(command.messages)];
        Self { model: command.model, questions, choices: 1, terms }
    }
}

impl Terms {
    /// Those of one answer among several: the same seed would give the same answer.
    pub(crate) fn of_choice(&self, choice: u8) -> Self {
        let seed = self.sampling.seed.map(|seed| seed.wrapping_add(u64::from(choice)));
        Self { sampling: Sampling { seed, ..self.sampling.clone() }, ..self.clone() }
    }
}

/// What all answers used together, of those that come in groups with one prompt: each prompt
/// counts once, as often as it was read. Energy and time are those of all the work.
pub(crate) fn together(answers: &[Consumed], choices: u8) -> Consumed {
    let groups = answers.chunks(usize::from(choices.max(1)));
    let groups = groups.filter_map(|group| group.iter().copied().reduce(of_one_prompt));
    groups.reduce(of_two_prompts).unwrap_or_else(Consumed::unknown)
}

fn of_one_prompt(one: Consumed, other: Consumed) -> Consumed {
    Consumed {
        prompt_tokens: one.prompt_tokens.max(other.prompt_tokens),
        cached_prompt_tokens: one.cached_prompt_tokens.min(other.cached_prompt_tokens),
        ..of_two_prompts(one, other)
    }
}

fn of_two_prompts(one: Consumed, other: Consumed) -> Consumed {
    Consumed {
        prompt_tokens: one.prompt_tokens.saturating_add(other.prompt_tokens),
        cached_prompt_tokens: one.cached_prompt_tokens.saturating_add(other.cached_prompt_tokens),
        completion_tokens: one.completion_tokens.saturating_add(other.completion_tokens),
        energy: one.energy.plus(other.energy),
        cpu_seconds: one.cpu_seconds + other.cpu_seconds,
    }
}

#[cfg(test)]
mod tests {
    use carbon_ledger::{Energy, Joules, Method, Uncertainty};

    use super::*;

    fn consumed(prompt_tokens: u32, cached: u32, completion_tokens: u32) -> Consumed {
        let joules = Joules::from_watts(1.0, 2.0).unwrap();
        let energy = Energy { joules, method: Method::Measured, uncertainty: Uncertainty::NONE };
        let cached_prompt_tokens = cached;
        let cpu_seconds = 0.5;
        Consumed { prompt_tokens, cached_prompt_tokens, completion_tokens, energy, cpu_seconds }
    }

    fn check(answers: &[Consumed], choices: u8, tokens: (u32, u32, u32), joules: f64) {
        let all = together(answers, choices);
        let found = (all.prompt_tokens, all.cached_prompt_tokens, all.completion_tokens);
        assert_eq!(found, tokens, "{answers:?}");
        assert!((all.energy.joules.value() - joules).abs() < 1e-9, "{all:?}");
    }

    #[test]
    fn prompts_count_once_and_work_counts_always() {
        check(&[consumed(7, 0, 3)], 1, (7, 0, 3), 2.0);
        check(&[consumed(7, 0, 3), consumed(7, 4, 5)], 2, (7, 0, 8), 4.0);
        // Another one was cancelled before it had read anything.
        check(&[consumed(7, 4, 3), consumed(0, 0, 0)], 2, (7, 0, 3), 4.0);
        check(&[consumed(7, 0, 3), consumed(9, 4, 5)], 1, (16, 4, 8), 4.0);
        let four = [consumed(7, 0, 1), consumed(7, 7, 1), consumed(9, 2, 1), consumed(9, 9, 1)];
        check(&four, 2, (16, 2, 4), 8.0);
        check(&[], 1, (0, 0, 0), 0.0);
    }
}
