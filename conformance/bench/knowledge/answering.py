"""Asks for answers with citations: are they right, exact, and refused where nothing answers."""

import random
from dataclasses import dataclass, field

from harness.report import progress

from . import citing, spread
from .citing import Judged, Place, Refusal

MODE = "quotes"


@dataclass
class Tally:
    """What all answers together came to."""

    judged: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    quotes: int = 0
    exact: int = 0
    of_removed: int = 0
    wrong: list = field(default_factory=list)

    def told(self, seed):
        estimates = {
            "precision": spread.bootstrap(self.judged, citing.precision, seed),
            "recall": spread.bootstrap(self.judged, citing.recall, seed),
            "refusal_f1": spread.bootstrap(self.refusals, citing.refusal_f1, seed),
        }
        return {
            **{name: value.told() if value else None for name, value in estimates.items()},
            "answerable": len(self.judged),
            "unanswerable": sum(one.is_due for one in self.refusals),
            "refused": sum(one.is_refused for one in self.refusals),
            "quotes": self.quotes,
            "quotes_exact": self.exact,
            "citations_of_removed": self.of_removed,
            "wrong": self.wrong[:10],
        }


class Texts:
    """What the server says that it read of each document, fetched once."""

    def __init__(self, libraries, filled):
        self._libraries, self._filled = libraries, filled
        self._read = {}

    def of(self, name):
        if name not in self._read:
            document = self._filled.ids[name]
            self._read[name] = self._libraries.text(self._filled.id, document)
        return self._read[name]


def measure(libraries, task, corpus, filled, count, seed):
    """So many questions with the documents that answer them, then as many without.

    The documents that answer the second half are deleted before it is asked. Run it when nothing
    else is wanted of the library.
    """
    kept, removed = _halves(task, count, seed)
    texts, sources = Texts(libraries, filled), {one.name: one.text for one in corpus.documents}
    tally = Tally()
    for question in kept:
        answer = libraries.answer(question.text, [filled.id], mode=MODE)
        cited = _citations(answer, texts, filled, tally, gone=())
        refused = answer["outcome"] != "answered"
        tally.judged.append(Judged(tuple(cited), _marked(question, sources, texts), refused))
        tally.refusals.append(Refusal(refused, is_due=False))
    gone = set().union(*(question.gold for question in removed))
    for name in sorted(gone):
        libraries.delete_document(filled.id, filled.ids[name])
    for question in removed:
        answer = libraries.answer(question.text, [filled.id], mode=MODE)
        _citations(answer, texts, filled, tally, gone)
        tally.refusals.append(Refusal(answer["outcome"] != "answered", is_due=True))
    told = {"task": task.name, **tally.told(seed)}
    progress(f"{task.name}: answers: {told}")
    return told


def _halves(task, count, seed):
    """Questions for either half; no document answers questions of both."""
    questions = list(task.questions)
    random.Random(seed).shuffle(questions)
    removed, gone = [], set()
    for question in questions:
        if len(removed) < count:
            removed.append(question)
            gone |= question.gold
    kept = [question for question in questions if not question.gold & gone]
    return kept[:count], removed


def _citations(answer, texts, filled, tally, gone):
    """Places that an answer cites. Each quote is compared with what stands there."""
    found = []
    for statement in answer["statements"]:
        for citation in statement["citations"]:
            name = filled.names[citation["document_id"]]
            if name in gone:
                tally.of_removed += 1
                continue
            text = texts.of(name).encode()
            start, end = citation["start"], citation["end"]
            tally.quotes += 1
            if citing.is_exact(citation["quote"], start, end, text):
                tally.exact += 1
            else:
                tally.wrong.append({"document": name, "start": start, "end": end})
            found.append(Place(name, start, end))
    return found


def _marked(question, sources, texts):
    """What was marked as the answer, as places of what the server read."""
    found = []
    for answer in question.answers:
        near = citing.share_before(sources[answer.document], answer.start)
        place = citing.locate(texts.of(answer.document), answer.text, near)
        assert place is not None, f"{question.id}: the server did not read what answers it"
        found.append(Place(answer.document, *place))
    return tuple(found)


def exact_passages(libraries, task, filled, count):
    """How many passages were found, and how many of them are what stands at their places."""
    texts, tried, exact = Texts(libraries, filled), 0, 0
    for question in task.questions[:count]:
        for hit in libraries.hits(question.text, [filled.id], mode="lexical"):
            text = texts.of(filled.names[hit["document_id"]]).encode()
            tried += 1
            exact += citing.is_exact(hit["text"], hit["start"], hit["end"], text)
    return {"task": task.name, "passages": tried, "exact": exact}
