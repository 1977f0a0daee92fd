"""Keys and values in 8 bits beside half precision: the same engine, the same tokens.

    python kv_cache.py [MODEL.gguf...]      (in the `oracle` environment)
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gguf  # noqa: E402
import numpy  # noqa: E402

from harness import paths  # noqa: E402
from harness.report import progress  # noqa: E402
from oracle import engine  # noqa: E402

# Each text is forced token by token, at its end as an answer is written.
CONTEXTS = (50, 500, 1500)
FORCED = 128
# Activations are rounded to 8 bits, so that any difference in a last bit comes to 0.003 or so: that
# is what AVX2 differs by from AVX-512. The limits are twice what was measured, and a wrong layer is
# eight times as far.
MEAN_KL_MAX = 0.01
SAME_CHOICE_MIN = 0.9
# Heads of 256 share one scale among more numbers.
MEAN_KL_MAX_OF_ANY = 0.025
EIGHT_BITS = ("--kv-cache-type", "q8")
# One layer's values are too large by a fifth, as if its scales were wrong.
BROKEN = ("--perturb", "scale:blk.3.attn_v.weight:1.2")


@dataclass
class Nearness:
    positions: int
    mean_kl: float
    max_kl: float
    same_choice: float

    def is_near(self, mean_kl_max=MEAN_KL_MAX):
        return self.mean_kl < mean_kl_max and self.same_choice > SAME_CHOICE_MIN

    def __str__(self):
        return (
            f"{self.positions} positions, mean KL {self.mean_kl:.6f} (max {self.max_kl:.4f}), "
            f"{self.same_choice:.2%} with the same most likely token"
        )


def sequences(model, contexts=CONTEXTS):
    """Tokens of the documentation, cut after so many tokens and the forced ones."""
    begin = beginning(model)
    files = sorted((paths.ROOT / "docs").glob("**/*.md"))
    tokens = engine.tokenize(model, ["\n".join(file.read_text() for file in files)])[0]
    found, start = [], 0
    for context in contexts:
        # As many positions of each kind.
        for _ in range(4):
            text = tokens[start : start + context + FORCED]
            found.append({"prompt": begin + text[:context], "continuation": text[context:]})
            start += context + FORCED
    assert start <= len(tokens), f"the documentation has only {len(tokens)} tokens"
    return found


def beginning(model):
    """The token that every text of this model begins with, if there is one."""
    fields = gguf.GGUFReader(model).fields
    if "tokenizer.ggml.add_bos_token" not in fields:
        return []
    wanted = fields["tokenizer.ggml.add_bos_token"].contents()
    return [int(fields["tokenizer.ggml.bos_token_id"].contents())] if wanted else []


def nearness(half, bytes_):
    """KL(half || bytes) in nats over the whole vocabulary, row by row."""
    divergences = numpy.array([_divergence(*rows) for rows in zip(half, bytes_)])
    same = half.argmax(axis=1) == bytes_.argmax(axis=1)
    return Nearness(
        len(half), float(divergences.mean()), float(divergences.max()), float(same.mean())
    )


def _divergence(half, bytes_):
    half, bytes_ = half.astype(numpy.float64), bytes_.astype(numpy.float64)
    return float((numpy.exp(half) * (half - bytes_)).sum())


def compare(model, asked, *options):
    """Half precision beside the same with these options, or 8 bits without any."""
    half = engine.log_probabilities(model, asked)
    return nearness(half, engine.log_probabilities(model, asked, *(options or EIGHT_BITS)))


def check(report, model, mean_kl_max=MEAN_KL_MAX_OF_ANY):
    with report.check(f"{model.name}: keys and values in 8 bits change little"):
        found = compare(model, sequences(model))
        progress(f"8 bits: {found}")
        assert found.is_near(mean_kl_max), found


def control(report, model):
    """The check must fail for a cache that is wrong in one layer."""
    with report.check("control: a wrong scale of one layer's values in 8 bits is seen"):
        found = compare(model, sequences(model, CONTEXTS[:1]), *EIGHT_BITS, *BROKEN)
        progress(f"8 bits, {BROKEN[1]}: {found}")
        assert not found.is_near(), f"it is near: {found}"


def main():
    engine.build()
    for model in map(Path, sys.argv[1:]) if sys.argv[1:] else [paths.model_file()]:
        for context in CONTEXTS:
            asked = sequences(model, [context])
            print(f"{model.name}, after {context}, 8 bits: {compare(model, asked)}")
            print(f"{model.name}, after {context}, AVX2: {compare(model, asked, '--path', 'avx2')}")


if __name__ == "__main__":
    main()
