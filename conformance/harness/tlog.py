"""Keys, signed notes, checkpoints, tiles and proofs as C2SP writes them down.

Written from the specifications signed-note, tlog-checkpoint, tlog-tiles and tlog-proof; shares
nothing with the product.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from . import ed25519, merkle

ED25519, COSIGNATURE = 1, 4
TILE_WIDTH = 256


class Malformed(AssertionError):
    """A text or a tile that is not what its specification says."""


def expect(holds, what):
    if not holds:
        raise Malformed(what)


@dataclass(frozen=True)
class Key:
    """A verifier key; with a seed it signs."""

    name: str
    algorithm: int
    public: bytes
    seed: bytes = None

    @property
    def key_id(self):
        material = bytes([self.algorithm]) + self.public
        return hashlib.sha256(self.name.encode() + b"\n" + material).digest()[:4]

    @property
    def vkey(self):
        material = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def signature_line(self, signature):
        encoded = base64.b64encode(self.key_id + signature).decode()
        return f"\u2014 {self.name} {encoded}\n"


def parse_vkey(text):
    name, key_id, material = text.strip().split("+", 2)
    data = base64.b64decode(material, validate=True)
    key = Key(name, data[0], data[1:])
    expect(key.key_id.hex() == key_id, f"the key id of {text} is {key.key_id.hex()}")
    return key


def parse_secret_key(text):
    """`PRIVATE+KEY+name+id+base64(algorithm || seed)`, as in the file `log.key`."""
    private, word, name, key_id, material = text.strip().split("+", 4)
    expect((private, word) == ("PRIVATE", "KEY"), "not a secret key")
    data = base64.b64decode(material, validate=True)
    key = Key(name, data[0], ed25519.public_key(data[1:]), data[1:])
    expect(key.key_id.hex() == key_id, f"the key id of {name} is {key.key_id.hex()}")
    return key


@dataclass(frozen=True)
class Note:
    """A signed note: its text, and its signatures as (name, key id, bytes)."""

    text: str
    signatures: tuple

    def signature_of(self, key):
        """The one signature of the key over this text, as it stands in the note."""
        wanted = (key.name, key.key_id)
        found = [data for name, key_id, data in self.signatures if (name, key_id) == wanted]
        expect(len(found) == 1, f"{len(found)} signatures of {key.name}")
        return found[0]

    def verify(self, key):
        good = ed25519.verify(key.public, self.text.encode(), self.signature_of(key))
        expect(good, f"the signature of {key.name} is wrong")


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    @property
    def text(self):
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, key):
        """The signed note as text."""
        signature = ed25519.sign(key.seed, self.text.encode())
        return f"{self.text}\n{key.signature_line(signature)}"


def parse_note(text):
    expect(all(char >= " " or char == "\n" for char in text), "control characters in a note")
    body, blank, lines = text.rpartition("\n\n")
    expect(blank and lines.endswith("\n"), "a note ends in signature lines")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
        expect(dash == "\u2014" and name and "+" not in name, f"a signature line {line!r}")
        expect(len(data) > 4, "a signature without bytes")
        signatures.append((name, data[:4], data[4:]))
    return Note(body + "\n", tuple(signatures))


def parse_checkpoint(text):
    """The checkpoint in the text of a note, unverified."""
    lines = text.split("\n")
    expect(len(lines) == 4 and lines[3] == "", f"a checkpoint of {len(lines) - 1} lines")
    size = int(lines[1])
    expect(str(size) == lines[1], f"a size written as {lines[1]!r}")
    root = base64.b64decode(lines[2], validate=True)
    expect(lines[0] and len(root) == 32, "an origin and 32 bytes of root")
    return Checkpoint(lines[0], size, root)


def open_checkpoint(text, key):
    """The checkpoint that the note holds, once its signature and its origin are the key's."""
    note = parse_note(text)
    note.verify(key)
    checkpoint = parse_checkpoint(note.text)
    expect(checkpoint.origin == key.name, f"the origin is {checkpoint.origin}")
    return checkpoint


def split_notes(text, may_be_torn=False):
    """The whole notes of a file in which each is followed by one empty line.

    Where writing was interrupted, a line that ends in `~` and an empty one stand behind the torn
    note. A file that somebody is still writing may end within one.
    """
    *closed, end = text.split("~\n\n")
    notes = [note for piece in closed for note in _whole_notes(piece)[0]]
    whole, rest = _whole_notes(end)
    expect(may_be_torn or not rest, f"the file ends within a note: {rest}")
    return [*notes, *whole]


def _whole_notes(text):
    notes, lines = [], []
    for line in text.splitlines(keepends=True):
        if line == "\n" and lines and lines[-1].startswith("\u2014 "):
            notes.append("".join(lines))
            lines = []
        else:
            lines.append(line)
    return notes, lines


def read_checkpoints(path, key, may_be_torn=False):
    """All checkpoints of a file that a server appends to, verified, in its order."""
    notes = split_notes(Path(path).read_text(), may_be_torn)
    return [open_checkpoint(note, key) for note in notes]


def level_hashes(leaves, level):
    """The hashes that stand at one level of tiles: over 256**level leaves each."""
    step = TILE_WIDTH**level
    return [
        merkle.root(leaves[start : start + step])
        for start in range(0, len(leaves) - step + 1, step)
    ]


def tiles(leaves):
    """{path: bytes} of all tiles of the tree; at the right edge the partial ones."""
    found, level = {}, 0
    while hashes := level_hashes(leaves, level):
        for index, start in enumerate(range(0, len(hashes), TILE_WIDTH)):
            part = hashes[start : start + TILE_WIDTH]
            found[tile_path(level, index, len(part))] = b"".join(part)
        level += 1
    return found


def tile_path(level, index, width=TILE_WIDTH):
    """`level` may be `entries`."""
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{partial}"


def encode_bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data):
    entries = []
    while data:
        length = int.from_bytes(data[:2], "big")
        entries.append(data[2 : 2 + length])
        expect(len(data) >= 2 and len(entries[-1]) == length, "a bundle that is cut off")
        data = data[2 + length :]
    return entries


def bundles(entries):
    """{path: bytes} of all bundles of entries; the last one may be partial."""
    found = {}
    for index, start in enumerate(range(0, len(entries), TILE_WIDTH)):
        part = entries[start : start + TILE_WIDTH]
        found[tile_path("entries", index, len(part))] = encode_bundle(part)
    return found


@dataclass(frozen=True)
class Proof:
    index: int
    path: tuple
    extra: bytes
    checkpoint: str

    def verify(self, entry, key):
        """The checkpoint under which the entry is proven."""
        checkpoint = open_checkpoint(self.checkpoint, key)
        leaf = merkle.leaf_hash(entry)
        found = merkle.root_of_inclusion(leaf, self.index, checkpoint.size, list(self.path))
        expect(found == checkpoint.root, f"the path of leaf {self.index} leads elsewhere")
        return checkpoint


def parse_proof(text):
    head, _, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    expect(lines.pop(0) == "c2sp.org/tlog-proof@v1", "the first line of a proof")
    extra = None
    if lines[0].startswith("extra "):
        extra = base64.b64decode(lines.pop(0)[len("extra ") :], validate=True)
    word, number = lines.pop(0).split(" ")
    expect(word == "index" and str(int(number)) == number, "the index of a proof")
    path = tuple(base64.b64decode(line, validate=True) for line in lines)
    expect(all(len(each) == 32 for each in path), "hashes of 32 bytes")
    return Proof(int(number), path, extra, checkpoint)


def read_export(folder):
    """(checkpoint text, entries in order) of an export, its layout checked file by file."""
    folder = Path(folder)
    checkpoint = (folder / "checkpoint").read_text()
    size = parse_checkpoint(parse_note(checkpoint).text).size
    entries = []
    for index in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        bundle = decode_bundle((folder / tile_path("entries", index, width)).read_bytes())
        expect(len(bundle) == width, f"{len(bundle)} entries in a bundle of {width}")
        entries += bundle
    return checkpoint, entries
