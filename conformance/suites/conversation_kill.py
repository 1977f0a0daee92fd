"""Kill -9 and orderly stops while answers are written: what was saved is there and can go on."""

import threading
import time

from harness import ledger
from harness.report import progress
from harness.server import Server
from harness.turns import ERROR, LONG, Conversations
from suites.http import expect_refusal

# An answer is saved twice a second; a kill may lose that much, and time to write it.
SAVE_SECONDS_MAX = 1.5
# More than a fast machine writes before the kill: most of what the model's context takes.
TOKENS = 7000
# Where the kill comes sooner than its time: some 2,500 tokens, far from the end of the answer.
BYTES_MAX = 12_000


def run(report, bench):
    data_dir = bench.data_dir()
    key = None
    for seconds in (0.0, 1.0, 2.7):
        with report.check(f"conversations: kill -9 after {seconds} s of an answer"):
            key = _kill(bench, data_dir, key, seconds)
    with report.check("conversations: keys and drafts outlive a kill"):
        _remembered(bench, data_dir, key)
    with report.check("conversations: an orderly stop interrupts what does not end in time"):
        _stop(bench, data_dir, key)
    with report.check("conversations: after all kills no row runs and the database is whole"):
        _, outcomes = ledger.usage_counts(data_dir)
        assert set(outcomes.values()) <= {"finished", "cancelled", "failed", "interrupted"}
        assert ledger.integrity(data_dir) == "ok"


class Watch(threading.Thread):
    """Reads a stream until the server is gone; knows what was said when."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.seen = stream, []
        self.start()

    def run(self):
        try:
            while self.stream.next():
                self.seen.append((time.monotonic(), self.stream.known))
        except (OSError, AssertionError, ValueError):
            # The connection was reset, or ended in the middle of an event.
            pass

    def wait(self, seconds):
        """Until so much time has passed, or so much was said that the end could come first."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.stream.known < BYTES_MAX:
            time.sleep(min(left, 0.01))

    def known_at(self, moment):
        return max((known for at, known in self.seen if at <= moment), default=0)


def _kill(bench, data_dir, key, seconds):
    server = Server(bench.binary, data_dir, key=key)
    key = server.key
    client = Conversations(server.api)
    stream = client.story(completion_args={**LONG, "max_tokens": TOKENS})
    place = stream.started["conversation_id"], stream.started["entry_id"]
    watch = Watch(stream)
    watch.wait(seconds)
    killed = time.monotonic()
    server.kill()
    watch.join(timeout=60)
    with Server(bench.binary, data_dir, key=key) as server:
        client = Conversations(server.api)
        _expect_interrupted(client, place, stream, watch.known_at(killed - SAVE_SECONDS_MAX))
    return key


def _expect_interrupted(client, place, stream, saved_min):
    conversation, entry = place
    question, answer = client.entries(conversation)
    saved = answer["content"].encode()
    progress(f"{len(saved)} bytes saved of {stream.known} that were seen")
    assert (answer["id"], answer["state"]) == (entry, "interrupted"), answer
    assert answer["completed_at"] and answer["error_code"] == "server.stopping", answer
    assert len(saved) >= saved_min, f"{len(saved)} bytes saved, {saved_min} seen long before"
    seen = stream.text.encode()
    assert saved.startswith(seen) or seen.startswith(saved), (saved, seen)
    assert client.get(f"/{conversation}")["running"] is False
    for known in {0, len(saved) // 2, len(saved), stream.known, len(saved) + 9}:
        reader = client.events(conversation, entry, known)
        last = reader.rest()
        assert reader.text.encode() == saved[known:], known
        assert (last.name, last.data["state"]) == (ERROR, "interrupted"), last
        assert last.data["code"] == 503, last
    # It goes on: the same answer, or another one.
    if saved:
        on = client.ask("", f"/{conversation}", parent_id=entry)["outputs"][0]
        assert on["parent_id"] == entry and on["content"], on
    again = client.ask([], f"/{conversation}", parent_id=question["id"])["outputs"][0]
    assert again["state"] in ("complete", "length"), again


def _remembered(bench, data_dir, key):
    headers = {"Idempotency-Key": "outlives-a-kill"}
    server = Server(bench.binary, data_dir, key=key)
    client = Conversations(server.api)
    first = client.ask("Name a colour.", headers=headers)
    draft = {"text": "typed", "attachments": [], "model": None}
    path = "/v1/conversations/new/draft"
    assert server.api.request("PUT", path, draft).status == 204
    server.kill()
    with Server(bench.binary, data_dir, key=key) as server:
        client = Conversations(server.api)
        again = client.ask("Name a colour.", headers=headers)
        assert again == first, (first, again)
        other = client.post("Name a town.", headers=headers)
        expect_refusal(other, 422, "idempotency.reused")
        kept = client.get("/new/draft")
        assert kept["text"] == "typed", kept


def _stop(bench, data_dir, key):
    settings = data_dir / "galerne.toml"
    settings.write_text("[limits]\ndrain_seconds = 1\n")
    try:
        server = Server(bench.binary, data_dir, key=key)
        client = Conversations(server.api)
        stream = client.story(completion_args={**LONG, "max_tokens": TOKENS})
        place = stream.started["conversation_id"], stream.started["entry_id"]
        stream.until(60)
        watch = Watch(stream)
        assert server.stop() == 0, "an orderly stop ended with an error"
        watch.join(timeout=60)
        last = stream.events[-1]
        assert (last.name, last.data["state"]) == (ERROR, "interrupted"), last
        with Server(bench.binary, data_dir, key=key) as server:
            answer = Conversations(server.api).entries(place[0])[1]
            assert answer["state"] == "interrupted", answer
            assert answer["content"] == stream.text, "what was said was not all kept"
            assert answer["usage"]["completion_tokens"] > 0, answer
    finally:
        settings.unlink()
