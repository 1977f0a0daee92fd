"""How good a ranking of documents is, where what has the same score has no order.

A ranking is a list of (name, score), best first. Names with the same score stand in any order with
the same chance, and what is told is what that comes to on average: nobody gains by the order in
which documents were added.
"""

import math
from itertools import groupby

CUTOFF = 10


def of_documents(hits, name_of):
    """The documents of passages, each at its best passage."""
    best = {}
    for hit in hits:
        name = name_of(hit)
        best[name] = max(best.get(name, -math.inf), hit["score"])
    return sorted(best.items(), key=lambda item: -item[1])


def ndcg(ranking, relevant, cutoff=CUTOFF):
    """Normalised discounted cumulative gain, from 0 to 1. All that is relevant is equally so."""
    if not relevant:
        raise ValueError("nothing is relevant")
    found = sum(
        share * sum(_discount(place, cutoff) for place in places)
        for share, places in _groups(ranking, relevant)
    )
    ideal = sum(_discount(place, cutoff) for place in range(min(len(relevant), cutoff)))
    return found / ideal


def recall(ranking, relevant, cutoff=CUTOFF):
    """The share of what is relevant that is among the first."""
    if not relevant:
        raise ValueError("nothing is relevant")
    found = sum(
        share * sum(place < cutoff for place in places)
        for share, places in _groups(ranking, relevant)
    )
    return found / len(relevant)


def _groups(ranking, relevant):
    """What has the same score: the share of it that is relevant, and the places that it takes."""
    place = 0
    for _, group in groupby(ranking, key=lambda item: item[1]):
        names = [name for name, _ in group]
        share = sum(name in relevant for name in names) / len(names)
        yield share, range(place, place + len(names))
        place += len(names)


def _discount(place, cutoff):
    return 1 / math.log2(place + 2) if place < cutoff else 0.0
