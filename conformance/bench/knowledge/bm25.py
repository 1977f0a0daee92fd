"""BM25 over plain words, in some lines: what a lexical search has to be better than.

The parameters are those of Anserini. Whole documents are ranked, not passages, and nothing is
done to words but to write them small.
"""

import math
import re
from collections import Counter, defaultdict

K1, B = 0.9, 0.4
# Vowel signs of Indian scripts and marks of Arabic are no letters to `\w`; they belong to words.
WORD = re.compile(r"[\w\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0962\u0963]+")


def words(text):
    return WORD.findall(text.lower())


class Bm25:
    def __init__(self, documents):
        """`documents`: texts by name."""
        counted = {name: Counter(words(text)) for name, text in documents.items()}
        self._lengths = {name: sum(counts.values()) for name, counts in counted.items()}
        self._mean = sum(self._lengths.values()) / max(1, len(counted))
        self._postings = defaultdict(list)
        for name, counts in counted.items():
            for word, count in counts.items():
                self._postings[word].append((name, count))

    def rank(self, query, limit=50):
        """Documents that have a word of the query, best first."""
        scores = defaultdict(float)
        for word in words(query):
            held = self._postings.get(word, ())
            rarity = math.log(1 + (len(self._lengths) - len(held) + 0.5) / (len(held) + 0.5))
            for name, count in held:
                share = 1 - B + B * self._lengths[name] / self._mean
                scores[name] += rarity * count * (K1 + 1) / (count + K1 * share)
        return sorted(scores.items(), key=lambda item: -item[1])[:limit]
