//! How answers came to be.

use inference_wire as wire;
use knowledge::{
    AnswerMode, Fallback, IndexHit, Rejected, ToldTrace, TraceStep, TraceStepKind, TracedPassage,
};

use super::answer::{Ended, checks, citation, ended, searched, statements};

pub(in crate::library) fn trace(told: ToldTrace) -> wire::AnswerTrace {
    let ToldTrace { trace, numbers } = told;
    let Ended { outcome, gap, withdrawn, refused } = ended(&trace.outcome);
    let (mode, fallback) = mode(trace.mode);
    wire::AnswerTrace {
        object: wire::AnswerTraceObject::Trace,
        id: trace.id.to_string(),
        asked_at: trace.asked_at.to_string(),
        question: trace.question,
        language: trace.language.as_str().to_owned(),
        model: trace.model.to_string(),
        mode,
        fallback,
        searched: searched(&trace.searched),
        hits: trace.hits.iter().map(hit).collect(),
        passages: trace.passages.iter().map(passage).collect(),
        steps: trace.steps.into_iter().map(step).collect(),
        statements: statements(trace.statements, &numbers),
        rejected: trace.rejected.into_iter().map(rejected).collect(),
        outcome,
        gap,
        withdrawn,
        refused,
        withheld: trace.is_withheld,
    }
}

const fn mode(mode: AnswerMode) -> (wire::LibraryAnswerMode, wire::LibraryAnswerFallback) {
    let (written, quotes) = (wire::LibraryAnswerMode::Written, wire::LibraryAnswerMode::Quotes);
    match mode {
        AnswerMode::Extractive => (quotes, wire::LibraryAnswerFallback::Quote),
        AnswerMode::Written { fallback: Fallback::Quote } => {
            (written, wire::LibraryAnswerFallback::Quote)
        }
        AnswerMode::Written { fallback: Fallback::Refuse } => {
            (written, wire::LibraryAnswerFallback::Nothing)
        }
    }
}

const fn hit(hit: &IndexHit) -> wire::TracedHit {
    wire::TracedHit {
        version_key: hit.version.0,
        passage: hit.passage,
        score: hit.score,
        lexical: hit.lexical,
        dense: hit.dense,
    }
}

const fn passage(passage: &TracedPassage) -> wire::TracedPassage {
    wire::TracedPassage {
        version_key: passage.version.0,
        passage: passage.passage,
        score: passage.score,
        sentences: passage.sentences,
    }
}

fn step(step: TraceStep) -> wire::TracedStep {
    wire::TracedStep {
        kind: match step.kind {
            TraceStepKind::Quote => wire::TracedStepKind::Quote,
            TraceStepKind::Pick => wire::TracedStepKind::Pick,
            TraceStepKind::Write => wire::TracedStepKind::Write,
        },
        request_id: step.request.to_string(),
        text: step.text,
        cut: step.is_cut,
    }
}

fn rejected(rejected: Rejected) -> wire::RejectedSentence {
    wire::RejectedSentence {
        text: rejected.text,
        checks: checks(&rejected.checks),
        citations: rejected.citations.into_iter().map(|one| citation(one, None)).collect(),
    }
}
