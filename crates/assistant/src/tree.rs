//! The prompts that paths through the tree of entries make.

use domain::chat::{Message, Role};

use crate::{Attachment, Body, Entry, Question, title::clean};

/// What the model is asked: the instructions, then the path. Answers in a row are one message, and
/// so are questions that got no word of an answer. An answer at the end is to be continued.
pub(crate) fn prompt(instructions: Option<&str>, path: &[Entry]) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    if let Some(instructions) = instructions.filter(|text| !text.is_empty()) {
        messages.push(message(Role::System, instructions.to_owned()));
    }
    for entry in path {
        let (role, text, between) = match &entry.body {
            Body::Question(question) => (Role::User, rendered(question), "\n\n"),
            Body::Answer(answer) => (Role::Assistant, answer.text.clone(), ""),
        };
        if role == Role::Assistant && text.is_empty() {
            continue;
        }
        match messages.last_mut().filter(|last| last.role == role) {
            Some(last) => {
                last.content.push_str(between);
                last.content.push_str(&text);
            }
            None => messages.push(message(role, text)),
        }
    }
    if let Some(last) = messages.last_mut() {
        last.prefix = last.role == Role::Assistant;
    }
    messages
}

fn message(role: Role, content: String) -> Message {
    Message::new(role, content)
}

fn rendered(question: &Question) -> String {
    let mut text: String = question.attachments.iter().map(attached).collect();
    text.push_str(&question.text);
    text
}

/// The fence is longer than any in the file, so that a file cannot end it.
fn attached(file: &Attachment) -> String {
    let fence = "`".repeat(longest_fence(&file.text).saturating_add(1).max(3));
    let name = clean(&file.name).replace('`', "'");
    let end = if file.text.ends_with('\n') { "" } else { "\n" };
    format!("File `{name}`:\n{fence}\n{}{end}{fence}\n\n", file.text)
}

fn longest_fence(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
