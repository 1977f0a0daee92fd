"""Pages of text as PDF, made here: nothing but letters, as an office prints them.

One typeface that every reader has, so that no font is in the file; letters of Western Europe only.
"""

import textwrap
import zlib

LINES, COLUMNS = 40, 86
WIDTH, HEIGHT, MARGIN, SIZE, LEADING = 595, 842, 57, 10.5, 14


def of_texts(texts, pages, pages_each):
    """So many pages of these texts, as PDF files of so many pages: names and bytes.

    Texts are begun again when they are over, each page under its own number, so that no two files
    have the same bytes.
    """
    lines = _endless(texts)
    made = []
    for first in range(0, pages, pages_each):
        numbers = range(first + 1, min(first + pages_each, pages) + 1)
        sheets = [_sheet(number, lines) for number in numbers]
        made.append((f"pages-{first + 1:05}.pdf", of_pages(sheets)))
    return made


def _sheet(number, lines):
    return [f"Page {number}", *(next(lines) for _ in range(LINES - 1))]


def _endless(texts):
    lines = [line for text in texts for line in textwrap.wrap(text, COLUMNS)]
    if not lines:
        raise ValueError("no text for pages")
    while True:
        yield from lines


def of_pages(pages):
    """A PDF with these pages, each a list of lines."""
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    # The catalogue, the tree of pages and the typeface come first.
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
        font,
    ]
    for number, lines in enumerate(pages):
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]"
            f"/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * number} 0 R>>".encode()
        )
        packed = zlib.compress(_content(lines))
        head = f"<</Length {len(packed)}/Filter/FlateDecode>>stream\n".encode()
        objects.append(head + packed + b"\nendstream")
    return _file(objects)


def _content(lines):
    begin = f"BT /F1 {SIZE} Tf {LEADING} TL {MARGIN} {HEIGHT - MARGIN} Td\n".encode()
    return begin + b"".join(b"(" + _string(line) + b") Tj T*\n" for line in lines) + b"ET"


def _string(line):
    text = line.encode("cp1252", errors="replace")
    return text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects):
    made, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(made))
        made += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    end = f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"
    return bytes(made) + end.encode()
