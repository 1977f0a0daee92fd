"""Kill -9 while documents are added and read: what was acknowledged is there, whole, and found.

A document has been acknowledged when the answer to its upload was read. After each restart all of
those are listed once, become readable without another word, and are found by what they say.
"""

import os
import random
import threading

from harness.libraries import MARKDOWN, PLAIN, Libraries
from harness.report import progress
from harness.server import Server

SEED = int(os.environ.get("GALERNE_KILL_SEED") or 20261123)
# Fewer than a version may be begun: what breaks off again and again is given up.
KILLS = 4
CLIENTS = 4
# A kill comes at one of so many acknowledgements.
UPLOADS_MAX = 24


class Client(threading.Thread):
    """Adds one document after the other until the server is gone."""

    def __init__(self, libraries, library, prefix, on_acknowledged):
        super().__init__(daemon=True)
        self.libraries, self.library, self.prefix = libraries, library, prefix
        self.on_acknowledged = on_acknowledged
        self.acknowledged, self.unexpected = {}, []

    def run(self):
        number = 0
        while True:
            number += 1
            name = f"{self.prefix}-{number}.md"
            try:
                made = self.libraries.upload(self.library, name, text_of(name), MARKDOWN)
            except (OSError, EOFError):
                return
            except Exception as error:
                # Whatever http.client makes of an answer that breaks off is no answer.
                if type(error).__module__ != "http.client":
                    self.unexpected.append(error)
                return
            self.acknowledged[name] = made["id"]
            self.on_acknowledged()


def word_of(name):
    """A word that only this document has."""
    return "mark" + name.removesuffix(".md").replace("-", "x")


def text_of(name):
    """Some pages, so that reading takes a moment."""
    lines = [f"Paragraph {number} of a report about rivers and bridges." for number in range(200)]
    lines[100] = f"It is known as {word_of(name)} here."
    return "\n\n".join(lines).encode()


def run(report, bench, data_dir, key):
    with report.check("libraries: a restart keeps all"):
        _restarted(bench, data_dir, key)
    with report.check(f"libraries: {KILLS} kills while reading lose nothing (seed {SEED})"):
        _killed(bench, data_dir, key)


def _restarted(bench, data_dir, key):
    with Server(bench.binary, data_dir, key=key) as server:
        mine = Libraries(server.api)
        library = mine.create("kept", description="over a restart")["id"]
        for number in range(3):
            text = f"Number {number}: the archive of the canal is in cellar {number}.".encode()
            made = mine.upload(library, f"{number}.txt", text, PLAIN)
            mine.until_ready(library, [made["id"]])
        before = _told(mine, library)
    with Server(bench.binary, data_dir, key=key) as server:
        after = _told(Libraries(server.api), library)
    assert before == after, (before, after)
    assert len(after["hits"]["lexical"]) == 3, after


def _told(mine, library):
    documents = mine.all_documents(library)
    hits = {
        mode: [
            (hit["document_id"], hit["text"], hit["start"], hit["end"])
            for hit in mine.hits("archive of the canal in the cellar", [library], mode=mode)
        ]
        for mode in ("lexical", "dense", "hybrid")
    }
    texts = {one["id"]: mine.text(library, one["id"]) for one in documents}
    return {"library": mine.get(library), "documents": documents, "texts": texts, "hits": hits}


def _killed(bench, data_dir, key):
    source = random.Random(SEED)
    acknowledged, library = {}, None
    for round_number in range(KILLS):
        server = Server(bench.binary, data_dir, key=key)
        try:
            mine = Libraries(server.api)
            library = library or mine.create("killed")["id"]
            kill_at = source.randint(1, UPLOADS_MAX)
            acknowledged |= _until_killed(server, library, round_number, kill_at)
        finally:
            server.kill()
    assert len(acknowledged) >= KILLS, acknowledged
    with Server(bench.binary, data_dir, key=key) as server:
        _expect_all(Libraries(server.api), library, acknowledged)


def _until_killed(server, library, round_number, kill_at):
    """Adds documents, and kills the server at an acknowledgement; gives those that came."""
    count, lock = [0], threading.Lock()

    def on_acknowledged():
        with lock:
            count[0] += 1
            if count[0] == kill_at:
                server.process.kill()

    clients = [
        Client(Libraries(server.api), library, f"{round_number}-{number}", on_acknowledged)
        for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    server.process.wait(timeout=300)
    for client in clients:
        client.join(timeout=300)
        assert not client.unexpected, client.unexpected
    return {name: id for client in clients for name, id in client.acknowledged.items()}


def _expect_all(mine, library, acknowledged):
    documents = mine.all_documents(library)
    names = [document["name"] for document in documents]
    assert len(names) == len(set(names)), "a document twice"
    listed = {document["name"]: document["id"] for document in documents}
    lost = {name for name, id in acknowledged.items() if listed.get(name) != id}
    assert not lost, f"{len(lost)} acknowledged documents are gone: {sorted(lost)[:5]}"
    # Those too that nobody was told of: whole, or not there.
    mine.until_ready(library, listed.values())
    for name, id in listed.items():
        hits = mine.hits(word_of(name), [library], mode="lexical")
        # Others may have parts of the word.
        assert hits and hits[0]["document_id"] == id, (name, hits[:2])
        assert word_of(name) in mine.text(library, id), name
    progress(f"{len(acknowledged)} acknowledged and {len(listed)} kept over {KILLS} kills")
