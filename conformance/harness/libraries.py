"""Libraries over plain HTTP: every route of them that suites and measurements call is named here.

The shapes are those of Mistral's libraries; what is ours beside them says so.
"""

import http.client
import json
import time
import urllib.parse
import uuid
from collections import Counter

from .api import HANG_GUARD_SECONDS, Answer
from .server import run_json

ALL = "/v1/libraries"
MARKDOWN, PLAIN, PDF = "text/markdown", "text/plain", "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# How far a document is. Its words are found from `indexing` on, its meaning from `ready` on.
QUEUED, READING, INDEXING, READY, FAILED = "queued", "reading", "indexing", "ready", "failed"
STATES = (QUEUED, READING, INDEXING, READY, FAILED)
ENDED = (READY, FAILED)
# Mistral's words for it, which tell less.
OF_STATUS = {"todo": QUEUED, "in_progress": READING, "done": READY, "error": FAILED}

MODES = ("lexical", "dense", "hybrid")
PAGE_SIZE = 100
POLL_SECONDS = 0.1
# A document that does not go on for so long is lost.
STILL_SECONDS = 600
# Too many at once are refused for a while; nobody is refused for ever.
REFUSALS_MAX = 120
BUSY = (429, 503)


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, answer):
        self.status, self.text = answer.status, answer.body.decode(errors="replace")
        try:
            self.code = answer.code
        except ValueError:
            self.code = None
        super().__init__(f"{self.status} {self.code}: {self.text[:300]}")


def refused(call, status, code=None):
    """Expects that a call is refused so; gives the refusal."""
    try:
        answer = call()
    except Refused as refusal:
        assert refusal.status == status, refusal
        assert code is None or refusal.code == code, refusal
        return refusal
    raise AssertionError(f"it was answered: {str(answer)[:300]}")


class Libraries:
    """Libraries as one account sees them, by its key; or by nobody's, where there is none."""

    def __init__(self, api, key=None, keeps_alive=False):
        self.api, self.key = api, key or api.key
        self._kept = None
        self._keeps_alive = keeps_alive

    # Libraries.

    def create(self, name, **fields):
        return self._ask("POST", ALL, {"name": name, **fields})

    def list(self, **query):
        return self._ask("GET", ALL + _query(query))

    def get(self, library):
        return self._ask("GET", f"{ALL}/{library}")

    def change(self, library, method="PATCH", **fields):
        return self._ask(method, f"{ALL}/{library}", fields)

    def delete(self, library):
        return self._ask("DELETE", f"{ALL}/{library}")

    # Documents.

    def upload(self, library, name, content, media_type=MARKDOWN, **fields):
        """`fields`: `in_force_from`, `in_force_until` and `attributes` are ours."""
        body, headers = multipart(name, content, media_type, fields)
        return self._ask("POST", f"{ALL}/{library}/documents", body, headers)

    def documents(self, library, **query):
        return self._ask("GET", f"{ALL}/{library}/documents{_query(query)}")

    def all_documents(self, library):
        """All of them, page by page."""
        found, page = [], 0
        while True:
            listed = self.documents(library, page=page, page_size=PAGE_SIZE)
            found += listed["data"]
            if not listed["pagination"]["has_more"]:
                return found
            page += 1

    def document(self, library, document):
        return self._ask("GET", _of(library, document))

    def change_document(self, library, document, method="PATCH", **fields):
        return self._ask(method, _of(library, document), fields)

    def delete_document(self, library, document):
        return self._ask("DELETE", _of(library, document))

    def text(self, library, document, **query):
        """What was read of it. Places are bytes of this, as UTF-8."""
        return self._ask("GET", _of(library, document, f"/text_content{_query(query)}"))["text"]

    def status(self, library, document):
        return self._ask("GET", _of(library, document, "/status"))

    def signed_url(self, library, document):
        return self._ask("GET", _of(library, document, "/signed-url"))

    def text_url(self, library, document):
        return self._ask("GET", _of(library, document, "/extracted-text-signed-url"))

    def reprocess(self, library, document):
        return self._ask("POST", _of(library, document, "/reprocess"))

    def versions(self, library, document):
        """Ours: the newest first."""
        return self._ask("GET", _of(library, document, "/versions"))["data"]

    def page_image(self, library, document, page, **query):
        """Ours: a page as PNG."""
        path = _of(library, document, f"/pages/{page}/image{_query(query)}")
        return self._send("GET", path, None, None)

    # Whom it is shared with.

    def shares(self, library):
        return self._ask("GET", f"{ALL}/{library}/share")["data"]

    def share(self, library, whom, level="Viewer", kind="User"):
        body = {"level": level, "share_with_uuid": whom, "share_with_type": kind}
        return self._ask("PUT", f"{ALL}/{library}/share", body)

    def unshare(self, library, whom, kind="User"):
        body = {"share_with_uuid": whom, "share_with_type": kind}
        return self._ask("DELETE", f"{ALL}/{library}/share", body)

    # Ours: passages, answers, and how they came to be.

    def search(self, query, libraries=None, mode="hybrid", limit=10, **fields):
        body = {"query": query, "mode": mode, "limit": limit, **fields}
        if libraries is not None:
            body["library_ids"] = list(libraries)
        return self._ask("POST", f"{ALL}/search", body)

    def hits(self, query, libraries=None, **fields):
        return self.search(query, libraries, **fields)["data"]

    def answer(self, question, libraries=None, model=None, mode="quotes", **fields):
        body = {"question": question, "model": model or self.api.model, "mode": mode, **fields}
        if libraries is not None:
            body["library_ids"] = list(libraries)
        return self._ask("POST", f"{ALL}/answers", body)

    def trace(self, trace):
        return self._ask("GET", f"/v1/traces/{trace}")

    def record(self, trace, number):
        """The signed record of a citation, as text."""
        path = f"/v1/traces/{trace}/citations/{number}/record"
        return self._send("POST", path, None, None).body.decode()

    # Waiting.

    def until_ended(self, library, document):
        """Waits until nothing more is done to a document, and gives it."""
        found = {}
        _until(lambda: self._is_ended(library, document, found), lambda: found)
        return found

    def until_ready(self, library, documents):
        """Waits until all of these have been read and are found by their meaning."""
        for document in documents:
            ended = self.until_ended(library, document)
            assert state_of(ended) == READY, ended

    def _is_ended(self, library, document, found):
        found.update(self.document(library, document))
        return state_of(found) in ENDED

    def progress(self, library):
        """How many documents are in each state."""
        return Counter(state_of(document) for document in self.all_documents(library))

    # The requests themselves.

    def _ask(self, method, path, body=None, headers=None):
        answer = self._send(method, path, body, headers)
        return answer.json() if answer.body else None

    def _send(self, method, path, body, headers):
        for _ in range(REFUSALS_MAX):
            answer = self._once(method, path, body, headers)
            if answer.status not in BUSY:
                break
            time.sleep(min(float(answer.headers.get("retry-after", 1)), 1.0))
        if answer.status not in (200, 201, 202, 204):
            raise Refused(answer)
        return answer

    def _once(self, method, path, body, headers):
        if not self._keeps_alive:
            return self.api.request(method, path, body, headers, self.key)
        if self._kept is None:
            self._kept = http.client.HTTPConnection(
                self.api.host, self.api.port, timeout=HANG_GUARD_SECONDS
            )
        try:
            response = self.api._send(self._kept, method, path, body, headers, self.key)
            told = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, told, response.read())
        except (OSError, http.client.HTTPException):
            # It asks on another connection then.
            self._kept.close()
            self._kept = None
            raise
        return answer


def of_another(server, binary, name, keeps_alive=False):
    """Libraries as somebody else of the organisation sees them, and the id of that account."""
    command = (binary, "account", "create", name, "--role", "developer", "--service")
    made = run_json(*command, data_dir=server.data_dir)
    command = (binary, "key", "create", "--name", name, "--account", name)
    key = run_json(*command, data_dir=server.data_dir)["key"]
    return Libraries(server.api, key, keeps_alive), made["id"]


def state_of(document):
    """How far a document is: in our words where it tells them, else in Mistral's."""
    for place in (document, document.get("version") or {}):
        if place.get("state") in STATES:
            return place["state"]
    return OF_STATUS[document["process_status"]]


def tells_when_searchable(document):
    """Whether its state tells `indexing` from `reading`."""
    return any(place.get("state") in STATES for place in (document, document.get("version") or {}))


def multipart(name, content, media_type, fields):
    """A form with some fields and one file: its bytes and its headers."""
    boundary = uuid.uuid4().hex
    parts = []
    for field, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'
        parts.append(f"{head}{text}\r\n".encode())
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    parts.append(f"{head}Content-Type: {media_type}\r\n\r\n".encode() + content)
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    return b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def _of(library, document, what=""):
    return f"{ALL}/{library}/documents/{document}{what}"


def _query(fields):
    return f"?{urllib.parse.urlencode(fields)}" if fields else ""


def _until(holds, seen):
    """Waits as long as something changes."""
    last, moved = None, time.monotonic()
    while not holds():
        told = json.dumps(seen(), sort_keys=True)
        if told != last:
            last, moved = told, time.monotonic()
        assert time.monotonic() - moved < STILL_SECONDS, f"nothing goes on: {last}"
        time.sleep(POLL_SECONDS)
