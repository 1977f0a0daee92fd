"""Whom a library is shared with finds it, nobody else does, and whoever did finds nothing after."""

from harness.libraries import MODES, PLAIN, refused

CANARY = "zyzzyva-4b1e"
TEXT = f"{CANARY}: the tide tables are printed in October."
QUESTION = "when are tide tables printed"
TURNS = 25


def run(report, mine, other, account):
    library = mine.create(f"{CANARY} tides")["id"]
    document = mine.upload(library, f"{CANARY}.txt", TEXT.encode(), PLAIN)["id"]
    mine.until_ready(library, [document])
    with report.check("libraries: control: the owner finds the document"):
        assert [hit["document_id"] for hit in mine.hits(QUESTION, [library])] == [document]
    with report.check("libraries: nobody else learns of a library that is not shared"):
        _expect_nothing(other, library, document)
    with report.check("libraries: a viewer reads and changes nothing"):
        mine.share(library, account, "Viewer")
        _expect_read(other, library, document)
        _expect_forbidden(other, library, document, account)
    with report.check("libraries: an editor adds and deletes, and does not share"):
        mine.share(library, account, "Editor")
        added = other.upload(library, "more.txt", b"The lighthouse is red.", PLAIN)["id"]
        other.until_ready(library, [added])
        assert mine.hits("lighthouse", [library])[0]["document_id"] == added
        other.delete_document(library, added)
        for call in (
            lambda: other.share(library, account, "Editor"),
            lambda: other.change(library, name="mine now"),
            lambda: other.delete(library),
        ):
            refused(call, 403, "library.forbidden")
    with report.check("libraries: what is taken back is gone with the next search"):
        mine.unshare(library, account)
        _expect_nothing(other, library, document)
    with report.check(f"libraries: {TURNS} times shared and taken back, found and not found"):
        for turn in range(TURNS):
            mode = MODES[turn % len(MODES)]
            mine.share(library, account)
            assert _found(other, mode) == [document], (turn, mode)
            mine.unshare(library, account)
            assert _found(other, mode) == [], (turn, mode)
    with report.check("libraries: the whole organisation may be given a library"):
        organisation = mine.share(library, account)["org_id"]
        mine.unshare(library, account)
        mine.share(library, organisation, kind="Org")
        _expect_read(other, library, document)
        mine.unshare(library, organisation, kind="Org")
        _expect_nothing(other, library, document)
    with report.check("libraries: shares with nobody are refused"):
        unknown = f"{account[:-4]}0000"
        refused(lambda: mine.share(library, unknown), 404, "account.unknown")
        refused(lambda: mine.share(library, account, level="Owner"), 422)
    with report.check("libraries: a link of somebody who may read no more opens nothing"):
        _expect_links_end(mine, other, account, library, document)


def _found(who, mode="hybrid"):
    return [hit["document_id"] for hit in who.hits(QUESTION, mode=mode)]


def _expect_read(who, library, document):
    assert library in [one["id"] for one in who.list()["data"]]
    assert CANARY in who.text(library, document)
    for mode in MODES:
        assert _found(who, mode) == [document], mode
        assert who.hits(QUESTION, [library], mode=mode)[0]["document_id"] == document, mode


def _expect_nothing(who, library, document):
    listed = who.list()
    assert CANARY not in str(listed) and library not in str(listed), listed
    for mode in MODES:
        for limit in (1, 50):
            hits = who.hits(QUESTION, mode=mode, limit=limit)
            assert CANARY not in str(hits) and library not in str(hits), hits
        refused(lambda: who.hits(QUESTION, [library], mode=mode), 404, "library.unknown")
    told = []
    for asked in (library, f"{library[:-4]}0000"):
        for call in (
            lambda: who.get(asked),
            lambda: who.documents(asked),
            lambda: who.document(asked, document),
            lambda: who.text(asked, document),
            lambda: who.versions(asked, document),
            lambda: who.signed_url(asked, document),
            lambda: who.upload(asked, "a.txt", b"a", PLAIN),
            lambda: who.delete_document(asked, document),
            lambda: who.shares(asked),
            lambda: who.delete(asked),
        ):
            text = refused(call, 404).text
            told.append(text.replace(asked, "ID").replace(asked.replace("-", ""), "ID"))
    half = len(told) // 2
    assert told[:half] == told[half:], "whether it is there can be told"


def _expect_forbidden(who, library, document, account):
    for call in (
        lambda: who.upload(library, "a.txt", b"a", PLAIN),
        lambda: who.change_document(library, document, name="b"),
        lambda: who.reprocess(library, document),
        lambda: who.delete_document(library, document),
        lambda: who.change(library, name="mine now"),
        lambda: who.share(library, account, "Editor"),
        lambda: who.delete(library),
    ):
        refused(call, 403, "library.forbidden")


def _expect_links_end(mine, other, account, library, document):
    mine.share(library, account)
    path = "/" + other.signed_url(library, document).split("/", 3)[3]
    answer = mine.api.request("GET", path, key=False)
    assert answer.status == 200 and CANARY.encode() in answer.body, answer
    mine.unshare(library, account)
    answer = mine.api.request("GET", path, key=False)
    assert answer.status in (403, 404) and CANARY.encode() not in answer.body, answer
