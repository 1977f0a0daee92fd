"""Uploads that mean harm, or are not what they say: each has its code, the service stays well."""

from harness import docx, process
from harness.libraries import (
    DOCX,
    FAILED,
    MARKDOWN,
    PDF,
    PLAIN,
    READY,
    Refused,
    refused,
    state_of,
)

# What one document may unpack to is far less.
BOMB_MIB = 768
# A server that had unpacked it would have grown by more.
GROWTH_MAX_KIB = 384 * 1024
ENTITIES = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<w:document><w:p>&b;</w:p></w:document>"
)
OUTSIDE = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><w:document/>'


def run(report, mine, server):
    library = mine.create("hostile")["id"]
    before = process.memory_kib(server.pid)["VmHWM"]
    for what, name, media_type, content, code in _uploads():
        with report.check(f"libraries: {what} is told as {code}"):
            _expect_failed(mine, library, (name, content(), media_type), code)
            _expect_well(mine, library, server)
    with report.check("libraries: the server did not unpack what it refused"):
        grown = process.memory_kib(server.pid)["VmHWM"] - before
        assert grown < GROWTH_MAX_KIB, f"{grown // 1024} MiB more"
    with report.check("libraries: forms that are none are refused"):
        _expect_forms_refused(mine, library, server)
        _expect_well(mine, library, server)
    with report.check("libraries: names that are paths stay names"):
        for name in ("../../galerne.db", "/etc/passwd", "..\\\\a.txt"):
            made = mine.upload(library, name, b"A name.", PLAIN)
            mine.until_ended(library, made["id"])
            mine.delete_document(library, made["id"])
        _expect_well(mine, library, server)


def _uploads():
    """What it is, its name, the type that it claims, its bytes, and the code that tells of it."""
    sheet = docx.of_paragraphs(["A letter."])
    return [
        ("a small file that unpacks to a large one", "bomb.docx", DOCX, lambda: docx.bomb(BOMB_MIB),
         "document.too_large"),
        ("an archive called PDF", "a.pdf", PDF, lambda: sheet, "document.type_mismatch"),
        ("text called DOCX", "a.docx", DOCX, lambda: b"Just text.", "document.type_mismatch"),
        ("a page called text", "a.txt", PLAIN, lambda: b"<html><body>x</body></html>",
         "document.type_mismatch"),
        ("bytes called text", "b.txt", PLAIN, lambda: bytes(range(256)) * 16,
         "document.type_mismatch"),
        ("a program", "a", "application/octet-stream", lambda: b"\x7fELF" + bytes(512),
         "document.unsupported"),
        ("a document that was cut off", "cut.docx", DOCX, lambda: sheet[: len(sheet) // 2],
         "document.broken"),
        ("a PDF that was cut off", "cut.pdf", PDF, lambda: b"%PDF-1.7\n1 0 obj\n<<",
         "document.broken"),
        ("entities in entities", "e.docx", DOCX, lambda: docx.of_parts({docx.MAIN: ENTITIES}),
         "document.too_large"),
        ("a file of the machine", "o.docx", DOCX, lambda: docx.of_parts({docx.MAIN: OUTSIDE}),
         "document.too_large"),
        ("quotes in quotes without end", "deep.md", MARKDOWN, lambda: b">" * 20_000 + b" x",
         "document.too_large"),
    ]


def _expect_failed(mine, library, file, code):
    """It is taken and then told as failed, or not taken at all; with the same code."""
    name, content, media_type = file
    listed = len(mine.all_documents(library))
    try:
        made = mine.upload(library, name, content, media_type)
    except Refused as refusal:
        assert refusal.code == code, refusal
        assert len(mine.all_documents(library)) == listed
        return
    ended = mine.until_ended(library, made["id"])
    assert state_of(ended) == FAILED, ended
    # What went wrong is told where the text would be.
    refusal = refused(lambda: mine.text(library, made["id"]), 422)
    assert code in refusal.text and "root:" not in refusal.text, refusal
    assert mine.hits("ha letter text", [library], mode="lexical") == []
    mine.delete_document(library, made["id"])


def _expect_well(mine, library, server):
    """The next document is read, and nothing is out of order."""
    made = mine.upload(library, "well.txt", b"All is well.", PLAIN)
    ended = mine.until_ended(library, made["id"])
    assert state_of(ended) == READY, ended
    mine.delete_document(library, made["id"])
    health = server.api.request("GET", "/health", key=False)
    assert health.status == 200, health.body


def _expect_forms_refused(mine, library, server):
    path = f"/v1/libraries/{library}/documents"
    form = {"Content-Type": "multipart/form-data; boundary=xyz"}
    part = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    file = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\nx\r\n'
    listed = len(mine.all_documents(library))
    for body in (b"", b"--xyz--", part + b"--xyz--", file[:-4], b"\x00" * 10_000):
        answer = server.api.request("POST", path, body, form)
        assert answer.status == 422, (answer.status, body[:60])
    for kind in ("application/json", "multipart/form-data; boundary="):
        answer = server.api.request("POST", path, file, {"Content-Type": kind})
        assert answer.status == 422, (answer.status, kind)
    assert len(mine.all_documents(library)) == listed
