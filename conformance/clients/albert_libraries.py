"""What clients of the Albert API (OpenGateLLM) ask of documents: collections, chunks, search.

Ids are handed back as they came: numbers there, and whatever this server has.
"""

import json
import time
import urllib.error
import urllib.request
import uuid

from checks import KEY, URL, check, finish

HANG_GUARD_SECONDS = 300
# The environment's proxies are for other servers.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
TEXT = "La demande de congés est déposée trente jours avant le départ.\n"


def ask(method, path, body=None, headers=None):
    """The status and the body of an answer."""
    sent = {"Authorization": f"Bearer {KEY}", **(headers or {})}
    if body is not None and not isinstance(body, bytes):
        body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(f"{URL}{path}", body, sent, method=method)
    try:
        with opener.open(request, timeout=60) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def told(method, path, body=None, headers=None):
    status, answer = ask(method, path, body, headers)
    assert status in (200, 201, 204), f"{status}: {answer}"
    return answer


def upload(collection, name, text):
    boundary = uuid.uuid4().hex
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="collection"\r\n\r\n{collection}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: text/plain\r\n\r\n{text}\r\n--{boundary}--\r\n"
    ).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return told("POST", "/v1/documents", form, headers)["id"]


def search(method):
    body = {"prompt": "Quand déposer ses congés ?", "collections": [collection], "limit": 5}
    return told("POST", "/v1/search", {**body, "method": method})["data"]


with check("a collection is made, told and listed"):
    made = {"name": "Personnel", "description": "Règles", "visibility": "private"}
    collection = told("POST", "/v1/collections", made)["id"]
    found = told("GET", f"/v1/collections/{collection}")
    assert (found["object"], found["name"], found["documents"]) == ("collection", "Personnel", 0)
    assert collection in [one["id"] for one in told("GET", "/v1/collections")["data"]]

with check("a document is uploaded, told and listed"):
    document = upload(collection, "conges.txt", TEXT)
    found = told("GET", f"/v1/documents/{document}")
    assert (found["object"], found["name"]) == ("document", "conges.txt"), found
    listed = told("GET", f"/v1/documents?collection={collection}")["data"]
    assert [one["id"] for one in listed] == [document], listed

with check("passages are found in each way, and listed"):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    # Documents are read behind the answer to their upload, by their vectors last.
    while not search("semantic"):
        assert time.monotonic() < deadline, "nothing is ever found"
        time.sleep(0.2)
    for method in ("semantic", "lexical", "hybrid"):
        hits = search(method)
        assert hits and "trente jours" in hits[0]["chunk"]["content"], (method, hits)
        assert isinstance(hits[0]["score"], (int, float)) and hits[0]["method"] == method, hits
    chunks = told("GET", f"/v1/chunks/{document}")["data"]
    assert chunks and chunks[0]["object"] == "chunk", chunks
    assert "trente jours" in "".join(chunk["content"] for chunk in chunks), chunks

with check("documents and collections are deleted"):
    told("DELETE", f"/v1/documents/{document}")
    assert ask("GET", f"/v1/documents/{document}")[0] == 404
    assert search("lexical") == []
    told("DELETE", f"/v1/collections/{collection}")
    assert ask("GET", f"/v1/collections/{collection}")[0] == 404

finish()
