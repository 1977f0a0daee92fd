"""Turns belong to the server: they are left, resumed, shared, stopped, repeated and branched."""

import json
import random
import threading
import time

from harness import ledger
from harness.report import progress
from harness.turns import DONE, STORY, Conversations, expect
from suites.http import expect_refusal

SEED = 20261121
RESENDS = 20
UNICODE = "Répète exactement : « déjà vu à Besançon », naïve, Übergröße, 東京, 🦜."


def run(report, server):
    client = Conversations(server.api)
    _resume(report, client, server)
    _two_tabs(report, client)
    _stop(report, client, server)
    _repeat(report, client, server)
    _branches(report, client)
    _refusals(report, client)


def _resume(report, client, server):
    with report.check("conversations: an answer that is left goes on, and is resumed anywhere"):
        stream = client.story()
        place = stream.started["conversation_id"], stream.started["entry_id"]
        stream.until(60).close()
        readers = [client.events(*place, known) for known in (None, 0, 1, 37, 60)]
        threads = [threading.Thread(target=reader.rest) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        answer = client.entries(place[0])[1]
        assert answer["state"] == "length", answer
        whole = answer["content"].encode()
        assert stream.text.encode() == whole[: stream.known], "what was seen before it was left"
        for reader, known in zip(readers, (0, 0, 1, 37, 60)):
            assert reader.text.encode() == whole[known:], f"from byte {known}: {reader.text!r}"
            assert reader.events[-1].name == DONE, reader.events[-1]
            assert reader.request == stream.request, reader.request
        settled = ledger.settled_usage(server.data_dir, ledger.request_id(stream.request))
        assert settled["outcome"] == "finished", settled
    with report.check(f"conversations: an ended answer is read from every byte (seed {SEED})"):
        answer = client.ask(UNICODE, completion_args={"temperature": 0, "max_tokens": 64})
        place = answer["conversation_id"], answer["outputs"][0]["id"]
        whole = answer["outputs"][0]["content"].encode()
        inside = [at for at in range(len(whole)) if whole[at] & 0xC0 == 0x80]
        assert inside, f"no character of two bytes: {whole}"
        between = [at for at in range(len(whole) + 1) if at not in inside]
        for known in [0, len(whole), *random.Random(SEED).sample(between, 10)]:
            reader = client.events(*place, known)
            last = reader.rest()
            assert reader.text.encode() == whole[known:], known
            assert (last.name, last.id) == (DONE, len(whole)), last
        for known in (inside[0], "x", -1):
            path = f"/v1/conversations/{place[0]}/events"
            refused = server.api.request("GET", path, headers={"Last-Event-ID": str(known)})
            expect_refusal(refused, 422, "request.invalid")
            assert refused.json()["param"] == "Last-Event-ID", refused.body
    with report.check("conversations: a client that reads nothing does not hold the answer up"):
        stream = client.story(completion_args={"temperature": 0, "max_tokens": 1500})
        conversation = stream.started["conversation_id"]
        _wait(lambda: client.entries(conversation)[1]["state"] == "length")
        stream.rest()
        assert stream.text == client.entries(conversation)[1]["content"]


def _two_tabs(report, client):
    with report.check("conversations: two tabs: the second is told, watches, then asks"):
        # Far longer than the second tab takes to ask, on any machine.
        first = client.story(completion_args={"temperature": 0, "max_tokens": 1500})
        conversation = first.started["conversation_id"]
        refused = client.post("Another one.", f"/{conversation}")
        expect_refusal(refused, 409, "conversation.busy")
        assert "stop" in refused.json()["hint"] and int(refused.headers["retry-after"]) > 0
        assert client.get(f"/{conversation}")["running"] is True
        second = client.events(conversation)
        second.rest()
        first.rest()
        assert second.text == first.text and len(first.text) > 100, second.text
        assert client.get(f"/{conversation}")["running"] is False
        client.ask("Another one.", f"/{conversation}")
        assert len(client.entries(conversation)) == 4


def _stop(report, client, server):
    with report.check("conversations: a stopped answer ends at once and is charged"):
        stream = client.story(completion_args={"temperature": 0, "max_tokens": 4000})
        conversation = stream.started["conversation_id"]
        stream.until(40)
        client.stop(conversation)
        answer = client.entries(conversation)[1]
        assert answer["state"] == "stopped" and answer["completed_at"], answer
        assert stream.rest().data["state"] == "stopped"
        assert stream.text == answer["content"], answer
        row = ledger.settled_usage(server.data_dir, ledger.request_id(answer["request_id"]))
        assert row["outcome"] == "cancelled" and row["completion_tokens"] < 2000, row
        assert answer["usage"]["completion_tokens"] == row["completion_tokens"], answer
        assert answer["usage"]["energy_joules"] > 0, answer
        client.stop(conversation)
    with report.check("conversations: deleting stops the answer and leaves nothing"):
        stream = client.story(completion_args={"temperature": 0, "max_tokens": 4000})
        conversation = stream.started["conversation_id"]
        expect(client.api.request("DELETE", f"/v1/conversations/{conversation}"), 204)
        assert stream.rest().data["state"] == "stopped"
        gone = client.api.request("GET", f"/v1/conversations/{conversation}")
        expect_refusal(gone, 404, "conversation.not_found")


def _repeat(report, client, server):
    for streamed in (False, True):
        word = "streamed" if streamed else "whole"
        with report.check(f"conversations: {RESENDS} copies of a {word} request are done once"):
            _send_copies(client, server, streamed)
    with report.check("conversations: a key stands for one request only"):
        headers = {"Idempotency-Key": "key-for-one"}
        first = client.ask("Name a colour.", headers=headers)
        again = client.ask("Name a colour.", headers=headers)
        assert first == again, (first, again)
        other = client.post("Name a town.", headers=headers)
        expect_refusal(other, 422, "idempotency.reused")
        path = f"/{first['conversation_id']}"
        expect_refusal(client.post("Name a colour.", path, headers), 422, "idempotency.reused")
        for key in ("", "a b", "x" * 129):
            refused = client.post("Hello", headers={"Idempotency-Key": key})
            expect_refusal(refused, 422, "request.invalid")


def _send_copies(client, server, streamed):
    rows = len(ledger.usage_rows(server.data_dir))
    total = int(client.api.request("GET", "/v1/conversations").headers["galerne-total-count"])
    headers = {"Idempotency-Key": f"copies-{streamed}"}
    arguments = {"temperature": 1.0, "max_tokens": 60}
    answers, failures = [], []

    def send():
        try:
            if streamed:
                stream = client.stream(STORY, headers=headers, completion_args=arguments)
                last = stream.rest()
                answers.append((stream.text, last.data["entry_id"]))
            else:
                answer = client.ask(STORY, headers=headers, completion_args=arguments)
                output = answer["outputs"][0]
                answers.append((output["content"], output["id"]))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(RESENDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not failures, failures[0]
    assert len(answers) == RESENDS and len(set(answers)) == 1, set(answers)
    assert len(ledger.usage_rows(server.data_dir)) == rows + 1
    now = client.api.request("GET", "/v1/conversations").headers["galerne-total-count"]
    assert int(now) == total + 1, (total, now)


def _branches(report, client):
    with report.check("conversations: an answer is continued"):
        short = {"temperature": 0, "max_tokens": 8}
        first = client.ask(STORY, completion_args=short)
        path, cut = f"/{first['conversation_id']}", first["outputs"][0]
        assert cut["state"] == "length", cut
        on = client.ask("", path, parent_id=cut["id"], completion_args=short)["outputs"][0]
        assert on["parent_id"] == cut["id"], on
        whole = client.ask(STORY, completion_args={"temperature": 0, "max_tokens": 16})
        whole = whole["outputs"][0]["content"]
        joined = cut["content"] + on["content"]
        progress(f"in two pieces {joined!r}, in one {whole!r}")
        assert joined.startswith(cut["content"]) and on["content"].strip(), joined
        assert "<|im" not in joined, joined
    with report.check("conversations: branches begin at any entry and are shown again"):
        first = client.ask("Name a colour.", name="A tree")
        path = f"/{first['conversation_id']}"
        question, answer = client.entries(first["conversation_id"])
        again = client.ask([], path, parent_id=question["id"])["outputs"][0]
        assert again["parent_id"] == question["id"] and again["content"] == answer["content"]
        other = client.ask("And a town.", path, parent_id=answer["id"])["outputs"][0]
        shown = client.get(f"{path}/history")
        assert shown["head"] == other["id"], shown
        assert [each["id"] for each in shown["entries"]][:2] == [question["id"], answer["id"]]
        tree = client.entries(first["conversation_id"], "?all=true")
        made = [question, answer, again, None, other]
        assert len(tree) == len(made), tree
        for entry, expected in zip(tree, made):
            assert expected is None or entry["id"] == expected["id"], tree
        parents = {each["id"]: each["parent_id"] for each in tree}
        assert parents[question["id"]] is None
        assert parents[again["id"]] == parents[answer["id"]] == question["id"], parents
        changed = client.patch(first["conversation_id"], head=again["id"])
        assert changed["head"] == again["id"], changed
        shown = client.entries(first["conversation_id"])
        assert [each["id"] for each in shown] == [question["id"], again["id"]], shown


def _refusals(report, client):
    first = client.ask("Name a colour.")
    path = f"/{first['conversation_id']}"
    cases = [
        ("nothing asked", "", {"inputs": ""}, 422, "request.invalid"),
        ("nothing asked and no entry named", path, {"inputs": []}, 422, "request.invalid"),
        ("no model", "", {"model": None}, 422, "request.invalid"),
        ("an unknown entry", path, {"parent_id": "msg_1"}, 404, "entry.not_found"),
        ("an unknown conversation", "/conv_1", {}, 404, "conversation.not_found"),
        ("nothing kept", "", {"store": False}, 422, "feature.unsupported"),
        ("a name too long", "", {"name": "x" * 201}, 422, "request.invalid"),
        ("metadata too large", "", {"metadata": {"a": "x" * 17000}}, 422, "request.invalid"),
        ("a context too long", path, {"inputs": "sea " * 9000}, 400, "context.too_long"),
    ]
    for name, where, fields, status, code in cases:
        with report.check(f"conversations: {name} -> {status} {code}"):
            answer = client.post(**{"inputs": "Hello", "path": where, **fields})
            expect_refusal(answer, status, code)
            kept = f"/v1/conversations{path}" if code == "context.too_long" else None
            assert answer.headers.get("location") == kept, answer.headers
    with report.check("conversations: a question that cannot be answered is kept"):
        question, answer = client.entries(first["conversation_id"])[2:]
        assert question["content"].startswith("sea ") and answer["state"] == "failed", answer
        assert answer["error_code"] == "context.too_long", answer
        client.ask("Name a town.", path, parent_id=first["outputs"][0]["id"])
    for streamed in (False, True):
        word = "streamed" if streamed else "whole"
        with report.check(f"conversations: a {word} start without an answer names its conversation"):
            refused = client.post("sea " * 9000, stream=streamed)
            expect_refusal(refused, 400, "context.too_long")
            place = refused.headers["location"].removeprefix("/v1/conversations/")
            question, answer = client.entries(place)
            assert question["content"].startswith("sea ") and answer["state"] == "failed", answer
    with report.check("conversations: bodies that are no requests"):
        url = "/v1/conversations"
        expect_refusal(client.api.request("POST", url, b"{"), 400, "request.invalid_json")
        expect_refusal(client.api.request("POST", url, b"\xff"), 400, "request.invalid_utf8")
        large = json.dumps(client.body("a" * (5 << 20))).encode()
        expect_refusal(client.api.request("POST", url, large), 413, "request.too_large")


def _wait(holds):
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline, "not within 120 s"
        time.sleep(0.1)
