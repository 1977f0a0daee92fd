"""Vectors of texts: their numbers, the official SDKs, the log, and no connection anywhere."""

import os
from pathlib import Path

from harness import paths, venvs
from harness.clients import run_checks
from harness.server import Server, run_json
from suites.netns import expect_own_port_only
from suites.sdk import environment

MODEL = "multilingual-e5-small"
# A forward pass in double precision takes a while for each: `embeddings_longer` has 1,000.
PASSAGES = 48
CLIENTS = [
    ("mistralai 1.12.4", "mistralai-1", "mistral_embeddings.py"),
    ("mistralai 2.5.1", "mistralai-2", "mistral_embeddings.py"),
    ("mistralai 3.7.0", "mistralai-3", "mistral_embeddings.py"),
    ("openai 3.54.0 (Python)", "openai", "openai_embeddings.py"),
    ("openai 3.54.0 (Python), as a client of Albert", "openai", "albert_embeddings.py"),
]


def run(report, bench):
    file = os.environ.get("GALERNE_EMBEDDING_MODEL_FILE")
    if not file or not Path(file).is_file():
        report.skip("embeddings", "GALERNE_EMBEDDING_MODEL_FILE names no file")
        return
    data_dir = bench.data_dir()
    run_json(bench.binary, "model", "import", file, "--id", MODEL, data_dir=data_dir)
    with Server(bench.binary, data_dir) as server:
        for name, environment_name, script in CLIENTS:
            command = [venvs.python(environment_name), paths.CONFORMANCE / "clients" / script]
            run_checks(report, name, command, environment(server, MODEL))
        compare = paths.CONFORMANCE / "embeddings" / "compare.py"
        command = [venvs.python("embeddings"), compare, file, "--passages", PASSAGES, "--json"]
        run_checks(report, "embeddings", command, environment(server, MODEL))
        with report.check("embeddings: the server opened no connection of its own"):
            expect_own_port_only(server)
    with report.check("embeddings: each request has its entry in the log, and the log is whole"):
        verified = run_json(bench.binary, "audit", "verify", data_dir=data_dir)
        assert verified, verified

