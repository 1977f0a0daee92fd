//! Counts of tests, and how each test runner prints them.

use std::ops::AddAssign;

use anyhow::{Context, Result};
use serde::Deserialize;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// `Summary [ 0.1s] 29 tests run: 28 passed (1 slow), 1 failed, 2 skipped`, the last one printed.
pub(crate) fn of_nextest(lines: &[String]) -> Option<Tally> {
    let summary = lines.iter().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let counts = plain(summary.split_once("run:")?.1);
    let other =
        ["timed out", "exec failed"].iter().map(|word| count_before(&counts, word)).sum::<u64>();
    Some(Tally {
        passed: count_before(&counts, "passed"),
        failed: count_before(&counts, "failed") + other,
        skipped: count_before(&counts, "skipped"),
    })
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; ...`, all of them added up.
pub(crate) fn of_cargo_test(lines: &[String]) -> Option<Tally> {
    let mut total = None;
    for line in lines.iter().filter(|line| line.starts_with("test result: ")) {
        let counts = line.replace(';', ",");
        *total.get_or_insert(Tally::default()) += Tally {
            passed: count_before(&counts, "passed"),
            failed: count_before(&counts, "failed"),
            skipped: count_before(&counts, "ignored"),
        };
    }
    total
}

/// `3 passed, 0 failed, 1 skipped`, the last one printed.
pub(crate) fn of_plain_line(lines: &[String]) -> Option<Tally> {
    let is_plain = |line: &&String| {
        line.contains(" passed, ") && line.contains(" failed, ") && line.ends_with(" skipped")
    };
    let line = lines.iter().rev().find(is_plain)?;
    Some(Tally {
        passed: count_before(line, "passed"),
        failed: count_before(line, "failed"),
        skipped: count_before(line, "skipped"),
    })
}

/// `# pass 3` (or `ℹ pass 3`) and its siblings, as `node --test` ends.
pub(crate) fn of_node(lines: &[String]) -> Option<Tally> {
    let value = |word: &str| {
        lines.iter().rev().find_map(|line| {
            let mut words = line.split_whitespace();
            let is_summary = words.next().is_some_and(|mark| mark == "#" || mark == "\u{2139}");
            let rest = (is_summary && words.next() == Some(word)).then(|| words.next())??;
            rest.parse().ok()
        })
    };
    Some(Tally {
        passed: value("pass")?,
        failed: value("fail")? + value("cancelled").unwrap_or(0),
        skipped: value("skipped").unwrap_or(0) + value("todo").unwrap_or(0),
    })
}

/// The part of vitest's JSON report that is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VitestReport {
    success: bool,
    num_passed_tests: u64,
    num_failed_tests: u64,
    num_pending_tests: u64,
    num_todo_tests: u64,
}

/// A report written by `vitest --reporter=json`.
pub(crate) fn of_vitest(json: &str) -> Result<Tally> {
    let report: VitestReport = serde_json::from_str(json).context("the report of vitest")?;
    let mut tally = Tally {
        passed: report.num_passed_tests,
        failed: report.num_failed_tests,
        skipped: report.num_pending_tests + report.num_todo_tests,
    };
    // A file that does not even load has no failed test in it.
    if !report.success && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// The text without what stands in brackets.
fn plain(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|character| match character {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

/// The number before a word, in a list parted by commas; zero if the word is not there.
fn count_before(text: &str, word: &str) -> u64 {
    let counted = text.split(',').find_map(|part| part.trim().strip_suffix(word));
    let number = counted.and_then(|part| part.split_whitespace().next_back());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn nextest() {
        let check = |line: &str, expected| assert_eq!(of_nextest(&lines(line)), expected, "{line}");
        check("     Summary [   0.084s] 29 tests run: 29 passed, 0 skipped", Some(tally(29, 0, 0)));
        check(
            "  Summary [ 1.0s] 30 tests run: 27 passed (1 slow, 2 flaky), 1 failed, 2 timed out, 4 skipped",
            Some(tally(27, 3, 4)),
        );
        check(
            "  Summary [ 1.0s] 3/30 tests run: 2 passed, 1 failed, 0 skipped",
            Some(tally(2, 1, 0)),
        );
        check("error: could not compile", None);
    }

    #[test]
    fn cargo_test() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    noise\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(of_cargo_test(&lines(text)), Some(tally(5, 1, 1)));
        assert_eq!(of_cargo_test(&lines("error")), None);
    }

    #[test]
    fn the_last_plain_line_counts() {
        let text = "1 passed, 0 failed, 0 skipped\nok a\n12 passed, 3 failed, 1 skipped";
        assert_eq!(of_plain_line(&lines(text)), Some(tally(12, 3, 1)));
        assert_eq!(of_plain_line(&lines("no count")), None);
    }

    #[test]
    fn node() {
        let tap = "# tests 5\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 0";
        assert_eq!(of_node(&lines(tap)), Some(tally(3, 2, 0)));
        let spec = "\u{2139} tests 2\n\u{2139} pass 1\n\u{2139} fail 0\n\u{2139} skipped 1";
        assert_eq!(of_node(&lines(spec)), Some(tally(1, 0, 1)));
        assert_eq!(of_node(&lines("Error: cannot find module")), None);
    }

    #[test]
    fn vitest() {
        let report = |success: bool, failed: u64| {
            format!(
                r#"{{"success":{success},"numPassedTests":4,"numFailedTests":{failed},
                "numPendingTests":1,"numTodoTests":2,"numTotalTests":9}}"#
            )
        };
        assert_eq!(of_vitest(&report(true, 0)).ok(), Some(tally(4, 0, 3)));
        assert_eq!(of_vitest(&report(false, 2)).ok(), Some(tally(4, 2, 3)));
        assert_eq!(of_vitest(&report(false, 0)).ok(), Some(tally(4, 1, 3)));
        assert!(of_vitest("{}").is_err());
    }

    #[test]
    fn the_total_is_one_plain_line() {
        let mut total = Tally { passed: 1, failed: 0, skipped: 2 };
        total += Tally { passed: 3, failed: 1, skipped: 0 };
        assert_eq!(total.to_string(), "4 passed, 1 failed, 2 skipped");
        assert_eq!(of_plain_line(&[total.to_string()]), Some(total));
    }
}
