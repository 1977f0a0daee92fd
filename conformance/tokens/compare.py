"""Compares our tokenizer and templates with mistral-common and the library `tokenizers`.

    python compare.py [--random COUNT] [--seed SEED]        (in the `tokens` environment)

The vocabularies are those that the package mistral-common carries. Exit code 1 if something differs.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tokenizers import Tokenizer  # noqa: E402

from harness.report import Report, progress  # noqa: E402
from oracle import engine  # noqa: E402
from tokens import chats, texts, vocabularies  # noqa: E402

NAMES = ["mistral-v1", "mistral-v3", "mistral-v3-tekken", "mistral-v7", "mistral-v7-tekken"]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--random", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def same(ours, theirs, shown):
    """`ours` equals `theirs`; else says how many differ and what the first of them is."""
    wrong = [index for index, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    if wrong:
        first = wrong[0]
        raise AssertionError(
            f"{len(wrong)} of {len(shown)} differ, first {shown[first]!r}: "
            f"ours {ours[first]}, theirs {theirs[first]}"
        )


def compare(report, one, model, fixed, generated):
    with report.check(f"{one.name}: {len(fixed)} fixed texts in many scripts"):
        same(engine.tokenize(model, fixed), [one.encode(text) for text in fixed], fixed)
    with report.check(f"{one.name}: {len(generated)} random texts"):
        ours = engine.tokenize(model, generated)
        same(ours, [one.encode(text) for text in generated], generated)
    with report.check(f"{one.name}: streamed token by token, the tokens say the text again"):
        every = fixed + generated
        # A space is put before every text, and one that was typed as such stays one.
        begins = "" if one.is_tekken else " "
        expected = [(begins + text if text else text) for text in every]
        expected = expected if one.is_tekken else [text.replace("\u2581", " ") for text in expected]
        same(engine.decode(model, [one.encode(text) for text in every]), expected, every)


def hub(report, one, folder, every):
    """The same vocabulary as a `tokenizer.json`, which the library `tokenizers` reads as well."""
    directory = Path(folder) / "hub"
    vocabularies.hub_tekken(directory, one)
    theirs = Tokenizer.from_file(str(directory / "tokenizer.json"))
    with report.check(f"{one.name} as tokenizer.json: {len(every)} texts as `tokenizers`"):
        expected = [theirs.encode(text, add_special_tokens=False).ids for text in every]
        same(engine.tokenize(directory, every, "--parse-special"), expected, every)


def name_only(report, one, model):
    """For some versions llama.cpp's converter writes the name of a template and nothing more."""
    name = f"mistral-{one.whole.version.value}"
    if name in ("mistral-v3", "mistral-v7") and one.is_tekken:
        name += "-tekken"
    if name in NAMES:
        one.write(model, template=name)
        chats.compare(report, one, model, f"{one.name}, named `{name}`", knows_tools=False)


def main():
    given = arguments()
    report = Report(as_json=given.json)
    engine.build()
    progress(f"{given.random} random texts of the seed {given.seed}")
    fixed, generated = texts.fixed(), texts.generated(given.random, given.seed)
    for one in vocabularies.mistral():
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "vocabulary.gguf"
            one.write(model)
            compare(report, one, model, fixed, generated)
            chats.compare(report, one, model, one.name)
            if not one.is_tekken:
                one.write(model, space_prefix=False)
                chats.compare(report, one, model, f"{one.name} without a space before texts")
            name_only(report, one, model)
            if one.is_tekken:
                hub(report, one, folder, fixed + generated[: len(generated) // 5])
    for version in vocabularies.LATER:
        with tempfile.TemporaryDirectory() as folder:
            one, model = vocabularies.later_tekken(version, folder), Path(folder) / "vocabulary.gguf"
            one.write(model)
            chats.compare(report, one, model, one.name)
            name_only(report, one, model)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
