"""nDCG and recall, ties included."""

import itertools
import math
import statistics
import unittest

from bench.knowledge import ranking

SECOND, THIRD = 1 / math.log2(3), 1 / math.log2(4)


class Ranking(unittest.TestCase):
    def check(self, ranked, relevant, ndcg, recall, cutoff=10):
        ranked = [(name, score) for name, score in ranked]
        relevant = set(relevant)
        self.assertAlmostEqual(ranking.ndcg(ranked, relevant, cutoff), ndcg, msg=str(ranked))
        self.assertAlmostEqual(ranking.recall(ranked, relevant, cutoff), recall, msg=str(ranked))

    def test_by_table(self):
        abc = [("a", 3), ("b", 2), ("c", 1)]
        self.check(abc, "a", 1, 1)
        self.check(abc, "b", SECOND, 1)
        self.check(abc, "c", THIRD, 1)
        self.check(abc, "d", 0, 0)
        self.check([], "a", 0, 0)
        self.check(abc, "ab", 1, 1)
        self.check(abc, "ac", (1 + THIRD) / (1 + SECOND), 1)
        self.check(abc, "ad", 1 / (1 + SECOND), 0.5)

    def test_what_is_behind_the_cutoff_counts_nothing(self):
        abc = [("a", 3), ("b", 2), ("c", 1)]
        self.check(abc, "c", 0, 0, cutoff=2)
        self.check(abc, "abc", 1, 2 / 3, cutoff=2)

    def test_a_tie_is_worth_its_mean(self):
        tied = [("a", 1), ("b", 1)]
        for order in (tied, tied[::-1]):
            self.check(order, "a", (1 + SECOND) / 2, 1)
        # Of three that are alike two are seen.
        self.check([("a", 1), ("b", 1), ("c", 1)], "c", (1 + SECOND) / 3, 2 / 3, cutoff=2)
        self.check([("x", 9), ("a", 1), ("b", 1)], "a", (SECOND + THIRD) / 2, 1)

    def test_ties_are_the_mean_over_every_order(self):
        scored = {"a": 2, "b": 2, "c": 2, "d": 1, "e": 1}
        relevant, cutoff = {"b", "e"}, 4
        orders = [
            [*first, *second]
            for first in itertools.permutations("abc")
            for second in itertools.permutations("de")
        ]
        for measure in (ranking.ndcg, ranking.recall):
            # Scores that differ: each order alone has no ties.
            alone = [
                measure([(name, -place) for place, name in enumerate(order)], relevant, cutoff)
                for order in orders
            ]
            together = measure(list(scored.items()), relevant, cutoff)
            self.assertAlmostEqual(together, statistics.fmean(alone))

    def test_nothing_relevant_is_no_question(self):
        for measure in (ranking.ndcg, ranking.recall):
            with self.assertRaises(ValueError):
                measure([("a", 1)], set())

    def test_a_document_counts_once_at_its_best_passage(self):
        hits = [("a", 1.0), ("b", 3.0), ("a", 2.0), ("b", -1.0)]
        hits = [{"document": name, "score": score} for name, score in hits]
        found = ranking.of_documents(hits, lambda hit: hit["document"])
        self.assertEqual(found, [("b", 3.0), ("a", 2.0)])
        self.assertEqual(ranking.of_documents([], None), [])


if __name__ == "__main__":
    unittest.main()
