//! A chat model as a judge: yes or no, and how sure it is.

mod moderation;

use domain::{
    Caller, ModelId, RequestId,
    chat::{Message, Role},
};

use crate::{
    AnswerFormat, Chat, ChatError, ChatEvent, ChatStream, Choice, Priority, Question, Sampling,
    Several, Terms, TokenLogprob, ToolUse, Usage,
};

pub use moderation::{Bounds, CATEGORIES, Category};

/// Candidates that are looked at for the first word of an answer.
const CANDIDATES: u8 = 20;

/// What a judge is asked about one text.
#[derive(Clone, Debug)]
pub struct JudgeCommand {
    pub model: ModelId,
    pub text: String,
    /// Each can be answered with yes or no; at least one.
    pub questions: Vec<String>,
}

/// What the judge said.
#[derive(Clone, Debug)]
pub struct Judged {
    pub request: RequestId,
    /// How likely yes is, of yes and no; one a question, from 0 to 1.
    pub scores: Vec<f32>,
    pub usage: Usage,
}

/// Why there is no judgement.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Nothing was started, and nothing is charged.
    #[error(transparent)]
    Refused(#[from] ChatError),
    /// What was used until then is charged.
    #[error("the judge broke off")]
    BrokeOff,
    #[error("the judgement is made, and its usage could not be recorded")]
    Unrecorded,
}

impl Chat {
    /// Asks a model about a text: one request, with one entry and one usage row for all questions.
    /// Each answer is the model's first word, and the score is the probability of those words that
    /// mean yes among those that mean yes or no.
    pub async fn judge(
        &self,
        caller: &Caller,
        command: JudgeCommand,
    ) -> Result<Judged, JudgeError> {
        let JudgeCommand { model, text, questions } = command;
        self.must_have_room(caller, &model, questions.len()).await?;
        let question = |asked: String| {
            let content =
                format!("Text:\n{text}\n\nQuestion: {asked} Answer with one word, Yes or No.");
            Question::Conversation(vec![Message::new(Role::User, content)])
        };
        let terms = Terms {
            priority: Priority::Interactive,
            sampling: Sampling { temperature: 0.0, ..Sampling::default() },
            format: AnswerFormat::Text,
            tools: ToolUse::default(),
            max_tokens: Some(1),
            stop: Vec::new(),
            top_logprobs: Some(CANDIDATES),
            is_streamed: false,
        };
        let questions = questions.into_iter().map(question).collect();
        let several = Several { model, questions, choices: 1, terms };
        let streams = self.start_several(caller, several).await?;
        let request = streams.first().map(ChatStream::request).ok_or(JudgeError::BrokeOff)?;
        let (mut scores, mut usage) = (Vec::with_capacity(streams.len()), None);
        // One token each: none fills what a stream may hold, so they need not be read together.
        for stream in streams {
            let (score, used) = answer(stream).await?;
            scores.push(score);
            usage = Some(used);
        }
        Ok(Judged { request, scores, usage: usage.ok_or(JudgeError::BrokeOff)? })
    }
}

async fn answer(mut stream: ChatStream) -> Result<(f32, Usage), JudgeError> {
    let mut first = None;
    loop {
        match stream.next().await {
            Some(ChatEvent::Token(piece)) => first = first.or(piece.logprobs.into_iter().next()),
            Some(ChatEvent::Finished { usage, .. }) => {
                return Ok((first.as_ref().map_or(0.5, score), usage));
            }
            Some(ChatEvent::Unrecorded { .. }) => return Err(JudgeError::Unrecorded),
            Some(ChatEvent::Call(_) | ChatEvent::Stopped { .. } | ChatEvent::Failed { .. })
            | None => return Err(JudgeError::BrokeOff),
        }
    }
}

/// The probability of yes among yes and no. A word that is not among the candidates is less likely
/// than the last of them, and is taken to be as likely as that.
fn score(token: &TokenLogprob) -> f32 {
    let candidates =
        if token.top.is_empty() { std::slice::from_ref(&token.chosen) } else { &token.top };
    let least = candidates.iter().map(|one| one.logprob.exp()).fold(1.0_f32, f32::min);
    let mass = |meaning: &str| {
        let all = candidates.iter().filter(|one| means(one, meaning)).map(|one| one.logprob.exp());
        all.sum::<f32>().max(least)
    };
    let (yes, no) = (mass("yes"), mass("no"));
    if yes + no > 0.0 { yes / (yes + no) } else { 0.5 }
}

fn means(choice: &Choice, word: &str) -> bool {
    let text = String::from_utf8_lossy(&choice.bytes);
    text.trim().trim_end_matches(['.', ',', '!']).eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(candidates: &[(&str, f32)], expected: f32) {
        let choice = |&(text, probability): &(&str, f32)| Choice {
            token: 0,
            bytes: text.as_bytes().to_vec(),
            logprob: probability.ln(),
        };
        let top: Vec<_> = candidates.iter().map(choice).collect();
        let found = score(&TokenLogprob { chosen: top[0].clone(), top });
        assert!((found - expected).abs() < 1e-5, "{candidates:?}: {found}");
    }

    #[test]
    fn all_ways_to_say_yes_count() {
        check(&[("Yes", 0.5), (" yes", 0.1), ("No", 0.2)], 0.75);
        check(&[("No.", 0.6), ("Yes!", 0.2), ("The", 0.1)], 0.25);
        check(&[("YES", 0.9), ("a", 0.1)], 0.9);
    }

    #[test]
    fn a_judge_that_says_neither_is_undecided() {
        check(&[("The", 0.9), ("a", 0.1)], 0.5);
        check(&[("Yesterday", 0.9), ("Nowhere", 0.1)], 0.5);
    }
}
