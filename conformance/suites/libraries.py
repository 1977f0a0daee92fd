"""Libraries of documents: three SDKs, clients of Albert, plain HTTP for what is ours beside them.

Documents of every kind are read, found in each mode, shared, taken back, dated, deleted and killed
over; hostile ones are refused with their codes. Places are compared byte by byte with the text.
"""

import os
from pathlib import Path

from harness import venvs
from harness.clients import run_checks
from harness.libraries import Libraries, of_another
from harness.paths import CONFORMANCE
from harness.server import Server, run_json
from suites import (
    library_answers,
    library_documents,
    library_hostile,
    library_kill,
    library_sharing,
    library_versions,
)
from suites.embeddings import MODEL as EMBEDDING_MODEL
from suites.sdk import environment

CLIENTS = [
    ("mistralai 1.12.4, libraries", "mistralai-1", "mistral_libraries.py"),
    ("mistralai 2.5.1, libraries", "mistralai-2", "mistral_libraries.py"),
    ("mistralai 3.7.0, libraries", "mistralai-3", "mistral_libraries.py"),
    ("openai 3.54.0 (Python), libraries as a client of Albert", "openai", "albert_libraries.py"),
]


def run(report, bench):
    file = os.environ.get("GALERNE_EMBEDDING_MODEL_FILE")
    if not file or not Path(file).is_file():
        report.skip("libraries", "GALERNE_EMBEDDING_MODEL_FILE names no file")
        return
    data_dir = bench.data_dir()
    run_json(bench.binary, "model", "import", file, "--id", EMBEDDING_MODEL, data_dir=data_dir)
    with Server(bench.binary, data_dir) as server:
        key = server.key
        other, account = of_another(server, bench.binary, "other")
        _clients(report, server, account)
        mine = Libraries(server.api)
        library_documents.run(report, mine)
        library_sharing.run(report, mine, other, account)
        library_versions.run(report, mine)
        library_hostile.run(report, mine, server)
        library_answers.run(report, mine, other)
    library_kill.run(report, bench, data_dir, key)
    with report.check("libraries: each access has its entry in the log, and the log is whole"):
        assert run_json(bench.binary, "audit", "verify", data_dir=data_dir)


def _clients(report, server, account):
    told = {**environment(server), "GALERNE_OTHER_ACCOUNT": account}
    for name, packages, script in CLIENTS:
        command = [venvs.python(packages), CONFORMANCE / "clients" / script]
        run_checks(report, name, command, told)
