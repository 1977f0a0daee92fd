//! Documents read by real processes. This program is companion, worker and recogniser too, as
//! `galerne` is: the first argument says which.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "its output is that of a test runner, or of a recogniser")]

mod checks;

use std::{
    ffi::OsString,
    io::{self, Read as _},
    path::Path,
    process::ExitCode,
};

use documents::{RecogniserArguments, answer_document, answer_recogniser, keep};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let done = match words.as_slice() {
        ["worker", "documents", settings] => {
            keep(&serde_json::from_str(settings).unwrap()).map_err(|error| error.to_string())
        }
        ["worker", "document"] => answer(None),
        ["worker", "document", "--pdfium", path] => answer(Some(Path::new(path))),
        ["worker", "recogniser", ..] => {
            let told = RecogniserArguments::parse(&arguments[2..]).unwrap();
            answer_recogniser(&told).map_err(|error| error.to_string())
        }
        ["-", "-", ..] => recognise(),
        _ => return run(&words),
    };
    done.map_or_else(|_| ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

fn answer(pdfium: Option<&Path>) -> Result<(), String> {
    answer_document(pdfium, &|_| None).map_err(|error| error.to_string())
}

/// What `tesseract` would say of any picture.
fn recognise() -> Result<(), String> {
    let mut picture = Vec::new();
    io::stdin().read_to_end(&mut picture).map_err(|error| error.to_string())?;
    if !picture.starts_with(b"P5\n") {
        return Err("that is no picture".to_owned());
    }
    println!("5\t1\t1\t1\t1\t1\t100\t100\t60\t30\t96\tvu");
    Ok(())
}

/// As test runners ask for it: a list, or checks by name.
fn run(words: &[&str]) -> ExitCode {
    if words.contains(&"--list") {
        for (name, _) in checks::ALL.iter().filter(|_| !words.contains(&"--ignored")) {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&&str> = words.iter().filter(|word| !word.starts_with("--")).collect();
    for (name, check) in checks::ALL {
        if wanted.is_empty() || wanted.iter().any(|part| name.contains(**part)) {
            check();
            println!("test {name} ... ok");
        }
    }
    ExitCode::SUCCESS
}
