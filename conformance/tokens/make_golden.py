#!/usr/bin/env python3
"""Records how mistral-common tokenises the fixed texts, for the tests of `engine-cpu`.

    python make_golden.py OUTPUT_DIRECTORY        (in the `tokens` environment)

The vocabularies are reduced to what these texts can ever be made of: bytes, and every token that
occurs in one of them. No other token can arise on the way, so the ids are those of the whole.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gguf.vocab import bytes_to_unicode  # noqa: E402

from tokens import texts, vocabularies  # noqa: E402

GOLDEN = {
    "Mistral v3 (SentencePiece)": "mistral_v3_golden.json",
    "Mistral v3 (tekken 240911)": "tekken_golden.json",
}


def tekken(one):
    """Rows of id and spelling; the order is that of the merges."""
    letters = bytes_to_unicode()
    everything = "\0\0".join(texts.fixed()).encode()
    first = one.tokenizer.num_special_tokens
    for token in range(first, one.tokenizer.n_words):
        data = one.tokenizer.id_to_byte_piece(token)
        if len(data) == 1 or data in everything:
            yield token, "".join(letters[byte] for byte in data)


def sentence_piece(one):
    """Rows of id, piece and score; bytes have names like `<0x0A>`."""
    model = one.tokenizer._model
    everything = "\0\0".join(f" {text}" for text in texts.fixed()).replace(" ", "\u2581")
    for token in range(one.tokenizer.n_words):
        piece = model.IdToPiece(token)
        if model.IsControl(token) or model.IsUnknown(token):
            continue
        if model.IsByte(token) or piece in everything:
            yield token, piece, model.GetScore(token)


def main():
    for one in vocabularies.mistral():
        if one.name not in GOLDEN:
            continue
        rows = list((tekken if one.is_tekken else sentence_piece)(one))
        lines = [f'"source": {json.dumps(f"{one.file.name} of mistral-common, Apache-2.0")}']
        lines += ['"tokens": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"]
        cases = [[text, one.encode(text)] for text in texts.fixed()]
        lines += ['"cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]"]
        file = Path(sys.argv[1]) / GOLDEN[one.name]
        file.write_text("{" + ",\n".join(lines) + "}\n")
        print(f"{file.name}: {len(rows)} tokens, {len(cases)} texts, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
