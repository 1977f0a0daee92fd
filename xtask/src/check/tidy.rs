//! Names, sizes and markers that no compiler looks at.

use std::path::Path;

use anyhow::Result;

use crate::sources;
use crate::workspace::Workspace;

const CODE: [&str; 10] = ["rs", "ts", "tsx", "js", "mjs", "css", "py", "sh", "sql", "html"];
const SETTINGS: [&str; 2] = ["toml", "yml"];

/// Lines of a source file, its tests not counted.
const LINES_MAX: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 6] = ["common", "helper", "helpers", "misc", "util", "utils"];

/// Generated files: their form is not ours.
const GENERATED: [&str; 1] = ["web/src/api/schema.d.ts"];

/// Work that was left undone; split, so that this file does not find itself.
const MARKERS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

pub(crate) fn problems(workspace: &Workspace) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for source in sources::walk(workspace.root(), "")? {
        let is_text = source.has_extension(&CODE) || source.has_extension(&SETTINGS);
        if is_text && !GENERATED.contains(&source.name.as_str()) {
            problems.extend(problems_of(&source.name, &source.text()?));
        }
    }
    Ok(problems)
}

fn problems_of(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = file.split('.').next().unwrap_or(file);
    if file == "mod.rs" {
        problems.push(format!("{name}: write `{folders}.rs` beside the folder instead of mod.rs"));
    }
    if let Some(empty) = folders.split('/').chain([stem]).find(|part| EMPTY_NAMES.contains(part)) {
        problems.push(format!("{name}: `{empty}` names nothing; say what is inside"));
    }
    let lines = counted_lines(name, text);
    if lines > LINES_MAX {
        problems.push(format!("{name}: {lines} lines without tests, at most {LINES_MAX}"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for marker in MARKERS.iter().filter(|marker| line.contains(**marker)) {
            problems.push(format!("{name}:{number}: `{marker}`; open an issue instead"));
        }
        if is_rust(name) && line.trim_start().starts_with(concat!("#[", "ignore")) {
            problems.push(format!("{name}:{number}: a test that is ignored tests nothing"));
        }
        if is_component(name) && calls_fetch(line) {
            problems.push(format!("{name}:{number}: components call `api/`, never `fetch`"));
        }
    }
    problems
}

/// Lines that count towards the limit: none of a test file, and of a Rust file those before a
/// test module at its end.
fn counted_lines(name: &str, text: &str) -> usize {
    let is_test = name.contains("/tests/")
        || name.contains("/e2e/")
        || name.ends_with("/tests.rs")
        || name.contains(".test.");
    if is_test {
        return 0;
    }
    let lines: Vec<&str> = text.lines().collect();
    let starts_tests = |at: usize| {
        let mut after = lines[at + 1..].iter().filter(|line| !line.starts_with("#["));
        lines[at] == "#[cfg(test)]" && after.next().is_some_and(|line| line.starts_with("mod "))
    };
    let tests = (0..lines.len()).rev().find(|&at| is_rust(name) && starts_tests(at));
    let ends_the_file =
        |at: usize| lines[at..].iter().filter(|line| line.starts_with('}')).count() <= 1;
    tests.filter(|&at| ends_the_file(at)).unwrap_or(lines.len())
}

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "rs")
}

fn is_component(name: &str) -> bool {
    name.starts_with("web/src/") && name.contains("/components/")
}

fn calls_fetch(line: &str) -> bool {
    let mut before = line.split("fetch(");
    let first = before.next().unwrap_or("");
    let is_call = !first.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    before.next().is_some() && is_call
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &[&str]) {
        assert_eq!(problems_of(name, text), expected, "{name}");
    }

    #[test]
    fn an_ordinary_file_passes() {
        check("crates/store/src/key.rs", "pub struct Key;\n", &[]);
        check("web/src/features/chat/components/commonplace.tsx", "prefetch(1)\n", &[]);
    }

    #[test]
    fn names_that_say_nothing_are_refused() {
        let expected =
            "libs/a/src/b/mod.rs: write `libs/a/src/b.rs` beside the folder instead of mod.rs";
        check("libs/a/src/b/mod.rs", "", &[expected]);
        check(
            "libs/a/src/utils.rs",
            "",
            &["libs/a/src/utils.rs: `utils` names nothing; say what is inside"],
        );
        check(
            "web/src/helpers/a.ts",
            "",
            &["web/src/helpers/a.ts: `helpers` names nothing; say what is inside"],
        );
        check(
            "web/src/misc.test.ts",
            "",
            &["web/src/misc.test.ts: `misc` names nothing; say what is inside"],
        );
    }

    #[test]
    fn long_files_are_refused_and_tests_do_not_count() {
        let code = "const A: u8 = 1;\n".repeat(600);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    // a\n".repeat(300));
        check("a.rs", &code, &[]);
        check("a.rs", &format!("{code}{tests}"), &[]);
        let longer = "a.rs: 601 lines without tests, at most 600";
        check("a.rs", &format!("{code}const B: u8 = 1;\n{tests}"), &[longer]);
        let expected = "a.rs: 904 lines without tests, at most 600";
        check(
            "a.rs",
            &format!("{tests}{code}fn b() {{\n}}\n").replacen("    // a\n", "", 1),
            &[expected],
        );
        check("crates/a/tests/it/b.rs", &"// a\n".repeat(700), &[]);
        let python = "conformance/run.py: 601 lines without tests, at most 600";
        check("conformance/run.py", &"a = 1\n".repeat(601), &[python]);
    }

    #[test]
    fn markers_are_refused() {
        let text = concat!("a\n// TO", "DO: later\n");
        let expected = concat!("a.rs:2: `TO", "DO`; open an issue instead");
        check("a.rs", text, &[expected]);
        let ignored = concat!("    #[", "ignore]\n");
        check("a.rs", ignored, &["a.rs:1: a test that is ignored tests nothing"]);
        check("a.py", ignored, &[]);
    }

    #[test]
    fn components_do_not_fetch() {
        let name = "web/src/features/chat/components/list.tsx";
        let expected = format!("{name}:1: components call `api/`, never `fetch`");
        check(name, "await fetch('/v1')\n", &[&expected]);
        check("web/src/features/chat/api/list.ts", "await fetch('/v1')\n", &[]);
    }
}
