//! What the audit entry of a request commits to.

use std::io;

use domain::chat::{Message, ToolCall};
use governance::ContentDigest;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{BareText, Question, ports::Passage};

/// Keys in alphabetical order: serde writes fields as they are declared.
#[derive(Serialize)]
struct Canonical<'a> {
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    function: Function<'a>,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Function<'a> {
    arguments: &'a str,
    name: &'a str,
}

impl<'a> Canonical<'a> {
    fn new(message: &'a Message) -> Self {
        let answers = message.answers.as_ref();
        Self {
            content: &message.content,
            name: answers.map(|call| call.name.as_str()),
            role: message.role.as_str(),
            tool_call_id: answers.map(|call| call.id.as_str()),
            tool_calls: message.calls.iter().map(Call::new).collect(),
        }
    }
}

impl<'a> Call<'a> {
    fn new(ToolCall { id, name, arguments }: &'a ToolCall) -> Self {
        Self { function: Function { arguments, name }, id, kind: "function" }
    }
}

/// SHA-256 of the messages as compact JSON with sorted keys, as `jq -cjS .messages` prints them
/// when each has a role and a text (except that `jq` escapes U+007F). Calls have a function, an id
/// and a type; results have a content, a name, a role and the id of their call.
pub(crate) fn digest(messages: &[Message]) -> ContentDigest {
    let canonical: Vec<_> = messages.iter().map(Canonical::new).collect();
    hashed(&canonical)
}

/// A passage as it was sent: a text, or a list of tokens.
#[derive(Serialize)]
#[serde(untagged)]
enum CanonicalPassage<'a> {
    Text(&'a str),
    Tokens(&'a [u32]),
}

impl<'a> CanonicalPassage<'a> {
    fn new(passage: &'a Passage) -> Self {
        match passage {
            Passage::Text(text) => Self::Text(text),
            Passage::Tokens(tokens) => Self::Tokens(tokens),
        }
    }
}

/// SHA-256 of the passages as a list in compact JSON, as `jq -cj .input` prints it when it is a
/// list (except that `jq` escapes U+007F).
pub(crate) fn digest_of_passages(passages: &[Passage]) -> ContentDigest {
    hashed(&passages.iter().map(CanonicalPassage::new).collect::<Vec<_>>())
}

/// A question as it was sent. Keys in alphabetical order.
#[derive(Serialize)]
#[serde(untagged)]
enum CanonicalQuestion<'a> {
    Messages(Vec<Canonical<'a>>),
    Passage(CanonicalPassage<'a>),
    Hole { prompt: &'a str, suffix: &'a str },
}

impl<'a> CanonicalQuestion<'a> {
    fn new(question: &'a Question) -> Self {
        match question {
            Question::Conversation(messages) => {
                Self::Messages(messages.iter().map(Canonical::new).collect())
            }
            Question::Text(BareText::Open(passage)) => {
                Self::Passage(CanonicalPassage::new(passage))
            }
            Question::Text(BareText::Hole { before, after }) => {
                Self::Hole { prompt: before, suffix: after }
            }
        }
    }
}

/// As [`digest`] for one conversation; otherwise SHA-256 of the list of all questions.
pub(crate) fn digest_of_questions(questions: &[Question]) -> ContentDigest {
    if let [Question::Conversation(messages)] = questions {
        return digest(messages);
    }
    hashed(&questions.iter().map(CanonicalQuestion::new).collect::<Vec<_>>())
}

#[expect(clippy::expect_used, reason = "strings and numbers always serialise")]
fn hashed(canonical: &impl Serialize) -> ContentDigest {
    let mut hashing = Hashing(Sha256::new());
    serde_json::to_writer(&mut hashing, canonical).expect("strings and numbers always serialise");
    ContentDigest(hashing.0.finalize().into())
}

/// Hashes what is written to it: long texts are not copied for their digest.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        chat::{AnsweredCall, Role},
        hexadecimal,
    };

    use super::*;

    /// `printf '[{"content":"Réponds.","role":"system"},{"content":"a\\nb","role":"user"}]' | sha256sum`
    #[test]
    fn the_digest_can_be_recomputed_with_common_tools() {
        let messages = [Message::new(Role::System, "Réponds."), Message::new(Role::User, "a\nb")];
        let passages = [Passage::Text("a\nb".to_owned()), Passage::Tokens(vec![1, 22])];
        // `printf '["a\\nb",[1,22]]' | sha256sum`
        let of_passages = "3e6c53f2c0152ca97fdf55303b30818aa540d0a3466efeb655b1c8db2a30677d";
        assert_eq!(hexadecimal(&digest_of_passages(&passages).0), of_passages);
        let text = |text: &str| Question::Text(BareText::Open(Passage::Text(text.to_owned())));
        let tokens = Question::Text(BareText::Open(Passage::Tokens(vec![1, 22])));
        let of_texts = digest_of_questions(&[text("a\nb"), tokens]);
        assert_eq!(hexadecimal(&of_texts.0), of_passages);
        let of_one = digest_of_questions(&[Question::Conversation(messages.to_vec())]);
        assert_eq!(of_one, digest(&messages));
        let expected = "5de3ee7afed61daf69ca52f2d790e74cc9d0d1867e5aea4683cd8060b7d2e7f6";
        assert_eq!(hexadecimal(&digest(&messages).0), expected);
    }

    /// What `jq -cS` prints of such messages.
    #[test]
    fn calls_and_results_are_part_of_it() {
        let call = ToolCall { id: "a1".into(), name: "f".into(), arguments: "{\"x\":1}".into() };
        let answered = AnsweredCall { id: "a1".into(), name: "f".into() };
        let messages = [
            Message { calls: vec![call], ..Message::new(Role::Assistant, "") },
            Message { answers: Some(answered), ..Message::new(Role::Tool, "2") },
        ];
        let canonical: Vec<_> = messages.iter().map(Canonical::new).collect();
        let expected = concat!(
            r#"[{"content":"","role":"assistant","tool_calls":[{"function":{"arguments":"#,
            r#""{\"x\":1}","name":"f"},"id":"a1","type":"function"}]},"#,
            r#"{"content":"2","name":"f","role":"tool","tool_call_id":"a1"}]"#
        );
        assert_eq!(serde_json::to_string(&canonical).unwrap(), expected);
    }
}
