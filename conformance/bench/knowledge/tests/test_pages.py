"""Pages of PDF that are made here."""

import re
import unittest
import zlib

from bench.knowledge import pages


def texts(file):
    """What each page of a file of ours says."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", file, re.DOTALL)
    lines = (re.findall(rb"\((.*)\) Tj", zlib.decompress(stream)) for stream in streams)
    plain = lambda line: re.sub(rb"\\(.)", rb"\1", line).decode("cp1252")  # noqa: E731
    return [[plain(line) for line in page] for page in lines]


class Pages(unittest.TestCase):
    def test_every_page_has_its_lines(self):
        made = pages.of_texts(["Un (deux) \\ trois, déjà vu. " * 40], pages=5, pages_each=2)
        self.assertEqual([name for name, _ in made], [f"pages-0000{n}.pdf" for n in (1, 3, 5)])
        found = [page for _, file in made for page in texts(file)]
        self.assertEqual([page[0] for page in found], [f"Page {number}" for number in range(1, 6)])
        self.assertTrue(all(len(page) == pages.LINES for page in found))
        self.assertTrue(found[0][1].startswith("Un (deux) \\ trois, déjà vu."))
        self.assertEqual(len({file for _, file in made}), 3)

    def test_the_table_of_objects_is_right(self):
        file = pages.of_pages([["one"], ["two"]])
        at = int(re.search(rb"startxref\n(\d+)", file).group(1))
        self.assertTrue(file[at:].startswith(b"xref\n0 8\n"))
        offsets = [int(word) for word in re.findall(rb"(\d{10}) 00000 n", file)]
        for number, offset in enumerate(offsets, start=1):
            self.assertTrue(file[offset:].startswith(f"{number} 0 obj".encode()), number)

    def test_letters_that_the_typeface_lacks_are_no_error(self):
        self.assertEqual(texts(pages.of_pages([["यह a"]]))[0], ["?? a"])

    def test_nothing_makes_no_pages(self):
        with self.assertRaises(ValueError):
            pages.of_texts([""], pages=1, pages_each=1)


if __name__ == "__main__":
    unittest.main()
