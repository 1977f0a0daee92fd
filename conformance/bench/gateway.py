#!/usr/bin/env python3
"""Measures Galerne as a gateway, beside LiteLLM and beside a proxy that only hands bytes on, all in
front of the same upstream. See benches/README.md for what is measured and how.

    make bench-gateway
    cargo xtask bench-gateway -- --rounds 9 --seconds 15
"""

import argparse
import contextlib
import datetime
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import gateway_table, gateways, load_runs, machine, table  # noqa: E402
from harness import ledger, paths  # noqa: E402
from harness.report import progress  # noqa: E402

KINDS = {"whole": False, "stream": True}
WARM_SECONDS = 5
WARM_REQUESTS = 2_000


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    paths.target().mkdir(parents=True, exist_ok=True)
    # On a disk: a file system in memory, as /tmp often is, would flush nothing.
    folder = Path(tempfile.mkdtemp(prefix="bench-gateway-", dir=paths.target()))
    try:
        measured = measure(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write({**facts(options, quiet), **measured}, options)


def arguments():
    parser = argparse.ArgumentParser(description="Measures gateways.")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5")
    parser.add_argument("--seconds", type=int, default=10, help="of load in each round")
    parser.add_argument("--soak", type=int, default=100_000, help="requests; 0 leaves the soak out")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.rounds < 5 and not options.force:
        parser.error("fewer than 5 rounds say nothing")
    return options


def facts(options, quiet):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **machine.commit(also=("conformance/bench",)),
        "machine": machine.describe(),
        "quiet": quiet,
        "rounds": options.rounds,
        "connections": load_runs.CONNECTIONS,
        "seconds": options.seconds,
    }


def measure(folder, options):
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(gateways.Upstream(folder))
        kinds = (gateways.LiteLlm, gateways.Bare, gateways.Galerne)
        targets = [stack.enter_context(kind(folder, upstream)) for kind in kinds]
        at_start = {target.name: target.memory_mib()["now"] for target in targets}
        warm([upstream, *targets])
        rounds = throughput(targets, upstream, options)
        rates = {
            (name, kind): each[kind]["requests_per_s"]
            for name, each in rounds["summary"].items()
            for kind in KINDS
        }
        delays = latencies(targets, upstream, rates, options, folder)
        peak = {target.name: target.memory_mib()["peak"] for target in targets}
        ours = targets[-1]
        found = {
            "litellm": targets[0].version,
            "throughput": rounds,
            "latency": delays,
            "memory_mib": {"start": at_start, "peak": peak},
        }
        if options.soak:
            found["soak"] = soak(ours, options.soak, folder)
        found["rows"] = rows(ours, found)
    return found


def warm(targets):
    for target in targets:
        for stream in KINDS.values():
            load_runs.throughput(target, stream, WARM_SECONDS)


def throughput(targets, upstream, options):
    """Each round asks all of them in turn; who begins goes round."""
    samples = []
    for number in range(options.rounds):
        begin = number % len(targets)
        for target in [upstream, *targets[begin:], *targets[:begin]]:
            for kind, stream in KINDS.items():
                found = load_runs.throughput(target, stream, options.seconds)
                samples.append({"round": number + 1, "target": target.name, "kind": kind, **found})
                show(samples[-1], "requests_per_s", "cpu_ms_per_request")
    names = ("requests_per_s", "cpu_ms_per_request", "p50_ms", "p99_ms")
    return {"summary": summary(samples, names), "samples": samples}


def latencies(targets, upstream, rates, options, folder):
    """At half of what each can do, beside the upstream itself at the same rate."""
    samples = []
    for number in range(options.rounds):
        for target in targets:
            pair = [("through", target), ("direct", upstream)]
            for kind, stream in KINDS.items():
                rate, found = rates[target.name, kind] / 2, {}
                for name, asked in pair if number % 2 == 0 else reversed(pair):
                    found[name] = load_runs.latency(asked, stream, rate, options.seconds, folder)
                samples.append({"round": number + 1, "target": target.name, "kind": kind, **found})
                samples[-1] |= {
                    f"added_{share}_ms": found["through"][f"{share}_ms"]
                    - found["direct"][f"{share}_ms"]
                    for share in ("p50", "p99")
                }
                show(samples[-1], "added_p50_ms", "added_p99_ms")
    return {"summary": summary(samples, ("added_p50_ms", "added_p99_ms")), "samples": samples}


def soak(target, count, folder):
    """Many requests: memory and open files before and after."""
    load_runs.many(target, False, WARM_REQUESTS, folder)
    before = held(target)
    progress(f"soak of {count:,} requests")
    found = load_runs.many(target, False, count, folder)
    return {"requests": count, "seconds": found["seconds"], "before": before, "after": held(target)}


def held(target):
    return {
        "resident_mib": target.memory_mib()["now"],
        "files": len(os.listdir(f"/proc/{target.pid}/fd")),
    }


def rows(ours, found):
    """Every answer that was counted here has its usage row; requests cut off by wrk have more."""
    counted = sum(
        sample["requests"] for sample in found["throughput"]["samples"] if sample["target"] == ours.name
    )
    counted += sum(
        sample["through"]["requests"]
        for sample in found["latency"]["samples"]
        if sample["target"] == ours.name
    )
    counted += found["soak"]["requests"] + WARM_REQUESTS if "soak" in found else 0
    kept = ledger.outcomes(ours.data_dir)
    assert kept["finished"] >= counted, f"{counted} answers, but rows are {dict(kept)}"
    return {"answers": counted, "kept": dict(kept)}


def summary(samples, names):
    """Median, least and most of each figure, by target and kind."""
    found = {}
    for target in dict.fromkeys(sample["target"] for sample in samples):
        for kind in KINDS:
            mine = [each for each in samples if (each["target"], each["kind"]) == (target, kind)]
            figures = {name: spread([each[name] for each in mine]) for name in names}
            medians = {name: each["median"] for name, each in figures.items()}
            found.setdefault(target, {})[kind] = {**medians, "spread": figures}
    return found


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def show(sample, *names):
    figures = ", ".join(f"{name} {sample[name]:.2f}" for name in names)
    progress(f"round {sample['round']} {sample['target']} {sample['kind']}: {figures}")


def write(result, options):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-gateway.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = gateway_table.render(result, file.relative_to(paths.ROOT / "benches"))
    if "forced" not in result["quiet"] and options.rounds >= 5:
        table.insert(paths.ROOT / "benches" / "README.md", "gateway", text)
    print(text)


if __name__ == "__main__":
    main()
