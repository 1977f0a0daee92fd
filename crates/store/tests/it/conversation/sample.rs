//! A database with projects, and conversations in them.

use std::{path::PathBuf, sync::Arc};

use assistant::{
    Answer, Body, Conversation, Entry, EntryState, ListQuery, Question, Scope, TurnSettings,
    ports::{BeginTurn, Begun, ConversationStore as _, Created, Deleted, FinishedTurn},
};
use domain::{Account, ConversationId, EntryId, Project, Role};
use governance::{
    Vault,
    ports::{AccessStore as _, Founding},
};
use store::{Conversations, Store};
use tempfile::TempDir;
use testkit::{MemoryCustodian, Samples, operator_of, vault_of};

pub(super) struct Talks {
    pub(super) store: Store,
    pub(super) conversations: Conversations,
    pub(super) vault: Arc<Vault>,
    pub(super) custodian: Arc<MemoryCustodian>,
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
        let custodian = Arc::new(MemoryCustodian::new(seed));
        let vault = Arc::new(vault_of(&Arc::new(store.clone()), custodian.clone(), seed));
        vault.found(operator_of(&owner)).await.expect("keys");
        let conversations = store.conversations(Arc::clone(&vault));
        Self {
            store,
            conversations,
            vault,
            custodian,
            samples,
            project,
            owner,
            path,
            _directory: directory,
        }
    }

    /// Those of another store on the same rows, with their keys fetched anew.
    pub(super) async fn conversations_of(&self, store: &Store) -> Conversations {
        let vault = vault_of(&Arc::new(store.clone()), self.custodian.clone(), 0);
        vault.refresh().await.expect("keys");
        store.conversations(Arc::new(vault))
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
        let begun = self.conversations.begin_turn(begin, &entry).await.expect("begun");
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
        self.conversations.finish_turn(&finished).await.expect("ended");
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
        let deleted = self.conversations.delete(scope, id, &entry).await;
        assert_eq!(deleted.expect("deleted"), Deleted::Done);
    }

    /// Those of the texts that stand in the file once all that was written is in it.
    pub(super) async fn texts_in_file<'t>(&self, texts: &[&'t str]) -> Vec<&'t str> {
        let bytes: Vec<_> = texts.iter().map(|text| text.as_bytes()).collect();
        let stands = self.bytes_in_file(&bytes).await;
        texts.iter().zip(stands).filter_map(|(text, stands)| stands.then_some(*text)).collect()
    }

    /// Which of them stand there.
    pub(super) async fn bytes_in_file<B: AsRef<[u8]>>(&self, wanted: &[B]) -> Vec<bool> {
        let mut connection = crate::raw(&self.path).await;
        // While the store moves pages itself, nothing is moved here, and that is no error.
        let is_busy = async |connection: &mut _| {
            let moved = sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)");
            moved.fetch_one(connection).await.expect("moved") != 0
        };
        while is_busy(&mut connection).await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let file = std::fs::read(&self.path).expect("readable");
        let stands = |wanted: &[u8]| file.windows(wanted.len()).any(|found| found == wanted);
        wanted.iter().map(|wanted| stands(wanted.as_ref())).collect()
    }

    /// The tokens of these words of the account and of their beginnings, in order.
    pub(super) fn tokens(&self, words: &[&str]) -> Vec<String> {
        let scope = self.scope();
        let owner = [scope.organisation.as_uuid(), scope.account.as_uuid()];
        let owner: Vec<u8> = owner.iter().flat_map(|id| *id.as_bytes()).collect();
        let index = self.vault.keys(scope.organisation).expect("open").index_key(&owner);
        let mut tokens = std::collections::BTreeSet::new();
        for word in words {
            let shortest = word.len().min(2);
            tokens.extend((shortest..=word.len()).map(|length| index.token(&word[..length])));
        }
        let mut tokens: Vec<_> = tokens.iter().map(|token| token.as_str().to_owned()).collect();
        tokens.sort();
        tokens
    }

    /// In the order in which they began.
    pub(super) async fn found(&self, scope: Scope, search: &str) -> Vec<ConversationId> {
        let search = Some(search.to_owned());
        let query = ListQuery { search, archived: None, limit: 1_000, offset: 0 };
        let page = self.conversations.list(scope, &query).await.expect("searched");
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
