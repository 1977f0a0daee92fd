"""How far a figure can be trusted: standard errors, and differences on the same questions."""

import math
import random
import statistics
from dataclasses import dataclass

ROUNDS = 1000


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error; `count` is what it was computed from."""

    value: float
    error: float
    count: int

    def told(self):
        return {"value": self.value, "error": self.error, "count": self.count}


def mean(values):
    """The mean, with the error that follows from the spread of its values."""
    values = list(values)
    if not values:
        raise ValueError("a mean of nothing")
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return Estimate(statistics.fmean(values), spread / math.sqrt(len(values)), len(values))


def paired(left, right):
    """By how much the left is more than the right, question by question.

    Both were asked the same, so what is hard for both cancels out: the error is smaller than that
    of either.
    """
    left, right = list(left), list(right)
    if len(left) != len(right):
        raise ValueError(f"{len(left)} values beside {len(right)}: no pairs")
    return mean(one - other for one, other in zip(left, right))


def bootstrap(items, statistic, seed, rounds=ROUNDS):
    """A statistic of the items, with its error: how much it varies over items drawn anew.

    For what is no mean of single items, as ratios are. Draws for which the statistic is None, as a
    share of nothing, are left out.
    """
    items = list(items)
    value = statistic(items)
    if value is None:
        return None
    source = random.Random(seed)
    drawn = (statistic(source.choices(items, k=len(items))) for _ in range(rounds))
    values = [one for one in drawn if one is not None]
    error = statistics.stdev(values) if len(values) > 1 else 0.0
    return Estimate(value, error, len(items))


def percentile(values, share):
    """The least value that so large a share of them does not exceed."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile of nothing")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
