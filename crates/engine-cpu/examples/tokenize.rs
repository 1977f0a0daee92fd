//! Tokenises texts with the vocabulary of a model file, to compare with other implementations.
//!
//! `tokenize MODEL [--parse-special] < texts.json`: a JSON list of strings in, a JSON list of
//! lists of token ids out. Of models that make vectors, with the marks of beginning and end.
//! `conformance/` runs it against recorded answers of llama.cpp and of the library `tokenizers`.

use std::{env, error::Error, io, path::Path};

use engine_cpu::{
    EncoderConfig,
    checkpoint::Checkpoint,
    tokenizer::{PassageTokenizer, SpecialTokens, Tokenizer},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut model = None;
    let mut special = SpecialTokens::AsText;
    for argument in env::args().skip(1) {
        if argument == "--parse-special" {
            special = SpecialTokens::Parse;
        } else {
            model = Some(argument);
        }
    }
    let model = model.ok_or("usage: tokenize MODEL [--parse-special] < texts.json")?;
    let file = Checkpoint::open(Path::new(&model))?;
    let texts: Vec<String> = serde_json::from_reader(io::stdin().lock())?;
    let ids: Vec<Vec<u32>> = if EncoderConfig::from_checkpoint(&file).is_ok() {
        let tokenizer = PassageTokenizer::from_checkpoint(&file)?;
        texts.iter().map(|text| tokenizer.encode(text)).collect()
    } else {
        let tokenizer = Tokenizer::from_checkpoint(&file)?;
        texts.iter().map(|text| tokenizer.encode(text, special)).collect()
    };
    serde_json::to_writer(io::stdout().lock(), &ids)?;
    Ok(())
}
