"""Citations beside what was marked, refusals, quotes, and where they stand."""

import unittest

from bench.knowledge import citing
from bench.knowledge.citing import Judged, Place, Refusal


def judged(cited, marked, is_refused=False):
    return Judged(
        tuple(Place("a", *place) for place in cited),
        tuple(Place("a", *place) for place in marked),
        is_refused,
    )


class Citations(unittest.TestCase):
    def test_what_is_right_by_table(self):
        table = [
            ((0, 10), (0, 10), True),
            # A sentence that holds the answer, and a sentence of a long answer.
            ((0, 100), (40, 45), True),
            ((40, 45), (0, 100), True),
            # Half of the shorter one is enough, less is not.
            ((0, 10), (5, 20), True),
            ((0, 10), (6, 20), False),
            ((0, 10), (10, 20), False),
            ((0, 10), (50, 60), False),
            ((5, 5), (0, 10), False),
        ]
        for cited, gold, expected in table:
            found = citing.is_right(Place("a", *cited), Place("a", *gold))
            self.assertEqual(found, expected, (cited, gold))
        self.assertFalse(citing.is_right(Place("a", 0, 9), Place("b", 0, 9)))

    def test_precision_and_recall_by_table(self):
        gold = [(0, 10)]
        table = [
            ([judged([(0, 10)], gold)], 1, 1),
            ([judged([(0, 10), (50, 60)], gold)], 1 / 2, 1),
            ([judged([(50, 60)], gold)], 0, 0),
            # Nothing cited is no citation that is wrong, and an answer that is missing.
            ([judged([], gold, is_refused=True)], None, 0),
            ([judged([(0, 10), (2, 8)], gold), judged([], gold, True)], 1, 1 / 2),
            ([], None, None),
            # Of several marks one is enough.
            ([judged([(50, 60)], [(0, 10), (50, 60)])], 1, 1),
        ]
        for answers, precision, recall in table:
            self.assertEqual(citing.precision(answers), precision, answers)
            self.assertEqual(citing.recall(answers), recall, answers)

    def test_refusals_by_table(self):
        table = [
            ([(True, True), (False, False)], 1),
            ([(False, True), (False, False)], 0),
            ([(True, True), (True, False)], 2 / 3),
            ([(True, True), (False, True), (False, False)], 2 / 3),
            ([(True, False)], 0),
            ([(False, False)], None),
            ([], None),
        ]
        for pairs, expected in table:
            self.assertEqual(citing.refusal_f1([Refusal(*pair) for pair in pairs]), expected, pairs)

    def test_quotes_are_bytes(self):
        text = "Le délai est d’un mois.".encode()
        self.assertTrue(citing.is_exact("délai", 3, 9, text))
        for quote, start, end in (
            ("délai", 3, 8),
            ("delai", 3, 8),
            ("", 3, 3),
            ("Le", -2, 2),
            ("mois.", 22, 999),
        ):
            self.assertFalse(citing.is_exact(quote, start, end, text), quote)


class Places(unittest.TestCase):
    def check(self, source, start, wanted, read, expected):
        near = citing.share_before(source, start)
        found = citing.locate(read, wanted, near)
        place = read.encode()[slice(*found)].decode() if found else None
        self.assertEqual(place, expected, read)

    def test_white_space_and_what_nobody_sees_is_not_compared(self):
        source = "\ufeffEn  2016,\xa0la loi\nchange."
        start = source.index("la")
        self.check(source, start, "la loi\nchange", "En 2016, la loi change.", "la loi change")
        self.check(source, start, "la loi\nchange", "En 2016,\n\nla loi  change", "la loi  change")
        self.check(source, start, "la loi\nchange", "En 2016, le droit.", None)
        self.check(source, start, " \n", "En 2016.", None)

    def test_the_nearest_of_several_counts(self):
        source = "one two one two one"
        for start in (0, 8, 16):
            near = citing.share_before(source, start)
            self.assertEqual(citing.locate(source, "one", near), (start, start + 3))

    def test_places_are_bytes(self):
        source = "यह एक वाक्य है। दूसरा वाक्य।"
        start = source.rindex("वाक्य")
        near = citing.share_before(source, start)
        at = len(source[:start].encode())
        self.assertEqual(citing.locate(source, "वाक्य", near), (at, at + len("वाक्य".encode())))


if __name__ == "__main__":
    unittest.main()
