//! Processes beside this one, `galerne worker NAME`: the same program with another task.

use std::process::Command;

/// This very program, also after its file was replaced.
pub(crate) const PROGRAM: &str = "/proc/self/exe";

/// What starts the worker of that name.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["worker", name]);
    command
}
