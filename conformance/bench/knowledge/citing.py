"""How good citations are, where a person has marked what answers a question.

Precision and recall in the manner of ALCE (Gao et al., 2023), but judged by places instead of a
model: a citation is right if what it quotes is, for the most part, what was marked, or holds it.
"""

import unicodedata
from bisect import bisect_left
from dataclasses import dataclass

# Of the shorter one of quote and marked answer.
OVERLAP_MIN = 0.5


@dataclass(frozen=True)
class Place:
    """Bytes of the text that was read of a document, by its name."""

    document: str
    start: int
    end: int

    def common(self, other):
        if self.document != other.document:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True)
class Judged:
    """The answer to one question: places that it cites, places that were marked."""

    cited: tuple
    marked: tuple
    is_refused: bool

    def right(self):
        """How many of the citations are right."""
        return sum(any(is_right(place, gold) for gold in self.marked) for place in self.cited)


def is_right(cited, gold):
    shorter = min(cited.end - cited.start, gold.end - gold.start)
    return shorter > 0 and cited.common(gold) >= OVERLAP_MIN * shorter


def precision(judged):
    """The share of all citations that are right; None where nothing is cited."""
    cited = sum(len(one.cited) for one in judged)
    return sum(one.right() for one in judged) / cited if cited else None


def recall(judged):
    """The share of questions whose answer was cited; who was not answered counts as not cited."""
    return sum(one.right() > 0 for one in judged) / len(judged) if judged else None


@dataclass(frozen=True)
class Refusal:
    """Whether a question was refused, and whether it had to be."""

    is_refused: bool
    is_due: bool


def refusal_f1(refusals):
    """Harmonic mean of how many refusals were due, and how many due ones came."""
    both = sum(one.is_refused and one.is_due for one in refusals)
    refused = sum(one.is_refused for one in refusals)
    due = sum(one.is_due for one in refusals)
    return 2 * both / (refused + due) if refused + due else None


def is_exact(quote, start, end, text):
    """Whether a quote is what stands at its place, byte by byte. `text` is bytes."""
    return 0 <= start < end <= len(text) and text[start:end] == quote.encode()


def locate(text, wanted, near):
    """Bytes of `text` at which `wanted` stands; None if it does not.

    Whoever reads a document changes white space and leaves out what nobody sees, so neither is
    compared. Of several places that one counts which is nearest to `near`, a share of the text.
    """
    bare, offsets = _bare(text)
    sought, _ = _bare(wanted)
    starts = list(_all_of(bare, sought)) if sought else []
    if not starts:
        return None
    expected = near * len(bare)
    start = min(starts, key=lambda at: abs(at - expected))
    return offsets[start][0], offsets[start + len(sought) - 1][1]


def share_before(text, start):
    """Where a character of a text stands, as a share of what `locate` compares."""
    _, offsets = _bare(text)
    at = len(text[:start].encode())
    return bisect_left(offsets, (at, 0)) / max(1, len(offsets))


def _all_of(text, wanted):
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _bare(text):
    """The characters that are compared, and the bytes of the text that each takes."""
    kept, offsets, at = [], [], 0
    for character in text:
        size = len(character.encode())
        if not character.isspace() and unicodedata.category(character) not in ("Cf", "Cc"):
            kept.append(character)
            offsets.append((at, at + size))
        at += size
    return "".join(kept), offsets
