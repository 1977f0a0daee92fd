"""Compares our engine with the oracle on the same model. Exit code 1 if they disagree.

    python compare.py MODEL.gguf        (in the `oracle` environment)
"""

import dataclasses
import hashlib
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gguf  # noqa: E402
import numpy  # noqa: E402

from harness import paths  # noqa: E402
from harness.paths import ROOT  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.report import Report, progress  # noqa: E402
from harness.server import Server, run as run_command  # noqa: E402
from oracle import answers as oracle_answers  # noqa: E402
from oracle import adapters, engine, hub_model, kv_cache, tiny_model  # noqa: E402
from oracle.verdict import KL_POSITIONS_MIN, MEAN_KL_MAX, judge, kl  # noqa: E402

HERE = Path(__file__).resolve().parent
TOKENIZER_GOLDEN = ROOT / "crates/engine-cpu/tests/fixtures/smollm_tokenizer_golden.json"
THRESHOLD_MAX = 0.2
TINY_DIFFERENCE_MAX = 1e-3
# The rounding of activations turns differences of the last bit into these.
HUB_DIFFERENCE_MAX = 0.05
OTHER_CHOICES_MAX = 0.08
WORD_TEXTS = 400
# The scalar path is slow, and a wrong model is seen on any prompt: these are enough.
SCALAR_PROMPTS = [0, 9, 15]
CONTROL_PROMPTS = [0, 3, 4, 7, 9, 11]
# Each changes one number of the model and must be seen.
CONTROLS = [
    ("one RoPE frequency", "rope:2:1.5"),
    ("one scale", "scale:blk.3.ffn_down.weight:1.5"),
]
TINY_CONTROLS = [
    ("one RoPE frequency wrong by 5 %", "rope:2:1.05"),
    ("one scale wrong by 2 %", "scale:output_norm.weight:1.02"),
]
MODES = [("decoded one by one", []), ("prefilled in batches", ["--batched"])]


def threshold(report):
    recorded = json.loads((HERE / "threshold.json").read_text())
    with report.check("the recorded threshold is at most 0.2"):
        assert 0 < recorded["threshold"] <= THRESHOLD_MAX, recorded
        assert recorded["positions"] >= KL_POSITIONS_MIN, recorded
    return recorded["threshold"]


def oracle_is_sound(report, model):
    """What the oracle reports are log-probabilities over the whole vocabulary."""
    with report.check("the oracle's log-probabilities sum to one over the vocabulary"):
        with Peer(model) as peer:
            tokens = peer.tokenize("Water boils at")
            size = 49152
            found = peer.complete(tokens, 1, size)["completion_probabilities"][0]["top_logprobs"]
            assert len(found) == size, len(found)
            total = sum(numpy.exp(candidate["logprob"]) for candidate in found)
            # It adds up in single precision, which is worth up to some 1e-4.
            assert abs(total - 1) < 1e-3, total


def matches_the_recording(report, answers):
    """The committed recording shows anybody what was compared; other CPUs may differ a little."""
    recorded = json.loads((HERE / "reference.json").read_text())
    with report.check("the recording is of these prompts"):
        assert [entry["prompt"] for entry in recorded["answers"]] == answers.prompts
    pairs = zip(recorded["answers"], answers.continuations)
    same = sum(a == b for entry, tokens in pairs for a, b in zip(entry["continuation"], tokens))
    progress(f"{same} of {answers.ids.shape[0]} oracle tokens are as in reference.json")


def compare_paths(report, model, answers, limit):
    for path in engine.PATHS:
        missing = engine.missing_features(path)
        for mode, options in MODES:
            name = f"{path}, {mode}"
            if missing:
                report.skip(name, f"processor feature {', '.join(missing)} is missing")
                continue
            part = answers.part(SCALAR_PROMPTS) if path == "scalar" else answers
            with report.check(name):
                ours = engine.log_probabilities(model, part.sequences(), "--path", path, *options)
                verdict = judge(part, ours, limit)
                progress(f"{name}: {verdict}")
                assert verdict.agrees, verdict
                assert path == "scalar" or verdict.positions >= KL_POSITIONS_MIN, verdict


def controls(report, model, answers, limit):
    """The comparison must fail for a model that is wrong in one number, and only for it."""
    part = answers.part(CONTROL_PROMPTS)
    with report.check("control: the unchanged model agrees"):
        verdict = judge(part, engine.log_probabilities(model, part.sequences()), limit)
        assert verdict.agrees, verdict
    for what, change in CONTROLS:
        with report.check(f"control: changing {what} is seen ({change})"):
            ours = engine.log_probabilities(model, part.sequences(), "--perturb", change)
            verdict = judge(part, ours, limit)
            progress(f"{change}: {verdict}")
            assert not verdict.agrees, f"it agrees: {verdict}"


def tiny(report):
    """Random models in F32: no quantisation hides a difference."""
    for family in tiny_model.FAMILIES:
        scaled = " with YaRN" if tiny_model.YARN[0] in family.metadata else ""
        scaled += " with experts" if family.experts else ""
        scaled += " with longrope" if family.longrope else ""
        with tempfile.TemporaryDirectory() as folder:
            tiny_family(report, family, family.architecture + scaled, Path(folder) / "tiny.gguf")


def tiny_answers(model, family, context=tiny_model.CONTEXT):
    """Writes the model, and asks the oracle for everything it thinks of three texts."""
    size = tiny_model.write(model, family)
    generator = numpy.random.default_rng(tiny_model.SEED)
    prompts = [generator.integers(3, size, length).tolist() for length in (1, 7, 40)]
    with Peer(model, context=context, exact=True) as peer:
        answers = oracle_answers.ask(peer, prompts, 48, size, tiny_model.no_text_alone())
    spread = float(answers.logprobs.max() - answers.logprobs.min())
    assert spread > 3, f"the model says nothing: its log-probabilities span {spread}"
    return answers


def tiny_family(report, family, name, model):
    answers = tiny_answers(model, family)
    spread = float(answers.logprobs.max() - answers.logprobs.min())
    for mode, options in MODES:
        with report.check(f"F32 tiny random {name}, scalar path, {mode}: within 1e-3"):
            difference = largest_difference(model, answers, *options)
            progress(f"{name}: largest difference {difference:.1e}; they span {spread:.1f}")
            assert difference <= TINY_DIFFERENCE_MAX, difference
    own = [("what is its own", change) for change in family.controls]
    for what, change in [*TINY_CONTROLS, *own]:
        with report.check(f"control: F32 tiny random {name}, {what} is seen ({change})"):
            difference = largest_difference(model, answers, "--perturb", change)
            progress(f"{name}, {change}: largest difference {difference:.1e}")
            assert difference > 5 * TINY_DIFFERENCE_MAX, difference


def two_reaches(report):
    """Which factors of the rotary embedding apply follows from the context, also for few tokens."""
    family = next(one for one in tiny_model.FAMILIES if one.longrope)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "tiny.gguf"
        for context in (tiny_model.SHORT_CONTEXT, tiny_model.CONTEXT):
            answers = tiny_answers(model, family, context)
            with report.check(f"longrope in a context of {context}: within 1e-3"):
                difference = largest_difference(model, answers, "--context", str(context))
                progress(f"longrope, {context}: largest difference {difference:.1e}")
                assert difference <= TINY_DIFFERENCE_MAX, difference
            other = tiny_model.CONTEXT + tiny_model.SHORT_CONTEXT - context
            with report.check(f"control: longrope in a context of {context}, not of {other}"):
                difference = largest_difference(model, answers, "--context", str(other))
                assert difference > 5 * TINY_DIFFERENCE_MAX, difference


def tiny_quantized(report):
    """Quantised experts: what differs is how inputs are rounded."""
    for family in tiny_model.QUANTIZED:
        stored = " and Q4_K" if family.k_quants else ""
        name = f"{family.architecture} with experts in {family.stored.name}{stored}"
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "tiny.gguf"
            answers = tiny_answers(model, family)
            for mode, options in MODES:
                with report.check(f"tiny random {name}, {mode}: mean KL under {MEAN_KL_MAX}"):
                    ours = engine.log_probabilities(model, answers.sequences(), *options)
                    chosen = numpy.take_along_axis(ours, answers.ids, axis=1)
                    divergence = float(kl(answers.logprobs, chosen).mean())
                    progress(f"{name}, {mode}: mean KL {divergence:.5f}")
                    assert divergence < MEAN_KL_MAX, divergence


def hub_tiny(report):
    """The same weights as GGUF in Q8_0 and as safetensors, which are read as Q8_0."""
    stored = gguf.GGMLQuantizationType.Q8_0
    for plain in tiny_model.FAMILIES:
        if plain.architecture not in hub_model.CLASSES or tiny_model.YARN[0] in plain.metadata:
            continue
        family = dataclasses.replace(plain, stored=stored)
        name = family.architecture + (" with experts" if family.experts else "")
        name += " with longrope" if family.longrope else ""
        with tempfile.TemporaryDirectory() as folder:
            model, directory = Path(folder) / "tiny.gguf", Path(folder) / "hub"
            answers = tiny_answers(model, family)
            hub_model.write(directory, model, shards=2)
            theirs, ours = (
                numpy.take_along_axis(
                    engine.log_probabilities(path, answers.sequences(), "--path", "scalar"),
                    answers.ids,
                    axis=1,
                )
                for path in (model, directory)
            )
        with report.check(f"safetensors, tiny random {name}: as the GGUF file, mean KL < 0.01"):
            difference = float(numpy.abs(theirs - ours).max())
            divergence = float(kl(answers.logprobs, ours).mean())
            progress(f"{name}: {difference:.1e} from GGUF; mean KL to the oracle {divergence:.5f}")
            assert difference < HUB_DIFFERENCE_MAX, difference
            assert divergence < MEAN_KL_MAX, divergence


def hub(report, model, answers, limit):
    """The real model as safetensors: the weights of the file, quantised once more."""
    part = answers.part(CONTROL_PROMPTS)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "hub"
        hub_model.write(directory, model, shards=2)
        with report.check("safetensors: mean KL under 0.01 to the oracle with the GGUF file"):
            verdict = judge(part, engine.log_probabilities(directory, part.sequences()), limit)
            progress(f"safetensors: {verdict}")
            assert verdict.mean_kl < MEAN_KL_MAX, verdict
            # These weights are rounded once more than those of the oracle.
            assert verdict.other_choices < OTHER_CHOICES_MAX * verdict.positions, verdict
        with report.check("safetensors: the tokenizer gives the ids of the GGUF file"):
            golden = [case["text"] for case in json.loads(TOKENIZER_GOLDEN.read_text())]
            assert engine.tokenize(directory, golden) == engine.tokenize(model, golden)
        with report.check("safetensors: a directory is imported, verified and answers"):
            hub_command(directory, Path(folder) / "data")


def hub_command(directory, data_dir):
    binary = paths.binary()

    def command(*arguments):
        done = run_command(binary, *arguments, data_dir=data_dir)
        assert done.returncode == 0, done
        return done.stdout

    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(directory.iterdir())
    ]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    command("model", "import", directory, "--id", "hub", "--sha256", digest)
    command("model", "verify", "hub")
    shown = json.loads(command("model", "show", "hub", "--json"))
    assert (shown["format"], shown["sha256"]) == ("safetensors", digest), shown
    with Server(binary, data_dir) as server:
        question = "What is the capital of France? Answer in one sentence."
        fields = {"model": "hub", "temperature": 0, "max_tokens": 12}
        answer = server.api.chat([{"role": "user", "content": question}], **fields)
        assert "Paris" in answer.json()["choices"][0]["message"]["content"], answer


def word_rules(report):
    """Random texts, cut by every rule as the oracle cuts them."""
    generator = numpy.random.default_rng(tiny_model.SEED)
    showing = numpy.array(tiny_model.SHOWING)
    texts = ["".join(generator.choice(showing, 12)) for _ in range(WORD_TEXTS)]
    cuts = {}
    for rule in tiny_model.WORD_RULES:
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "tiny.gguf"
            tiny_model.write(model, words=rule)
            # The oracle holds letters beyond ASCII to be of both cases.
            shown = [text.replace("é", "") for text in texts] if rule == "tekken" else texts
            with report.check(f"the word rule `{rule}` cuts {WORD_TEXTS} texts as the oracle"):
                with Peer(model, context=tiny_model.CONTEXT) as peer:
                    theirs = cuts[rule] = [peer.tokenize(text) for text in shown]
                ours = engine.tokenize(model, shown)
                wrong = [text for text, a, b in zip(shown, ours, theirs) if a != b]
                assert not wrong, f"{len(wrong)} differ, first {wrong[0]!r}"
    with report.check("control: every two word rules cut some text differently"):
        del cuts["refact"]  # the same as `smollm`
        assert len({json.dumps(tokens) for tokens in cuts.values()}) == len(cuts)


def largest_difference(model, answers, *options):
    sequences = answers.sequences()
    ours = engine.log_probabilities(model, sequences, "--path", "scalar", *options)
    chosen = numpy.take_along_axis(ours, answers.ids, axis=1)
    return float(numpy.abs(chosen - answers.logprobs).max())


def tokenizer(report, model):
    golden = json.loads(TOKENIZER_GOLDEN.read_text())
    with report.check(f"the tokenizer gives the recorded ids of {len(golden)} texts"):
        ours = engine.tokenize(model, [case["text"] for case in golden])
        wrong = [
            (case["text"][:60], case["ids"][:12], ids[:12])
            for case, ids in zip(golden, ours)
            if case["ids"] != ids
        ]
        assert not wrong, f"{len(wrong)} texts differ, first {wrong[0]}"
    with report.check("the tokenizer gives the oracle's ids of the prompts, special tokens too"):
        prompts = json.loads(oracle_answers.PROMPTS.read_text())
        recorded = json.loads((HERE / "reference.json").read_text())
        ours = engine.tokenize(model, [prompt["text"] for prompt in prompts], "--parse-special")
        assert ours == [entry["prompt"] for entry in recorded["answers"]], ours


def main():
    model = Path(sys.argv[1])
    report = Report(as_json="--json" in sys.argv)
    engine.build()
    limit = threshold(report)
    oracle_is_sound(report, model)
    version = installed_version()
    answers = oracle_answers.load(model, version)
    matches_the_recording(report, answers)
    tokenizer(report, model)
    word_rules(report)
    tiny(report)
    two_reaches(report)
    tiny_quantized(report)
    hub_tiny(report)
    hub(report, model, answers, limit)
    adapters.compare(report, model)
    compare_paths(report, model, answers, limit)
    controls(report, model, answers, limit)
    kv_cache.check(report, model, kv_cache.MEAN_KL_MAX)
    kv_cache.control(report, model)
    return report.finish()


def installed_version():
    from importlib.metadata import version

    return version("xllamacpp")


if __name__ == "__main__":
    sys.exit(main())
