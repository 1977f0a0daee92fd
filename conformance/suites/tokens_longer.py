"""Tokens of Llama 3, Qwen 3, Gemma 3 and Phi 3 against `tokenizers`, in the `tokens` environment."""

from harness import paths, venvs
from harness.clients import run_checks


def run(report, bench):
    longer = paths.CONFORMANCE / "tokens" / "longer.py"
    run_checks(report, "tokens_longer", [venvs.python("tokens"), longer, "--json"])
