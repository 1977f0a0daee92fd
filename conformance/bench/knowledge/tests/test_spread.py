"""Standard errors, pairs, drawing anew, percentiles."""

import math
import random
import statistics
import unittest

from bench.knowledge import spread


class Spread(unittest.TestCase):
    def test_a_mean_has_the_error_of_its_values(self):
        found = spread.mean([0, 1, 1, 0])
        self.assertEqual((found.value, found.count), (0.5, 4))
        self.assertAlmostEqual(found.error, math.sqrt(1 / 3) / 2)
        self.assertEqual(spread.mean([0.25]).error, 0)
        with self.assertRaises(ValueError):
            spread.mean([])

    def test_pairs_are_surer_than_their_sides(self):
        source = random.Random(1)
        hard = [source.random() for _ in range(400)]
        left = [value + 0.05 + source.gauss(0, 0.01) for value in hard]
        found = spread.paired(left, hard)
        self.assertAlmostEqual(found.value, 0.05, delta=0.003)
        self.assertLess(found.error * 10, spread.mean(hard).error)
        self.assertEqual(spread.paired(hard, hard).value, 0)
        with self.assertRaises(ValueError):
            spread.paired([1], [1, 2])

    def test_drawing_anew_agrees_with_the_formula_for_means(self):
        source = random.Random(2)
        values = [source.random() for _ in range(200)]
        drawn, known = spread.bootstrap(values, statistics.fmean, seed=3), spread.mean(values)
        self.assertEqual(drawn.value, known.value)
        self.assertAlmostEqual(drawn.error, known.error, delta=known.error * 0.15)

    def test_the_same_seed_draws_the_same(self):
        values = [0, 0, 1, 1, 1]
        found = [spread.bootstrap(values, statistics.fmean, seed) for seed in (5, 5, 6)]
        self.assertEqual(found[0], found[1])
        self.assertNotEqual(found[0].error, found[2].error)

    def test_a_statistic_of_nothing_is_nothing(self):
        self.assertIsNone(spread.bootstrap([1], lambda _: None, seed=1))
        # Where some draws have none, the others count.
        share = lambda items: sum(items) / len(items) if any(items) else None  # noqa: E731
        self.assertIsNotNone(spread.bootstrap([0, 1], share, seed=1))

    def test_percentiles_are_values(self):
        values = list(range(100, 0, -1))
        for share, expected in ((0.5, 50), (0.95, 95), (0.99, 99), (1, 100), (0, 1)):
            self.assertEqual(spread.percentile(values, share), expected, share)
        self.assertEqual(spread.percentile([7], 0.95), 7)
        with self.assertRaises(ValueError):
            spread.percentile([], 0.5)


if __name__ == "__main__":
    unittest.main()
