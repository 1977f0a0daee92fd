"""Texts at rest: no word stands in any file, and without the wrapping key nobody reads one."""

import os
import shutil
import sqlite3
import time

from harness import server as binary
from harness.canary import Canary
from harness.server import HANG_GUARD_SECONDS, Server, run_json
from harness.turns import Conversations
from suites.canary import _bytes
from suites.http import expect_refusal

SETTINGS = '[encryption]\nkey_file = "{}"\ncheck_seconds = 1\n'


def run(report, bench):
    data_dir = bench.data_dir()
    vault = bench.folder / "elsewhere"
    vault.mkdir(mode=0o700)
    key_file = vault / "wrapping.key"
    (data_dir / "galerne.toml").write_text(SETTINGS.format(key_file))
    with report.check("encryption: the wrapping key is made where the settings say, for its owner"):
        server = Server(bench.binary, data_dir)
        assert key_file.stat().st_mode & 0o777 == 0o600, oct(key_file.stat().st_mode)
        assert not (data_dir / "wrapping.key").exists()
    client, key = Conversations(server.api), server.key
    canaries = _type(client)
    _at_rest(report, data_dir, canaries, "while it runs")
    _revoked(report, client, key_file)
    with report.check("encryption: keys are rotated beside the server, and all stays readable"):
        _rotate(bench, data_dir, client, key_file)
    server.stop()
    _at_rest(report, data_dir, canaries, "after it has stopped")
    _stolen(report, bench, data_dir, key)


def _type(client):
    """Texts that exist nowhere else, everywhere where a person or a model puts texts."""
    canaries = []

    def canary(name):
        text = f"heron{len(canaries)}x7f3a quiet {name} lagoon{len(canaries)}k9"
        canaries.append(Canary(name, text))
        return text

    answer = client.ask(
        canary("a question"),
        name=canary("a name"),
        description=canary("a description"),
        instructions=canary("instructions"),
        metadata={"note": canary("metadata")},
        completion_args={"temperature": 0, "max_tokens": 40, "stop": [canary("a stop string")]},
    )
    text = answer["outputs"][0]["content"]
    assert len(text) > 20, text
    canaries.append(Canary("an answer", text[:40]))
    file = {"name": canary("the name of a file"), "text": canary("a file")}
    draft = {"text": canary("a draft"), "attachments": [file], "model": None}
    assert client.api.request("PUT", "/v1/conversations/new/draft", draft).status == 204
    return canaries


def _at_rest(report, data_dir, canaries, when):
    searched = {
        f"{path.name} {when}": path.read_bytes()
        for path in data_dir.rglob("*")
        if path.is_file() and path.suffix != ".gguf"
    }
    searched[f"a dump of the database {when}"] = _dump(data_dir)
    with report.check(f"encryption: control: the search finds what is there, {when}"):
        marker = Canary("the model's id", "smollm2-135m-instruct")
        # The rows that are newest may still be in the file that is written ahead.
        files = b"".join(data for name, data in searched.items() if name.startswith("galerne.db"))
        assert marker.found_in(files) and marker.found_in(_dump(data_dir))
    for canary in canaries:
        with report.check(f"encryption: {canary.name} is in no file, {when}"):
            found = [name for name, data in searched.items() if canary.found_in(data)]
            assert not found, found
    with report.check(f"encryption: no word of them is in a file, {when}"):
        words = [b"heron1x7f3a", b"lagoon1k9"]
        found = [name for name, data in searched.items() if any(word in data for word in words)]
        assert not found, found


def _dump(data_dir):
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30)
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    try:
        names = [name for (name,) in connection.execute(tables).fetchall()]
        rows = (row for name in names for row in connection.execute(f'SELECT * FROM "{name}"'))
        return b"\n".join(_bytes(value) for row in rows for value in row)
    finally:
        connection.close()


def _revoked(report, client, key_file):
    listed = client.get("?search=heron")
    with report.check("encryption: once the key is taken away, conversations are locked"):
        assert len(listed) == 1, listed
        away = key_file.with_name("taken-away")
        os.rename(key_file, away)
        _wait(lambda: client.api.request("GET", "/v1/conversations").status == 503)
        refused = client.api.request("GET", "/v1/conversations")
        expect_refusal(refused, 503, "encryption.locked")
        place = f"/v1/conversations/{listed[0]['id']}"
        for method, path, body in (
            ("GET", place, None),
            ("GET", f"{place}/history", None),
            ("GET", "/v1/conversations?search=heron", None),
            ("GET", "/v1/conversations/new/draft", None),
            ("PATCH", place, {"name": "another"}),
            ("POST", "/v1/conversations", client.body("Hello")),
        ):
            expect_refusal(client.api.request(method, path, body), 503, "encryption.locked")
        health = client.api.request("GET", "/health", key=False)
        assert health.status == 200 and health.json()["reasons"] == ["encryption.locked"]
    with report.check("encryption: questions without a conversation are answered meanwhile"):
        assert client.api.chat("Hello", max_tokens=2).status == 200
    with report.check("encryption: another key, or one that others may read, opens nothing"):
        shutil.copy(away, key_file)
        text = key_file.read_text().strip()
        other = text[:-1] + ("0" if text[-1] != "0" else "1")
        key_file.write_text(other + "\n")
        key_file.chmod(0o600)
        # Some looks at the file that all find nothing; a late one could not open it either.
        time.sleep(2.5)
        expect_refusal(client.api.request("GET", "/v1/conversations"), 503, "encryption.locked")
        key_file.chmod(0o644)
        key_file.write_text(text + "\n")
        time.sleep(2.5)
        expect_refusal(client.api.request("GET", "/v1/conversations"), 503, "encryption.locked")
    with report.check("encryption: once the key is back, so are the conversations"):
        os.rename(away, key_file)
        _wait(lambda: client.api.request("GET", "/v1/conversations").status == 200)
        assert client.get("?search=heron") == listed
        assert client.api.request("GET", "/health", key=False).json()["status"] == "ok"


def _rotate(bench, data_dir, client, key_file):
    def command(*words):
        return run_json(bench.binary, "encryption", *words, data_dir=data_dir)

    before, text = command("show"), key_file.read_text()
    assert before["file"] == str(key_file) and text.strip()[-20:] not in str(before), before
    rotated = command("rotate-wrapping-key")
    assert rotated["wrapping_key"] != before["wrapping_key"] and key_file.read_text() != text
    assert not key_file.with_name("wrapping.key.next").exists()
    assert command("rotate-data-key") == {"class": "conversations", "version": 2}
    after = command("show")
    versions = {(key["class"], key["version"]) for key in after["data_keys"]}
    assert versions == {("conversations", 1), ("conversations", 2), ("search", 1)}, after
    assert {key["wrapping_key"] for key in after["data_keys"]} == {rotated["wrapping_key"]}
    # The server has them unwrapped anew by itself.
    _wait(lambda: client.ask("Hello.")["outputs"] and _newest_version(data_dir) == 2)
    assert len(client.get("?search=heron")) == 1
    client.entries(client.get("?search=heron")[0]["id"])
    actions = _actions(data_dir)
    assert actions.count("data_key.create") == 3, actions
    assert actions.count("wrapping_key.replace") == 1, actions


def _newest_version(data_dir):
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30)
    try:
        newest = "SELECT text FROM entry ORDER BY number DESC LIMIT 1"
        return int.from_bytes(connection.execute(newest).fetchone()[0][1:5], "big")
    finally:
        connection.close()


def _actions(data_dir):
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30)
    try:
        return [action for (action,) in connection.execute("SELECT action FROM audit")]
    finally:
        connection.close()


def _stolen(report, bench, data_dir, key):
    stolen = bench.folder / "stolen"
    shutil.copytree(data_dir, stolen, copy_function=os.link)
    settings = SETTINGS.format(bench.folder / "not-there.key")
    (stolen / "galerne.toml").unlink()
    (stolen / "galerne.toml").write_text(settings)
    with report.check("encryption: a stolen directory does not start without the wrapping key"):
        done = binary.run(bench.binary, "serve", "--listen", "127.0.0.1:0", data_dir=stolen)
        assert done.returncode != 0 and "wrapping key" in done.stderr, done
        assert "hint: " in done.stderr and not (bench.folder / "not-there.key").exists(), done
    with report.check("encryption: with it, all is there after a restart"):
        with Server(bench.binary, data_dir, key=key) as server:
            assert len(Conversations(server.api).get("?search=heron")) == 1


def _wait(holds):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {HANG_GUARD_SECONDS} s"
        time.sleep(0.1)
