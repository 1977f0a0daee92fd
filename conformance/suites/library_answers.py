"""Answers with citations: whatever a small model says, each quote stands where it is said to.

What it says is not looked at: answers that refuse are answers too. Only what must hold of every
answer is.
"""

from harness.libraries import ALL, PLAIN, refused

TEXT = (
    "The town hall opens at nine. It closes at five on Mondays.\n\n"
    "Passports are given out on Thursdays. A new one takes three weeks.\n\n"
    "La piscine ferme en août. Elle rouvre le premier septembre.\n"
)
QUESTIONS = (
    "When does the town hall open?",
    "How long does a new passport take?",
    "Quand la piscine ferme-t-elle ?",
    "Who was the first to walk on the moon?",
)
OUTCOMES = {"answered", "no_answer", "withdrawn"}


def run(report, mine, other):
    library = mine.create("answers")["id"]
    document = mine.upload(library, "town.txt", TEXT.encode(), PLAIN)["id"]
    mine.until_ready(library, [document])
    answers = []
    for mode in ("quotes", "written"):
        with report.check(f"libraries: {mode}: every quote stands at its place"):
            for question in QUESTIONS:
                answer = mine.answer(question, [library], mode=mode)
                _expect_sound(mine, library, answer, mode)
                answers.append(answer)
    with report.check("libraries: how an answer came to be is told to whoever asked alone"):
        for answer in answers:
            trace = mine.trace(answer["trace_id"])
            assert trace["question"] in QUESTIONS, trace
            refused(lambda: other.trace(answer["trace_id"]), 404)
    with report.check("libraries: each citation has its signed record"):
        _expect_records(mine, other, answers)
    with report.check("libraries: an answer may be read as it comes"):
        _expect_streamed(mine, library)
    with report.check("libraries: nothing is answered from an empty library"):
        empty = mine.create("empty")["id"]
        answer = mine.answer(QUESTIONS[0], [empty])
        assert answer["outcome"] == "no_answer" and answer["statements"] == [], answer
        assert answer["gap"] is not None, answer
    with report.check("libraries: questions that make no sense are refused"):
        refused(lambda: mine.answer("", [library]), 422)
        refused(lambda: mine.answer("What?", [library], mode="guessed"), 422)
        refused(lambda: mine.answer("What?", [f"{library[:-4]}0000"]), 404, "library.unknown")
        refused(lambda: mine.answer("What?", [library], model="nothing"), 404, "model.unknown")
    with report.check("libraries: what is deleted is quoted no more, also in old traces"):
        mine.delete_document(library, document)
        answer = mine.answer(QUESTIONS[0], [library])
        assert answer["outcome"] == "no_answer", answer
        for answer in answers:
            told = str(mine.trace(answer["trace_id"]))
            assert "town hall opens at nine" not in told and "three weeks" not in told, told


def _citations(answer):
    return [one for statement in answer["statements"] for one in statement["citations"]]


def _expect_sound(mine, library, answer, mode):
    assert answer["object"] == "answer" and answer["outcome"] in OUTCOMES, answer
    assert answer["trace_id"], answer
    assert (answer["outcome"] == "answered") == bool(answer["statements"]), answer
    if answer["outcome"] != "withdrawn":
        assert (answer["gap"] is None) == (answer["outcome"] == "answered"), answer
    text = mine.text(library, mine.documents(library)["data"][0]["id"]).encode()
    for statement in answer["statements"]:
        assert statement["kind"] in ("quoted", "written"), statement
        assert mode == "written" or statement["kind"] == "quoted", statement
        assert statement["citations"], statement
    for citation in _citations(answer):
        start, end = citation["start"], citation["end"]
        assert text[start:end].decode() == citation["quote"] != "", citation
        assert citation["library_id"] == library, citation
        assert citation["document_name"] == "town.txt", citation
        assert citation["version"]["number"] == 1, citation


def _expect_records(mine, other, answers):
    for answer in answers:
        trace = answer["trace_id"]
        for citation in _citations(answer):
            record = mine.record(trace, citation["number"])
            # A note of the key of the log: a text, an empty line, signatures.
            assert "\n\n\u2014 " in record, record[-300:]
            refused(lambda: other.record(trace, citation["number"]), 404)
        refused(lambda: mine.record(trace, 1_000), 404)


def _expect_streamed(mine, library):
    body = {
        "question": QUESTIONS[0],
        "library_ids": [library],
        "model": mine.api.model,
        "mode": "quotes",
        "stream": True,
    }
    answer = mine._send("POST", f"{ALL}/answers", body, None)
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.headers
    text = answer.body.decode()
    assert text.endswith("\n\n") and "data: " in text, text[:300]
    assert '"outcome"' in text and '"trace_id"' in text, text[-600:]
