"""Plain text as Markdown that reads as the same text."""

import re

# What may mean something anywhere in a line. Before any of these a backslash means the character.
MARKS = re.compile(r"[\\`*_\[\]<>&~|#]")
# What means something at the beginning of a line only: lists, rules, underlined headings.
BEGINNING = re.compile(r"^(?:[-+=:]|(?P<number>[0-9]{1,9})(?=[.)]))")


def of_plain(text):
    """Each line that is not empty becomes a paragraph."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n\n".join(_line(line) for line in lines if line) + "\n"


def _line(line):
    return BEGINNING.sub(_plain, MARKS.sub(r"\\\g<0>", line))


def _plain(found):
    number = found.group("number")
    return f"{number}\\" if number else f"\\{found.group(0)}"
