#!/usr/bin/env python3
"""Runs the conformance suites against the real binary and a real model.

    GALERNE_BIN=target/release/galerne GALERNE_MODEL_FILE=model.gguf conformance/run.py
    conformance/run.py --only kill,sdk

Needs Python 3.10 or newer and nothing else: environments are made in the cache, all pinned.
Every check prints a line; the last line counts them; the exit code is 1 if one failed.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from harness.report import Report, progress  # noqa: E402
from harness.server import Bench  # noqa: E402

SUITES = [
    *("cli", "http", "energy", "netns", "confinement", "sdk", "accounts", "oidc", "scim"),
    *("break_glass", "tenants", "budgets", "batch", "schema", "gateway", "upstream_server"),
    *("conversations", "libraries", "evaluation"),
    *("oracle", "tokens", "embeddings"),
    *("encryption", "pkcs11", "erasure", "models", "log", "log_attacks", "log_faults", "receipts"),
    *("policy", "prefixes"),
    *("sovereignty", "records", "canary", "kill"),
]

# Not run unless they are named.
LONGER = ["oracle_longer", "tokens_longer", "embeddings_longer"]


def main():
    parser = argparse.ArgumentParser(description="Runs the conformance suites.")
    parser.add_argument("--only", help=f"comma-separated suites out of {', '.join(SUITES + LONGER)}")
    chosen = parser.parse_args().only
    names = chosen.split(",") if chosen else SUITES
    unknown = [name for name in names if name not in SUITES + LONGER]
    if unknown:
        parser.error(f"no suite named {', '.join(unknown)}")
    report = Report()
    bench = Bench()
    try:
        for name in names:
            started = time.monotonic()
            progress(f"suite {name}")
            with report.check(f"{name}: the suite ran to its end"):
                importlib.import_module(f"suites.{name}").run(report, bench)
            progress(f"suite {name}: {time.monotonic() - started:.0f} s")
    finally:
        bench.remove()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
