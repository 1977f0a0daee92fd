"""A client that leaves in the middle of an answer stops its generation."""

import json
import random
import time

from harness import ledger
from harness.report import progress

TOKENS = 4000
# Far above what is made until a close is noticed, far below what was asked for.
TOKENS_MAX = 400
LEAVERS, SEED = 60, 20261121


class OpenStream:
    """A streamed answer that is read event by event."""

    def __init__(self, api, question, **fields):
        fields = {"max_tokens": TOKENS, "temperature": 0, **fields}
        body = json.dumps(api.chat_body(question, stream=True, **fields))
        self.connection = api.connect()
        self.connection.request(
            *("POST", "/v1/chat/completions", body),
            {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"},
        )
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.request = ledger.request_id(self.response.getheader("x-request-id"))

    def read_events(self, count):
        events = []
        while len(events) < count:
            line = self.response.readline()
            assert line, "the stream ended early"
            if line.startswith(b"data: {"):
                events.append(json.loads(line[len(b"data: ") :]))
        return events

    def close(self):
        self.response.close()
        self.connection.close()


def run(report, server):
    with report.check("disconnect: a stream that is left is cancelled and charged"):
        stream = OpenStream(server.api, "Tell a long story.", min_tokens=TOKENS)
        stream.read_events(5)
        stream.close()
        _expect_cancelled(server, stream.request)
    with report.check("disconnect: a complete answer that is not awaited is cancelled"):
        known = {row["request_id"] for row in ledger.usage_rows(server.data_dir)}
        connection = _ask_for_complete_answer(server)
        request = _wait_for_new_row(server, known)
        # Longer than anything that a server may still be doing to begin the answer.
        time.sleep(0.3)
        connection.close()
        _expect_cancelled(server, request)
    with report.check(f"disconnect: {LEAVERS} clients leave at any moment, all are settled"):
        _leave_at_any_moment(server)
    with report.check("disconnect: the server answers the next request"):
        assert server.api.chat("Hello", max_tokens=3).status == 200


def _ask_for_complete_answer(server):
    connection = server.api.connect()
    body = server.api.chat_body("Tell a long story.", max_tokens=TOKENS, min_tokens=TOKENS)
    connection.request(
        *("POST", "/v1/chat/completions", json.dumps(body)),
        {"Authorization": f"Bearer {server.api.key}", "Content-Type": "application/json"},
    )
    return connection


def _leave_at_any_moment(server):
    """Also between the moment at which a request is written down and the one at which it runs."""
    generator = random.Random(SEED)
    known = {row["request_id"] for row in ledger.usage_rows(server.data_dir)}
    for _ in range(LEAVERS):
        connection = _ask_for_complete_answer(server)
        time.sleep(generator.uniform(0, 0.03))
        connection.close()
    # All have left; an answer after them says that the server has seen them all.
    assert server.api.chat("Hello", max_tokens=1).status == 200
    rows = ledger.usage_rows(server.data_dir)
    left = [row["request_id"] for row in rows if row["request_id"] not in known]
    assert len(left) > LEAVERS // 4, f"only {len(left)} requests were written down"
    for request in left:
        settled = ledger.settled_usage(server.data_dir, request)
        assert settled["outcome"] in ("cancelled", "finished"), settled


def _wait_for_new_row(server, known):
    while True:
        new = {row["request_id"] for row in ledger.usage_rows(server.data_dir)} - known
        if new:
            assert len(new) == 1, new
            return new.pop()


def _expect_cancelled(server, request):
    row = ledger.settled_usage(server.data_dir, request)
    progress(f"cancelled after {row['completion_tokens']} tokens")
    assert row["outcome"] == "cancelled", row
    assert row["completion_tokens"] < TOKENS_MAX, row
    assert row["energy_joules"] > 0, row
    assert ledger.audited_requests(server.data_dir)[request] == 1
