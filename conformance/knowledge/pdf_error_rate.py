"""Counts the letters that readers of PDF get wrong, and prints a table.

    python3 pdf_error_rate.py PDFS [--reader PROGRAM] [--pdfium LIBRARY] [--letters N]

PDFS is what `make_pdfs.py` made: `ar-typst.pdf` beside `ar.txt`. `--reader` is the example `pdf_text` of
`crates/pdf-reader`; with `--pdfium` it is measured with both engines too. Peers are measured where they
are installed: `pypdfium2` and `pdf_oxide` from PyPI, `pdftotext`. A rate is the least number of letters
to change, add or remove, for each letter of the text; white space counts as one space.
"""

import argparse
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

SECONDS_MAX = 180
LETTERS = 6000


def normal(text):
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def distance(one, other):
    """Letters to change, add or remove."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, candidate in enumerate(other, 1):
            change = before[column - 1] + (letter != candidate)
            now.append(min(before[column] + 1, now[-1] + 1, change))
        before = now
    return before[-1]


def output(*command):
    done = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.decode(errors="replace")[-300:])
    return done.stdout.decode(errors="replace")


def of_pypdfium2(file):
    import pypdfium2

    document = pypdfium2.PdfDocument(file)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def of_pdf_oxide(file):
    import pdf_oxide

    document = pdf_oxide.PdfDocument(str(file))
    return "\n".join(document.extract_text(page) for page in range(document.page_count()))


def readers(told):
    """Those that are there, by name."""
    found = {}
    if told.reader:
        found["galerne, pdf_oxide alone"] = lambda file: output(told.reader, file)
        if told.pdfium:
            library = str(told.pdfium)
            found["galerne, both engines"] = lambda file: output(
                told.reader, file, "--pdfium", library
            )
    for name, read in (("pypdfium2", of_pypdfium2), ("pdf_oxide", of_pdf_oxide)):
        try:
            __import__(name)
            found[name] = read
        except ImportError:
            print(f"{name} is not installed: left out", file=sys.stderr)
    if shutil.which("pdftotext"):
        found["pdftotext"] = lambda file: output("pdftotext", file, "-")
    return found


def rate(read, file, truth, letters):
    try:
        text = normal(read(file))
    except Exception as error:  # noqa: BLE001 - a peer that fails is a row of the table
        return f"failed: {error}"[:40]
    # Of a text that was cut, what comes after the cut is not held against anybody.
    compared = text if len(truth) < letters else text[:letters]
    return f"{100 * distance(truth, compared) / len(truth):.2f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pdfs", type=Path)
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--pdfium", type=Path)
    parser.add_argument("--letters", type=int, default=LETTERS)
    told = parser.parse_args()
    found = readers(told)
    if not found:
        print("there is nothing to measure", file=sys.stderr)
        return 1
    names = list(found)
    print("| text | " + " | ".join(names) + " |")
    print("|---|" + "---|" * len(names))
    for file in sorted(told.pdfs.glob("*-*.pdf")):
        language = file.stem.split("-")[0]
        truth = normal((told.pdfs / f"{language}.txt").read_text(encoding="utf-8"))
        truth = truth[: told.letters]
        cells = [rate(found[name], file, truth, told.letters) for name in names]
        print(f"| {file.stem} | " + " | ".join(cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
