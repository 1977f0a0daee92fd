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
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import contests, energy, engine_table, limit, machine, rounds, table  # noqa: E402
from bench.client import Ours, Theirs  # noqa: E402
from bench.prompts import Prompts  # noqa: E402
from harness import paths, process  # noqa: E402
from harness.report import progress  # noqa: E402
from harness.server import Bench  # noqa: E402

SETTLE_SECONDS = 3


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    bench = Bench()
    try:
        with contests.peer_of(paths.model_file(), options.threads) as peer:
            result = {**facts(options, quiet, peer), **compare(bench, peer, options)}
    finally:
        bench.remove()
    result["gemma"] = contests.gemma(options)
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
            **{"name": "xllamacpp", "version": peer.version, "context": contests.PEER_CONTEXT},
            **{"slots": max(rounds.CONCURRENT), "system": peer.ready["system"].strip(" |")},
            "resident_kib_before_model": peer.ready["resident_kib_before_model"],
        },
        "energy": energy.FACTOR,
    }


def compare(bench, peer, options):
    prompts = Prompts(peer, options.seed)
    with contests.serve(bench, options.threads) as server:
        targets = [Ours(server), Theirs(peer)]
        found = measure(targets, prompts, options)
        found["copies"] = contests.copies(bench, targets, prompts, options)
    found["avx2"] = contests.narrow(bench, peer, prompts, options)
    prompts.compare(paths.model_file())
    return found


def measure(targets, prompts, options):
    """Everything that both servers are compared in, and their memory before anything else."""
    idle = rounds.settle(SETTLE_SECONDS, targets)
    rounds.warm(targets, prompts)
    measured = partial(limit.of, paths.model_file(), options.threads)
    plan = partial(rounds.main_plan, prompts, measured)
    found = rounds.alternate(targets, options.rounds, plan, rounds.main_round)
    memory = {target.name: process.memory_kib(target.pid) for target in targets}
    return {
        "memory_kib": {
            name: {"idle": idle[name], "peak": each["VmHWM"], "end": each["VmRSS"]}
            for name, each in memory.items()
        },
        **found,
    }


def write(result, name):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-{name}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = engine_table.render(result, file.relative_to(paths.ROOT / "benches"))
    if name == "engine" and "forced" not in result["quiet"]:
        table.insert(paths.ROOT / "benches" / "README.md", "engine", text)
    print(text)


if __name__ == "__main__":
    main()
