"""Versions of a document: what holds at which time, and that none is made of the same bytes."""

import hashlib
import json

from harness.libraries import MARKDOWN, MODES, refused

NAME = "article-1382.md"
OLD = "Tout fait de l’homme, qui cause un dommage, oblige à le réparer : ancien texte."
NEW = "Tout fait quelconque de l’homme oblige à réparer le dommage : texte nouveau."
QUESTION = "réparer le dommage causé"
# When each holds, and a time of each.
FROM_OLD, FROM_NEW = "2004-03-21", "2016-10-01"
TIMES = [
    ("2004-03-20", None),
    ("2004-03-21", OLD),
    ("2016-09-30", OLD),
    ("2016-09-30T23:59:59Z", OLD),
    ("2016-10-01", NEW),
    ("2016-10-01T00:00:00Z", NEW),
    ("2024-01-01", NEW),
]


def run(report, mine):
    library = mine.create("versions")["id"]
    with report.check("libraries: another upload under the same name is another version"):
        document = _upload(mine, library, OLD, in_force_from=FROM_OLD)
        assert _upload(mine, library, NEW, in_force_from=FROM_NEW) == document
        _expect_versions(mine, library, document)
    with report.check("libraries: the same bytes make no version"):
        assert _upload(mine, library, NEW) == document
        _expect_versions(mine, library, document)
    with report.check("libraries: the text is that of what holds now"):
        text = mine.text(library, document)
        assert NEW in text and OLD not in text, text
    for mode in MODES:
        with report.check(f"libraries: {mode} search as of a time finds what held then"):
            for as_of, expected in TIMES:
                _expect_as_of(mine, library, mode, as_of, expected)
            _expect_only(mine.hits(QUESTION, [library], mode=mode), NEW)
    with report.check("libraries: what ends before it begins, or is no time, is refused"):
        for fields in (
            {"in_force_from": "2020-01-01", "in_force_until": "2019-01-01"},
            {"in_force_from": "soon"},
        ):
            call = lambda: mine.upload(library, "b.md", b"B.", MARKDOWN, **fields)  # noqa: E731
            refused(call, 422, "request.invalid")
    with report.check("libraries: a deleted document has no versions left at any time"):
        mine.delete_document(library, document)
        for as_of, _ in TIMES:
            assert mine.hits(QUESTION, [library], as_of=as_of) == [], as_of
        refused(lambda: mine.versions(library, document), 404, "document.unknown")


def _upload(mine, library, text, **fields):
    document = mine.upload(library, NAME, text.encode(), MARKDOWN, **fields)["id"]
    mine.until_ready(library, [document])
    return document


def _expect_versions(mine, library, document):
    versions = mine.versions(library, document)
    assert [one["number"] for one in versions] == [2, 1], versions
    digests = [f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for text in (NEW, OLD)]
    assert [one["digest"] for one in versions] == digests, versions
    ends = [one["in_force_until"] for one in versions]
    # The older one ends where the newer one begins.
    assert ends[0] is None and ends[1].startswith(FROM_NEW), versions
    assert versions[1]["in_force_from"].startswith(FROM_OLD), versions


def _expect_as_of(mine, library, mode, as_of, expected):
    hits = mine.hits(QUESTION, [library], mode=mode, as_of=as_of)
    if expected is None:
        assert hits == [], (as_of, hits)
    else:
        _expect_only(hits, expected)


def _expect_only(hits, text):
    other = NEW if text == OLD else OLD
    assert hits and text in hits[0]["text"], hits
    assert other not in json.dumps(hits, ensure_ascii=False), hits
