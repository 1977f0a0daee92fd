"""`beta.libraries` of the official Mistral SDK for Python, 1.x to 3.x: every method there is."""

import json
import os
import time
import urllib.request
import uuid

from checks import KEY, URL, check, finish

try:
    from mistralai.client import Mistral, errors
except ImportError:
    from mistralai import Mistral
    from mistralai import models as errors

libraries = Mistral(api_key=KEY, server_url=URL).beta.libraries
documents, accesses = libraries.documents, libraries.accesses
OTHER = uuid.UUID(os.environ["GALERNE_OTHER_ACCOUNT"])
HANG_GUARD_SECONDS = 300
# The environment's proxies are for other servers.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

LEAVE = "Congés\n======\n\nLa demande de congés est déposée trente jours avant le départ.\n"
WATER = "Water is tested every week. The results are published on Friday.\n"


def refused(status, code, call):
    try:
        answer = call()
    except errors.MistralError as error:
        assert error.status_code == status, error
        assert json.loads(error.body)["code"] == code, error.body
        return
    raise AssertionError(f"it was answered: {str(answer)[:200]}")


def upload(library, name, content, content_type):
    file = {"file_name": name, "content": content.encode(), "content_type": content_type}
    return documents.upload(library_id=library, file=file)


def until_read(document):
    """As Mistral's documentation waits."""
    ids = {"library_id": document.library_id, "document_id": document.id}
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    status = documents.status(**ids)
    while status.processing_status == "Running":
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
        status = documents.status(**ids)
    assert status.processing_status == "Completed", status
    assert status.document_id == document.id, status
    assert getattr(status, "process_status", "done") == "done", status
    return documents.get(**ids)


def shares(library):
    """The role of each account that uses the library; its owner may be told among them."""
    told = accesses.list(library_id=library).data
    return {uuid.UUID(one.share_with_uuid): one.role for one in told if one.share_with_uuid}


def opened(url):
    with opener.open(url, timeout=HANG_GUARD_SECONDS) as answer:
        return answer.read().decode()


with check("a library is made, told, listed and changed"):
    library = libraries.create(name="Service du personnel", description="Règles")
    assert (library.name, library.description) == ("Service du personnel", "Règles"), library
    assert (library.nb_documents, library.total_size) == (0, 0), library
    assert library.created_at.tzinfo is not None and library.owner_id and library.owner_type
    assert libraries.get(library_id=library.id).id == library.id
    assert library.id in [one.id for one in libraries.list().data]
    changed = libraries.update(library_id=library.id, name="Personnel")
    assert (changed.name, changed.description) == ("Personnel", "Règles"), changed
    if hasattr(libraries, "libraries_update_v1"):
        changed = libraries.libraries_update_v1(library_id=library.id, name="Équipe")
        assert changed.name == "Équipe", changed

with check("a document is uploaded, read and told"):
    leave = upload(library.id, "congés.md", LEAVE, "text/markdown")
    assert (leave.name, leave.extension) == ("congés.md", "md"), leave
    assert (leave.library_id, leave.size) == (library.id, len(LEAVE.encode())), leave
    assert leave.mime_type == "text/markdown" and leave.hash, leave
    leave = until_read(leave)
    assert leave.last_processed_at is not None and leave.tokens_processing_total > 0, leave
    text = documents.text_content(library_id=library.id, document_id=leave.id).text
    assert "La demande de congés est déposée trente jours avant le départ." in text, text
    now = libraries.get(library_id=library.id)
    assert (now.nb_documents, now.total_size) == (1, len(LEAVE.encode())), now

with check("documents are listed by page, by name and in order"):
    water = until_read(upload(library.id, "water.txt", WATER, "text/plain"))
    listed = documents.list(library_id=library.id)
    assert [one.id for one in listed.data] == [water.id, leave.id], listed
    assert listed.pagination.total_items == 2 and not listed.pagination.has_more, listed
    page = documents.list(library_id=library.id, page_size=1, page=1)
    assert [one.id for one in page.data] == [leave.id], page
    told = page.pagination
    assert (told.total_pages, told.current_page, told.page_size) == (2, 1, 1), told
    first = documents.list(library_id=library.id, page_size=1)
    assert first.pagination.has_more and not told.has_more, (first.pagination, told)
    found = documents.list(library_id=library.id, search="water")
    assert [one.id for one in found.data] == [water.id], found
    oldest = documents.list(library_id=library.id, sort_by="created_at", sort_order="asc")
    assert [one.id for one in oldest.data] == [leave.id, water.id], oldest

with check("a document gets another name and attributes"):
    ids = {"library_id": library.id, "document_id": water.id}
    attributes = {"place": "Brest", "year": 2024}
    changed = documents.update(**ids, name="eau.txt", attributes=attributes)
    assert (changed.name, changed.attributes) == ("eau.txt", attributes), changed
    assert documents.get(**ids).attributes == attributes
    if hasattr(documents, "libraries_documents_update_v1"):
        changed = documents.libraries_documents_update_v1(**ids, name="water.txt")
        assert (changed.name, changed.attributes) == ("water.txt", attributes), changed

with check("links open a document and its text without a key"):
    assert opened(documents.get_signed_url(**ids)) == WATER
    assert WATER.strip() in opened(documents.extracted_text_signed_url(**ids))

with check("a document is read anew"):
    documents.reprocess(**ids)
    assert until_read(documents.get(**ids)).id == water.id
    assert WATER.strip() in documents.text_content(**ids).text

with check("a library is shared, and taken back"):
    assert OTHER not in shares(library.id), "nobody but its owner uses it yet"
    whom = {"library_id": library.id, "share_with_uuid": str(OTHER), "share_with_type": "User"}
    for level in ("Viewer", "Editor"):
        shared = accesses.update_or_create(**whom, level=level)
        assert (uuid.UUID(shared.share_with_uuid), shared.role) == (OTHER, level), shared
        assert (shared.library_id, shared.share_with_type) == (library.id, "User"), shared
        assert shares(library.id)[OTHER] == level
    accesses.delete(**whom)
    assert OTHER not in shares(library.id)

with check("what is not there is refused with its code"):
    nothing = f"{library.id[:-4]}0000"
    refused(404, "library.unknown", lambda: libraries.get(library_id=nothing))
    refused(404, "library.unknown", lambda: documents.list(library_id=nothing))
    unknown = {"library_id": library.id, "document_id": nothing}
    refused(404, "document.unknown", lambda: documents.get(**unknown))
    refused(404, "document.unknown", lambda: documents.text_content(**unknown))
    refused(404, "document.unknown", lambda: documents.delete(**unknown))

with check("a document and a library are deleted"):
    documents.delete(**ids)
    refused(404, "document.unknown", lambda: documents.get(**ids))
    assert [one.id for one in documents.list(library_id=library.id).data] == [leave.id]
    libraries.delete(library_id=library.id)
    refused(404, "library.unknown", lambda: libraries.get(library_id=library.id))
    assert library.id not in [one.id for one in libraries.list().data]

finish()
