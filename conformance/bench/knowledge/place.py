"""A real server with models, accounts and libraries that are filled."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import paths
from harness.libraries import (
    FAILED,
    INDEXING,
    PAGE_SIZE,
    READY,
    state_of,
    tells_when_searchable,
)
from harness.report import progress
from harness.server import MODEL, Server, run_json

EMBEDDING_MODEL = "multilingual-e5-small"
UPLOADS = 8
# Each look leaves entries in the log: seldom where it takes many pages.
POLL_SECONDS, POLL_PAGES_SECONDS = 0.1, 2
SHOW_SECONDS = 10
# Documents that do not go on for so long are lost.
STILL_SECONDS = 900
# An index that has had the same size for so long is merged.
STILL_INDEX_SECONDS, MERGE_SECONDS_MAX = 10, 180


def embedding_model_file():
    file = Path(os.environ.get("GALERNE_EMBEDDING_MODEL_FILE") or "nowhere")
    if not file.is_file():
        raise SystemExit("set GALERNE_EMBEDDING_MODEL_FILE to the GGUF file of the embedding model")
    return file


def prepare(data_dir, embeds=True):
    """A data directory with the models that answers and vectors are made with."""
    data_dir.mkdir(mode=0o700)
    models = [(paths.model_file(), MODEL)]
    if embeds:
        models.append((embedding_model_file(), EMBEDDING_MODEL))
    for file, name in models:
        run_json(paths.binary(), "model", "import", file, "--id", name, data_dir=data_dir)
    return data_dir


def serve(data_dir, threads=2):
    return Server(paths.binary(), data_dir, threads=threads)


@dataclass
class Filled:
    """A library, its documents by their names, and how long it took."""

    id: str
    # Names by the ids of documents, and the other way round.
    names: dict
    ids: dict
    passages: int
    times: dict

    def told(self):
        return {"documents": len(self.names), "passages": self.passages, **self.times}


def fill(libraries, name, files, needs_vectors=True):
    """Makes a library of these files, (name, bytes, media type) each, and waits until it is read.

    Times are in seconds since the first upload began. `searchable_s` is None where the API does not
    tell when documents are found by their words. Without `needs_vectors` only that is waited for.
    """
    library = libraries.create(name)["id"]
    began = time.monotonic()
    with ThreadPoolExecutor(UPLOADS) as pool:
        done = list(pool.map(lambda file: libraries.upload(library, *file)["id"], files))
    times = {"uploaded_s": time.monotonic() - began}
    times |= _Reading(libraries, library, name, len(files)).until(began, needs_vectors)
    documents = libraries.all_documents(library)
    assert len(documents) == len(files), f"{name}: {len(documents)} of {len(files)} documents"
    return Filled(
        library,
        {document["id"]: document["name"] for document in documents},
        dict(zip((file[0] for file in files), done)),
        sum(passages_of(libraries, library, document) for document in documents),
        times,
    )


class _Reading:
    """Looks how far the documents of a library are, again and again."""

    def __init__(self, libraries, library, name, count):
        self._libraries, self._library = libraries, library
        self._name, self._count = name, count
        self._states, self._tells = [], False
        self._moved = self._shown = time.monotonic()

    def until(self, began, needs_vectors):
        """When all were found by their words, and when by their meaning."""
        searchable = None
        while True:
            self._look()
            elapsed = time.monotonic() - began
            if searchable is None and self._tells and self._are({INDEXING, READY}):
                searchable = elapsed
            if needs_vectors and self._are({READY}):
                return {"searchable_s": searchable, "ready_s": elapsed}
            # Where the API does not tell it, nothing is waited for that cannot be seen.
            if not needs_vectors and (searchable is not None or not self._tells):
                return {"searchable_s": searchable, "ready_s": None}
            time.sleep(POLL_PAGES_SECONDS if self._count > PAGE_SIZE else POLL_SECONDS)

    def _are(self, states):
        return len(self._states) == self._count and not set(self._states) - states

    def _look(self):
        documents = self._libraries.all_documents(self._library)
        states = [_state(document) for document in documents]
        now = time.monotonic()
        self._tells = self._tells or any(tells_when_searchable(one) for one in documents)
        failed = [one for one, state in zip(documents, states) if state == FAILED]
        assert not failed, f"{self._name}: {failed[:2]}"
        if states != self._states:
            self._states, self._moved = states, now
        ready = states.count(READY)
        assert now - self._moved < STILL_SECONDS, f"{self._name}: {ready} ready, and no more"
        if now - self._shown >= SHOW_SECONDS:
            self._shown = now
            progress(f"{self._name}: {ready:,} of {self._count:,} documents ready")


def _state(document):
    """One of which only the vectors could not be made is found by its words."""
    state = state_of(document)
    if state == FAILED and "document.not_embedded" in json.dumps(document):
        return INDEXING
    return state


def passages_of(libraries, library, document):
    """How many passages a document has: told with it, or with its version."""
    for place in (document, document.get("version") or {}):
        if "passages" in place:
            return place["passages"]
    return libraries.versions(library, document["id"])[0]["passages"]


def index_folder(data_dir):
    """The folder of the index: that whose organisations have lists of segments."""
    found = {place.parent.parent for place in Path(data_dir).glob("*/*/manifests")}
    assert len(found) == 1, f"where is the index? {sorted(found)}"
    return found.pop()


def disk_bytes(folder):
    """What `du` says: blocks that files take, not what is in them."""
    found = 0
    for path in folder.rglob("*"):
        try:
            found += path.lstat().st_blocks * 512
        except FileNotFoundError:
            # A merge has replaced it.
            continue
    return found


def settled_index_bytes(data_dir):
    """Its size once merges have ended, and whether they had within the time that is given."""
    folder = index_folder(data_dir)
    deadline = time.monotonic() + MERGE_SECONDS_MAX
    size, since = disk_bytes(folder), time.monotonic()
    while time.monotonic() < deadline:
        if time.monotonic() - since >= STILL_INDEX_SECONDS:
            return size, True
        time.sleep(1)
        now = disk_bytes(folder)
        if now != size:
            size, since = now, time.monotonic()
    return size, False


class Workers:
    """Watches the processes that a server starts: the most memory that any of them ever had."""

    INTERVAL_SECONDS = 0.05

    def __init__(self, pid):
        self._pid, self._over = pid, threading.Event()
        self.peak_kib, self.seen = 0, set()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._over.wait(self.INTERVAL_SECONDS):
            for pid in _descendants(self._pid):
                self.seen.add(pid)
                self.peak_kib = max(self.peak_kib, _peak_kib(pid))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def told(self):
        peak = round(self.peak_kib / 1024, 1) if self.seen else None
        return {"peak_mib": peak, "processes": len(self.seen)}


def _descendants(pid):
    try:
        lists = [place.read_text() for place in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in (int(word) for text in lists for word in text.split()):
        yield child
        yield from _descendants(child)


def _peak_kib(pid):
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0
