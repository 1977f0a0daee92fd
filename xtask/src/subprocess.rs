//! Runs other programs, with their output shown, kept, or both.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a program whose output goes straight to the terminal; a failure names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a program and gives back what it wrote to standard output; errors go to the terminal.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = capture(command.stderr(Stdio::inherit()))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something that is not UTF-8", shown(command)))
}

/// Runs a program and keeps both of its outputs, whatever its exit status.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| cannot_start(command))
}

/// What a program wrote while it was shown, and whether it succeeded.
pub(crate) struct Observed {
    pub(crate) lines: Vec<String>,
    pub(crate) success: bool,
}

/// Runs a program whose output is shown line by line and kept for counting.
pub(crate) fn observe(command: &mut Command) -> Result<Observed> {
    let (reader, writer) = std::io::pipe().context("no pipe for the output")?;
    let copy = writer.try_clone().context("no pipe for the errors")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::from(writer))
        .stderr(Stdio::from(copy))
        .spawn()
        .with_context(|| cannot_start(command))?;
    // The command still holds the writing end; the reader ends only when all are closed.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let lines = echo(reader)?;
    let status = child.wait().with_context(|| format!("`{}` was lost", shown(command)))?;
    Ok(Observed { lines, success: status.success() })
}

fn echo(reader: impl Read) -> Result<Vec<String>> {
    let mut reader = BufReader::new(reader);
    let (mut lines, mut bytes) = (Vec::new(), Vec::new());
    while reader.read_until(b'\n', &mut bytes).context("the output was cut off")? > 0 {
        std::io::stdout().write_all(&bytes).context("standard output is closed")?;
        lines.push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
        bytes.clear();
    }
    Ok(lines)
}

fn cannot_start(command: &Command) -> String {
    format!("`{}` cannot be started", command.get_program().to_string_lossy())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_are_kept_and_the_status_is_told() {
        let observed =
            observe(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert_eq!(observed.lines, ["out", "err"]);
        assert!(!observed.success);
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(Command::new("sh").args(["-c", "exit 4"])).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 4") && error.contains('4'), "{error}");
        let error = read(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
    }
}
