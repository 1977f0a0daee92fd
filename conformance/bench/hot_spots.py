#!/usr/bin/env python3
"""Says which functions of our server the time of a row goes to, by `perf`.

    GALERNE_MODEL_FILE=… python3 conformance/bench/hot_spots.py decode_after_512
"""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import contests, rounds  # noqa: E402
from bench.client import Ours, ask  # noqa: E402
from bench.prompts import Prompts  # noqa: E402
from harness import paths  # noqa: E402
from harness.server import Bench  # noqa: E402

SHOWN = 15
ATTACH_SECONDS = 1
# Samples a second; the virtual machine may have no counters of its processor.
SAMPLING = ("-e", "cpu-clock", "-F", "1999")


# Each gives the prompts to send at once and the tokens of their answers.


def prefill(target, prompts):
    return [prompts.of(rounds.PREFILL)], 1


def known(target, prompts):
    """The beginning is made known before anything is sampled."""
    long = prompts.of(rounds.PREFILL)
    ask(target, [long], 1)
    return [prompts.alike(long, rounds.KNOWN)], 1


def decode_short(target, prompts):
    return [prompts.of(rounds.DECODE_PROMPT)], rounds.DECODE


def decode_after_512(target, prompts):
    """What was computed for the prompt is known, so that nearly all of the time is the answer's."""
    long = prompts.of(rounds.PREFILL)
    ask(target, [long], 1)
    return [long], rounds.DECODE


def concurrent_16(target, prompts):
    return [prompts.of(rounds.CONCURRENT_TOKENS) for _ in range(16)], rounds.CONCURRENT_TOKENS


ROWS = {
    row.__name__: row for row in (prefill, known, decode_short, decode_after_512, concurrent_16)
}


def main():
    parser = argparse.ArgumentParser(description="Profiles our server in one row of the table.")
    parser.add_argument("row", choices=ROWS)
    # Few enough for what the server keeps of prompts.
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    bench = Bench()
    try:
        with contests.peer_of(paths.model_file(), options.threads) as peer:
            with contests.serve(bench, options.threads) as server:
                target, prompts = Ours(server), Prompts(peer, 1)
                work = [ROWS[options.row](target, prompts) for _ in range(options.rounds)]
                record(target, work, bench.folder / "perf.data")
        print(report(bench.folder / "perf.data"))
    finally:
        bench.remove()


def record(target, work, file):
    command = ["perf", "record", "-q", *SAMPLING, "-p", str(target.pid), "-o", str(file)]
    sampler = subprocess.Popen(command)
    time.sleep(ATTACH_SECONDS)
    for asked, tokens in work:
        ask(target, asked, tokens)
    sampler.send_signal(signal.SIGINT)
    sampler.wait()


def report(file):
    command = ["perf", "report", "--stdio", "-q", "--sort", "symbol", "-i", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
    return "\n".join(lines[:SHOWN])


if __name__ == "__main__":
    main()
