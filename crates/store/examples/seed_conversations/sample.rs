//! Conversations of one question and one answer, spread over three years.

use assistant::{
    Answer, Body, Conversation, Entry, EntryState, Question, Scope, TurnSettings,
    ports::{BeginTurn, Created, FinishedTurn},
};
use domain::{ConversationId, EntryId, IdSource as _, ModelId, RequestId, Timestamp};
use governance::AuditEntry;
use testkit::{Random, SeededIds};

use crate::words;

const NAME_WORDS: usize = 5;
const QUESTION_WORDS: usize = 15;
const ANSWER_WORDS: usize = 120;
const SECONDS_BACK_MAX: u64 = 3 * 365 * 24 * 3600;
const SECONDS_PER_ANSWER: i64 = 4;

/// Makes conversations of one project that were held until `now`.
pub(crate) struct Talks {
    scope: Scope,
    now: Timestamp,
    ids: SeededIds,
}

impl Talks {
    pub(crate) fn new(scope: Scope, now: Timestamp) -> Self {
        Self { scope, now, ids: SeededIds::new(1) }
    }

    /// How it began and how it ended.
    pub(crate) fn turn(&self, random: &mut Random) -> (BeginTurn, FinishedTurn) {
        let back = i64::try_from(random.below(SECONDS_BACK_MAX)).unwrap_or(0);
        let at = self.now.plus_seconds(-back - SECONDS_PER_ANSWER);
        let question = self.question(words::text(random, QUESTION_WORDS), at);
        let answer = self.running(question.id, at);
        let conversation = Conversation {
            id: ConversationId::from_uuid(self.ids.next(at)),
            scope: self.scope,
            name: words::text(random, NAME_WORDS),
            description: None,
            instructions: None,
            model: model(),
            settings: TurnSettings::default(),
            metadata: None,
            created_at: at,
            updated_at: at,
            pinned: random.below(10_000) == 0,
            archived: random.below(10) == 0,
            head: answer.id,
        };
        let finished = FinishedTurn {
            scope: self.scope,
            conversation: conversation.id,
            entry: answer.id,
            state: EntryState::Complete,
            text: Some(words::text(random, ANSWER_WORDS)),
            request: Some(RequestId::from_uuid(self.ids.next(at))),
            error: None,
            at: at.plus_seconds(SECONDS_PER_ANSWER),
        };
        let begin = BeginTurn {
            scope: self.scope,
            conversation: conversation.id,
            created: Some(Created { conversation, copied: Vec::new() }),
            question: Some(question),
            answer,
            parent: None,
            model: model(),
            idempotency: None,
            at,
        };
        (begin, finished)
    }

    /// The trail only goes forward: all of it is of now, whenever the conversations were.
    pub(crate) fn audit(&self) -> AuditEntry {
        let id = self.ids.next(self.now);
        let canonical = format!(r#"{{"at":{},"id":"{id}","v":1}}"#, self.now.as_micros());
        AuditEntry {
            id,
            organisation: Some(self.scope.organisation),
            at: self.now,
            action: "conversation.start".to_owned(),
            outcome: "ok".to_owned(),
            request: None,
            canonical: canonical.into_bytes(),
        }
    }

    fn question(&self, text: String, at: Timestamp) -> Entry {
        Entry {
            id: EntryId::from_uuid(self.ids.next(at)),
            parent: None,
            created_at: at,
            completed_at: Some(at),
            body: Body::Question(Question { text, attachments: Vec::new() }),
        }
    }

    fn running(&self, parent: EntryId, at: Timestamp) -> Entry {
        let body = Answer {
            model: model(),
            text: String::new(),
            state: EntryState::Running,
            request: None,
            usage: None,
            error: None,
        };
        Entry {
            id: EntryId::from_uuid(self.ids.next(at)),
            parent: Some(parent),
            created_at: at,
            completed_at: None,
            body: Body::Answer(body),
        }
    }
}

#[expect(clippy::expect_used, reason = "the id is a literal")]
fn model() -> ModelId {
    "smollm2-135m-instruct".parse().expect("a model id")
}
