"""How far quantised answers are from exact ones."""

from dataclasses import dataclass

import numpy

from oracle.verdict import SMALLEST_REST

# Our best token is a near tie if the exact model holds it at most so much less likely than its own.
NEAR = 0.2


@dataclass
class Distance:
    """`by_text`: mean KL(exact || other) of each text, whose positions depend on each other."""

    by_text: numpy.ndarray
    positions: int
    far_choices: int

    @property
    def mean(self):
        return float(self.by_text.mean())

    def __str__(self):
        return (
            f"mean KL to exact {self.mean:.5f} over {self.positions} positions, "
            f"{self.far_choices} choices that exact holds less likely by {NEAR} or more"
        )


@dataclass
class Ratio:
    """How many times as far ours is as theirs, text by text.

    The mean of the logarithms over texts: single texts, in which a model runs away from itself,
    are a hundred times as far as others, and would say everything in a mean of differences.
    """

    times: float
    standard_errors: float

    @classmethod
    def of(cls, ours, theirs):
        logs = numpy.log((ours.by_text + SMALLEST_REST) / (theirs.by_text + SMALLEST_REST))
        error = max(float(logs.std(ddof=1)) / len(logs) ** 0.5, 1e-12)
        return cls(float(numpy.exp(logs.mean())), float(logs.mean()) / error)

    def __str__(self):
        return f"{self.times:.2f} times as far as llama.cpp ({self.standard_errors:+.1f} standard errors)"


class Exact:
    """The exact answers, on the candidates that the other engine reports as well."""

    def __init__(self, exact, other):
        self.exact = exact
        self.known = numpy.zeros(exact.ids.shape, dtype=bool)
        self.others = numpy.zeros(exact.ids.shape)
        for row, ids in enumerate(exact.ids.tolist()):
            found = dict(zip(other.ids[row].tolist(), other.logprobs[row].tolist()))
            self.known[row] = [token in found for token in ids]
            self.others[row] = [found.get(token, 0.0) for token in ids]
        self.other_best = other.ids[:, 0]

    def of_ours(self, chosen, best):
        """`chosen`: ours of the exact candidates, position by position; `best`: our best tokens."""
        return self._distance(chosen.astype(numpy.float64), best, range(len(chosen)))

    def of_other(self, texts):
        rows = range(texts * len(self.exact.continuations[0]))
        return self._distance(self.others, self.other_best, rows)

    def _distance(self, logprobs, best, rows):
        rows = numpy.array(rows)
        exact, known = self.exact.logprobs[rows].astype(numpy.float64), self.known[rows]
        divergence = _kl(exact, logprobs[rows], known)
        return Distance(
            by_text=divergence.reshape(-1, len(self.exact.continuations[0])).mean(axis=1),
            positions=len(rows),
            far_choices=sum(self._is_far(row, best[row]) for row in rows),
        )

    def _is_far(self, row, token):
        places = numpy.flatnonzero(self.exact.ids[row] == token)
        if len(places) == 0:
            return True
        best, chosen = self.exact.logprobs[row, [0, places[0]]]
        return bool(best - chosen >= NEAR)


def _kl(exact, other, known):
    """KL(exact || other) by row: the known candidates, and all other tokens as one bucket."""
    mass = numpy.where(known, numpy.exp(exact), 0)
    listed = numpy.where(known, mass * (exact - other), 0).sum(axis=1)
    rest = numpy.maximum(1 - mass.sum(axis=1), SMALLEST_REST)
    others = numpy.where(known, numpy.exp(numpy.where(known, other, 0)), 0).sum(axis=1)
    rest_other = numpy.maximum(1 - others, SMALLEST_REST)
    return listed + rest * numpy.log(rest / rest_other)
