#!/usr/bin/env python3
"""Measures what identity, rules, audit, receipts and encryption add to a request, and how long a
search over sealed conversations takes. See benches/README.md for what is measured and how.

    make bench-guarded
    cargo xtask bench-guarded -- --rounds 9 --pairs 4000
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import guarded_table, machine, table  # noqa: E402
from harness import paths  # noqa: E402
from harness.report import progress  # noqa: E402

CONVERSATIONS, SEARCHES = 100_000, 300
HANG_GUARD_SECONDS = 1_800


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    # On a disk: a file system in memory, as /tmp often is, would flush nothing.
    folder = Path(tempfile.mkdtemp(prefix="bench-guarded-", dir=paths.target()))
    try:
        result = {**facts(options, quiet), **measure(folder, options)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write(result)


def arguments():
    parser = argparse.ArgumentParser(description="Measures what the guards of a request cost.")
    parser.add_argument("--rounds", type=int, default=5, help="at least 5")
    parser.add_argument("--pairs", type=int, default=2_000, help="of requests, in each round")
    parser.add_argument("--no-search", action="store_true", help="leave the search out")
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
    }


def measure(folder, options):
    progress(f"{options.rounds} rounds of {options.pairs} pairs")
    guarded = run("GALERNE_GUARDED_SPEED", folder / "guarded", options.rounds, options.pairs)
    if options.no_search:
        return {"guarded": guarded}
    progress(f"{CONVERSATIONS} sealed conversations")
    search = run("GALERNE_SEARCH_SPEED", folder / "search", CONVERSATIONS, SEARCHES)
    return {"guarded": guarded, "search": search}


def run(program, *arguments):
    command = [str(part) for part in (os.environ[program], *arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_GUARD_SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr[-500:] or done.stdout[-500:]}")
    return json.loads(done.stdout)


def write(result):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-guarded.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = guarded_table.render(result, file.relative_to(paths.ROOT / "benches"))
    if "forced" not in result["quiet"] and "search" in result:
        table.insert(paths.ROOT / "benches" / "README.md", "guarded", text)
    print(text)


if __name__ == "__main__":
    main()
