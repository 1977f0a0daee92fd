"""The control: a plain hash chain without keys and without witnesses, as many logs keep one.

    hash of entry i = SHA-256(hash of entry i - 1 || entry i)

Whoever can write the file can rebuild it from any place on, and nobody can tell.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

START = b"\0" * 32


@dataclass(frozen=True)
class Link:
    entry: bytes
    hash: bytes


def build(entries):
    links, newest = [], START
    for entry in entries:
        newest = hashlib.sha256(newest + entry).digest()
        links.append(Link(entry, newest))
    return links


def first_bad(links):
    """The first entry whose hash does not follow from the one before; None if all do."""
    newest = START
    for index, link in enumerate(links):
        newest = hashlib.sha256(newest + link.entry).digest()
        if newest != link.hash:
            return index
    return None


def replace_entries(links, entries):
    """The same hashes over other entries: a change by somebody who does not rebuild."""
    return [Link(entry, link.hash) for entry, link in zip(entries, links)]


class Writer:
    """One of possibly several that each believe to be alone: reads once, then writes it all."""

    def __init__(self, path):
        self.path = Path(path)
        self.entries = [link.entry for link in read(path)]

    def append(self, entry):
        self.entries.append(entry)
        lines = [[link.entry.hex(), link.hash.hex()] for link in build(self.entries)]
        self.path.write_text(json.dumps(lines))


def read(path):
    if not Path(path).exists():
        return []
    lines = json.loads(Path(path).read_text())
    return [Link(bytes.fromhex(entry), bytes.fromhex(digest)) for entry, digest in lines]
