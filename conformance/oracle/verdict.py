"""Judges our log-probabilities against the oracle's."""

from dataclasses import dataclass

import numpy

MEAN_KL_MAX = 0.01
KL_POSITIONS_MIN = 1000
SMALLEST_REST = 1e-9


@dataclass
class Verdict:
    positions: int
    mean_kl: float
    max_kl: float
    other_choices: int
    unexcused: list
    normalisation_error: float

    @property
    def agrees(self):
        return not self.unexcused and self.mean_kl < MEAN_KL_MAX and self.normalisation_error < 1e-3

    def __str__(self):
        return (
            f"{self.positions} positions, mean KL {self.mean_kl:.5f} (max {self.max_kl:.4f}), "
            f"{self.other_choices} other arg-max, {len(self.unexcused)} of them not a near tie"
            + (f" (first at position {self.unexcused[0]})" if self.unexcused else "")
        )


def judge(answers, ours, threshold):
    """`ours`: one row of log-probabilities over the vocabulary for each position.

    Our best token must be the oracle's, or one that the oracle holds nearly as likely: then its
    two best log-probabilities differ by less than the threshold, because ours is at best second.
    """
    rows = numpy.arange(len(answers.ids))
    theirs = answers.logprobs.astype(numpy.float64)
    best = ours.argmax(axis=1)
    others = rows[best != answers.ids[:, 0]]
    unexcused = [int(row) for row in others if _deficit(answers, row, best[row]) >= threshold]
    divergence = kl(theirs, numpy.take_along_axis(ours, answers.ids, axis=1).astype(numpy.float64))
    totals = numpy.array([numpy.exp(row.astype(numpy.float64)).sum() for row in ours])
    return Verdict(
        positions=len(rows),
        mean_kl=float(divergence.mean()),
        max_kl=float(divergence.max()),
        other_choices=len(others),
        unexcused=unexcused,
        normalisation_error=float(numpy.abs(totals - 1).max()),
    )


def _deficit(answers, row, token):
    """How much less likely than its best the oracle holds `token`, in log-probability."""
    places = numpy.flatnonzero(answers.ids[row] == token)
    if len(places) == 0:
        return numpy.inf
    return float(answers.logprobs[row, 0] - answers.logprobs[row, places[0]])


def kl(theirs, ours):
    """KL(theirs || ours) in nats by row: the listed tokens and all others as one bucket."""
    listed = (numpy.exp(theirs) * (theirs - ours)).sum(axis=1)
    rest_theirs = numpy.maximum(1 - numpy.exp(theirs).sum(axis=1), SMALLEST_REST)
    rest_ours = numpy.maximum(1 - numpy.exp(ours).sum(axis=1), SMALLEST_REST)
    return listed + rest_theirs * numpy.log(rest_theirs / rest_ours)
