//! What `tokenizer.json` and its neighbours say, under the keys of GGUF.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    CONFIG, HubError, LARGE_BYTES_MAX, SMALL_BYTES_MAX, TEMPLATE, TOKENIZER, TOKENIZER_CONFIG,
    config::Config, read_json, read_json_if, read_text,
};
use crate::gguf::Value;

/// Ids that no token has, beside as many as there are tokens.
const HOLES_MAX: usize = 1 << 16;

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

pub(super) const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

#[derive(Deserialize)]
struct File {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<Added>,
    pre_tokenizer: Option<Json>,
    normalizer: Option<Json>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
}

/// `left right`, or the two by themselves.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Text(String),
    Pair([String; 2]),
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    special: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
}

/// Kinds of tokens, as GGUF numbers them.
const NORMAL: i64 = 1;
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;
const BYTE: i64 = 6;

/// How words are spelled and cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Bytes as characters, words by the rule of this name.
    Bytes(&'static str),
    /// Text as it is, with `▁` for spaces, and maybe one before every text.
    Whole { space_prefix: bool },
}

/// Adds the tokenizer and the chat template.
pub(super) fn describe(
    directory: &Path,
    config: &Config,
    generation: Option<&Json>,
    metadata: &mut BTreeMap<String, Value>,
) -> Result<(), HubError> {
    let file: File = read_json(directory, TOKENIZER, LARGE_BYTES_MAX)?;
    let settings: Option<Json> = read_json_if(directory, TOKENIZER_CONFIG, SMALL_BYTES_MAX)?;
    let settings = settings.unwrap_or_default();
    check_model(&file.model)?;
    let cut = cut(&file)?;
    let vocabulary = Vocabulary::new(&file, cut)?;
    let mut set = |key: &str, value| metadata.insert(format!("tokenizer.{key}"), value);
    match cut {
        Cut::Bytes(rule) => {
            set("ggml.model", Value::Text("gpt2".to_owned()));
            set("ggml.pre", Value::Text(rule.to_owned()));
        }
        Cut::Whole { space_prefix } => {
            set("ggml.model", Value::Text("llama".to_owned()));
            set("ggml.add_space_prefix", Value::Bool(space_prefix));
        }
    }
    let bos = named(&settings, "bos_token").and_then(|text| vocabulary.id(text));
    let bos = bos.or_else(|| config.get("bos_token_id").and_then(id));
    if let Some(bos) = bos {
        set("ggml.bos_token_id", Value::unsigned(bos.into()));
    }
    let ends = ends(&settings, config, generation, &vocabulary);
    if ends.is_empty() {
        let key = "eos_token_id".to_owned();
        return Err(HubError::Missing { file: CONFIG, key });
    }
    set("ggml.end_token_ids", Value::integers(&ends));
    set("ggml.ignore_merges", Value::Bool(file.model.ignore_merges));
    // The template writes what starts a prompt.
    set("ggml.add_bos_token", Value::Bool(false));
    set("ggml.compose", Value::Bool(composes(&file)));
    set("ggml.stripping_tokens", Value::integers(&vocabulary.stripping));
    set("ggml.token_type", Value::integers(&vocabulary.kinds));
    set("ggml.tokens", Value::Texts(vocabulary.tokens));
    set("ggml.merges", Value::Texts(file.model.merges.into_iter().map(Merge::text).collect()));
    if let Some(template) = template(directory, &settings)? {
        set("chat_template", Value::Text(template));
    }
    Ok(())
}

impl Merge {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Pair([left, right]) => format!("{left} {right}"),
        }
    }
}

fn refused<T>(what: impl Into<String>) -> Result<T, HubError> {
    Err(HubError::Unsupported { file: TOKENIZER, what: what.into() })
}

fn check_model(model: &Model) -> Result<(), HubError> {
    let kind = model.kind.as_deref().unwrap_or("BPE");
    if kind != "BPE" {
        return refused(format!("a tokenizer of the kind `{kind}` (supported: BPE)"));
    }
    let marks = [&model.continuing_subword_prefix, &model.end_of_word_suffix];
    if marks.into_iter().flatten().any(|mark| !mark.is_empty()) {
        return refused("marks at the borders of words");
    }
    Ok(())
}

/// The rule for words that equals the steps before the merges.
fn cut(file: &File) -> Result<Cut, HubError> {
    if file.model.byte_fallback {
        return Ok(Cut::Whole { space_prefix: space_prefix(file)? });
    }
    if let Some(normalizer) = &file.normalizer {
        let kind = kind(normalizer);
        if kind != "NFC" && !(kind == "Sequence" && list(normalizer, "normalizers").is_empty()) {
            return refused(format!("the normalizer `{kind}` before bytes"));
        }
    }
    let Some(steps) = &file.pre_tokenizer else {
        return refused("bytes without a rule for words");
    };
    let steps = if kind(steps) == "Sequence" {
        list(steps, "pretokenizers")
    } else {
        std::slice::from_ref(steps)
    };
    let Some((last, first)) = steps.split_last() else { return refused("no rule for words") };
    if kind(last) != "ByteLevel" || flag(last, "add_prefix_space") == Some(true) {
        return refused("a last step before the merges other than `ByteLevel` without a prefix");
    }
    // Its own expression is that of GPT-2.
    let cuts_itself = flag(last, "use_regex").unwrap_or(true);
    let rule = match (first, cuts_itself) {
        ([], true) => "gpt-2",
        ([step], true)
            if kind(step) == "Digits" && flag(step, "individual_digits") == Some(true) =>
        {
            "smollm"
        }
        ([step], false) if kind(step) == "Split" => split_rule(step)?,
        _ => return refused("a chain of rules for words that is not known"),
    };
    Ok(Cut::Bytes(rule))
}

fn composes(file: &File) -> bool {
    file.normalizer.as_ref().is_some_and(|step| kind(step) == "NFC")
}

fn split_rule(step: &Json) -> Result<&'static str, HubError> {
    let expression = step.get("pattern").and_then(|pattern| pattern.get("Regex")?.as_str());
    let whole = flag(step, "invert") != Some(true)
        && step.get("behavior").and_then(Json::as_str) == Some("Isolated");
    match expression {
        Some(LLAMA3) if whole => Ok("llama-bpe"),
        Some(QWEN2) if whole => Ok("qwen2"),
        Some(TEKKEN) if whole => Ok("tekken"),
        _ => {
            let shown = expression.unwrap_or("none");
            refused(format!("words cut by the expression `{shown}`, which is not known"))
        }
    }
}

/// Whether a space is put before a text, in vocabularies that write spaces as `▁`: nothing else may
/// happen to the text.
fn space_prefix(file: &File) -> Result<bool, HubError> {
    let steps = match &file.normalizer {
        Some(all) if kind(all) == "Sequence" => list(all, "normalizers"),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let (prefix, steps) = match steps {
        [first, rest @ ..] if kind(first) == "Prepend" => (true, rest),
        all => (false, all),
    };
    if let Some(other) = steps.iter().find(|step| !replaces_spaces(step)) {
        return refused(format!("the normalizer `{}`", kind(other)));
    }
    match &file.pre_tokenizer {
        // Spaces are already `▁`: it cuts nothing.
        Some(step) if kind(step) == "Split" && !steps.is_empty() => Ok(prefix),
        Some(step) if kind(step) == "Metaspace" && flag(step, "split") == Some(false) => {
            match step.get("prepend_scheme").and_then(Json::as_str) {
                Some("always") => Ok(true),
                Some("never") => Ok(prefix),
                _ => refused("a space put before the first text only"),
            }
        }
        Some(step) => refused(format!("the rule for words `{}`", kind(step))),
        None if steps.is_empty() => refused("spaces that are not written as `▁`"),
        None => Ok(prefix),
    }
}

fn replaces_spaces(step: &Json) -> bool {
    kind(step) == "Replace"
        && step.get("pattern").and_then(|pattern| pattern.get("String")?.as_str()) == Some(" ")
        && step.get("content").and_then(Json::as_str) == Some("\u{2581}")
}

fn kind(step: &Json) -> &str {
    step.get("type").and_then(Json::as_str).unwrap_or_default()
}

fn flag(step: &Json, key: &str) -> Option<bool> {
    step.get(key)?.as_bool()
}

fn list<'a>(step: &'a Json, key: &str) -> &'a [Json] {
    step.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Tokens by id, with the kinds of GGUF.
struct Vocabulary {
    tokens: Vec<String>,
    kinds: Vec<i64>,
    /// Tokens that take the white space behind them away.
    stripping: Vec<i64>,
}

impl Vocabulary {
    fn new(file: &File, cut: Cut) -> Result<Self, HubError> {
        let Model { vocab, unk_token, .. } = &file.model;
        if let Some(token) = file.added_tokens.iter().find(|token| token.lstrip) {
            let text = &token.content;
            return refused(format!("the token `{text}`, which takes white space before it away"));
        }
        let known = vocab.len() + file.added_tokens.len();
        let highest = vocab.values().copied().chain(file.added_tokens.iter().map(|token| token.id));
        let count = highest.max().map_or(0, |highest| highest as usize + 1);
        if count > 2 * known + HOLES_MAX {
            return refused(format!("{count} tokens, of which it names {known}"));
        }
        let mut tokens: Vec<String> = (0..count).map(|id| format!("[unused {id}]")).collect();
        let mut kinds = vec![UNUSED; count];
        for (text, &id) in vocab {
            let is_byte =
                matches!(cut, Cut::Whole { .. }) && text.starts_with("<0x") && text.len() == 6;
            tokens[id as usize].clone_from(text);
            kinds[id as usize] = match unk_token {
                Some(unknown) if unknown == text => UNKNOWN,
                _ if is_byte => BYTE,
                _ => NORMAL,
            };
        }
        for token in &file.added_tokens {
            tokens[token.id as usize].clone_from(&token.content);
            let unknown = unk_token.as_ref() == Some(&token.content);
            kinds[token.id as usize] = match (token.special, unknown) {
                (_, true) => UNKNOWN,
                (true, false) => CONTROL,
                (false, false) => USER_DEFINED,
            };
        }
        let strip = file.added_tokens.iter().filter(|token| token.rstrip);
        let stripping = strip.map(|token| i64::from(token.id)).collect();
        Ok(Self { tokens, kinds, stripping })
    }

    fn id(&self, text: &str) -> Option<u32> {
        let place = self.tokens.iter().position(|token| token == text)?;
        u32::try_from(place).ok()
    }
}

/// A special token, as text or as an object with its text.
fn named<'a>(settings: &'a Json, key: &str) -> Option<&'a str> {
    let value = settings.get(key)?;
    value.as_str().or_else(|| value.get("content")?.as_str())
}

fn id(value: &Json) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

/// Tokens that end an answer, that of the tokenizer first.
fn ends(
    settings: &Json,
    config: &Config,
    generation: Option<&Json>,
    vocabulary: &Vocabulary,
) -> Vec<i64> {
    let mut ends = Vec::new();
    let named = named(settings, "eos_token").and_then(|text| vocabulary.id(text));
    let stated = generation.and_then(|all| all.get("eos_token_id"));
    let lists = [stated, config.get("eos_token_id")].into_iter().flatten();
    let listed = lists.flat_map(|value| match value {
        Json::Array(all) => all.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect::<Vec<u32>>(),
    });
    for token in named.into_iter().chain(listed).map(i64::from) {
        if !ends.contains(&token) {
            ends.push(token);
        }
    }
    ends
}

fn template(directory: &Path, settings: &Json) -> Result<Option<String>, HubError> {
    if directory.join(TEMPLATE).exists() {
        return read_text(directory, TEMPLATE, SMALL_BYTES_MAX).map(Some);
    }
    Ok(match settings.get("chat_template") {
        Some(Json::String(template)) => Some(template.clone()),
        // Several, by name.
        Some(Json::Array(all)) => {
            let plain = |one: &&Json| one.get("name").and_then(Json::as_str) == Some("default");
            let plain = all.iter().find(plain).and_then(|one| one.get("template")?.as_str());
            plain.map(str::to_owned)
        }
        _ => None,
    })
}
