//! A database with projects, and conversations in them.

use std::path::PathBuf;

use assistant::{
    Answer, Body, Conversation, Entry, EntryState, ListQuery, Question, Scope, TurnSettings,
    ports::{BeginTurn, Begun, ConversationStore as _, Created, FinishedTurn},
};
use domain::{Account, ConversationId, EntryId, Project, Role};
use governance::ports::{AccessStore as _, Founding};
use store::Store;
use tempfile::TempDir;
use testkit::Samples;

pub(super) struct Talks {
    pub(super) store: Store,
    pub(super) samples: Samples,
    pub(super) project: Project,
    pub(super) owner: Account,
    pub(super) path: PathBuf,
    _directory: TempDir,
}

impl Talks {
    pub(super) async fn new(seed: u64) -> Self {
        let directory = TempDir::new().expect("a directory");
        let path = directory.path().join("galerne.db");
        let store = Store::open(&path).await.expect("opened");
        let samples = Samples::new(seed);
        let founding = samples.founding();
        let entry = samples.entry(Some(founding.organisation.id));
        assert!(store.found(&founding, &entry).await.expect("founded"));
        let Founding { project, owner, .. } = founding;
        Self { store, samples, project, owner, path, _directory: directory }
    }

    pub(super) fn scope(&self) -> Scope {
        Scope { organisation: self.owner.organisation, account: self.owner.id }
    }

    /// Somebody else of the same project.
    pub(super) async fn other_account(&self) -> Scope {
        let account = self.samples.account(&self.project, Role::Member);
        let entry = self.samples.entry(Some(account.organisation));
        assert!(self.store.insert_account(&account, &entry).await.expect("kept"));
        Scope { account: account.id, ..self.scope() }
    }

    /// A turn of a new conversation.
    pub(super) fn turn(&self, scope: Scope, name: &str, question: &str) -> BeginTurn {
        let at = self.samples.now();
        let (asked, answer) =
            (EntryId::from_uuid(self.samples.id()), EntryId::from_uuid(self.samples.id()));
        let model: domain::ModelId = "fake-model".parse().expect("a model id");
        let conversation = Conversation {
            id: ConversationId::from_uuid(self.samples.id()),
            scope,
            name: name.to_owned(),
            description: None,
            instructions: None,
            model: model.clone(),
            settings: TurnSettings::default(),
            metadata: None,
            created_at: at,
            updated_at: at,
            pinned: false,
            archived: false,
            head: answer,
        };
        let entry = |id, parent, body| Entry {
            id,
            parent,
            created_at: at,
            completed_at: matches!(body, Body::Question(_)).then_some(at),
            body,
        };
        let question = Question { text: question.to_owned(), attachments: Vec::new() };
        BeginTurn {
            scope,
            conversation: conversation.id,
            created: Some(Created { conversation, copied: Vec::new() }),
            question: Some(entry(asked, None, Body::Question(question))),
            answer: entry(answer, Some(asked), Body::Answer(running(model.clone()))),
            parent: None,
            model,
            idempotency: None,
            at,
        }
    }

    pub(super) async fn begin(&self, begin: &BeginTurn) {
        let entry = self.samples.entry(Some(begin.scope.organisation));
        let begun = self.store.begin_turn(begin, &entry).await.expect("begun");
        assert_eq!(begun, Begun::Started);
    }

    pub(super) async fn finish(&self, begin: &BeginTurn, answer: &str) {
        let finished = FinishedTurn {
            scope: begin.scope,
            conversation: begin.conversation,
            entry: begin.answer.id,
            state: EntryState::Complete,
            text: Some(answer.to_owned()),
            request: None,
            error: None,
            at: self.samples.now(),
        };
        self.store.finish_turn(&finished).await.expect("ended");
    }

    /// A conversation of one finished turn.
    pub(super) async fn talk(
        &self,
        scope: Scope,
        name: &str,
        question: &str,
        answer: &str,
    ) -> ConversationId {
        let begin = self.turn(scope, name, question);
        self.begin(&begin).await;
        self.finish(&begin, answer).await;
        begin.conversation
    }

    pub(super) async fn delete(&self, scope: Scope, id: ConversationId) {
        let entry = self.samples.entry(Some(scope.organisation));
        assert!(self.store.delete(scope, id, &entry).await.expect("deleted"));
    }

    /// Those of the texts that stand in the file once all that was written is in it.
    pub(super) async fn texts_in_file<'t>(&self, texts: &[&'t str]) -> Vec<&'t str> {
        let mut connection = crate::raw(&self.path).await;
        // While the store moves pages itself, nothing is moved here, and that is no error.
        let is_busy = async |connection: &mut _| {
            let moved = sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)");
            moved.fetch_one(connection).await.expect("moved") != 0
        };
        while is_busy(&mut connection).await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let bytes = std::fs::read(&self.path).expect("readable");
        let stands = |text: &str| bytes.windows(text.len()).any(|found| found == text.as_bytes());
        texts.iter().copied().filter(|text| stands(text)).collect()
    }

    /// In the order in which they began.
    pub(super) async fn found(&self, scope: Scope, search: &str) -> Vec<ConversationId> {
        let search = Some(search.to_owned());
        let query = ListQuery { search, archived: None, limit: 1_000, offset: 0 };
        let page = self.store.list(scope, &query).await.expect("searched");
        assert_eq!(page.total, page.conversations.len() as u64);
        assert!(page.conversations.iter().all(|found| found.scope == scope));
        page.conversations.iter().rev().map(|found| found.id).collect()
    }
}

fn running(model: domain::ModelId) -> Answer {
    Answer {
        model,
        text: String::new(),
        state: EntryState::Running,
        request: None,
        usage: None,
        error: None,
    }
}
