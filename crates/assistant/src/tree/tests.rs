use domain::{EntryId, Timestamp};
use uuid::Uuid;

use super::*;
use crate::Answer;

fn id(number: usize) -> EntryId {
    EntryId::from_uuid(Uuid::from_u128(number as u128))
}

fn entry(number: usize, parent: Option<usize>, body: Body) -> Entry {
    let at = Timestamp::from_micros(0);
    Entry { id: id(number), parent: parent.map(id), created_at: at, completed_at: None, body }
}

fn question(text: &str) -> Body {
    Body::Question(Question { text: text.to_owned(), attachments: Vec::new() })
}

fn answer(text: &str) -> Body {
    let model = "fake-model".parse().expect("a model id");
    Body::Answer(Answer { text: text.to_owned(), ..Answer::running(model) })
}

/// One line a message: its role, a `+` if it is to be continued, its text.
fn check(instructions: Option<&str>, path: &[Entry], expected: &[&str]) {
    let shown: Vec<String> = prompt(instructions, path)
        .into_iter()
        .map(|message| {
            let plus = if message.prefix { "+" } else { "" };
            format!("{}{plus}: {}", message.role.as_str(), message.content)
        })
        .collect();
    assert_eq!(shown, expected);
}

/// Two questions that were answered twice each.
fn branches() -> Vec<Entry> {
    vec![
        entry(0, None, question("q1")),
        entry(1, Some(0), answer("a1")),
        entry(2, Some(0), answer("b1")),
        entry(3, Some(2), question("q2")),
        entry(4, Some(3), answer("a2 ")),
        entry(5, Some(4), answer("goes on")),
        entry(6, Some(3), answer("")),
        entry(7, Some(6), question("q3")),
    ]
}

fn branch(path: &[usize]) -> Vec<Entry> {
    let all = branches();
    path.iter().map(|number| all[*number].clone()).collect()
}

#[test]
fn a_prompt_is_the_path_of_its_branch() {
    check(None, &branch(&[0]), &["user: q1"]);
    check(Some("be kind"), &branch(&[0]), &["system: be kind", "user: q1"]);
    check(Some(""), &branch(&[0]), &["user: q1"]);
    check(None, &branch(&[0, 2, 3]), &["user: q1", "assistant: b1", "user: q2"]);
}

#[test]
fn an_answer_at_the_end_is_continued() {
    check(None, &branch(&[0, 1]), &["user: q1", "assistant+: a1"]);
    let expected = ["user: q1", "assistant: b1", "user: q2", "assistant+: a2 goes on"];
    check(None, &branch(&[0, 2, 3, 4, 5]), &expected);
}

#[test]
fn an_answer_without_a_word_is_left_out() {
    check(None, &branch(&[0, 2, 3, 6]), &["user: q1", "assistant: b1", "user: q2"]);
    check(None, &branch(&[0, 2, 3, 6, 7]), &["user: q1", "assistant: b1", "user: q2\n\nq3"]);
}

#[test]
fn files_stand_before_the_question_and_stay_in_their_fence() {
    let file = |name: &str, text: &str| Attachment { name: name.to_owned(), text: text.to_owned() };
    let attachments =
        vec![file("a\u{202e}`\u{0}\n.txt", "x\n"), file("b.md", "```\ncode\n```"), file("c", "")];
    let body = Body::Question(Question { text: "Compare.".to_owned(), attachments });
    let expected = "user: File `a'.txt`:\n```\nx\n```\n\nFile `b.md`:\n````\n```\ncode\n```\n````\n\n\
                    File `c`:\n```\n\n```\n\nCompare.";
    check(None, &[entry(0, None, body)], &[&expected.replace("a'.txt", "a' .txt")]);
}
