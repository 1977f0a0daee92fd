//! `galerne library ask`: an answer, and where it stands.

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    server::Server,
    told::{place, shortened},
};
use crate::{
    cli::LibraryAsk,
    failure::Failure,
    output::{Output, is_watched},
};

#[derive(Debug, Deserialize)]
struct TellsModels {
    data: Vec<TellsModel>,
}

#[derive(Debug, Deserialize)]
struct TellsModel {
    id: String,
    capabilities: TellsCapabilities,
}

#[derive(Debug, Deserialize)]
struct TellsCapabilities {
    completion_chat: bool,
}

#[derive(Debug, Deserialize)]
struct TellsAnswer {
    statements: Vec<TellsStatement>,
    #[serde(default)]
    gap: Option<TellsGap>,
}

#[derive(Debug, Deserialize)]
struct TellsGap {
    reason: String,
}

#[derive(Debug, Deserialize)]
struct TellsStatement {
    text: String,
    citations: Vec<TellsCitation>,
}

#[derive(Debug, Deserialize)]
struct TellsCitation {
    #[serde(default)]
    number: Option<u32>,
    document_name: String,
    version: TellsCited,
    #[serde(default)]
    pages: Vec<u32>,
    quote: String,
}

#[derive(Debug, Deserialize)]
struct TellsCited {
    number: u32,
}

pub(super) async fn ask(
    server: &Server,
    flags: &LibraryAsk,
    output: Output,
) -> Result<(), Failure> {
    let library = server.library(&flags.library).await?;
    let model = match &flags.model {
        Some(model) => model.clone(),
        None => first_model(server).await?,
    };
    let asked = json!({
        "question": flags.question,
        "library_ids": [library.id],
        "model": model,
        "mode": if flags.written { "written" } else { "quotes" },
        "as_of": flags.as_of,
    });
    let progress = spinner();
    let value: Value = server.post("/v1/libraries/answers", &asked).await?;
    progress.finish_and_clear();
    let answer: TellsAnswer = serde_json::from_value(value.clone())?;
    output.show(&shown(&answer), &value)
}

async fn first_model(server: &Server) -> Result<String, Failure> {
    let models: TellsModels = server.get("/v1/models").await?;
    let first = models.data.into_iter().find(|model| model.capabilities.completion_chat);
    first.map(|model| model.id).ok_or_else(|| {
        Failure::message("the server has no model that answers")
            .hint("`galerne model import FILE --id ID` adds one on its machine")
    })
}

/// Statements with the numbers of what they rest on, then the sources by these numbers.
fn shown(answer: &TellsAnswer) -> String {
    if answer.statements.is_empty() {
        let reason = answer.gap.as_ref().map_or("withdrawn", |gap| gap.reason.as_str());
        return format!("no answer: {}", why(reason));
    }
    let (mut lines, mut sources) = (Vec::new(), Vec::new());
    let mut next = 1;
    for statement in &answer.statements {
        let mut words = vec![statement.text.clone()];
        for citation in &statement.citations {
            let number = citation.number.unwrap_or(next);
            next = number.saturating_add(1);
            words.push(format!("[{number}]"));
            let place = place(&citation.document_name, &citation.pages);
            let (version, quote) = (citation.version.number, shortened(&citation.quote));
            sources.push(format!("[{number}] {place} (version {version})\n    “{quote}”"));
        }
        lines.push(words.join(" "));
    }
    format!("{}\n\n{}", lines.join("\n"), sources.join("\n"))
}

fn why(reason: &str) -> &str {
    match reason {
        "nothing_found" => "nothing was found",
        "not_in_passages" => "what was found does not answer it",
        "nothing_held" => "the model said nothing that holds",
        "withdrawn" => "what was quoted may not be read any more",
        other => other,
    }
}

/// Where somebody watches, that it goes on.
fn spinner() -> ProgressBar {
    if !is_watched() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message("looking and asking");
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: &str) {
        assert_eq!(shown(&serde_json::from_str(answer).unwrap()), expected);
    }

    #[test]
    fn an_answer_is_told_with_its_sources() {
        check(
            r#"{"outcome":"answered","gap":null,"statements":[
                {"text":"It opens at nine.","kind":"quoted","citations":[{"number":1,
                 "document_name":"town.pdf","version":{"number":2},"pages":[3],
                 "quote":"It opens\n at nine."}]},
                {"text":"It closes at five.","kind":"quoted","citations":[{"number":3,
                 "document_name":"town.txt","version":{"number":1},"pages":[],
                 "quote":"It closes at five."}]}]}"#,
            "It opens at nine. [1]\nIt closes at five. [3]\n\n\
             [1] town.pdf, page 3 (version 2)\n    “It opens at nine.”\n\
             [3] town.txt (version 1)\n    “It closes at five.”",
        );
    }

    #[test]
    fn that_there_is_none_is_told_too() {
        check(
            r#"{"outcome":"no_answer","statements":[],"gap":{"reason":"nothing_found"}}"#,
            "no answer: nothing was found",
        );
        check(
            r#"{"outcome":"withdrawn","statements":[],"gap":null}"#,
            "no answer: what was quoted may not be read any more",
        );
    }
}
