"""Files and batch jobs: two SDKs, broken lines, hostile uploads, and kill -9 in the middle.

A job whose server is killed again and again has, in the end, one line for each of its requests, and
each answer has its usage row and its audit entry. Uploads that were cut off leave nothing behind.
"""

import json
import socket
import sqlite3
import time
import uuid

from harness import ledger, venvs
from harness.clients import run_checks
from harness.paths import CONFORMANCE
from harness.server import Server
from suites.sdk import environment

CANARY = "zyzzyva-7f3c"
REQUESTS = 240
HANG_GUARD_SECONDS = 300
ENDED = ("SUCCESS", "FAILED", "TIMEOUT_EXCEEDED", "CANCELLED")
CLIENTS = [
    ("mistralai 3.7.0, batch", "mistralai-3", "mistral_batch.py"),
    ("openai 3.54.0 (Python), batch", "openai", "openai_batch.py"),
]


def run(report, bench):
    data_dir = bench.data_dir()
    with Server(bench.binary, data_dir) as server:
        key = server.key
        for name, packages, script in CLIENTS:
            command = [venvs.python(packages), CONFORMANCE / "clients" / script]
            run_checks(report, name, command, environment(server))
        with report.check("batch: uploads that are none are refused, and leave nothing"):
            _hostile(server)
            assert _on_disk(data_dir) == _rows(data_dir), "bytes without a row"
        with report.check("batch: a file lies sealed"):
            file = upload(server.api, f'{{"a": "{CANARY}"}}', "user_data", f"{CANARY}.txt")
            read = server.api.request("GET", f"/v1/files/{file['id']}/content")
            assert CANARY.encode() in read.body, "control: it is read back"
            places = [*(data_dir / "files").rglob("*"), *data_dir.glob("galerne.db*")]
            found = [path for path in places if path.is_file() and CANARY.encode() in path.read_bytes()]
            assert not found, found
    with report.check("batch: every request exactly once, whatever was killed"):
        _killed(bench, data_dir, key)
    with report.check("batch: an upload that was cut off leaves nothing"):
        _cut_off(bench, data_dir, key)


def upload(api, text, purpose="batch", name="requests.jsonl"):
    boundary = uuid.uuid4().hex
    body = (
        f"--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n"
        f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
        f"{text}\r\n--{boundary}--\r\n"
    ).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = api.request("POST", "/v1/files", body, headers)
    assert answer.status == 200, answer.body
    return answer.json()


def until_ended(api, job):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while True:
        now = api.request("GET", f"/v1/batch/jobs/{job}").json()
        if now["status"] in ENDED:
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


def _lines(api, file):
    if file is None:
        return []
    return [json.loads(line) for line in api.request("GET", f"/v1/files/{file}/content").body.splitlines()]


def _requests():
    """Some hundred requests, of which every tenth is broken in one of some ways."""
    lines = []
    for number in range(REQUESTS):
        name = f"request-{number}"
        message = {"role": "user", "content": f"Say the number {number}."}
        body = {"messages": [message], "max_tokens": 4 + number % 5, "temperature": 0}
        line = json.dumps({"custom_id": name, "body": body})
        if number % 30 == 10:
            line = json.dumps({"custom_id": name, "body": {"messages": []}})
        elif number % 30 == 20:
            line = json.dumps({"custom_id": name})
        lines.append(line)
    return lines


def _killed(bench, data_dir, key):
    job, kills = None, 0
    # How many results there are when the server is killed: at once, at the first, and halfway.
    for wanted in (0, 1, REQUESTS // 2):
        server = Server(bench.binary, data_dir, key=key)
        try:
            if job is None:
                file = upload(server.api, "\n".join(_requests()))
                assert file["num_lines"] == REQUESTS, file
                body = {
                    "endpoint": "/v1/chat/completions",
                    "input_files": [file["id"]],
                    "model": server.api.model,
                }
                made = server.api.request("POST", "/v1/batch/jobs", body)
                assert made.status == 200, made.body
                job = made.json()["id"]
            kills += _kill_at(server, job, wanted)
        finally:
            server.kill()
    assert kills >= 1, "it was never killed before its end"
    with Server(bench.binary, data_dir, key=key) as server:
        ended = until_ended(server.api, job)
        assert ended["status"] == "SUCCESS", ended
        output, errors = (_lines(server.api, ended[name]) for name in ("output_file", "error_file"))
    names = [line["custom_id"] for line in output]
    assert len(names) == len(set(names)) == ended["succeeded_requests"], "an answer twice"
    assert len(errors) == ended["failed_requests"] == 2 * (REQUESTS // 30), len(errors)
    assert len(output) + len(errors) == REQUESTS == ended["completed_requests"], ended
    named = {line["custom_id"] for line in errors if line["custom_id"]} | set(names)
    broken = {line["line"] for line in errors}
    expected = {f"request-{number}" for number in range(REQUESTS) if number + 1 not in broken}
    assert expected <= named, sorted(expected - named)[:5]
    assert names == sorted(names, key=lambda name: int(name.split("-")[1])), "not in their order"
    counts, outcomes = ledger.usage_counts(data_dir)
    audited = ledger.audited_requests(data_dir)
    for line in output:
        request = ledger.request_id(line["response"]["request_id"])
        assert counts[request] == 1 and audited[request] == 1, line
        assert outcomes[request] == "finished", outcomes[request]
    assert _on_disk(data_dir) == _rows(data_dir), "bytes without a row, or a row without bytes"


def _kill_at(server, job, wanted):
    """Kills the server once there are so many results; whether the job had not ended by then."""
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while True:
        now = server.api.request("GET", f"/v1/batch/jobs/{job}").json()
        if now["completed_requests"] >= wanted or now["status"] in ENDED:
            server.kill()
            return now["status"] not in ENDED
        assert time.monotonic() < deadline, now
        time.sleep(0.02)


def _cut_off(bench, data_dir, key):
    before = _on_disk(data_dir)
    server = Server(bench.binary, data_dir, key=key)
    try:
        head = (
            f"POST /v1/files HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=xyz\r\n\r\n"
            '--xyz\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        )
        with socket.create_connection((server.host, server.port), timeout=60) as connection:
            connection.sendall(head.encode() + b"x" * 500_000)
            _until(lambda: _on_disk(data_dir) != before, "nothing was begun")
            server.kill()
    finally:
        server.kill()
    assert _on_disk(data_dir) != before, "control: the bytes of the upload lie there"
    with Server(bench.binary, data_dir, key=key):
        _until(lambda: _on_disk(data_dir) == before, "the bytes of the upload stay")
    assert _on_disk(data_dir) == _rows(data_dir)


def _until(is_so, otherwise):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _hostile(server):
    form = {"Content-Type": "multipart/form-data; boundary=xyz"}
    part = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    file = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n'
    for body in (
        b"",
        b"--xyz--",
        part * 10_000 + b"--xyz--",
        b"--xyz\r\nX: " + b"x" * 1_000_000,
        file,
        file + file + b"--xyz--",
        file[:-4],
        b"\x00" * 10_000,
    ):
        answer = server.api.request("POST", "/v1/files", body, form)
        assert answer.status == 422, (answer.status, body[:60])
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary="):
        answer = server.api.request("POST", "/v1/files", file, {"Content-Type": kind})
        assert answer.status == 422, (answer.status, kind)


def _on_disk(data_dir):
    return {path.name for path in (data_dir / "files").glob("*/*")}


def _rows(data_dir):
    connection = sqlite3.connect(f"file:{data_dir / 'galerne.db'}?mode=ro", uri=True, timeout=30)
    try:
        return {id.hex() for (id,) in connection.execute("SELECT id FROM file")}
    finally:
        connection.close()
