//! Asks a person to accept the terms of a model, before anything is downloaded.

use std::env;
use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result, bail};

use super::catalogue::{Model, Terms};

/// Shows the terms, if there are any, and returns only if they are accepted.
pub(crate) fn accept(model: &Model, by_option: bool) -> Result<()> {
    let Some(terms) = &model.terms else { return Ok(()) };
    eprintln!("\n{}\n", terms.text);
    let by_variable = env::var_os("ACCEPT_TERMS").is_some_and(|value| value == terms.keyword);
    if by_option || by_variable {
        eprintln!("the terms were accepted beforehand");
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!(refusal(terms));
    }
    eprint!("Type `yes` to accept: ");
    io::stderr().flush().context("the terminal is closed")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("the terminal is closed")?;
    if answer.trim() != "yes" {
        bail!("the terms were not accepted; nothing was downloaded");
    }
    Ok(())
}

fn refusal(terms: &Terms) -> String {
    format!(
        "the terms must be accepted: run this on a terminal, or set ACCEPT_TERMS={} \
         (or pass --accept-terms) if you accept them",
        terms.keyword
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::named;

    #[test]
    fn a_free_model_asks_nothing() {
        accept(named("smollm2").unwrap(), false).unwrap();
    }

    #[test]
    fn the_refusal_says_how_to_accept() {
        let terms = named("gemma3-270m").unwrap().terms.as_ref().unwrap();
        assert!(refusal(terms).contains("ACCEPT_TERMS=gemma"));
        assert!(terms.text.contains("https://ai.google.dev/gemma/terms"));
    }
}
