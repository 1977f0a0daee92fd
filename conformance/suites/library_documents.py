"""Documents of several kinds: read, listed, and found in each mode at their exact places."""

from bench.knowledge import pages
from harness import docx
from harness.libraries import DOCX, MARKDOWN, MODES, PDF, PLAIN, READY, refused, state_of

LEAVE = "Leave is asked for thirty days before its first day."
WATER = "L’eau potable est analysée chaque semaine par le laboratoire."
HARBOUR = "The harbour closes when the wind is stronger than fifty knots."
SCHOOL = "विद्यालय में प्रवेश के लिए आवेदन जून में दिया जाता है।"
# Name, media type, bytes, what it says, and a question that has some of its words.
DOCUMENTS = [
    ("leave.txt", PLAIN, f"{LEAVE}\n".encode(), LEAVE, "leave asked thirty days"),
    ("eau.md", MARKDOWN, f"# Eau\n\n{WATER}\n".encode(), WATER, "analyse de l’eau potable"),
    ("harbour.docx", DOCX, docx.of_paragraphs(["Harbour", HARBOUR]), HARBOUR, "harbour wind knots"),
    ("school.md", MARKDOWN, SCHOOL.encode(), SCHOOL, "विद्यालय प्रवेश आवेदन"),
    ("pages.pdf", PDF, pages.of_pages([["One page."], ["Bridges are painted every decade."]]),
     "Bridges are painted every decade.", "bridges painted decade"),
]


def run(report, mine):
    library = mine.create("documents")["id"]
    ids = {}
    for name, media_type, content, says, _ in DOCUMENTS:
        with report.check(f"libraries: {name} is read"):
            ids[name] = mine.upload(library, name, content, media_type)["id"]
            ended = mine.until_ended(library, ids[name])
            assert state_of(ended) == READY, ended
            assert ended["mime_type"] == media_type and ended["size"] == len(content), ended
            assert says in mine.text(library, ids[name]), mine.text(library, ids[name])
    for mode in MODES:
        with report.check(f"libraries: {mode} search finds each, at its place"):
            for name, _, _, says, question in DOCUMENTS:
                _expect_found(mine, library, ids[name], mode, question, says)
    with report.check("libraries: hits say where they are from"):
        _expect_described(mine, library, ids)
    with report.check("libraries: attributes come with the upload and are kept"):
        attributes = {"place": "Brest", "year": 2024}
        made = mine.upload(library, "a.txt", b"Attributes.", PLAIN, attributes=attributes)
        assert mine.document(library, made["id"])["attributes"] == attributes
        mine.delete_document(library, made["id"])
    with report.check("libraries: a page is shown as a picture"):
        answer = mine.page_image(library, ids["pages.pdf"], 2)
        assert answer.headers["content-type"] == "image/png", answer.headers
        assert answer.body.startswith(b"\x89PNG\r\n\x1a\n"), answer.body[:20]
        refused(lambda: mine.page_image(library, ids["pages.pdf"], 3), 404)
    with report.check("libraries: searches that make no sense are refused"):
        _expect_refused(mine, library)
    with report.check("libraries: a deleted document is gone at once"):
        _expect_gone(mine, library, ids)


def _expect_found(mine, library, document, mode, question, says):
    told = mine.search(question, [library], mode=mode)
    assert (told["object"], told["mode"]) == ("list", mode), told
    hit = told["data"][0]
    assert hit["document_id"] == document, (question, hit)
    assert says in hit["text"], hit
    text = mine.text(library, document).encode()
    assert text[hit["start"] : hit["end"]].decode() == hit["text"], hit
    scores = [one["score"] for one in told["data"]]
    assert scores == sorted(scores, reverse=True), scores
    wanted = {"lexical": ["lexical"], "dense": ["dense"], "hybrid": []}[mode]
    assert all(hit[name] is not None for name in wanted), hit


def _expect_described(mine, library, ids):
    hit = mine.hits("analyse de l’eau potable", [library])[0]
    assert hit["object"] == "passage" and hit["library_id"] == library, hit
    assert hit["document_name"] == "eau.md", hit
    assert hit["headings"] == [] and hit["text"].startswith("Eau\n"), "its own heading is in it"
    assert hit["pages"] == [] and isinstance(hit["passage"], int), hit
    version = hit["version"]
    assert version["number"] == 1 and version["digest"].startswith("sha256:"), version
    assert version["in_force_until"] is None, version
    hit = mine.hits("bridges painted decade", [library])[0]
    assert hit["document_id"] == ids["pages.pdf"] and 2 in hit["pages"], hit
    # What is not said stands for what is usual: all that one may read, both ways, ten at most.
    told = mine._ask("POST", "/v1/libraries/search", {"query": "harbour"})
    assert told["mode"] == "hybrid" and 1 <= len(told["data"]) <= 10, told
    assert len(mine.hits("harbour", [library], limit=1)) == 1


def _expect_refused(mine, library):
    for fields in ({"limit": 0}, {"limit": 51}, {"mode": "best"}, {"as_of": "yesterday"}):
        refused(lambda: mine.search("water", [library], **fields), 422)
    refused(lambda: mine.search("", [library]), 422)
    refused(lambda: mine.search("water", [f"{library[:-4]}0000"]), 404, "library.unknown")
    body = {"library_ids": [library]}
    refused(lambda: mine._ask("POST", "/v1/libraries/search", body), 422)


def _expect_gone(mine, library, ids):
    document = ids["harbour.docx"]
    assert mine.hits("harbour wind knots", [library])[0]["document_id"] == document
    mine.delete_document(library, document)
    for mode in MODES:
        found = mine.hits("harbour wind knots", [library], mode=mode, limit=50)
        assert document not in [hit["document_id"] for hit in found], mode
    for call in (mine.document, mine.text, mine.versions, mine.status, mine.delete_document):
        refused(lambda: call(library, document), 404, "document.unknown")
