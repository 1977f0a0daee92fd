"""Numbers: our engine against llama.cpp, in the `oracle` environment."""

from harness import paths, venvs
from harness.clients import run_checks


def run(report, bench):
    command = [
        *(venvs.python("oracle"), paths.CONFORMANCE / "oracle" / "compare.py"),
        *(paths.model_file(), "--json"),
    ]
    run_checks(report, "oracle", command)
