#!/usr/bin/env python3
"""Measures the log beside a plain hash chain without signatures, in one run, in turn.

The chain is the limit of what an append-only record can do: one file, one hash an entry, group
commit, no index, no tree, no signature. See benches/README.md for what is measured and how.

    make bench-log
    cargo xtask bench-log -- --rounds 9
"""

import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import log_table, machine, table  # noqa: E402
from harness import paths  # noqa: E402
from harness.report import progress  # noqa: E402

RATE, SECONDS = 500, 10
ENTRIES, WAITING = 102_400, (128, 512)
LEAVES, VERIFIED = 10_000_000, 1_000_000
HANG_GUARD_SECONDS = 900


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    # On a disk: a file system in memory, as /tmp often is, would flush nothing.
    folder = Path(tempfile.mkdtemp(prefix="bench-log-", dir=paths.target()))
    try:
        result = {**facts(options, quiet), **measure(folder, options)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write(result)


def arguments():
    parser = argparse.ArgumentParser(description="Measures the log beside a plain hash chain.")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.rounds < 5 and not options.force:
        parser.error("fewer than 5 rounds say nothing")
    return options


def facts(options, quiet):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **machine.commit(),
        "machine": machine.describe(),
        "quiet": quiet,
        "rounds": options.rounds,
        "append": {"per_second": RATE, "seconds": SECONDS},
        "batches": {"entries": ENTRIES, "waiting": WAITING},
    }


def measure(folder, options):
    samples = []
    export, chain = folder / "export", folder / "chain"
    key = speed("export", export, VERIFIED)["key"]
    speed("chain", chain, VERIFIED)
    for number in range(options.rounds):
        kinds = ("log", "chain") if number % 2 == 0 else ("chain", "log")
        for kind in kinds:
            record = one_round(kind, folder / "work", (export, key) if kind == "log" else chain)
            samples.append({"round": number + 1, "kind": kind, **record})
            show(samples[-1])
    proofs = [speed("prove", folder / "work", LEAVES) for _ in range(2)]
    for proof in proofs:
        progress(f"proofs in {LEAVES} leaves: {json.dumps(proof)}")
    return {"summary": summary(samples), "samples": samples, "proofs": proofs}


def one_round(kind, work, verified):
    appended = speed("append", kind, work, RATE, SECONDS)
    record = {f"append_{name}": appended[name] for name in ("p50_ms", "p99_ms", "max_ms")}
    for waiting in WAITING:
        batch = speed("batches", kind, work, ENTRIES, waiting)
        record[f"batch_{waiting}_entries_per_s"] = batch["entries_per_second"]
        record[f"batch_{waiting}_signed_per_s"] = batch["signed_per_second"]
    record["verify_s"] = verify(kind, verified)
    return record


def verify(kind, what):
    """Wall time of the whole process, reading included."""
    started = time.monotonic()
    if kind == "log":
        export, key = what
        run([os.environ["GALERNE_VERIFY_BIN"], "export", export, "--key", key])
    else:
        speed("verify-chain", what)
    return time.monotonic() - started


def speed(*arguments):
    return json.loads(run([os.environ["GALERNE_LOG_SPEED"], *arguments]))


def run(command):
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_GUARD_SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr[-500:] or done.stdout[-500:]}")
    return done.stdout


def summary(samples):
    """Median, least and most of each figure by kind."""
    found = {}
    for name in [name for name in samples[0] if name not in ("round", "kind")]:
        by_kind = {}
        for sample in samples:
            by_kind.setdefault(sample["kind"], []).append(sample[name])
        found[name] = {
            kind: {"median": statistics.median(values), "min": min(values), "max": max(values)}
            for kind, values in by_kind.items()
        }
    return found


def show(sample):
    figures = [f"{name} {value:.3g}" for name, value in sample.items() if isinstance(value, float)]
    progress(f"round {sample['round']} {sample['kind']}: {', '.join(figures)}")


def write(result):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-log.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = log_table.render(result, file.relative_to(paths.ROOT / "benches"))
    if "forced" not in result["quiet"]:
        table.insert(paths.ROOT / "benches" / "README.md", "log", text)
    print(text)


if __name__ == "__main__":
    main()
