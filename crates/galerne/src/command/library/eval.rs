//! `galerne library eval`: how well documents are found, by questions whose answers are known.
//!
//! As `docs/concepts/evaluation.md` says: a search gives passages, a document stands where its best
//! passage stands, and every document that answers counts the same.

use std::{collections::HashSet, fs};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;

use super::{
    server::{Library, Server},
    sync::counting,
    told::{Found, Hit},
};
use crate::{cli::LibraryEval, failure::Failure, output::Output};

/// Documents that are looked at.
const DEPTH: usize = 10;

/// Passages that are asked for: several may be of one document.
const PASSAGES: u32 = 50;

/// A line of the file.
#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    /// Names or ids of all documents that answer it.
    documents: HashSet<String>,
}

/// How well one question was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scored {
    ndcg: f64,
    recall: f64,
}

/// A mean, and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mean {
    mean: f64,
    error: f64,
}

pub(super) async fn run(
    server: &Server,
    flags: &LibraryEval,
    output: Output,
) -> Result<(), Failure> {
    let questions = read(flags)?;
    let library = server.library(&flags.library).await?;
    let progress = counting(questions.len() as u64, "asking");
    let (mut scored, mut other_mode) = (Vec::with_capacity(questions.len()), 0_u32);
    for question in &questions {
        let found = search(server, &library, (question, flags)).await?;
        other_mode += u32::from(found.mode != flags.mode.as_str());
        scored.push(score(&ranked(&found.data), &question.documents));
        progress.inc(1);
    }
    progress.finish_and_clear();
    let ndcg = Mean::of(scored.iter().map(|one| one.ndcg));
    let recall = Mean::of(scored.iter().map(|one| one.recall));
    let mut lines = vec![
        format!("questions: {}, mode: {}", questions.len(), flags.mode.as_str()),
        format!("nDCG@10:   {:.3} ± {:.3}", ndcg.mean, ndcg.error),
        format!("recall@10: {:.3} ± {:.3}", recall.mean, recall.error),
    ];
    if other_mode > 0 {
        lines.push(format!("{other_mode} of them went by words alone: no vector could be made"));
    }
    let value = json!({
        "questions": questions.len(),
        "mode": flags.mode.as_str(),
        "went_by_words_alone": other_mode,
        "ndcg_at_10": { "mean": ndcg.mean, "standard_error": ndcg.error },
        "recall_at_10": { "mean": recall.mean, "standard_error": recall.error },
    });
    output.show(&lines.join("\n"), &value)
}

async fn search(
    server: &Server,
    library: &Library,
    (question, flags): (&Question, &LibraryEval),
) -> Result<Found, Failure> {
    let asked = json!({
        "query": question.question,
        "library_ids": [library.id],
        "limit": PASSAGES,
        "mode": flags.mode.as_str(),
    });
    server.post("/v1/libraries/search", &asked).await
}

fn read(flags: &LibraryEval) -> Result<Vec<Question>, Failure> {
    let path = &flags.questions;
    let text =
        fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut questions = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let question: Question = serde_json::from_str(line).map_err(|error| {
            Failure::from(error)
                .context(format!("line {number} of {}", path.display()))
                .hint(r#"a line is {"question": "…", "documents": ["name or id", …]}"#)
        })?;
        if question.documents.is_empty() {
            return Err(Failure::message(format!("no document answers line {number}"))
                .hint("name at least one, or leave the question out"));
        }
        questions.push(question);
    }
    if questions.is_empty() {
        return Err(Failure::message(format!("{} has no questions", path.display())));
    }
    Ok(questions)
}

/// Documents by their best passages: each by its id and its name.
fn ranked(hits: &[Hit]) -> Vec<(&str, &str)> {
    let mut seen = HashSet::new();
    let first = hits.iter().filter(|hit| seen.insert(hit.document_id.as_str()));
    first.map(|hit| (hit.document_id.as_str(), hit.document_name.as_str())).take(DEPTH).collect()
}

fn score(ranked: &[(&str, &str)], gold: &HashSet<String>) -> Scored {
    let is_gold = |(id, name): &&(&str, &str)| gold.contains(*id) || gold.contains(*name);
    let places = ranked.iter().zip(1_u32..).filter(|(one, _)| is_gold(one));
    let found: Vec<f64> = places.map(|(_, rank)| gain(rank)).collect();
    let wanted = u32::try_from(gold.len()).unwrap_or(u32::MAX);
    let depth = u32::try_from(DEPTH).unwrap_or(u32::MAX);
    let best: f64 = (1..=wanted.min(depth)).map(gain).sum();
    let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
    Scored { ndcg: found.iter().sum::<f64>() / best, recall: f64::from(count) / f64::from(wanted) }
}

/// What a document that answers is worth at a place, the first of which is 1.
fn gain(rank: u32) -> f64 {
    1.0 / (f64::from(rank) + 1.0).log2()
}

impl Mean {
    /// With a standard error of 0 where there are too few to tell.
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        let count = f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let error = if values.len() > 1 { (squares / (count - 1.0) / count).sqrt() } else { 0.0 };
        Self { mean, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ranked: &[&str], gold: &[&str], (ndcg, recall): (f64, f64)) {
        let ranked: Vec<(&str, &str)> = ranked.iter().map(|name| ("id", *name)).collect();
        let gold = gold.iter().map(|name| (*name).to_owned()).collect();
        let scored = score(&ranked, &gold);
        assert!((scored.ndcg - ndcg).abs() < 1e-4, "{scored:?}");
        assert!((scored.recall - recall).abs() < 1e-9, "{scored:?}");
    }

    #[test]
    fn what_stands_first_counts_most() {
        check(&["a", "b"], &["a"], (1.0, 1.0));
        check(&["b", "a"], &["a"], (0.6309, 1.0));
        check(&["b", "c"], &["a"], (0.0, 0.0));
        check(&["a", "x", "b"], &["a", "b"], (0.9197, 1.0));
        check(&["a"], &["a", "b"], (0.6131, 0.5));
    }

    #[test]
    fn a_document_stands_where_its_best_passage_stands() {
        let hit = |id: &str| Hit {
            score: 1.0,
            document_id: id.to_owned(),
            document_name: format!("name of {id}"),
            headings: Vec::new(),
            pages: Vec::new(),
            text: String::new(),
        };
        let hits = [hit("1"), hit("2"), hit("1"), hit("3")];
        let ids: Vec<&str> = ranked(&hits).iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, ["1", "2", "3"]);
        let many: Vec<Hit> = (0..30).map(|number| hit(&number.to_string())).collect();
        assert_eq!(ranked(&many).len(), DEPTH);
    }

    #[test]
    fn means_have_their_errors() {
        let Mean { mean, error } = Mean::of([0.0, 1.0, 1.0, 0.0].into_iter());
        assert!((mean - 0.5).abs() < 1e-9 && (error - 0.288_675).abs() < 1e-6, "{mean} {error}");
        assert_eq!(Mean::of([0.5].into_iter()), Mean { mean: 0.5, error: 0.0 });
    }
}
