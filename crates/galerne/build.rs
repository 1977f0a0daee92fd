//! Rebuilds the binary when the page was built anew, and notes what the program is made of. The page
//! itself is built by `make`.

use std::{env, fs, path::PathBuf, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed=../../Cargo.lock");
    println!("cargo:rerun-if-changed=../../Cargo.toml");
    println!("cargo:rerun-if-changed=Cargo.toml");
    let text = |name: &str| env::var_os(name).and_then(|value| value.into_string().ok());
    let (Some(out), Some(target)) = (env::var_os("OUT_DIR"), text("TARGET")) else { return };
    let out = PathBuf::from(out);
    // A build that cannot be listed is built all the same: its bill is refused.
    let linked = tree("normal,no-proc-macro", &target).unwrap_or_default();
    let compiled = tree("normal,build", &target).unwrap_or_default();
    for (name, listing) in [("linked.txt", linked), ("compiled.txt", compiled)] {
        if let Err(error) = fs::write(out.join(name), listing) {
            println!("cargo:warning={name}: {error}");
        }
    }
    let compiler =
        env::var_os("RUSTC").and_then(|rustc| said(Command::new(rustc).arg("--version")));
    println!("cargo:rustc-env=GALERNE_COMPILER={}", compiler.unwrap_or_default().trim());
    println!("cargo:rustc-env=GALERNE_TARGET={target}");
}

/// Packages with their depth, licence and repository, as cargo resolves them for this target.
/// Everything was fetched for the build, so nothing is asked of a network.
fn tree(edges: &str, target: &str) -> Option<String> {
    let root = fs::canonicalize("../..").ok()?;
    let mut command = Command::new(env::var_os("CARGO")?);
    command.args(["tree", "--package", "galerne", "--locked", "--offline", "--prefix", "depth"]);
    command.args(["--edges", edges, "--target", target, "--format", "{p}|{l}|{r}"]);
    command.args(["--charset", "ascii", "--color", "never"]);
    // The place of the sources on the machine that builds is nobody's business.
    Some(said(&mut command)?.replace(root.to_str()?, "."))
}

fn said(command: &mut Command) -> Option<String> {
    match command.output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).ok(),
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr);
            println!("cargo:warning=the bill of materials: {}", reason.replace('\n', " "));
            None
        }
        Err(error) => {
            println!("cargo:warning=the bill of materials: {error}");
            None
        }
    }
}
