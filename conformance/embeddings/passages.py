"""Passages in eight languages, made of sentences that were written for this."""

import json
import random
from pathlib import Path

SENTENCES = json.loads((Path(__file__).resolve().parent / "sentences.json").read_text())
SEED = 20260101
# How many sentences a passage has: a question, a paragraph, a page as long as the model reads.
LENGTHS = [1, 1, 2, 3, 4, 5, 6, 8, 10, 16]


def made(count):
    """Pairs of a language and a passage; the same in every run, all different."""
    generator = random.Random(SEED)
    languages = sorted(SENTENCES)
    found = {}
    while len(found) < count:
        language = languages[len(found) % len(languages)]
        found.setdefault(_passage(language, generator), language)
    return [(language, passage) for passage, language in found.items()]


def _passage(language, generator):
    sentences = SENTENCES[language]
    chosen = [generator.choice(sentences) for _ in range(generator.choice(LENGTHS))]
    place = generator.randrange(len(chosen) + 1)
    chosen.insert(place, f"{generator.randrange(1, 100)}/{generator.randrange(1900, 2100)}:")
    return " ".join(chosen)
