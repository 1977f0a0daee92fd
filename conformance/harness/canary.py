"""Strings that must be found nowhere, in every form in which they could be there."""

import base64
import hashlib
import json
import urllib.parse


class Canary:
    def __init__(self, name, text, as_bytes=None):
        self.name, self.text = name, text
        self.forms = {form: data for form, data in _forms(text) if data}
        if as_bytes is not None:
            self.forms.update(_forms_of_bytes("decoded ", as_bytes))

    def found_in(self, data):
        """The forms in which it stands in the bytes."""
        return [form for form, wanted in self.forms.items() if wanted in data]


def _forms(text):
    raw = text.encode()
    yield from _forms_of_bytes("", raw)
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "URL-encoded", urllib.parse.quote(text, safe="").encode()
    yield "URL-encoded form", urllib.parse.quote_plus(text).encode()
    yield "UTF-16LE", text.encode("utf-16-le")
    yield "UTF-16BE", text.encode("utf-16-be")
    yield "UTF-32LE", text.encode("utf-32-le")


def _forms_of_bytes(prefix, raw):
    yield f"{prefix}raw", raw
    yield f"{prefix}hex", raw.hex().encode()
    yield f"{prefix}HEX", raw.hex().upper().encode()
    # Without a salt a guess can be tried against it.
    yield f"{prefix}SHA-256", hashlib.sha256(raw).digest()
    yield f"{prefix}SHA-256 in hex", hashlib.sha256(raw).hexdigest().encode()
    for shift in range(3):
        # The characters at both ends depend on what stands beside.
        encoded = base64.b64encode(b"\0" * shift + raw)
        inner = encoded[-(-shift * 8 // 6) : len(raw + b"\0" * shift) * 8 // 6]
        yield f"{prefix}base64 at {shift}", inner
        yield f"{prefix}base64url at {shift}", inner.replace(b"+", b"-").replace(b"/", b"_")
