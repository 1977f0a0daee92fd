//! Tokenises texts with the vocabulary of a model file, to compare with other implementations.
//!
//! `tokenize MODEL [--parse-special] < texts.json`: a JSON list of strings in, a JSON list of
//! lists of token ids out. Of models that make vectors, with the marks of beginning and end.
//! `tokenize MODEL --decode < ids.json`: lists of ids in, what an answer of them says out: one token
//! after the other, as it is streamed.
//! `tokenize MODEL --render < conversations.json`: a list of `{"messages": [...], "tools": [...]}` as
//! the API has them in, a list of `{"ids": [...]}` or `{"error": "..."}` out.
//! `conformance/` runs it against other implementations.

use std::{env, error::Error, io, path::Path};

use domain::{
    Timestamp,
    chat::{AnsweredCall, Message, Role, ToolCall},
};
use engine_cpu::{
    EncoderConfig,
    checkpoint::Checkpoint,
    template::ChatTemplate,
    text_stream::TextStream,
    tokenizer::{PassageTokenizer, SpecialTokens, Tokenizer},
};
use inference::Tool;
use serde_json::{Value as Json, json};

const USAGE: &str = "usage: tokenize MODEL [--parse-special | --decode | --render] < input.json";

fn main() -> Result<(), Box<dyn Error>> {
    let mut model = None;
    let mut task = "--encode".to_owned();
    for argument in env::args().skip(1) {
        if argument.starts_with("--") {
            task = argument;
        } else {
            model = Some(argument);
        }
    }
    let file = Checkpoint::open(Path::new(&model.ok_or(USAGE)?))?;
    let input: Json = serde_json::from_reader(io::stdin().lock())?;
    let output = match task.as_str() {
        "--encode" => encode(&file, &input, SpecialTokens::AsText)?,
        "--parse-special" => encode(&file, &input, SpecialTokens::Parse)?,
        "--decode" => decode(&Tokenizer::from_checkpoint(&file)?, &input)?,
        "--render" => render(&file, &input)?,
        _ => return Err(USAGE.into()),
    };
    serde_json::to_writer(io::stdout().lock(), &output)?;
    Ok(())
}

fn encode(file: &Checkpoint, input: &Json, special: SpecialTokens) -> Result<Json, Box<dyn Error>> {
    let texts: Vec<String> = serde_json::from_value(input.clone())?;
    let ids: Vec<Vec<u32>> = if EncoderConfig::from_checkpoint(file).is_ok() {
        let tokenizer = PassageTokenizer::from_checkpoint(file)?;
        texts.iter().map(|text| tokenizer.encode(text)).collect()
    } else {
        let tokenizer = Tokenizer::from_checkpoint(file)?;
        texts.iter().map(|text| tokenizer.encode(text, special)).collect()
    };
    Ok(json!(ids))
}

fn decode(tokenizer: &Tokenizer, input: &Json) -> Result<Json, Box<dyn Error>> {
    let lists: Vec<Vec<u32>> = serde_json::from_value(input.clone())?;
    let one = |ids: &Vec<u32>| {
        let mut stream = TextStream::new(Vec::new());
        let mut text = String::new();
        for &id in ids {
            text.push_str(&stream.push(tokenizer.token_bytes(id)).text);
        }
        text + &stream.finish()
    };
    Ok(lists.iter().map(one).collect())
}

fn render(file: &Checkpoint, input: &Json) -> Result<Json, Box<dyn Error>> {
    let tokenizer = Tokenizer::from_checkpoint(file)?;
    let template = ChatTemplate::from_checkpoint(file, &tokenizer)?;
    let now = Timestamp::from_micros(0);
    let one = |conversation: &Json| -> Result<Json, Box<dyn Error>> {
        let messages =
            list(&conversation["messages"]).map(message).collect::<Result<Vec<_>, _>>()?;
        let tools: Vec<Tool> = list(&conversation["tools"]).map(tool).collect();
        Ok(match template.render(&messages, &tools, now) {
            Ok(rendered) => json!({"ids": rendered.tokens(&tokenizer)}),
            Err(error) => json!({"error": error.to_string()}),
        })
    };
    list(input).map(one).collect()
}

fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn message(value: &Json) -> Result<Message, Box<dyn Error>> {
    let role = match value["role"].as_str() {
        Some("system") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        other => return Err(format!("unknown role {other:?}").into()),
    };
    let call = |call: &Json| ToolCall {
        id: text(&call["id"]),
        name: text(&call["function"]["name"]),
        arguments: text(&call["function"]["arguments"]),
    };
    let answers = (role == Role::Tool)
        .then(|| AnsweredCall { id: text(&value["tool_call_id"]), name: text(&value["name"]) });
    Ok(Message {
        prefix: value["prefix"].as_bool() == Some(true),
        calls: list(&value["tool_calls"]).map(call).collect(),
        answers,
        ..Message::new(role, text(&value["content"]))
    })
}

fn tool(value: &Json) -> Tool {
    let function = &value["function"];
    Tool {
        name: text(&function["name"]),
        description: function["description"].as_str().map(str::to_owned),
        parameters: function["parameters"].to_string().into(),
        strict: false,
    }
}
