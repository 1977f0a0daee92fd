"""How answers from documents are measured, without a server: metrics, sets, verdicts."""

import unittest

from harness.paths import CONFORMANCE


def run(report, _):
    tests = CONFORMANCE / "bench" / "knowledge" / "tests"
    found = unittest.defaultTestLoader.discover(str(tests), top_level_dir=str(CONFORMANCE))
    for test in _each(found):
        with report.check(f"evaluation: {test.id().rpartition('.tests.')[2]}"):
            result = unittest.TestResult()
            test.run(result)
            wrong = [text for _, text in result.errors + result.failures]
            assert result.testsRun and not wrong, wrong


def _each(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _each(one)
        else:
            yield one
