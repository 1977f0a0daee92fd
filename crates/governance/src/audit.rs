//! What the audit trail holds: one entry an access.
//!
//! An entry's canonical bytes are a leaf of the transparency log. They are JSON with sorted keys,
//! no white space, strings and integers only, and a version. Persons appear as keyed pseudonyms,
//! content as a salted hash: the keys can be destroyed, the bytes stay valid.

use std::fmt;

use domain::{
    AccountId, BatchJobId, Caller, ConversationId, DocumentId, FileId, GroupId, HoldId, KeyId,
    LibraryId, ModelDigest, ModelId, OrganisationId, RequestId, RetentionClass, SessionId,
    SignInLinkId, Timestamp, hexadecimal,
};
use envelope::WrappingKeyId;
use serde::Serialize;
use uuid::Uuid;

use crate::{DataClass, LogFault, ports::StoreError};

/// Version of the canonical bytes. 1 had no `content` and keyed pseudonyms an organisation; 2 had no
/// `policy` and no `model`.
pub(crate) const VERSION: u32 = 3;

/// Every kind of access there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    InstallationFound,
    ChatComplete,
    /// A conversation was begun, also as a copy of another one's beginning.
    ConversationStart,
    /// A question was added, or an answer was asked for again.
    ConversationAppend,
    /// A running answer was stopped.
    ConversationStop,
    ConversationList,
    ConversationSearch,
    /// A conversation, its entries or a running answer were read.
    ConversationRead,
    ConversationUpdate,
    ConversationDelete,
    DraftRead,
    DraftWrite,
    /// Texts were turned into vectors.
    EmbeddingCreate,
    /// A file was uploaded.
    FileCreate,
    FileList,
    /// What is known of a file, or its bytes, were read.
    FileRead,
    /// A link was made with which whoever has it reads the file for some hours.
    FileLink,
    /// By whoever it belongs to, or because its time was over.
    FileDelete,
    BatchCreate,
    BatchList,
    BatchRead,
    BatchCancel,
    /// A batch job came to its end, whichever it was.
    BatchEnd,
    BatchDelete,
    LibraryCreate,
    LibraryList,
    /// A library, who may use it, or how far its documents are, was read.
    LibraryRead,
    LibraryUpdate,
    LibraryDelete,
    /// Somebody was given access, or another access than before.
    LibraryShare,
    LibraryUnshare,
    /// Libraries were searched.
    LibrarySearch,
    /// The index was looked through, and what it had lost is read anew.
    LibraryReindex,
    /// A document was added, or another version of one.
    DocumentAdd,
    DocumentList,
    /// What is known of a document, its bytes, or what was read of it, were read.
    DocumentRead,
    /// A document has another name or other attributes, is read anew, or is not read after all.
    DocumentUpdate,
    /// A link was made with which whoever has it reads the document for some hours.
    DocumentLink,
    DocumentDelete,
    ModelList,
    ModelRead,
    /// How the engines that run elsewhere are was read.
    UpstreamList,
    AccountCreate,
    AccountList,
    /// Role, name, password or whether it may be used.
    AccountUpdate,
    /// An identity provider read one account, or a caller its own.
    AccountRead,
    /// An identity provider took an account away: it is disabled for good and its name is free.
    AccountRemove,
    GroupCreate,
    GroupList,
    GroupRead,
    GroupUpdate,
    GroupRemove,
    /// Somebody asked to open another one's conversations.
    BreakGlassRequest,
    /// A second person agreed.
    BreakGlassApprove,
    /// It was refused or ended early.
    BreakGlassClose,
    BreakGlassList,
    /// Conversations of somebody else were listed or read.
    BreakGlassRead,
    /// Somebody ordered that all that names an account be removed.
    AccountErase,
    /// It was removed, and the keys of its pseudonyms destroyed.
    ErasureComplete,
    ErasureList,
    ErasureRead,
    /// Somebody ordered that something be kept.
    HoldPlace,
    HoldLift,
    HoldList,
    /// What was older than its term was removed.
    RetentionRemove,
    /// Somebody of an identity provider was bound to an account.
    IdentityBind,
    /// A receipt of an answer was issued.
    ReceiptRead,
    /// Somebody was given an answer from documents, or was told that they have none.
    AnswerCreate,
    /// How an answer from documents came to be was read.
    TraceRead,
    /// An evidence record of a citation was issued.
    CitationProve,
    /// A model was copied into the installation.
    ModelImport,
    /// A model was deleted.
    ModelRemove,
    /// A model was signed on this machine.
    ModelSign,
    /// The operator says that a model may be used though nobody vouches for it.
    ModelWaive,
    /// A model was not loaded: it was changed, or nobody vouches for it.
    ModelRefuse,
    /// Models were written into a bundle.
    ModelExport,
    KeyCreate,
    KeyList,
    KeyRevoke,
    SignInLinkCreate,
    SessionCreate,
    SessionRead,
    SessionEnd,
    /// Entries of the log were read over HTTP.
    LogRead,
    /// The log was exported on the machine.
    LogExport,
    /// One entry and its proof were taken out on the machine.
    LogProve,
    /// The operator says that the machine's clock is right now.
    ClockAccept,
    /// A key for texts at rest was made.
    DataKeyCreate,
    /// The keys for texts were wrapped under another key.
    WrappingKeyReplace,
    /// Something was sent to a destination beyond this process.
    EgressExchange,
    /// Something was not sent: settings, policy or address forbid it.
    EgressDeny,
    /// The deployment was assessed.
    SovereigntyAssess,
    /// Other rules of the customer came into force, or none any more.
    PolicyApply,
    /// A limit on what is used was set.
    BudgetSet,
    BudgetRemove,
    BudgetList,
    /// What was used was read, added up, or a caller read its own requests.
    UsageRead,
    /// A request that was refused before its action was known.
    RequestRefused,
}

impl Action {
    #[expect(clippy::too_many_lines, reason = "a table with a line for each action")]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InstallationFound => "installation.found",
            Self::ChatComplete => "chat.complete",
            Self::ConversationStart => "conversation.start",
            Self::ConversationAppend => "conversation.append",
            Self::ConversationStop => "conversation.stop",
            Self::ConversationList => "conversation.list",
            Self::ConversationSearch => "conversation.search",
            Self::ConversationRead => "conversation.read",
            Self::ConversationUpdate => "conversation.update",
            Self::ConversationDelete => "conversation.delete",
            Self::DraftRead => "draft.read",
            Self::DraftWrite => "draft.write",
            Self::EmbeddingCreate => "embedding.create",
            Self::FileCreate => "file.create",
            Self::FileList => "file.list",
            Self::FileRead => "file.read",
            Self::FileLink => "file.link",
            Self::FileDelete => "file.delete",
            Self::BatchCreate => "batch.create",
            Self::BatchList => "batch.list",
            Self::BatchRead => "batch.read",
            Self::BatchCancel => "batch.cancel",
            Self::BatchEnd => "batch.end",
            Self::BatchDelete => "batch.delete",
            Self::LibraryCreate => "library.create",
            Self::LibraryList => "library.list",
            Self::LibraryRead => "library.read",
            Self::LibraryUpdate => "library.update",
            Self::LibraryDelete => "library.delete",
            Self::LibraryShare => "library.share",
            Self::LibraryUnshare => "library.unshare",
            Self::LibrarySearch => "library.search",
            Self::LibraryReindex => "library.reindex",
            Self::DocumentAdd => "document.add",
            Self::DocumentList => "document.list",
            Self::DocumentRead => "document.read",
            Self::DocumentUpdate => "document.update",
            Self::DocumentLink => "document.link",
            Self::DocumentDelete => "document.delete",
            Self::ModelList => "model.list",
            Self::ModelRead => "model.read",
            Self::UpstreamList => "upstream.list",
            Self::AccountCreate => "account.create",
            Self::AccountList => "account.list",
            Self::AccountUpdate => "account.update",
            Self::AccountRead => "account.read",
            Self::AccountRemove => "account.remove",
            Self::GroupCreate => "group.create",
            Self::GroupList => "group.list",
            Self::GroupRead => "group.read",
            Self::GroupUpdate => "group.update",
            Self::GroupRemove => "group.remove",
            Self::BreakGlassRequest => "break_glass.request",
            Self::BreakGlassApprove => "break_glass.approve",
            Self::BreakGlassClose => "break_glass.close",
            Self::BreakGlassList => "break_glass.list",
            Self::BreakGlassRead => "break_glass.read",
            Self::AccountErase => "account.erase",
            Self::ErasureComplete => "erasure.complete",
            Self::ErasureList => "erasure.list",
            Self::ErasureRead => "erasure.read",
            Self::HoldPlace => "hold.place",
            Self::HoldLift => "hold.lift",
            Self::HoldList => "hold.list",
            Self::RetentionRemove => "retention.remove",
            Self::IdentityBind => "identity.bind",
            Self::ReceiptRead => "receipt.read",
            Self::AnswerCreate => "answer.create",
            Self::TraceRead => "trace.read",
            Self::CitationProve => "citation.prove",
            Self::ModelImport => "model.import",
            Self::ModelRemove => "model.remove",
            Self::ModelSign => "model.sign",
            Self::ModelWaive => "model.waive",
            Self::ModelRefuse => "model.refuse",
            Self::ModelExport => "model.export",
            Self::KeyCreate => "key.create",
            Self::KeyList => "key.list",
            Self::KeyRevoke => "key.revoke",
            Self::SignInLinkCreate => "sign_in_link.create",
            Self::SessionCreate => "session.create",
            Self::SessionRead => "session.read",
            Self::SessionEnd => "session.end",
            Self::LogRead => "log.read",
            Self::LogExport => "log.export",
            Self::LogProve => "log.prove",
            Self::ClockAccept => "clock.accept",
            Self::DataKeyCreate => "data_key.create",
            Self::WrappingKeyReplace => "wrapping_key.replace",
            Self::EgressExchange => "egress.exchange",
            Self::EgressDeny => "egress.deny",
            Self::SovereigntyAssess => "sovereignty.assess",
            Self::PolicyApply => "policy.apply",
            Self::BudgetSet => "budget.set",
            Self::BudgetRemove => "budget.remove",
            Self::BudgetList => "budget.list",
            Self::UsageRead => "usage.read",
            Self::RequestRefused => "request.refused",
        }
    }
}

/// What an action was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Nothing,
    Request(RequestId),
    Conversation(ConversationId),
    File(FileId),
    BatchJob(BatchJobId),
    Library(LibraryId),
    Document(DocumentId),
    Model(ModelId),
    /// A model with the very bytes that it had.
    ModelFiles {
        model: ModelId,
        sha256: String,
    },
    Key(KeyId),
    SignInLink(SignInLinkId),
    Session(SessionId),
    Account(AccountId),
    Group(GroupId),
    /// An order to keep something.
    Hold(HoldId),
    /// So many rows of a class that were older than its term.
    Expired {
        class: RetentionClass,
        count: u32,
    },
    /// A key for texts of this class, the how manieth it is.
    DataKey {
        class: DataClass,
        version: u32,
    },
    /// The key that wraps keys, by the hash that names it.
    WrappingKey(WrappingKeyId),
    /// A destination as the settings name it: scheme, host and port.
    Party(String),
    /// A report with the very bytes that it had.
    Report {
        sha256: String,
    },
    /// The policy that was in force, and the one that takes its place.
    Policy {
        from: PolicyDigest,
        to: PolicyDigest,
    },
}

/// SHA-256 of the policy that was in force, so that whoever reads an entry knows under which rules
/// it came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyDigest(pub [u8; 32]);

/// `sha256:` and 64 hexadecimal digits.
impl fmt::Display for PolicyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hexadecimal(&self.0))
    }
}

/// SHA-256 of content that an entry commits to without holding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentDigest(pub [u8; 32]);

/// Something that happened, before it is written down.
#[derive(Clone, Debug)]
pub struct AuditFact {
    pub action: Action,
    /// `ok`, or the stable code of the error that was returned.
    pub outcome: &'static str,
    pub caller: Option<Caller>,
    pub subject: Subject,
    /// What was sent, if the entry shall be able to prove it later.
    pub content: Option<ContentDigest>,
    /// The model that answers, if one does.
    pub model: Option<ModelDigest>,
}

impl AuditFact {
    /// An access that was granted.
    pub const fn ok(action: Action, caller: Caller, subject: Subject) -> Self {
        Self { action, outcome: "ok", caller: Some(caller), subject, content: None, model: None }
    }

    /// A request that was refused with the error of this code.
    pub const fn refused(code: &'static str, caller: Option<Caller>) -> Self {
        let (action, subject) = (Action::RequestRefused, Subject::Nothing);
        Self { action, outcome: code, caller, subject, content: None, model: None }
    }
}

/// Something that happened, written down for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: Uuid,
    pub organisation: Option<OrganisationId>,
    pub at: Timestamp,
    pub action: String,
    pub outcome: String,
    /// The request that it is about, if any.
    pub request: Option<RequestId>,
    /// What is hashed into the log. Holds no content, no secret, no name.
    pub canonical: Vec<u8>,
}

/// The audit trail could not be written, so the access must not be answered.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the access could not be written to the audit trail")]
    Store { source: StoreError },
    #[error("the log is closed: {fault}")]
    Closed { fault: LogFault },
}

/// Keys of the JSON in alphabetical order: serde writes fields as they are declared.
#[derive(Serialize)]
pub(crate) struct Canonical<'a> {
    pub(crate) action: &'a str,
    pub(crate) actor: Option<String>,
    pub(crate) at: i64,
    pub(crate) content: Option<String>,
    pub(crate) id: Uuid,
    pub(crate) model: Option<String>,
    pub(crate) organisation: Option<String>,
    pub(crate) outcome: &'a str,
    pub(crate) policy: Option<&'a str>,
    pub(crate) subject: Option<String>,
    pub(crate) v: u32,
}

impl Canonical<'_> {
    #[expect(clippy::expect_used, reason = "strings and integers always serialise")]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and integers always serialise")
    }
}
