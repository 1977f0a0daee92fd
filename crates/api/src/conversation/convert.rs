//! Words of the wire to words of the assistant, and back.

use assistant::{
    Answer, Append, Attachment, Body, Change, Conversation, Draft, Entry, EntryState, Follow,
    History, Idempotency, Question, Restart, Start, TurnRead, TurnSettings, TurnUsage, WriteDraft,
};
use domain::{EntryId, ModelId};
use inference_wire as wire;

use super::{
    id::{self, path_of, show_conversation, show_entry},
    problem::{Broken, invalid},
};
use crate::{convert::method, problem::Problem};

pub(super) fn start(
    request: wire::StartConversation,
    idempotency: Option<Idempotency>,
) -> Result<Start, Problem> {
    let wire::StartConversation { name, description, instructions, metadata, .. } = request;
    Ok(Start {
        name,
        description,
        instructions,
        model: model(&request.model)?,
        settings: settings(request.completion_args),
        metadata: metadata.map(|members| serde_json::Value::Object(members).to_string()),
        question: question(request.inputs),
        idempotency,
    })
}

pub(super) fn append(
    request: wire::AppendConversation,
    idempotency: Option<Idempotency>,
) -> Result<Append, Problem> {
    if request.inputs.is_empty() && request.parent_id.is_none() {
        let message = "must ask something, unless `parent_id` says what is to be answered again";
        return Err(invalid(("body", "inputs"), message));
    }
    Ok(Append {
        question: some_question(request.inputs),
        follow: request.parent_id.as_deref().map_or(Ok(Follow::Head), id::follow)?,
        model: request.model.as_deref().map(model).transpose()?,
        settings: some_settings(request.completion_args),
        idempotency,
    })
}

pub(super) fn restart(
    request: wire::RestartConversation,
    idempotency: Option<Idempotency>,
) -> Result<Restart, Problem> {
    Ok(Restart {
        from: id::entry(&request.from_entry_id)?,
        question: some_question(request.inputs),
        settings: some_settings(request.completion_args),
        idempotency,
    })
}

pub(super) fn change(request: wire::UpdateConversation) -> Result<Change, Problem> {
    let wire::UpdateConversation { name, pinned, archived, head } = request;
    let head = head.as_deref().map(id::entry).transpose()?;
    Ok(Change { name, pinned, archived, head })
}

pub(super) fn write_draft(request: wire::PutDraft) -> Result<WriteDraft, Problem> {
    let wire::PutDraft { text, attachments, model: chosen } = request;
    let model = chosen.as_deref().map(model).transpose()?;
    Ok(WriteDraft { text, attachments: attachments.into_iter().map(attachment).collect(), model })
}

/// What is not a name of a model is not the name of one that is served.
fn model(name: &str) -> Result<ModelId, Problem> {
    name.parse().map_err(|_| Problem::model_unknown(name))
}

fn some_question(inputs: wire::Question) -> Option<Question> {
    (!inputs.is_empty()).then(|| question(inputs))
}

fn question(inputs: wire::Question) -> Question {
    let attachments = inputs.attachments.into_iter().map(attachment).collect();
    Question { text: inputs.text, attachments }
}

fn attachment(file: wire::Attachment) -> Attachment {
    Attachment { name: file.name, text: file.text }
}

fn some_settings(arguments: wire::CompletionArgs) -> Option<TurnSettings> {
    (!arguments.is_empty()).then(|| settings(arguments))
}

fn settings(arguments: wire::CompletionArgs) -> TurnSettings {
    let wire::CompletionArgs { temperature, top_p, max_tokens, stop, random_seed, .. } = arguments;
    let wire::CompletionArgs { presence_penalty, frequency_penalty, .. } = arguments;
    TurnSettings {
        temperature,
        top_p,
        presence_penalty,
        frequency_penalty,
        seed: random_seed,
        max_tokens,
        stop,
    }
}

pub(crate) fn conversation(conversation: Conversation, running: bool) -> wire::Conversation {
    let settings = conversation.settings;
    wire::Conversation {
        object: wire::ConversationObject::Conversation,
        id: show_conversation(conversation.id),
        name: Some(conversation.name),
        description: conversation.description,
        instructions: conversation.instructions,
        model: conversation.model.to_string(),
        tools: Vec::new(),
        completion_args: wire::CompletionArgs {
            temperature: settings.temperature,
            top_p: settings.top_p,
            max_tokens: settings.max_tokens,
            stop: settings.stop,
            random_seed: settings.seed,
            presence_penalty: settings.presence_penalty,
            frequency_penalty: settings.frequency_penalty,
        },
        metadata: conversation.metadata.and_then(|text| serde_json::from_str(&text).ok()),
        created_at: conversation.created_at.to_string(),
        updated_at: conversation.updated_at.to_string(),
        pinned: conversation.pinned,
        archived: conversation.archived,
        head: Some(show_entry(conversation.head)),
        running,
    }
}

pub(crate) fn history(history: History) -> wire::ConversationHistory {
    wire::ConversationHistory {
        object: wire::HistoryObject::History,
        conversation_id: show_conversation(history.conversation.id),
        head: Some(show_entry(history.conversation.head)),
        entries: history.entries.into_iter().map(entry).collect(),
    }
}

pub(super) fn messages(history: History) -> wire::ConversationMessages {
    wire::ConversationMessages {
        object: wire::MessagesObject::Messages,
        conversation_id: show_conversation(history.conversation.id),
        messages: history.entries.into_iter().map(entry).collect(),
    }
}

fn entry(entry: Entry) -> wire::ConversationEntry {
    let Entry { id, parent, created_at, completed_at, body } = entry;
    let (id, parent_id) = (show_entry(id), parent.map(show_entry));
    let created_at = created_at.to_string();
    let completed_at = completed_at.map(|at| at.to_string());
    match body {
        Body::Question(Question { text, attachments }) => {
            wire::ConversationEntry::Input(wire::InputEntry {
                object: wire::EntryObject::Entry,
                id,
                created_at,
                completed_at,
                role: wire::InputRole::User,
                content: wire::InputContent::new(text, attachments.into_iter().map(file).collect()),
                prefix: false,
                parent_id,
            })
        }
        Body::Answer(Answer { model, text, state: how, request, usage: used, error }) => {
            wire::ConversationEntry::Output(wire::OutputEntry {
                object: wire::EntryObject::Entry,
                id,
                created_at,
                completed_at,
                role: wire::AnswerRole::Assistant,
                model: model.to_string(),
                agent_id: None,
                content: text,
                parent_id,
                state: state(how),
                usage: used.map(usage),
                request_id: request.map(|id| id.to_string()),
                error_code: error.or_else(|| how.usual_error().map(str::to_owned)),
            })
        }
    }
}

fn file(attachment: Attachment) -> wire::Attachment {
    wire::Attachment { name: attachment.name, text: attachment.text }
}

pub(super) fn draft(draft: Draft) -> wire::Draft {
    wire::Draft {
        text: draft.text,
        attachments: draft.attachments.into_iter().map(file).collect(),
        model: draft.model.map(|model| model.to_string()),
        updated_at: draft.updated_at.to_string(),
    }
}

pub(super) const fn state(state: EntryState) -> wire::EntryState {
    match state {
        EntryState::Running => wire::EntryState::Running,
        EntryState::Complete => wire::EntryState::Complete,
        EntryState::Length => wire::EntryState::Length,
        EntryState::Stopped => wire::EntryState::Stopped,
        EntryState::Failed => wire::EntryState::Failed,
        EntryState::Interrupted => wire::EntryState::Interrupted,
    }
}

/// A turn that was read to its end, as an answer in one piece.
pub(super) fn response(
    entry: EntryId,
    read: TurnRead,
) -> Result<wire::ConversationResponse, Problem> {
    let TurnRead { started, text, end } = read;
    let (Some(started), None, Some(used)) = (&started, &end.error, end.usage) else {
        let kept = started.map(|started| path_of(started.conversation));
        return Err(Problem::from(Broken::of(end.error.as_deref())).location(kept));
    };
    let used = usage(used);
    let output = wire::OutputEntry {
        object: wire::EntryObject::Entry,
        id: show_entry(entry),
        created_at: started.at.to_string(),
        completed_at: Some(end.at.to_string()),
        role: wire::AnswerRole::Assistant,
        model: started.model.to_string(),
        agent_id: None,
        content: text,
        parent_id: started.parent.map(show_entry),
        state: state(end.state),
        usage: Some(used.clone()),
        request_id: end.request.map(|id| id.to_string()),
        error_code: None,
    };
    Ok(wire::ConversationResponse {
        object: wire::ResponseObject::Response,
        conversation_id: show_conversation(started.conversation),
        outputs: vec![wire::ConversationEntry::Output(output)],
        usage: used,
    })
}

pub(super) fn usage(usage: TurnUsage) -> wire::Usage {
    wire::Usage {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.completion_tokens,
        total_tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
        prompt_tokens_details: None,
        footprint: wire::Footprint {
            energy_joules: usage.energy_joules,
            energy_method: method(usage.energy_method),
            energy_uncertainty_percent: usage.energy_uncertainty_percent,
            co2e_grams: usage.co2e_grams,
            co2e_method: method(usage.co2e_method),
            co2e_uncertainty_percent: usage.co2e_uncertainty_percent,
            grid_factor_grams_per_kwh: usage.grid_factor_grams_per_kwh,
            grid_factor_year: usage.grid_factor_year,
            grid_factor_source: usage.grid_factor_source,
            grid_zone: usage.grid_zone,
            site: usage.site,
        },
    }
}
