"""Holds our engine and llama.cpp against exact answers, with every model file that is here.

    make conformance-engine
    GALERNE_MODEL_FILE=model.gguf python longer.py --record     (in the `oracle` environment)

Both engines round inputs to 8 bits, each in its own way, so the distance between them says nothing
of either. The exact answers are those of llama.cpp with the same weights in F32 (`exact.py`), where
no input is rounded; it writes the texts, and both engines are asked what they think of them. Ours
may not be farther from exact than llama.cpp is.
"""

import datetime
import hashlib
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gguf  # noqa: E402
import numpy  # noqa: E402

from bench import machine  # noqa: E402
from harness import paths  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.report import Report, progress  # noqa: E402
from oracle import answers as oracle_answers  # noqa: E402
from oracle import engine, exact, kv_cache  # noqa: E402
from oracle.distance import Exact, Ratio  # noqa: E402

TEXTS, TOKENS = 30, 96
# What nobody may pass, whatever llama.cpp does.
MEAN_KL_MAX = 0.02
# In standard errors of the logarithms over texts. Above it the difference is no chance.
EXCESS_MAX = 3.0
PARAGRAPH_CHARS = range(200, 900)
# The scalar path is some fifty times slower.
SCALAR_TEXTS = 4
CONTROL_TEXTS = 20
# Texts whose rows over the vocabulary are in memory at a time.
TEXTS_AT_ONCE = 10
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
    """The file that was named, and those of the cache beside it that write answers."""
    named = paths.model_file()
    beside = [file for file in named.parent.glob("*.gguf") if not is_encoder(file)]
    return sorted({named, *beside})


def controls(model):
    """Each makes one number of the model wrong, as a broken kernel might."""
    reader = gguf.GGUFReader(model)
    pair = 2
    if reader.get_field("general.architecture").contents() == "gemma3":
        # The frequencies of layers with a window, which are most, follow those of the others.
        pair += reader.get_field("gemma3.attention.key_length").contents() // 2
    return ["scale:blk.3.ffn_down.weight:1.25", f"rope:{pair}:1.5"]


def is_encoder(file):
    return gguf.GGUFReader(file).get_field("general.architecture").contents() == "bert"


def ask(model, texts):
    """The exact answers, and what llama.cpp thinks of them with the file as it is."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    wanted = f"{digest} {TOKENS} {oracle_answers.CANDIDATES} {json.dumps(texts)}"

    def write():
        with tempfile.TemporaryDirectory() as folder:
            widened = Path(folder) / "exact.gguf"
            exact.widen(model, widened)
            with Peer(widened, exact=True) as peer:
                prompts = [peer.tokenize(text) for text in texts]
                return oracle_answers.ask(peer, prompts, TOKENS, oracle_answers.CANDIDATES)

    written = oracle_answers.kept(f"exact {wanted}", write)

    def think():
        with Peer(model, exact=True) as peer:
            return oracle_answers.follow(peer, written, oracle_answers.CANDIDATES)

    return written, oracle_answers.kept(f"followed {wanted}", think)


def our_distance(model, exact_answers, texts, *options):
    """Of the first `texts` texts, a few at a time: the vocabulary is wide."""
    answers, rows = exact_answers.exact, []
    for start in range(0, texts, TEXTS_AT_ONCE):
        part = answers.part(range(start, min(texts, start + TEXTS_AT_ONCE)))
        ours = engine.log_probabilities(model, part.sequences(), *options)
        totals = numpy.exp(ours, dtype=numpy.float64).sum(axis=1)
        assert numpy.abs(totals - 1).max() < 1e-3, "probabilities do not add up to one"
        chosen = numpy.take_along_axis(ours, part.ids, axis=1)
        rows.append((chosen, ours.argmax(axis=1)))
    chosen, best = (numpy.concatenate(column) for column in zip(*rows))
    return exact_answers.of_ours(chosen, best)


def judged(ours, theirs):
    """Why ours is not as near as it has to be; empty if it is."""
    reasons = []
    if ours.mean > MEAN_KL_MAX:
        reasons.append(f"above {MEAN_KL_MAX}")
    ratio = Ratio.of(ours, theirs)
    if ratio.standard_errors > EXCESS_MAX:
        reasons.append(str(ratio))
    # Twice the noise of a count.
    if ours.far_choices > theirs.far_choices + 2 * (theirs.far_choices + 1) ** 0.5:
        reasons.append(f"{ours.far_choices} other choices, llama.cpp {theirs.far_choices}")
    return reasons


def row(model, path, mode, ours, theirs):
    """What is recorded."""
    ratio = Ratio.of(ours, theirs)
    return {
        **{"model": model.name, "path": path, "mode": mode, "positions": ours.positions},
        **{"mean_kl": round(ours.mean, 6), "mean_kl_llama_cpp": round(theirs.mean, 6)},
        **{"far_choices": ours.far_choices, "far_choices_llama_cpp": theirs.far_choices},
        **{"times_as_far": round(ratio.times, 3), "standard_errors": round(ratio.standard_errors, 2)},
    }


def compare(report, model, texts, rows):
    progress(f"{model.name}: {len(texts)} texts, {TOKENS} tokens each")
    exact_answers = Exact(*ask(model, texts))
    progress(f"{model.name}, llama.cpp: {exact_answers.of_other(len(texts))}")
    for path in engine.PATHS:
        missing = engine.missing_features(path)
        count = SCALAR_TEXTS if path == "scalar" else len(texts)
        theirs = exact_answers.of_other(count)
        for mode, options in MODES:
            name = f"{model.name}, {path}, {mode}"
            if missing:
                report.skip(name, f"processor feature {', '.join(missing)} is missing")
                continue
            with report.check(f"{name}: no farther from exact than llama.cpp"):
                ours = our_distance(model, exact_answers, count, "--path", path, *options)
                progress(f"{name}: {ours}, {Ratio.of(ours, theirs)}, {theirs.mean:.5f}")
                rows.append(row(model, path, mode, ours, theirs))
                assert not judged(ours, theirs), f"{judged(ours, theirs)}: {ours}"
    theirs = exact_answers.of_other(CONTROL_TEXTS)
    for change in controls(model):
        with report.check(f"control: {model.name}, {change} is seen"):
            options = ["--batched", "--perturb", change]
            ours = our_distance(model, exact_answers, CONTROL_TEXTS, *options)
            progress(f"{model.name}, {change}: {ours}")
            assert judged(ours, theirs), f"it passes: {ours}"


def record(rows):
    now = datetime.datetime.now(datetime.timezone.utc)
    result = {
        **{"date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), **machine.commit()},
        **{"machine": machine.describe(), "texts": TEXTS, "tokens": TOKENS, "rows": rows},
    }
    file = paths.ROOT / "benches" / "results" / f"{result['date'][:10]}-exactness.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")


def main():
    prompts = [prompt["text"] for prompt in json.loads(oracle_answers.PROMPTS.read_text())]
    texts = (prompts + paragraphs())[:TEXTS]
    report = Report(as_json="--json" in sys.argv)
    engine.build()
    rows = []
    for model in models():
        compare(report, model, texts, rows)
        kv_cache.check(report, model)
    if "--record" in sys.argv:
        record(rows)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
