"""Lists, titles, search in every script, drafts: what a sidebar and an input field need."""

import urllib.parse

from harness.turns import Conversations, expect
from suites.http import expect_refusal

TYPED = "typed and never sent"
# Names that break what is not careful: other directions, invisible characters, wildcards.
HEBREW = "שלום עולם"
ARABIC = "كتاب عن البحر"
PERSIAN = "می\u200cخواهم بدانم"
HIDDEN = "zero\u200bwidth\u2060 and \ufeffmarks"
WILD = "100% of _all_ \"quoted\" * (wild) things' OR NOT"
ACCENTS = "Pêche à Noirmoutier"


def run(report, server):
    client = Conversations(server.api)
    _lists(report, client)
    _titles(report, client)
    _search(report, client)
    _drafts(report, client)


def _lists(report, client):
    with report.check("conversations: pages, their count, what is pinned and put away"):
        made = [client.ask("Hello", name=f"Page {number}") for number in range(5)]
        ids = [each["conversation_id"] for each in made]
        whole = client.api.request("GET", "/v1/conversations")
        total = int(whole.headers["galerne-total-count"])
        assert isinstance(whole.json(), list) and len(whole.json()) == total, total
        pages = [client.get(f"?page={page}&page_size=2") for page in range(3)]
        assert [len(page) for page in pages] == [2, 2, 2], pages
        assert [each["id"] for page in pages for each in page][:5] == ids[::-1], pages
        assert client.patch(ids[0], pinned=True)["pinned"] is True
        assert client.get("?page_size=1")[0]["id"] == ids[0]
        assert client.patch(ids[1], archived=True)["archived"] is True
        assert ids[1] not in [each["id"] for each in client.get("?page_size=1000")]
        assert [each["id"] for each in client.get("?archived=true")] == [ids[1]]
        assert len(client.get("?archived=any&page_size=1000")) == total
        client.patch(ids[0], pinned=False)
        for query in ("?page_size=0", "?page_size=1001", "?page=-1", "?archived=maybe"):
            answer = client.api.request("GET", f"/v1/conversations{query}")
            expect_refusal(answer, 422, "request.invalid")


def _titles(report, client):
    with report.check("conversations: a title is made of the question, without what deceives"):
        question = "  What \u202eis\u2066 it\u200f?\u0007 \nThe rest is not in the title. " * 3
        asked = client.ask(question)
        found = client.get(f"/{asked['conversation_id']}")["name"]
        assert found == "What is it?", found
        assert client.entries(asked["conversation_id"])[0]["content"] == question
        long = client.ask("word " * 100)
        name = client.get(f"/{long['conversation_id']}")["name"]
        assert len(name) <= 80 and name.endswith("…") and name.startswith("word word"), name
    with report.check("conversations: a renamed one keeps every character of its name"):
        for name in (HEBREW, ARABIC, PERSIAN, HIDDEN, WILD, ACCENTS, "🦜" * 50):
            changed = client.patch(asked["conversation_id"], name=name)
            assert changed["name"] == name, changed
        client.patch(asked["conversation_id"], name="renamed")


def _search(report, client):
    for name in (HEBREW, ARABIC, PERSIAN, HIDDEN, WILD, ACCENTS):
        client.ask("Hello", name=name)
    said = client.ask("Tell me of the sextant that lies in the drawer.", name="Said inside")

    def found(words):
        return client.names(f"?page_size=1000&search={urllib.parse.quote(words)}")

    cases = [
        ("Hebrew", "שלום", HEBREW),
        ("the beginning of a Hebrew word", "עול", HEBREW),
        ("Arabic", "البحر", ARABIC),
        ("Arabic between marks of direction", "\u2067البحر\u2069", ARABIC),
        ("Persian with its zero-width non-joiner", "می\u200cخواهم", PERSIAN),
        ("words between zero-width characters", "width", HIDDEN),
        ("zero-width characters in what is searched", "zero\u200bwidth", HIDDEN),
        ("other case, no accents", "peche NOIRMOUTIER", ACCENTS),
        ("wildcards as they are", "100% _all_", WILD),
        ("quotes and operators", "\"quoted\" * (wild) OR NOT", WILD),
        ("what was said", "sextant drawer", "Said inside"),
    ]
    for name, words, expected in cases:
        with report.check(f"conversations: search finds {name}"):
            assert found(words) == [expected], found(words)
    with report.check("conversations: search finds nothing where there is nothing"):
        for words in ("%", "_", "*", "\"", "\u200b", "\u202e", "quzzle", "a\u0000b", "NEAR(quzzle", "-"):
            assert found(words) == [], (words, found(words))
    with report.check("conversations: what is deleted or renamed is no longer found"):
        client.patch(said["conversation_id"], name="Otherwise")
        assert found("sextant") == ["Otherwise"] and found("inside") == []
        path = f"/v1/conversations/{said['conversation_id']}"
        expect(client.api.request("DELETE", path), 204)
        assert found("sextant") == [] and found("otherwise") == []
    with report.check("conversations: a search too long -> 422"):
        answer = client.api.request("GET", f"/v1/conversations?search={'x' * 201}")
        expect_refusal(answer, 422, "request.invalid")


def _drafts(report, client):
    asked = client.ask("Hello")
    for place in ("new", asked["conversation_id"]):
        with report.check(f"conversations: a draft is kept for {place[:5]}"):
            path = f"/v1/conversations/{place}/draft"
            assert expect(client.api.request("GET", path), 204) is None
            draft = {
                "text": f"{TYPED}: {HEBREW} {HIDDEN} 🦜\r\n\ttab",
                "attachments": [{"name": "notes\u202etxt.exe", "text": "un\n" * 1000}],
                "model": client.api.model,
            }
            expect(client.api.request("PUT", path, draft), 204)
            kept = expect(client.api.request("GET", path), 200)
            assert kept.pop("updated_at").endswith("Z"), kept
            assert kept == draft, kept
            expect(client.api.request("PUT", path, {"text": "", "attachments": []}), 204)
            assert expect(client.api.request("GET", path), 204) is None
            large = client.api.request("PUT", path, {"text": "x" * (2 << 20) + "x"})
            expect_refusal(large, 422, "request.invalid")
    with report.check("conversations: an attached file is shown to the model and given back"):
        content = [
            {"type": "text", "text": "Which word is in the file?"},
            {"type": "text", "text": "parrot", "file_name": "word.txt"},
        ]
        asked = client.ask([{"role": "user", "content": content}])
        assert client.entries(asked["conversation_id"])[0]["content"] == content
        without = client.ask("Which word is in the file?")
        tokens = [answer["usage"]["prompt_tokens"] for answer in (asked, without)]
        assert tokens[0] > tokens[1] + 5, tokens
