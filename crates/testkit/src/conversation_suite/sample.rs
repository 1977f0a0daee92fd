//! A founded store, and turns to be begun in it.

use std::sync::Arc;

use assistant::{
    Answer, Attachment, Body, Conversation, Entry, EntryState, Idempotency, Question, Scope,
    TurnSettings,
    ports::{BeginTurn, Begun, Created, FinishedTurn},
};
use domain::{
    AccountId, Caller, ConversationId, EntryId, OrganisationId, Principal, ProjectId, RequestId,
    Role, Timestamp,
};
use governance::AuditEntry;

use super::ConversationsUnderTest;
use crate::{Samples, operator_of};

pub(super) struct World {
    pub(super) test: ConversationsUnderTest,
    pub(super) samples: Arc<Samples>,
    pub(super) scope: Scope,
    /// An organisation that has keys and no rows.
    elsewhere: OrganisationId,
}

impl World {
    pub(super) async fn new(test: ConversationsUnderTest, seed: u64) -> Self {
        let samples = Samples::new(seed);
        let founding = samples.founding();
        let entry = samples.entry(Some(founding.organisation.id));
        assert!(test.projects.found(&founding, &entry).await.expect("founded"), "empty at first");
        let elsewhere = OrganisationId::from_uuid(samples.id());
        if let Some(vault) = &test.vault {
            let caller = operator_of(&founding.owner);
            vault.found(caller).await.expect("keys");
            let organisation = elsewhere;
            vault.found(Caller { organisation, ..caller }).await.expect("keys");
        }
        let (organisation, account) = (founding.organisation.id, founding.owner.id);
        Self { test, samples: Arc::new(samples), scope: Scope { organisation, account }, elsewhere }
    }

    /// Another organisation, and another account of the same one.
    pub(super) fn strangers(&self) -> [Scope; 2] {
        let account = AccountId::from_uuid(self.samples.id());
        let organisation = self.elsewhere;
        [Scope { account, ..self.scope }, Scope { organisation, ..self.scope }]
    }

    pub(super) fn caller(&self) -> Caller {
        let Scope { organisation, account } = self.scope;
        Caller {
            organisation,
            project: ProjectId::from_uuid(self.samples.id()),
            account,
            principal: Principal::Operator,
            permissions: Role::Owner.permissions(),
        }
    }

    pub(super) fn entry(&self) -> AuditEntry {
        self.samples.entry(Some(self.scope.organisation))
    }

    pub(super) async fn trail(&self) -> Vec<AuditEntry> {
        let organisation = Some(self.scope.organisation);
        let entries = self.test.audit.read_after(organisation, 0, 1_000).await;
        entries.expect("readable").into_iter().map(|(_, entry)| entry).collect()
    }

    /// A turn that begins a conversation.
    pub(super) fn first_turn(&self, question: &str) -> BeginTurn {
        let at = self.samples.now();
        let id = ConversationId::from_uuid(self.samples.id());
        let mut begin = self.next_turn(id, None, Some(question));
        let conversation = Conversation {
            id,
            scope: self.scope,
            name: "Prévision « été »".to_owned(),
            description: Some("deux\nlignes".to_owned()),
            instructions: Some("Réponds en français.".to_owned()),
            model: "mistralai/Ministral-3B".parse().expect("a model id"),
            settings: settings(),
            metadata: Some(r#"{"b":1,"a":[null,"\u00e9"]}"#.to_owned()),
            created_at: at,
            updated_at: begin.at,
            pinned: false,
            archived: false,
            head: begin.answer.id,
        };
        begin.model = conversation.model.clone();
        begin.created = Some(Created { conversation, copied: Vec::new() });
        begin
    }

    /// A turn that goes on from `parent`, with a question or without.
    pub(super) fn next_turn(
        &self,
        conversation: ConversationId,
        parent: Option<EntryId>,
        question: Option<&str>,
    ) -> BeginTurn {
        let at = self.samples.now();
        let question = question.map(|text| Entry {
            id: EntryId::from_uuid(self.samples.id()),
            parent,
            created_at: at,
            completed_at: Some(at),
            body: Body::Question(question_of(text)),
        });
        let answer = Entry {
            id: EntryId::from_uuid(self.samples.id()),
            parent: question.as_ref().map(|question| question.id).or(parent),
            created_at: at,
            completed_at: None,
            body: Body::Answer(Answer {
                model: "fake-model".parse().expect("a model id"),
                text: String::new(),
                state: EntryState::Running,
                request: None,
                usage: None,
                error: None,
            }),
        };
        let model = "fake-model".parse().expect("a model id");
        let (created, idempotency, scope) = (None, None, self.scope);
        BeginTurn { scope, conversation, created, question, answer, parent, model, idempotency, at }
    }

    /// Begins it with an entry of its own.
    pub(super) async fn begin(&self, begin: &BeginTurn) -> Begun {
        self.test.store.begin_turn(begin, &self.entry()).await.expect("begun")
    }

    /// Begins and ends it; returns the answer as it is then.
    pub(super) async fn turn(&self, begin: &BeginTurn, text: &str) -> Entry {
        assert_eq!(self.begin(begin).await, Begun::Started);
        let finished = self.finished(begin, EntryState::Complete, text);
        self.test.store.finish_turn(&finished).await.expect("ended");
        ended(&begin.answer, &finished)
    }

    pub(super) fn finished(
        &self,
        begin: &BeginTurn,
        state: EntryState,
        text: &str,
    ) -> FinishedTurn {
        FinishedTurn {
            scope: begin.scope,
            conversation: begin.conversation,
            entry: begin.answer.id,
            state,
            text: Some(text.to_owned()),
            request: Some(RequestId::from_uuid(self.samples.id())),
            error: (state == EntryState::Failed).then(|| "engine.failed".to_owned()),
            at: self.samples.now(),
        }
    }

    pub(super) async fn conversation(&self, id: ConversationId) -> Option<Conversation> {
        self.test.store.conversation(self.scope, id).await.expect("readable")
    }

    pub(super) async fn entries(&self, id: ConversationId) -> Vec<Entry> {
        self.test.store.entries(self.scope, id).await.expect("readable")
    }

    pub(super) async fn path(&self, id: ConversationId, end: EntryId) -> Vec<Entry> {
        self.test.store.path(self.scope, id, end).await.expect("readable")
    }

    pub(super) async fn running(&self, begin: &BeginTurn) -> Option<Entry> {
        let (scope, id) = (begin.scope, begin.conversation);
        self.test.store.entry(scope, id, begin.answer.id).await.expect("readable")
    }
}

/// Numbers that a store must not round.
pub(super) fn settings() -> TurnSettings {
    TurnSettings {
        temperature: Some(0.1),
        top_p: Some(f32::MIN_POSITIVE),
        presence_penalty: Some(-1.999_999_9),
        frequency_penalty: None,
        seed: Some(u64::MAX),
        max_tokens: Some(u32::MAX),
        stop: vec!["\n\n".to_owned(), "</s>,\"".to_owned()],
    }
}

/// The answer as it is after its end.
pub(super) fn ended(answer: &Entry, finished: &FinishedTurn) -> Entry {
    let mut entry = answer.clone();
    entry.completed_at = Some(finished.at);
    if let Body::Answer(answer) = &mut entry.body {
        answer.state = finished.state;
        answer.text = finished.text.clone().unwrap_or(std::mem::take(&mut answer.text));
        answer.request = finished.request.or(answer.request);
        answer.error.clone_from(&finished.error);
    }
    entry
}

/// What a conversation looks like when nothing but its last turn has happened since.
pub(super) fn after(begin: &BeginTurn, conversation: Conversation, at: Timestamp) -> Conversation {
    let (head, model) = (begin.answer.id, begin.model.clone());
    Conversation { head, model, updated_at: at, ..conversation }
}

pub(super) fn key(text: &str, digest: u8) -> Idempotency {
    Idempotency { key: text.parse().expect("a key"), digest: [digest; 32] }
}

fn question_of(text: &str) -> Question {
    let attachments = vec![
        Attachment { name: "données.csv".to_owned(), text: "a;b\r\n1;2".to_owned() },
        Attachment { name: "leer".to_owned(), text: String::new() },
    ];
    Question { text: text.to_owned(), attachments }
}
