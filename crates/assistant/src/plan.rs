//! What a new turn consists of. Pure: facts go in, rows and a prompt come out.

use domain::{ConversationId, EntryId, ModelId, Timestamp};
use inference::{AnswerFormat, ChatCommand, Priority, ToolUse};

use crate::{
    Answer, Append, Body, Conversation, Entry, Idempotency, Question, Restart, Scope, Start,
    TurnSettings, TurnStarted,
    ports::{BeginTurn, Created},
    title::title_from,
    tree,
};

/// A turn that is thought out and not yet written down.
pub(crate) struct Plan {
    pub(crate) begin: BeginTurn,
    /// From the root to the question, or to the entry that is answered or continued.
    path: Vec<Entry>,
    instructions: Option<String>,
    settings: TurnSettings,
}

/// The ids and the time of a turn.
pub(crate) struct Draw {
    pub(crate) scope: Scope,
    pub(crate) conversation: ConversationId,
    /// Unused if nothing is asked. Drawn before the answer, so that it stands before it.
    pub(crate) question: EntryId,
    /// The answer.
    pub(crate) entry: EntryId,
    pub(crate) at: Timestamp,
    pub(crate) idempotency: Option<Idempotency>,
}

/// What a turn goes on from.
struct Ground {
    created: Option<Created>,
    path: Vec<Entry>,
    instructions: Option<String>,
    model: ModelId,
    settings: TurnSettings,
}

impl Plan {
    pub(crate) fn start(draw: Draw, start: Start) -> Self {
        let Start { name, description, instructions, model, settings, metadata, question, .. } =
            start;
        let conversation = Conversation {
            id: draw.conversation,
            scope: draw.scope,
            name: name.unwrap_or_else(|| title_from(&question)),
            description,
            instructions,
            model,
            settings,
            metadata,
            created_at: draw.at,
            updated_at: draw.at,
            pinned: false,
            archived: false,
            head: draw.entry,
        };
        let ground = Ground::created(Created { conversation, copied: Vec::new() });
        Self::new(draw, ground, Some(question))
    }

    pub(crate) fn append(
        draw: Draw,
        conversation: Conversation,
        path: Vec<Entry>,
        append: Append,
    ) -> Self {
        let ground = Ground {
            created: None,
            path,
            instructions: conversation.instructions,
            model: append.model.unwrap_or(conversation.model),
            settings: append.settings.unwrap_or(conversation.settings),
        };
        Self::new(draw, ground, append.question)
    }

    /// `ids`: one for the copy of each entry of the path.
    pub(crate) fn restart(
        draw: Draw,
        original: Conversation,
        (path, ids): (Vec<Entry>, Vec<EntryId>),
        restart: Restart,
    ) -> Self {
        let conversation = Conversation {
            id: draw.conversation,
            settings: restart.settings.unwrap_or(original.settings),
            created_at: draw.at,
            updated_at: draw.at,
            pinned: false,
            archived: false,
            head: draw.entry,
            ..original
        };
        let ground = Ground::created(Created { conversation, copied: copies(path, ids) });
        Self::new(draw, ground, restart.question)
    }

    fn new(draw: Draw, ground: Ground, question: Option<Question>) -> Self {
        let Draw { scope, conversation, question: question_id, entry, at, idempotency } = draw;
        let Ground { created, mut path, instructions, model, settings } = ground;
        let parent = path.last().map(|entry| entry.id);
        let question = question.map(|question| Entry {
            id: question_id,
            parent,
            created_at: at,
            completed_at: Some(at),
            body: Body::Question(question),
        });
        path.extend(question.clone());
        let answer = Entry {
            id: entry,
            parent: path.last().map(|entry| entry.id),
            created_at: at,
            completed_at: None,
            body: Body::Answer(Answer::running(model.clone())),
        };
        let begin = BeginTurn {
            scope,
            conversation,
            created,
            question,
            answer,
            parent,
            model,
            idempotency,
            at,
        };
        Self { begin, path, instructions, settings }
    }

    pub(crate) fn started(&self) -> TurnStarted {
        TurnStarted {
            conversation: self.begin.conversation,
            question: self.begin.question.as_ref().map(|question| question.id),
            entry: self.begin.answer.id,
            parent: self.begin.answer.parent,
            model: self.begin.model.clone(),
            at: self.begin.at,
        }
    }

    pub(crate) fn command(self) -> ChatCommand {
        ChatCommand {
            model: self.begin.model,
            priority: Priority::Interactive,
            messages: tree::prompt(self.instructions.as_deref(), &self.path),
            sampling: self.settings.sampling(),
            format: AnswerFormat::Text,
            tools: ToolUse::default(),
            max_tokens: self.settings.max_tokens,
            stop: self.settings.stop,
            top_logprobs: None,
            is_streamed: true,
        }
    }
}

impl Ground {
    fn created(created: Created) -> Self {
        let conversation = &created.conversation;
        Self {
            path: created.copied.clone(),
            instructions: conversation.instructions.clone(),
            model: conversation.model.clone(),
            settings: conversation.settings.clone(),
            created: Some(created),
        }
    }
}

/// The same entries under other ids, one after another.
fn copies(path: Vec<Entry>, ids: Vec<EntryId>) -> Vec<Entry> {
    let parents: Vec<Option<EntryId>> =
        std::iter::once(None).chain(ids.iter().copied().map(Some)).collect();
    let copies = path.into_iter().zip(ids).zip(parents);
    copies.map(|((entry, id), parent)| Entry { id, parent, ..entry }).collect()
}
