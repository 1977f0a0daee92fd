//! What every store of traces must do.

use std::sync::Arc;

use domain::{
    AccountId, Caller, DocumentId, LibraryId, Permissions, Principal, RequestId, Role, TraceId,
};
use governance::ports::{AccessStore, Founding};
use knowledge::{
    AnswerMode, Check, Citation, CitedVersion, Fallback, Gap, GapReason, IndexHit, Outcome,
    QuestionLanguage, Rejected, Searched, Statement, StatementKind, Trace, TraceStep,
    TraceStepKind, TracedPassage, VersionKey, ports::TraceStore,
};
use passages::{Area, Claimed, Missing, Span};

use crate::{Samples, samples::founded};

/// A store of traces, and whatever keeps accounts for it.
pub struct TracesUnderTest<S> {
    pub traces: Arc<dyn TraceStore>,
    pub store: S,
}

struct Case {
    traces: Arc<dyn TraceStore>,
    samples: Arc<Samples>,
    caller: Caller,
    stranger: Caller,
}

/// Runs every check; each on a store of its own.
pub async fn trace_suite<S, M>(make: M)
where
    S: AccessStore,
    M: AsyncFn() -> TracesUnderTest<S>,
{
    traces_come_back_as_they_were_kept(&case(make().await, 801).await).await;
    only_whoever_asked_sees_a_trace(&case(make().await, 802).await).await;
}

async fn case<S: AccessStore>(under_test: TracesUnderTest<S>, seed: u64) -> Case {
    let TracesUnderTest { traces, store } = under_test;
    let (store, samples, founding) = founded(store, Samples::new(seed)).await;
    let other = samples.account(&founding.project, Role::Member);
    let entry = samples.entry(Some(founding.organisation.id));
    assert!(store.insert_account(&other, &entry).await.expect("kept"));
    let caller = asking(&founding, founding.owner.id);
    let stranger = asking(&founding, other.id);
    Case { traces, samples, caller, stranger }
}

fn asking(founding: &Founding, account: AccountId) -> Caller {
    Caller {
        organisation: founding.organisation.id,
        project: founding.project.id,
        account,
        principal: Principal::Operator,
        permissions: Permissions::NONE,
    }
}

impl Case {
    async fn keep(&self, trace: &Trace) {
        let entry = self.samples.entry(Some(self.caller.organisation));
        self.traces.keep(trace, &entry).await.expect("kept");
    }

    /// With every kind of thing that a trace may hold.
    fn full(&self) -> Trace {
        let version = VersionKey(u64::MAX / 2);
        let claimed = Claimed { text: "5 €".to_owned(), span: Span::new(0, 5) };
        let checks = vec![
            Check::Verbatim,
            Check::Claims { missing: vec![Missing::Amount(claimed)] },
            Check::Similarity { found: Some(0.5), wanted: 0.88 },
            Check::Similarity { found: None, wanted: 0.88 },
        ];
        let hit = IndexHit { version, passage: 3, score: -0.25, lexical: None, dense: Some(0.9) };
        let statement = |kind| Statement {
            text: "L’État paie. نعم".to_owned(),
            kind,
            citations: vec![self.citation(version)],
            checks: checks.clone(),
        };
        let step = |kind, text: Option<&str>| TraceStep {
            kind,
            request: RequestId::from_uuid(self.samples.id()),
            text: text.map(str::to_owned),
            is_cut: text.is_none(),
        };
        Trace {
            id: TraceId::from_uuid(self.samples.id()),
            organisation: self.caller.organisation,
            account: self.caller.account,
            asked_at: self.samples.now(),
            question: "Qui paie ?\n".to_owned(),
            language: QuestionLanguage::French,
            model: "model".parse().expect("a name"),
            mode: AnswerMode::Written { fallback: Fallback::Refuse },
            searched: Searched {
                libraries: vec![LibraryId::from_uuid(self.samples.id())],
                as_of: Some(self.samples.now()),
            },
            hits: vec![hit, IndexHit { lexical: Some(7.5), dense: None, ..hit }],
            passages: vec![TracedPassage { version, passage: 3, score: -0.25, sentences: 7 }],
            steps: vec![
                step(TraceStepKind::Quote, Some("[1] L’État paie.")),
                step(TraceStepKind::Pick, None),
                step(TraceStepKind::Write, Some("")),
            ],
            statements: vec![statement(StatementKind::Quoted), statement(StatementKind::Written)],
            rejected: vec![Rejected {
                text: "Il paie 5 €.".to_owned(),
                checks: checks.clone(),
                citations: vec![self.citation(version)],
            }],
            outcome: Outcome::Answered { withdrawn: 1, refused: 2 },
            is_withheld: false,
        }
    }

    fn citation(&self, key: VersionKey) -> Citation {
        let area = Area { left: 72.1, top: 10.0, right: 300.25, bottom: 22.5 };
        Citation {
            document: DocumentId::from_uuid(self.samples.id()),
            library: LibraryId::from_uuid(self.samples.id()),
            name: "état.pdf".to_owned(),
            version: CitedVersion { key, number: 3 },
            digest: [0xab; 32],
            pages: vec![3, 4],
            span: Span::new(7, 21),
            areas: vec![(3, area), (4, area)],
            quote: "L’État\n  paie.".to_owned(),
        }
    }

    /// With as little as a trace may hold.
    fn empty(&self) -> Trace {
        let searched = Searched { libraries: Vec::new(), as_of: None };
        let because = GapReason::NothingFound;
        let gap = Gap { because, searched: searched.clone(), hits: 0, passages: 0 };
        Trace {
            mode: AnswerMode::Extractive,
            searched,
            hits: Vec::new(),
            passages: Vec::new(),
            steps: Vec::new(),
            statements: Vec::new(),
            rejected: Vec::new(),
            outcome: Outcome::NoAnswer { gap },
            ..self.full()
        }
    }
}

async fn traces_come_back_as_they_were_kept(case: &Case) {
    let traces = [case.full(), case.empty(), case.full()];
    for trace in &traces {
        case.keep(trace).await;
    }
    for trace in traces {
        let found = case.traces.find(&case.caller, trace.id).await.expect("read");
        assert_eq!(found, Some(trace));
    }
}

async fn only_whoever_asked_sees_a_trace(case: &Case) {
    let trace = case.full();
    case.keep(&trace).await;
    assert_eq!(case.traces.find(&case.stranger, trace.id).await.expect("read"), None);
    let elsewhere = domain::OrganisationId::from_uuid(case.samples.id());
    let outsider = Caller { organisation: elsewhere, ..case.caller };
    assert_eq!(case.traces.find(&outsider, trace.id).await.expect("read"), None);
    let unknown = TraceId::from_uuid(case.samples.id());
    assert_eq!(case.traces.find(&case.caller, unknown).await.expect("read"), None);
    assert!(case.traces.find(&case.caller, trace.id).await.expect("read").is_some());
}
