"""Tokens and templates against mistral-common and `tokenizers`, in the `tokens` environment."""

from harness import paths, venvs
from harness.clients import run_checks


def run(report, bench):
    compare = paths.CONFORMANCE / "tokens" / "compare.py"
    run_checks(report, "tokens", [venvs.python("tokens"), compare, "--json"])
