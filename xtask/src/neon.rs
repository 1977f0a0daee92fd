//! Tests the kernels for 64-bit ARM on a machine of another kind.
//!
//! They are compiled with Debian's standard library for ARM and run by an emulator, once as a
//! processor that has their instructions and once as one that lacks them. That shows whether
//! results are right; an emulator says nothing about speed. It is no part of `test`, because some
//! 270 MB are fetched first.

mod toolchain;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::subprocess;
use crate::workspace::Workspace;
use toolchain::Toolchain;

/// What is compiled for.
const TARGET: &str = "aarch64-unknown-linux-gnu";

/// A processor that the emulator imitates.
struct Processor {
    /// As the emulator calls it.
    name: &'static str,
    /// The paths that the kernels must find on it.
    paths: &'static str,
}

const PROCESSORS: [Processor; 2] = [
    Processor { name: "max", paths: "scalar,neon" },
    // Has NEON, but not its byte dot product.
    Processor { name: "cortex-a72", paths: "scalar" },
];

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let toolchain = Toolchain::obtain()?;
    print!("{}", subprocess::read(Command::new(toolchain.compiler()).arg("--version"))?);
    for processor in &PROCESSORS {
        println!("== processor {}, paths {}", processor.name, processor.paths);
        subprocess::run(&mut tests(workspace, &toolchain, processor)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn tests(workspace: &Workspace, toolchain: &Toolchain, processor: &Processor) -> Result<Command> {
    let emulator = toolchain.emulator();
    let emulator = emulator.to_str().context("the path of the emulator is not UTF-8")?;
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root());
    command.args(["test", "--release", "--locked", "--package", "cpu-kernels", "--tests"]);
    command.args(["--target", TARGET, "--target-dir"]).arg(toolchain.target_folder());
    // An array, because the text of a variable would be split at spaces.
    command.arg("--config").arg(format!("target.{TARGET}.runner = [{emulator:?}]"));
    command.env("RUSTC", toolchain.compiler());
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", toolchain.linker());
    command.env("QEMU_CPU", processor.name).env("GALERNE_EXPECTED_PATHS", processor.paths);
    Ok(command)
}
