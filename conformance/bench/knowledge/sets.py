"""Sets of documents with questions whose answers are known. See conformance/data/knowledge.

A corpus becomes a library, each paragraph, article or sheet of it a document. Titles are left out
where they are the question, as those of the CNIL are. Documents with the same text become one.
"""

import json
import os
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from harness import paths

from . import markdown

VARIABLE = "GALERNE_KNOWLEDGE_DATA"
XQUAD_LANGUAGES = ("en", "ar", "de", "es", "hi", "ro")
# Questions in one language about documents in another.
CROSS_LINGUAL = (("ar", "en"), ("hi", "en"))
# What is asked of the Code civil: articles by their number.
ARTICLES_ASKED = 300
SHARE_WHOLE = 0.97


@dataclass(frozen=True)
class Answer:
    """Where a person found it: characters of the text of a document."""

    document: str
    text: str
    start: int


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    # Names of all documents that answer it.
    gold: frozenset
    answers: tuple = ()


@dataclass(frozen=True)
class Document:
    name: str
    text: str
    is_markdown: bool = False

    def content(self):
        """What is uploaded."""
        text = self.text if self.is_markdown else markdown.of_plain(self.text)
        return text.encode()


@dataclass(frozen=True)
class Corpus:
    """Documents that become one library."""

    name: str
    language: str
    documents: tuple

    def characters(self):
        return sum(len(document.text) for document in self.documents)


@dataclass(frozen=True)
class Task:
    """Questions about a corpus."""

    name: str
    corpus: str
    questions: tuple
    # The goals were set with so many; questions that are asked twice are counted once, so that a
    # few less are whole too.
    documents_whole: int
    questions_whole: int
    has_answers: bool = False


@dataclass
class Sets:
    """All that lie in a folder."""

    folder: Path
    corpora: dict = field(default_factory=dict)
    tasks: list = field(default_factory=list)

    def is_whole(self, task):
        corpus = self.corpora[task.corpus]
        documents, questions = len(corpus.documents), len(task.questions)
        return (
            documents >= SHARE_WHOLE * task.documents_whole
            and questions >= SHARE_WHOLE * task.questions_whole
        )


def folder():
    """Where the sets lie: as is said, beside the checkout, else the extract of this repository."""
    given = os.environ.get(VARIABLE)
    if given:
        found = Path(given)
        if not found.is_dir():
            raise SystemExit(f"{VARIABLE}={given}: no such folder")
        return found
    beside = paths.ROOT.parent / "shared" / "data" / "knowledge"
    return beside if beside.is_dir() else paths.CONFORMANCE / "data" / "knowledge"


def load(place, seed=1):
    """Every set of which the files are there."""
    sets = Sets(place)
    _load_xquad(sets, place / "xquad")
    _load_cnil(sets, place / "piaf-ml" / "cnil-squad.json")
    _load_sheets(sets, place / "piaf-ml" / "questions_spf.json")
    _load_code(sets, place / "code-civil", seed)
    if not sets.tasks:
        raise SystemExit(f"{place} has no set that is known; see conformance/data/knowledge")
    return sets


def _load_xquad(sets, place):
    found = {}
    for language in XQUAD_LANGUAGES:
        file = place / f"xquad.{language}.json"
        if file.is_file():
            found[language] = _squad(json.loads(file.read_text())["data"])
    for language, (documents, questions) in found.items():
        name = f"xquad-{language}"
        sets.corpora[name] = Corpus(name, language, documents)
        task = Task(f"XQuAD {language}", name, questions, 240, 1190, has_answers=True)
        sets.tasks.append(task)
    for asked, about in CROSS_LINGUAL:
        if asked in found and about in found:
            questions = _asked_of(found[asked][1], found[about][1])
            name = f"XQuAD {asked}->{about}"
            task = Task(name, f"xquad-{about}", questions, 240, 1190)
            sets.tasks.append(task)


def _asked_of(questions, about):
    """The same questions, by their ids, with what answers them in another language."""
    gold = {question.id: question.gold for question in about}
    return tuple(Question(one.id, one.text, gold[one.id]) for one in questions if one.id in gold)


def _load_cnil(sets, file):
    if file.is_file():
        documents, questions = _squad(json.loads(file.read_text())["data"])
        sets.corpora["cnil"] = Corpus("cnil", "fr", documents)
        # 512 texts, 499 of them different; each was the answer to one question.
        sets.tasks.append(Task("CNIL", "cnil", questions, 499, 512, has_answers=True))


def _squad(articles):
    """Documents and questions of a file in the form of SQuAD."""
    names, asked = {}, []
    for article in articles:
        for paragraph in article["paragraphs"]:
            text = paragraph["context"]
            name = names.setdefault(text, f"{len(names) + 1:04}.md")
            for one in paragraph["qas"]:
                answers = tuple(
                    Answer(name, answer["text"], answer["answer_start"])
                    for answer in one["answers"]
                )
                asked.append((one.get("id"), one["question"].strip(), name, answers))
    documents = tuple(Document(name, text) for text, name in names.items())
    return documents, _merged(asked)


def _merged(asked):
    """Questions that are asked twice have several documents that answer them."""
    by_text = {}
    for number, (id, text, name, answers) in enumerate(asked):
        kept = by_text.setdefault(text, (id or f"q{number:04}", set(), []))
        kept[1].add(name)
        kept[2].extend(answers)
    return tuple(
        Question(id, text, frozenset(gold), tuple(answers))
        for text, (id, gold, answers) in by_text.items()
    )


def _load_sheets(sets, file):
    if not file.is_file():
        return
    sheets = json.loads(file.read_text())
    names, asked = {}, []
    for _, question, text in sheets:
        name = names.setdefault(text, f"{len(names) + 1:04}.md")
        # Some sheets of a copy have lost their questions, and are only there to be told apart.
        if question and question.strip():
            asked.append((None, question.strip(), name, ()))
    documents = tuple(Document(name, text) for text, name in names.items())
    sets.corpora["service-public"] = Corpus("service-public", "fr", documents)
    sets.tasks.append(Task("service-public.fr", "service-public", _merged(asked), 535, 535))


def _load_code(sets, place, seed):
    files = sorted(place.rglob("Article *.md")) if place.is_dir() else []
    if not files:
        return
    documents, numbers = [], {}
    for file in files:
        name = f"{len(documents) + 1:04}.md"
        documents.append(Document(name, file.read_text(), is_markdown=True))
        numbers.setdefault(file.stem.removeprefix("Article "), set()).add(name)
    sets.corpora["code-civil"] = Corpus("code-civil", "fr", tuple(documents))
    plain = sorted(number for number in numbers if re.fullmatch(r"[0-9]+(-[0-9]+)*", number))
    chosen = random.Random(seed).sample(plain, min(ARTICLES_ASKED, len(plain)))
    questions = tuple(
        Question(f"article-{number}", f"article {number} du code civil", frozenset(numbers[number]))
        for number in sorted(chosen)
    )
    sets.tasks.append(Task("Code civil, by number", "code-civil", questions, 2803, ARTICLES_ASKED))
