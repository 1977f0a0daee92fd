use domain::DocumentId;
use knowledge::{Check, Citation, CitedVersion, Rejected, Statement, StatementKind};
use passages::{Area, Claimed, Missing, Span};

use super::*;

fn citation() -> Citation {
    Citation {
        document: DocumentId::from_uuid(Uuid::from_u128(4)),
        library: LibraryId::from_uuid(Uuid::from_u128(5)),
        name: "état.pdf".to_owned(),
        version: CitedVersion { key: VersionKey(u64::MAX), number: 3 },
        digest: [7; 32],
        pages: vec![3, 400],
        span: Span::new(7, 21),
        areas: vec![(3, Area { left: 0.1, top: 2.0, right: 30.25, bottom: -4.0 })],
        quote: "L’État\n  paie.".to_owned(),
    }
}

fn checks() -> Vec<Check> {
    let claimed = |text: &str| Claimed { text: text.to_owned(), span: Span::new(1, 4) };
    let missing = vec![
        Missing::Number(claimed("5")),
        Missing::Percentage(claimed("5 %")),
        Missing::Amount(claimed("5 €")),
        Missing::Date(claimed("5 mai")),
        Missing::Article(claimed("L. 5")),
        Missing::Name(claimed("Anne")),
    ];
    vec![
        Check::Verbatim,
        Check::Claims { missing },
        Check::Similarity { found: Some(f32::MIN_POSITIVE), wanted: 0.88 },
        Check::Similarity { found: None, wanted: 0.1 },
    ]
}

/// With everything that a trace can have.
fn trace(mode: AnswerMode, outcome: Outcome) -> Trace {
    let version = VersionKey(1 << 40);
    let kinds = [TraceStepKind::Quote, TraceStepKind::Pick, TraceStepKind::Write];
    let steps = kinds.into_iter().zip(["[1] ☂", "", "text"]).map(|(kind, text)| TraceStep {
        kind,
        request: RequestId::from_uuid(Uuid::from_u128(9)),
        text: Some(text.to_owned()).filter(|text| text != "text"),
        is_cut: kind == TraceStepKind::Pick,
    });
    let statement = |kind| Statement {
        text: "L’État paie. نعم".to_owned(),
        kind,
        citations: vec![citation(), citation()],
        checks: checks(),
    };
    let hit = IndexHit { version, passage: 300, score: -0.25, lexical: None, dense: Some(0.9) };
    Trace {
        id: TraceId::from_uuid(Uuid::nil()),
        organisation: OrganisationId::from_uuid(Uuid::nil()),
        account: AccountId::from_uuid(Uuid::nil()),
        asked_at: Timestamp::from_micros(0),
        question: "Qui paie ?\n".to_owned(),
        language: QuestionLanguage::Hindi,
        model: "smollm2:135m".parse().unwrap(),
        mode,
        searched: Searched {
            libraries: vec![LibraryId::from_uuid(Uuid::from_u128(5))],
            as_of: Some(Timestamp::from_micros(-7)),
        },
        hits: vec![hit, IndexHit { lexical: Some(7.5), dense: None, ..hit }],
        passages: vec![TracedPassage { version, passage: 3, score: 0.3, sentences: 7 }],
        steps: steps.collect(),
        statements: vec![statement(StatementKind::Quoted), statement(StatementKind::Written)],
        rejected: vec![Rejected {
            text: "Il paie 5 €.".to_owned(),
            checks: checks(),
            citations: Vec::new(),
        }],
        outcome,
        is_withheld: false,
    }
}

fn answered() -> Trace {
    trace(AnswerMode::Extractive, Outcome::Answered { withdrawn: 1, refused: 200 })
}

#[test]
fn a_trace_comes_back_as_it_was_written() {
    let unanswered = |because| Outcome::NoAnswer {
        gap: Gap {
            because,
            searched: Searched { libraries: Vec::new(), as_of: None },
            hits: 4,
            passages: 0,
        },
    };
    for trace in [
        answered(),
        trace(AnswerMode::Written { fallback: Fallback::Quote }, unanswered(GapReason::Withdrawn)),
        trace(
            AnswerMode::Written { fallback: Fallback::Refuse },
            unanswered(GapReason::NothingHeld),
        ),
        trace(AnswerMode::Extractive, unanswered(GapReason::NotInPassages)),
        trace(AnswerMode::Extractive, unanswered(GapReason::NothingFound)),
    ] {
        assert_eq!(read(&written(&trace)), Some(trace));
    }
}

#[test]
fn what_was_cut_off_or_lengthened_is_no_trace() {
    let bytes = written(&answered());
    for end in 0..bytes.len() {
        assert_eq!(read(&bytes[..end]), None, "{end}");
    }
    assert_eq!(read(&[bytes.as_slice(), &[0]].concat()), None);
}

/// Nothing panics, and nothing is taken for more than there is.
#[test]
fn what_was_altered_is_a_trace_or_none() {
    let bytes = written(&answered());
    for at in 0..bytes.len() {
        for flipped in [0x01, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] ^= flipped;
            let _read_or_not = read(&altered);
        }
    }
}
