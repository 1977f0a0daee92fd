"""Vectors of engines elsewhere: their order and length, their rows, and where passages do not go."""

import math

from harness import ledger
from suites.http import expect_refusal

PASSAGES = ["a zebra", "a giraffe"]


def checks(scene):
    def behave(exchange):
        """Two numbers a passage, not of length one, and in the wrong order."""
        count = len(exchange.asked.json()["input"])
        data = [{"index": at, "embedding": [3 + at, 4 + at]} for at in reversed(range(count))]
        usage = {"prompt_tokens": 5, "total_tokens": 5}
        exchange.json({"object": "list", "data": data, "usage": usage, "model": "theirs"})

    def short(exchange):
        exchange.json({"object": "list", "data": [{"embedding": [3, 4]}]})

    good = scene.add("vectors", behave, dimensions=2)
    abroad = scene.add("vectors-abroad", behave, dimensions=2, place="US")
    scene.add("vectors-short", short, dimensions=2)

    def made(server):
        answer = _embed(server, "vectors")
        assert answer.status == 200, answer.body
        found = answer.json()
        vectors = [each["embedding"] for each in sorted(found["data"], key=lambda one: one["index"])]
        assert len(vectors) == 2, found
        for number, vector in enumerate(vectors):
            length = math.hypot(3 + number, 4 + number)
            expected = [(3 + number) / length, (4 + number) / length]
            wrong = max(abs(one - other) for one, other in zip(vector, expected))
            assert len(vector) == 2 and wrong < 1e-4, found
        asked = good.asked
        assert [each.path for each in asked] == ["/v1/embeddings"], asked
        assert asked[0].json()["input"] == PASSAGES and asked[0].json()["model"] == "theirs"
        request = ledger.request_id(answer.headers["x-request-id"])
        row = ledger.settled_usage(server.data_dir, request)
        assert (row["outcome"], row["prompt_tokens"]) == ("finished", 5), row
        assert ledger.audited_requests(server.data_dir)[row["request_id"]] >= 1

    def refused(server):
        sent = len(good.asked)
        for model, fields, code in (
            ("vectors", {"dimensions": 3}, "feature.unsupported"),
            ("good", {}, "model.unsuited"),
        ):
            answer = _embed(server, model, **fields)
            assert 400 <= answer.status < 500 and answer.code == code, answer.body
        assert len(good.asked) == sent, "something was sent"

    def few(server):
        answer = _embed(server, "vectors-short")
        assert (answer.status, answer.code) == (502, "upstream.failed"), answer.body

    def denied(server):
        answer = _embed(server, "vectors-abroad")
        expect_refusal(answer, 503, "residency.no_eligible_upstream")
        assert abroad.connections == 0, f"{abroad.connections} connections to the US"

    return [
        ("vectors of an upstream have length one and their order, a row and an entry", made),
        ("what an upstream's model cannot do is refused, and nothing is sent", refused),
        ("too few vectors are a refusal", few),
        ("no passage goes abroad (A2)", denied),
    ]


def _embed(server, model, **fields):
    body = {"model": model, "input": PASSAGES, "encoding_format": "float", **fields}
    return server.api.request("POST", "/v1/embeddings", body)
