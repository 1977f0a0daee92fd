#!/usr/bin/env python3
"""Measures our engine against the llama.cpp server of the `xllamacpp` wheel, side by side.

Both servers stay up and are asked in turn, the same prompts token by token, with the same number
of threads, through the same client. See benches/README.md for what is measured and how.

    make bench-engine
    conformance/bench/engine.py --rounds 9
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import machine, table  # noqa: E402
from bench.client import Ours, Theirs, ask  # noqa: E402
from bench.prompts import Prompts  # noqa: E402
from harness import paths, process  # noqa: E402
from harness.peer import Peer  # noqa: E402
from harness.report import progress  # noqa: E402
from harness.server import Bench, Server  # noqa: E402

PREFILL, DECODE = 512, 128
# Of the 512 tokens of a prompt, what an earlier one has in common with it.
KNOWN = 496
SHORT, CONCURRENT_PROMPT, CONCURRENT_DECODE = 20, 40, 64
CONCURRENT = (1, 8, 16)
PEER_CONTEXT = 4096
SETTLE_SECONDS = 3


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    bench = Bench()
    try:
        with Peer(paths.model_file(), options.threads, PEER_CONTEXT, max(CONCURRENT)) as peer:
            with Server(bench.binary, bench.data_dir(), threads=options.threads) as server:
                targets = [Ours(server), Theirs(peer)]
                result = {**facts(options, quiet, peer), **measure(targets, peer, options)}
    finally:
        bench.remove()
    write(result, options.name)


def arguments():
    parser = argparse.ArgumentParser(description="Measures our engine beside llama.cpp.")
    parser.add_argument("--rounds", type=int, default=7, help="at least 5")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--name", default="engine", help="name of the result file")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.rounds < 5 and not options.force:
        parser.error("fewer than 5 rounds say nothing")
    return options


def facts(options, quiet, peer):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **machine.commit(),
        "machine": machine.describe(),
        "quiet": quiet,
        "model": paths.model_file().name,
        "threads": options.threads,
        "rounds": options.rounds,
        "seed": options.seed,
        "peer": {
            **{"name": "xllamacpp", "version": peer.version, "context": PEER_CONTEXT},
            **{"slots": max(CONCURRENT), "system": peer.ready["system"].strip(" |")},
            "resident_kib_before_model": peer.ready["resident_kib_before_model"],
        },
    }


def measure(targets, peer, options):
    prompts = Prompts(peer, options.seed)
    time.sleep(SETTLE_SECONDS)
    idle = {target.name: process.memory_kib(target.pid)["VmRSS"] for target in targets}
    for target in targets:
        ask(target, [prompts.of(PREFILL)], 8)
    samples = []
    for number in range(options.rounds):
        # Each round has its own prompts, the same for both; who begins alternates.
        work = plan(prompts)
        for target in targets if number % 2 == 0 else reversed(targets):
            other = next(each for each in targets if each is not target)
            cpu = process.cpu_seconds(other.pid)
            record = one_round(target, work)
            record["other_cpu_seconds"] = round(process.cpu_seconds(other.pid) - cpu, 3)
            samples.append({"round": number + 1, "engine": target.name, **record})
            show(samples[-1])
    same_ids(prompts)
    memory = {target.name: process.memory_kib(target.pid) for target in targets}
    return {
        "memory_kib": {
            name: {"idle": idle[name], "peak": found["VmHWM"], "end": found["VmRSS"]}
            for name, found in memory.items()
        },
        "summary": summary(samples),
        "samples": samples,
    }


def plan(prompts):
    concurrent = {n: [prompts.of(CONCURRENT_PROMPT) for _ in range(n)] for n in CONCURRENT}
    long = prompts.of(PREFILL)
    return {
        "short": [prompts.of(SHORT) for _ in range(3)],
        "long": long,
        "known": prompts.alike(long, KNOWN),
        "decode": prompts.of(CONCURRENT_PROMPT),
        "concurrent": concurrent,
    }


def one_round(target, work):
    """Every figure once, in the unit that the table shows."""
    first = [ask(target, [prompt], 4)[0][0].first_text for prompt in work["short"]]
    (long,), _ = ask(target, [work["long"]], DECODE)
    (known,), _ = ask(target, [work["known"]], 4)
    (short,), _ = ask(target, [work["decode"]], DECODE)
    record = {
        "first_token_20_ms": statistics.median(first) * 1000,
        "first_token_20_ms_each": [value * 1000 for value in first],
        "first_token_512_ms": long.first_text * 1000,
        "first_token_512_known_496_ms": known.first_text * 1000,
        "prefill_512_tokens_per_s": PREFILL / long.first_text,
        "decode_after_512_tokens_per_s": (DECODE - 1) / (long.end - long.first_text),
        "decode_short_tokens_per_s": (DECODE - 1) / (short.end - short.first_text),
    }
    for count, prompts in work["concurrent"].items():
        _, wall = ask(target, prompts, CONCURRENT_DECODE)
        record[f"concurrent_{count}_tokens_per_s"] = count * CONCURRENT_DECODE / wall
    return record


def same_ids(prompts):
    """Our tokenizer makes the very ids that the other server was given."""
    example = paths.target() / "examples" / "tokenize"
    done = subprocess.run(
        [str(example), str(paths.model_file()), "--parse-special"],
        input=json.dumps([prompt.rendered for prompt in prompts.made]).encode(),
        capture_output=True,
        check=True,
    )
    if json.loads(done.stdout) != [prompt.ids for prompt in prompts.made]:
        raise AssertionError("the two tokenizers disagree on a prompt")


def summary(samples):
    """Median, least and most of each figure by engine."""
    names = [name for name in samples[0] if name.endswith(("_per_s", "_ms"))]
    found = {}
    for name in names:
        by_engine = {}
        for sample in samples:
            by_engine.setdefault(sample["engine"], []).append(sample[name])
        found[name] = {
            engine: {
                "median": round(statistics.median(values), 3),
                "min": round(min(values), 3),
                "max": round(max(values), 3),
            }
            for engine, values in by_engine.items()
        }
    return found


def show(sample):
    figures = [
        f"{name.removesuffix('_tokens_per_s')} {value:.0f}"
        for name, value in sample.items()
        if name.endswith(("_per_s", "_ms"))
    ]
    progress(f"round {sample['round']} {sample['engine']}: {', '.join(figures)}")


def write(result, name):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-{name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = table.render(result, file.relative_to(paths.ROOT / "benches"))
    if name == "engine" and "forced" not in result["quiet"]:
        table.insert(paths.ROOT / "benches" / "README.md", "engine", text)
    print(text)


if __name__ == "__main__":
    main()
