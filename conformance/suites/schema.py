"""Requests made up from `/openapi.json` by Schemathesis: every answer is one that the document
tells of, and none is a server error.
"""

import json
import os
import subprocess

from harness import venvs
from harness.paths import CONFORMANCE
from harness.report import progress
from harness.server import Server, run_json
from suites.scim import provisioning_key
from suites.sdk import environment

SEED = 20261123
EXAMPLES_MAX = 12
HANG_GUARD_SECONDS = 900
EMBEDDING_MODEL = "multilingual-e5-small"
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "unsupported_method"),
    *("ignored_auth", "missing_required_header", "allow_header_conformance"),
)
PROVISIONING = "^/scim/"


def run(report, bench):
    seed = int(os.environ.get("GALERNE_SCHEMA_SEED") or SEED)
    data_dir = bench.data_dir()
    if file := os.environ.get("GALERNE_EMBEDDING_MODEL_FILE"):
        run_json(bench.binary, "model", "import", file, "--id", EMBEDDING_MODEL, data_dir=data_dir)
    with Server(bench.binary, data_dir) as server:
        provisioning = provisioning_key(bench, server, "schema", "admin")
        for name, key, which in (
            ("the API", server.key, ("--exclude-path-regex", PROVISIONING)),
            ("provisioning", provisioning, ("--include-path-regex", PROVISIONING)),
        ):
            with report.check(f"schema: {name} answers as its document says, seed {seed}"):
                _expect_nothing_found(_found(bench, server, key, which, seed))
        with report.check("schema: the server is well afterwards"):
            assert server.api.request("GET", "/health", key=False).status == 200
            # Not a chat: a limit may have been made up that is used up.
            assert server.api.request("GET", "/v1/models").status == 200


def _found(bench, server, key, which, seed):
    file = bench.folder / "schema.json"
    command = [
        *(venvs.python("schemathesis").parent / "schemathesis", "run"),
        *(f"{server.url}/openapi.json", "--header", f"Authorization: Bearer {key}", *which),
        *("--phases", "coverage,fuzzing", "--max-examples", EXAMPLES_MAX, "--seed", seed),
        *("--checks", ",".join(CHECKS), "--max-redirects", 0, "--request-timeout", 120),
        *("--suppress-health-check", "all", "--generation-database", "none", "--no-shrink"),
        *("--warnings", "off", "--no-color", "--report", "json", "--report-json-path", file),
    ]
    told = {
        **{"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(CONFORMANCE / "schema")},
        **{"PYTHONDONTWRITEBYTECODE": "1", "GALERNE_EMBEDDING_MODEL": EMBEDDING_MODEL},
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=bench.folder,
        env={**environment(server), **told},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_GUARD_SECONDS,
    )
    assert file.exists(), f"exit code {done.returncode}: {done.stderr[-500:] or done.stdout[-500:]}"
    found = json.loads(file.read_text())
    file.unlink()
    return {**found, "told": done.stdout}


def _expect_nothing_found(found):
    operations, cases = found["operations"], found["test_cases"]
    progress(f"{operations['tested']} operations, {cases['generated']} requests")
    assert found["complete"] and operations["tested"] == operations["selected"] > 0, operations
    assert cases["generated"] > 10 * operations["tested"], cases
    if found["failures"] or found["errors"]:
        print(found["told"][found["told"].find("===") :][:6000], flush=True)
    titles = [f"{each['title']}: {each.get('operations', '')}" for each in found["failures"]]
    assert not titles and not found["errors"], f"{titles} {found['errors']}"
