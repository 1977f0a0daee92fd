"""A model file with one more entry: a chat template for a model that has none."""

import shutil
import struct
from pathlib import Path

TEMPLATE = "tokenizer.chat_template"
STRING, ARRAY = 8, 9
BYTES_OF_KIND = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
ALIGNMENT = 32
COPY_BYTES = 1 << 22


def with_template(source, target, template):
    """Copies a file whose model has no chat template; weights and tokenizer stay what they are."""
    with Path(source).open("rb") as model, Path(target).open("wb") as copy:
        header = _Header(model)
        if TEMPLATE in header.names or "general.alignment" in header.names:
            raise AssertionError(f"{source} is not a file that this can add a template to")
        copy.write(struct.pack("<4sIQQ", b"GGUF", 3, header.tensors, len(header.names) + 1))
        copy.write(header.metadata)
        copy.write(_text(TEMPLATE) + struct.pack("<I", STRING) + _text(template))
        copy.write(header.places)
        copy.write(bytes(-copy.tell() % ALIGNMENT))
        model.seek(-(-model.tell() // ALIGNMENT) * ALIGNMENT)
        shutil.copyfileobj(model, copy, COPY_BYTES)


def _text(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


class _Header:
    """What stands before the weights, read to its end."""

    def __init__(self, file):
        self.file = file
        magic, version, self.tensors, entries = struct.unpack("<4sIQQ", file.read(24))
        if (magic, version) != (b"GGUF", 3):
            raise AssertionError(f"{file.name} is not a GGUF file of version 3")
        self.names = [self._entry() for _ in range(entries)]
        self.metadata = self._since(24)
        begin = file.tell()
        for _ in range(self.tensors):
            self._skip_text()
            self.file.seek(8 * self._number("<I") + 12, 1)
        self.places = self._since(begin)

    def _since(self, begin):
        end = self.file.tell()
        self.file.seek(begin)
        return self.file.read(end - begin)

    def _number(self, kind):
        return struct.unpack(kind, self.file.read(struct.calcsize(kind)))[0]

    def _entry(self):
        name = self.file.read(self._number("<Q")).decode()
        self._skip(self._number("<I"))
        return name

    def _skip(self, kind):
        if kind == STRING:
            self._skip_text()
        elif kind == ARRAY:
            inner, count = self._number("<I"), self._number("<Q")
            if inner in BYTES_OF_KIND:
                self.file.seek(BYTES_OF_KIND[inner] * count, 1)
            else:
                for _ in range(count):
                    self._skip(inner)
        else:
            self.file.seek(BYTES_OF_KIND[kind], 1)

    def _skip_text(self):
        self.file.seek(self._number("<Q"), 1)
