"""The peer: BM25 over plain words."""

import math
import unittest

from bench.knowledge.bm25 import B, K1, Bm25, words


class Bm25OverWords(unittest.TestCase):
    def test_words_are_whole_in_every_script(self):
        table = [
            ("L’article 12-1 vous plaît", ["l", "article", "12", "1", "vous", "plaît"]),
            ("तीस दिनों के भीतर।", ["तीस", "दिनों", "के", "भीतर"]),
            ("خلال ثلاثين يومًا.", ["خلال", "ثلاثين", "يومًا"]),
            ("", []),
        ]
        for text, expected in table:
            self.assertEqual(words(text), expected, text)

    def test_a_score_is_that_of_the_formula(self):
        found = Bm25({"a": "one two", "b": "two two three four"}).rank("one")
        rarity = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
        score = rarity * (K1 + 1) / (1 + K1 * (1 - B + B * 2 / 3))
        self.assertEqual([name for name, _ in found], ["a"])
        self.assertAlmostEqual(found[0][1], score)

    def test_what_has_no_word_of_the_query_is_not_found(self):
        found = Bm25({"a": "one", "b": "two"})
        self.assertEqual(found.rank("three"), [])
        self.assertEqual([name for name, _ in found.rank("TWO one one")], ["a", "b"])
        self.assertEqual(len(found.rank("one two", limit=1)), 1)
        self.assertEqual(Bm25({}).rank("one"), [])


if __name__ == "__main__":
    unittest.main()
