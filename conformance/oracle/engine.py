"""Our engine, teacher-forced: the Rust example `teacher_force` of `engine-cpu`."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy

from harness import paths

HANG_GUARD_SECONDS = 600

# What each kernel path needs, as the kernel names it in /proc/cpuinfo.
PATHS = {
    "scalar": set(),
    "avx2": {"avx2", "fma", "f16c"},
    "avx512": {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"},
}


def missing_features(path):
    """The features of this CPU that `path` needs and lacks."""
    flags = set()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.partition(":")[2].split())
            break
    return sorted(PATHS[path] - flags)


def build():
    """Builds the examples that the comparison runs."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "engine-cpu"]
    command += ["--example", "teacher_force", "--example", "tokenize"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"cargo build: {done.stderr[-800:]}")


def log_probabilities(model, sequences, *options):
    """One row over the vocabulary for each token of each continuation, in order."""
    command = [paths.target() / "examples" / "teacher_force", model, *options]
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(part) for part in command],
            input=json.dumps(sequences).encode(),
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=HANG_GUARD_SECONDS,
        )
        if done.returncode != 0:
            raise AssertionError(f"teacher_force {' '.join(options)}: {done.stderr[-400:]!r}")
        output.seek(0)
        values = numpy.fromfile(output, dtype="<f4")
    positions = sum(len(sequence["continuation"]) for sequence in sequences)
    assert len(values) and len(values) % positions == 0, f"{len(values)} values"
    return values.reshape(positions, -1)


def tokenize(model, texts, *options):
    """The token ids of each text by our tokenizer."""
    return _tokenizer(model, texts, *options)


def decode(model, lists):
    """The text of each list of token ids, as an answer of them is streamed."""
    return _tokenizer(model, lists, "--decode")


def render(model, conversations):
    """The token ids of each conversation by the model's template."""
    return _tokenizer(model, conversations, "--render")


def _tokenizer(model, value, *options):
    command = [paths.target() / "examples" / "tokenize", model, *options]
    done = subprocess.run(
        [str(part) for part in command],
        input=json.dumps(value).encode(),
        capture_output=True,
        timeout=HANG_GUARD_SECONDS,
    )
    if done.returncode != 0:
        raise AssertionError(f"tokenize: {done.stderr[-400:]!r}")
    return json.loads(done.stdout)
