"""Every route of `/openapi.json`, asked by somebody else for what is not theirs.

A route that is added joins by itself: what its `{id}` names has to be said here, or it fails.
"""

import http.client
import json
import os
import sqlite3
import uuid

from harness.libraries import Libraries
from harness.server import Server, run_json

CANARY = "zyzzyva-7f3c"
# What the `id` of a path names, by the first part behind `/v1/`.
KINDS = {
    "conversations": "conversation",
    "accounts": "account",
    "keys": "key",
    "receipts": "answer",
    "files": "file",
    "batch": "job",
    "batches": "job",
    "break-glass": "opening",
    "erasures": "erasure",
    "holds": "hold",
    "budgets": "budget",
    "libraries": "library",
    "collections": "library",
    "documents": "document",
    "chunks": "document",
    "traces": "trace",
}
# Names, not somebody's: everybody of an installation may see them.
SHARED = {"models"}
# Whoever keeps accounts, or protects data, sees those of the own organisation.
OF_ORGANISATION = {"accounts", "break-glass", "budgets", "erasures", "holds"}


class Somebody:
    """An account with a browser and an API key."""

    def __init__(self, server, bench, name):
        self.server, self.name = server, name
        made = run_json(
            *(bench.binary, "account", "create", name, "--role", "owner"), data_dir=server.data_dir
        )
        self.account = made["id"]
        command = (bench.binary, "key", "create", "--name", name, "--account", name)
        self.key = run_json(*command, data_dir=server.data_dir)
        token = made["url"].split("#token=")[1]
        _, headers, _ = self.send("POST", "/v1/session", {"token": token}, credentials={})
        self.cookie = headers["set-cookie"].split(";")[0]

    def credentials(self, operation):
        kinds = {kind for option in operation.get("security", []) for kind in option}
        if "api_key" in kinds:
            return {"Authorization": f"Bearer {self.key['key']}"}
        return {"Cookie": self.cookie}

    def send(self, method, path, body, credentials):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=120)
        headers = {"Origin": self.server.url, "Content-Type": "application/json", **credentials}
        data = None if body is None else json.dumps(body)
        connection.request(method.upper(), path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        told = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return answer.status, told, text


def run(report, bench):
    with Server(bench.binary, bench.data_dir()) as server:
        victim = Somebody(server, bench, "victim")
        colleague = Somebody(server, bench, "colleague")
        stranger = Somebody(server, bench, "stranger")
        leaver = run_json(
            *(bench.binary, "account", "create", "leaver", "--role", "member"),
            data_dir=server.data_dir,
        )["id"]
        move_account(server.data_dir, uuid.UUID(stranger.account).bytes)
        ids = _belongings(server, victim)
        ids["opening"] = _opening(victim, colleague)
        ids |= _protected(victim, leaver)
        document = server.api.request("GET", "/openapi.json", key=False).json()
        routes = _routes(document)
        with report.check("tenants: control: the owner finds the conversation"):
            path = "/v1/conversations/{id}"
            status, _, text = _ask(victim, "get", path, document, ids, "conversation")
            assert status == 200 and CANARY in text, text
        with report.check("tenants: control: the owner finds the document and the trace"):
            paths = {
                "library": "/v1/libraries/{id}/documents/{document}",
                "trace": "/v1/traces/{id}",
            }
            for kind, path in paths.items():
                status, _, text = _ask(victim, "get", path, document, ids, kind)
                assert status == 200 and CANARY in text, text
        for method, path in routes:
            resource = path.split("/")[2]
            with report.check(f"tenants: {method.upper()} {path} tells others nothing"):
                if resource in SHARED:
                    continue
                assert resource in KINDS, f"say in KINDS what `id` of {path} names"
                others = [stranger]
                if resource not in OF_ORGANISATION:
                    others.append(colleague)
                for other in others:
                    _expect_nothing(other, method, path, document, ids, KINDS[resource])
        with report.check("tenants: lists and searches hold only what is one's own"):
            for other in (stranger, colleague):
                _expect_own_lists(other, document, victim)
        with report.check("tenants: what others tried has changed nothing"):
            paths = {"conversation": "/v1/conversations/{id}", "library": "/v1/libraries/{id}"}
            for kind, path in paths.items():
                status, _, text = _ask(victim, "get", path, document, ids, kind)
                assert status == 200 and CANARY in text, text
            assert victim.send("GET", "/v1/keys", None, {"Cookie": victim.cookie})[0] == 200
            models = server.api.request("GET", "/v1/models", key=victim.key["key"])
            assert models.status == 200, models.body


TABLES = ("api_key", "sign_in_link", "session")


def move_account(data_dir, account, tables_of_account=TABLES):
    """To an organisation of its own: no command makes a second one yet."""
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30)
    tables = [("account", "id")]
    tables += [(table, "account_id") for table in tables_of_account]
    try:
        with connection:
            # The rows refer to each other: they are looked at when all have moved.
            connection.execute("PRAGMA foreign_keys = OFF")
            organisation, project = os.urandom(16), os.urandom(16)
            row = (organisation, "elsewhere", os.urandom(32), 0)
            connection.execute("INSERT INTO organisation VALUES (?, ?, ?, ?)", row)
            row = (organisation, project, "elsewhere", 0)
            connection.execute("INSERT INTO project VALUES (?, ?, ?, ?)", row)
            for table, column in tables:
                statement = (
                    f"UPDATE {table} SET organisation_id = ?, project_id = ? WHERE {column} = ?"
                )
                moved = connection.execute(statement, (organisation, project, account))
                assert moved.rowcount == 1, (table, moved.rowcount)
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        connection.close()


def _belongings(server, victim):
    body = {"model": server.api.model, "inputs": f"{CANARY}?", "name": f"{CANARY} plan"}
    body["completion_args"] = {"max_tokens": 4}
    key = {"Authorization": f"Bearer {victim.key['key']}"}
    status, _, text = victim.send("POST", "/v1/conversations", body, key)
    assert status == 200, text
    made = json.loads(text)
    conversation = made["conversation_id"]
    draft = {"text": f"{CANARY} draft"}
    for of in (conversation, "new"):
        assert victim.send("PUT", f"/v1/conversations/{of}/draft", draft, key)[0] == 204
    return {
        "conversation": conversation,
        "account": victim.account,
        "key": victim.key["id"],
        "answer": made["outputs"][0]["request_id"],
        **_workloads(victim, key),
        **_shelves(server, victim),
    }


def _workloads(victim, key):
    """A file, by its name too, and a batch job."""
    job = {
        "endpoint": "/v1/chat/completions",
        "requests": [{"custom_id": CANARY, "body": {"messages": []}}],
        "metadata": {"plan": CANARY},
    }
    status, _, text = victim.send("POST", "/v1/batch/jobs", job, key)
    assert status == 200, text
    made = json.loads(text)
    return {"file": made["input_files"][0], "job": made["id"]}


def _shelves(server, victim):
    """A library with a document, and the trace of a question that nothing answers."""
    libraries = Libraries(server.api, victim.key["key"])
    library = libraries.create(f"{CANARY} plan")["id"]
    text = f"The {CANARY} plan.\n".encode()
    added = libraries.upload(library, f"{CANARY}.md", text, attributes={"plan": CANARY})
    empty = libraries.create(f"{CANARY} nothing")["id"]
    asked = libraries.answer(f"What is {CANARY}?", [empty])
    return {"library": library, "document": added["id"], "trace": asked["trace_id"]}


def _opening(victim, colleague):
    """Somebody of the same organisation asks for the victim's conversations."""
    body = {"account": victim.account, "reason": "a person is in danger", "minutes": 5}
    cookie = {"Cookie": colleague.cookie}
    status, _, text = colleague.send("POST", "/v1/break-glass", body, cookie)
    assert status == 201, text
    return json.loads(text)["id"]


def _protected(victim, leaver):
    """Somebody of the same organisation is erased, the victim is held and limited."""
    cookie = {"Cookie": victim.cookie}
    path = f"/v1/accounts/{leaver}/erasure"
    status, _, text = victim.send("POST", path, {"reason": "end_of_purpose"}, cookie)
    assert status in (200, 202), text
    erasure = json.loads(text)["id"]
    body = {"reason": "audit", "reference": "2026/7", "account": victim.account}
    status, _, text = victim.send("POST", "/v1/holds", body, cookie)
    assert status == 201, text
    hold = json.loads(text)["id"]
    body = {"scope": "account", "scope_id": victim.account}
    body |= {"quantity": "tokens_per_month", "limit": 1_000_000}
    status, _, text = victim.send("PUT", "/v1/budgets", body, cookie)
    assert status == 200, text
    return {"erasure": erasure, "hold": hold, "budget": json.loads(text)["id"]}


def _routes(document):
    """Those that name one thing."""
    found = []
    for path, operations in document["paths"].items():
        if path.startswith("/v1/") and "{id}" in path:
            found += [(method, path) for method in operations]
    assert len(found) > 10, found
    return found


def _ask(who, method, path, document, ids, kind, asked=None):
    """For what an id names, or for `asked` instead; what else the path names is the victim's."""
    operation = document["paths"][path][method]
    body = None
    if "requestBody" in operation:
        body = {"inputs": "Hello", "text": "Hello", "name": "x", "role": "member"}
        body |= {"reason": "request_of_person"}
        body |= {"level": "Viewer", "share_with_uuid": who.account, "share_with_type": "User"}
        body |= {"model": who.server.api.model, "from_entry_id": "msg_" + "0" * 32, "disabled": False}
    path = path.replace("{id}", asked or ids[kind])
    path = path.replace("{conversation}", "conv_" + "0" * 32)
    path = path.replace("{document}", ids["document"])
    path = path.replace("{chunk}", "0").replace("{page}", "1").replace("{number}", "1")
    return who.send(method, path, body, who.credentials(operation))


def _expect_nothing(who, method, path, document, ids, kind):
    theirs = ids[kind]
    head, _, bare = theirs.rpartition("_")
    unknown = f"{head}_{'0' * len(bare)}" if head else "0" * len(bare)
    told = []
    for asked in (theirs, unknown):
        status, headers, text = _ask(who, method, path, document, ids, kind, asked)
        assert status == 404, f"{who.name}: {status} {text[:300]}"
        assert CANARY not in text and CANARY not in str(headers), text
        short = asked.rpartition("_")[2]
        told.append(text.replace(asked, "ID").replace(short, "ID"))
    assert told[0] == told[1], f"{who.name} can tell them apart: {told}"


def _expect_own_lists(who, document, victim):
    for path, operations in document["paths"].items():
        operation = operations.get("get")
        if operation is None or not operation.get("security") or "{" in path:
            continue
        for query in ("", f"?search={CANARY[:7]}", "?all=true", "?archived=any"):
            status, _, text = who.send("GET", path + query, None, who.credentials(operation))
            assert status < 500 and CANARY not in text, f"{who.name}: {path}{query}: {text[:300]}"
            assert victim.key["id"] not in text, f"{who.name}: {path}{query}"
    status, _, text = who.send("GET", "/v1/conversations/new/draft", None, who.credentials(
        document["paths"]["/v1/conversations/{id}/draft"]["get"]
    ))
    assert (status, text) == (204, ""), text
