#!/usr/bin/env python3
"""Measures the page: its first load, typing while an answer streams, very many conversations.

The browser is driven by web/bench; this prepares a data directory, keeps the result and writes the
table. See benches/README.md for what is measured and how.

    make bench-web
    cargo xtask bench-web -- --rounds 9
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import machine, table, web_table  # noqa: E402
from harness import paths  # noqa: E402
from harness.report import progress  # noqa: E402

MODEL = "smollm2-135m-instruct"
HANG_GUARD_SECONDS = 3600


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    # On a disk: a file system in memory, as /tmp often is, would flush nothing.
    folder = Path(tempfile.mkdtemp(prefix="bench-web-", dir=paths.target()))
    try:
        measured = measure(folder, options.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write({**facts(options, quiet), "summary": summary(measured), **measured})


def arguments():
    parser = argparse.ArgumentParser(description="Measures the page.")
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
        **machine.commit(also=("web/src", "web/bench", "web/package-lock.json")),
        "machine": machine.describe(),
        "quiet": quiet,
        "rounds": options.rounds,
    }


def measure(folder, rounds):
    data, out = folder / "data", folder / "measured.json"
    model = [paths.model_file(), "--id", MODEL, "--data-dir", data]
    run([paths.binary(), "model", "import", *model], stdout=subprocess.DEVNULL)
    environment = {**os.environ, "GALERNE_BIN": str(paths.binary()), "GALERNE_DATA_DIR": str(data)}
    environment.pop("GALERNE_URL", None)
    run(["node", "bench/measure.mjs", out, rounds], cwd=paths.ROOT / "web", env=environment)
    return json.loads(out.read_text())


def run(command, **options):
    command = [str(part) for part in command]
    subprocess.run(command, check=True, timeout=HANG_GUARD_SECONDS, **options)


def summary(measured):
    """Median, least and most of each figure over the rounds."""
    samples = measured["samples"]
    load = {name: [sample["load"][name] for sample in samples] for name in web_table.LOAD}
    scenes = {
        scene: {
            name: spread([sample["stream"][scene][name] for sample in samples])
            for name, value in samples[0]["stream"][scene].items()
            if not isinstance(value, dict)
        }
        for scene in samples[0]["stream"]
    }
    lists = {
        alone["name"]: {
            "found": alone["total"],
            "store_ms": spread(alone["ms"]),
            "server_ms": spread(server_samples(samples, alone["name"])),
            "page_ms": spread([sample["lists"][alone["name"]]["page"]["ms"] for sample in samples]),
        }
        for alone in measured["store_alone"]
    }
    return {
        "load": {name: spread(values) for name, values in load.items()},
        "stream": scenes,
        "lists": lists,
    }


def server_samples(samples, name):
    return [value for sample in samples for value in sample["lists"][name]["server"]["samples"]]


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def write(result):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-web.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = web_table.render(result, file.relative_to(paths.ROOT / "benches"))
    if "forced" not in result["quiet"]:
        table.insert(paths.ROOT / "benches" / "README.md", "web", text)
    print(text)


if __name__ == "__main__":
    main()
