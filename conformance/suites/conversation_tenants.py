"""Another account, even the administrator, and another organisation see nothing: not even that
there is something."""

import os
import sqlite3
import uuid

from harness.api import Api
from harness.server import run_json
from harness.turns import Conversations, expect
from suites.http import expect_refusal

NAMES = {
    "member": "another account",
    "admin": "an administrator",
    "organisation": "another organisation",
}


def run(report, server, bench):
    owner = Conversations(server.api)
    made = owner.ask("Who may read this?", name="Secret plan")
    conversation, entry = made["conversation_id"], made["outputs"][0]["id"]
    for of in (conversation, "new"):
        path = f"/v1/conversations/{of}/draft"
        expect(server.api.request("PUT", path, {"text": "Secret draft"}), 204)
    before = owner.get(f"/{conversation}"), owner.entries(conversation, "?all=true")
    for kind in ("member", "admin", "organisation"):
        stranger = key_of_another(server, bench, kind)
        with report.check(f"conversations: a key of {NAMES[kind]} gets 404 everywhere"):
            _expect_nothing(stranger, conversation, entry)
        with report.check(f"conversations: a key of {NAMES[kind]} lists and finds its own only"):
            _expect_own_only(stranger, conversation, entry)
    with report.check("conversations: what strangers tried has changed nothing"):
        now = owner.get(f"/{conversation}"), owner.entries(conversation, "?all=true")
        assert now == before, now
        draft = owner.get(f"/{conversation}/draft")
        assert draft["text"] == "Secret draft", draft
        path = "/v1/conversations/new/draft"
        expect(server.api.request("PUT", path, {"text": ""}), 204)


def key_of_another(server, bench, kind):
    """A client with a key of its own account."""
    role = "owner" if kind == "organisation" else kind
    name = f"stranger-{kind}"
    account = ("account", "create", name, "--role", role, "--service")
    made = run_json(bench.binary, *account, data_dir=server.data_dir)
    command = ("key", "create", "--name", kind, "--account", name)
    key = run_json(bench.binary, *command, data_dir=server.data_dir)
    if kind == "organisation":
        _move(server.data_dir, uuid.UUID(made["id"]).bytes, kind)
    return Conversations(Api(server.host, server.port, key["key"], server.api.model))


def _move(data_dir, account, name):
    """To an organisation of its own: no command makes a second one yet."""
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30)
    try:
        with connection:
            organisation, project = os.urandom(16), os.urandom(16)
            row = (organisation, name, os.urandom(32), 0)
            connection.execute("INSERT INTO organisation VALUES (?, ?, ?, ?)", row)
            row = (organisation, project, name, 0)
            connection.execute("INSERT INTO project VALUES (?, ?, ?, ?)", row)
            for table, column in (("account", "id"), ("api_key", "account_id")):
                statement = (
                    f"UPDATE {table} SET organisation_id = ?, project_id = ? WHERE {column} = ?"
                )
                moved = connection.execute(statement, (organisation, project, account))
                assert moved.rowcount == 1, moved.rowcount
    finally:
        connection.close()


def _expect_nothing(stranger, conversation, entry):
    unknown = "conv_" + "0" * 32
    hello = stranger.body("Hello", parent_id=entry)
    cases = [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine now", "pinned": True}),
        ("POST", "", hello),
        ("POST", "", {**hello, "stream": True}),
        ("POST", "/restart", stranger.body("Hello", from_entry_id=entry)),
        ("POST", "/stop", None),
        ("GET", "/history", None),
        ("GET", "/history?all=true", None),
        ("GET", "/messages", None),
        ("GET", "/events", None),
        ("GET", f"/events?entry_id={entry}", None),
        ("GET", "/draft", None),
        ("PUT", "/draft", {"text": "Mine now"}),
        ("DELETE", "", None),
    ]
    for method, rest, body in cases:
        told = []
        for place in (conversation, unknown):
            path = f"/v1/conversations/{place}{rest}"
            answer = stranger.api.request(method, path, body)
            expect_refusal(answer, 404, "conversation.not_found")
            bare = place.removeprefix("conv_")
            told.append(answer.body.decode().replace(bare, "ID"))
        assert told[0] == told[1], f"{method} {rest} tells them apart: {told}"
    expect(stranger.api.request("GET", "/v1/conversations/new/draft"), 204)


def _expect_own_only(stranger, conversation, entry):
    for query in ("", "?archived=any", "?search=Secret", "?search=read"):
        answer = stranger.api.request("GET", f"/v1/conversations{query}")
        assert answer.json() == [] and answer.headers["galerne-total-count"] == "0", answer.body
    own = stranger.ask("Hello", name="Secret of mine")
    assert stranger.names("?search=secret") == ["Secret of mine"]
    path = f"/{own['conversation_id']}"
    taken = stranger.post("Hello", path, parent_id=entry)
    expect_refusal(taken, 404, "entry.not_found")
    head = stranger.api.request("PATCH", f"/v1/conversations{path}", {"head": entry})
    expect_refusal(head, 404, "entry.not_found")
    assert conversation not in str(stranger.get("?page_size=1000"))
