"""Holds our engine against the oracle for longer, with every model file that is here.

    make conformance-engine

The texts are the committed prompts and paragraphs of the documentation: they were not chosen so
that the oracle is sure of itself, so the rule about the most likely token is a share, not a must.
"""

import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import paths  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.report import Report, progress  # noqa: E402
from oracle import answers as oracle_answers  # noqa: E402
from oracle import engine  # noqa: E402
from oracle.verdict import MEAN_KL_MAX, judge  # noqa: E402

TEXTS, TOKENS = 60, 96
# Of all positions, those at which our most likely token is not the oracle's and not nearly as
# likely. The oracle's own two ways to compute a text disagree so on about one in a thousand.
UNEXCUSED_SHARE_MAX = 0.003
NEAR = 0.2
PARAGRAPH_CHARS = range(200, 900)
# The scalar path is some fifty times slower.
SCALAR_TEXTS = 4
MODES = [("one by one", []), ("in batches", ["--batched"])]


def paragraphs():
    """Paragraphs of the documentation, in the order of the hash of their text."""
    found = []
    for file in sorted(paths.ROOT.glob("docs/**/*.md")):
        for text in file.read_text().split("\n\n"):
            text = " ".join(text.split())
            if len(text) in PARAGRAPH_CHARS and "|" not in text:
                found.append(text)
    return sorted(found, key=lambda text: hashlib.sha256(text.encode()).hexdigest())


def models():
    """The file that was named, and those of the cache beside it."""
    named = paths.model_file()
    return sorted({named, *named.parent.glob("*.gguf")})


def ask(model, texts):
    with Peer(model, exact=True) as peer:
        prompts = [peer.tokenize(text) for text in texts]
        return oracle_answers.ask(peer, prompts, TOKENS, oracle_answers.CANDIDATES)


def compare(report, model, texts):
    progress(f"{model.name}: asking the oracle for {len(texts)} texts, {TOKENS} tokens each")
    answers = ask(model, texts)
    for path in engine.PATHS:
        missing = engine.missing_features(path)
        part = answers.part(range(SCALAR_TEXTS)) if path == "scalar" else answers
        for mode, options in MODES:
            name = f"{model.name}, {path}, {mode}"
            if missing:
                report.skip(name, f"this CPU lacks {', '.join(missing)}")
                continue
            with report.check(f"{name}: agrees with the oracle"):
                ours = engine.log_probabilities(model, part.sequences(), "--path", path, *options)
                verdict = judge(part, ours, NEAR)
                progress(f"{name}: {verdict}")
                assert verdict.mean_kl < MEAN_KL_MAX, verdict
                assert verdict.normalisation_error < 1e-3, verdict
                share = len(verdict.unexcused) / verdict.positions
                assert share <= UNEXCUSED_SHARE_MAX, f"{share:.2%} of {verdict}"


def main():
    prompts = [prompt["text"] for prompt in json.loads(oracle_answers.PROMPTS.read_text())]
    texts = (prompts + paragraphs())[:TEXTS]
    report = Report(as_json="--json" in sys.argv)
    engine.build()
    for model in models():
        compare(report, model, texts)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
