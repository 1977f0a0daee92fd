"""What the machine is, and whether it is quiet enough to measure on it."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from harness import paths
from harness.report import progress

IDLE_MIN = 0.90
SAMPLE_SECONDS = 3


def describe():
    info = Path("/proc/cpuinfo").read_text()
    memory = Path("/proc/meminfo").read_text()
    flags = set(re.search(r"^flags\s*:(.*)", info, re.MULTILINE).group(1).split())
    wanted = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    field = {name: re.search(rf"^{name}\s*: (.*)", info, re.MULTILINE) for name in _CPU_FIELDS}
    return {
        "cpu": {name: found.group(1) for name, found in field.items() if found},
        "features": [name for name in wanted if name in flags],
        "cores": os.cpu_count(),
        "memory_mib": int(re.search(r"MemTotal:\s+(\d+)", memory).group(1)) // 1024,
        "kernel": platform.release(),
    }


_CPU_FIELDS = ("model name", "vendor_id", "cpu family", "model", "cache size")


def commit(also=()):
    """The commit that is checked out; says so if the Rust tree, or folders `also`, differ from it."""
    def git(*arguments):
        done = subprocess.run(
            ["git", *arguments], cwd=paths.ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "HEAD")
    changed = git("status", "--porcelain", "--", "crates", "libs", "Cargo.lock", "Cargo.toml", *also)
    return {"commit": head, "changed_files": len(changed.splitlines()) if changed else 0}


def quiet(force):
    """What is recorded of the machine's quiet; refuses a busy one unless forced."""
    share, busy = idle_share()
    found = {"idle_share": round(share, 3), "load": os.getloadavg(), "busy": busy}
    if share < IDLE_MIN:
        text = f"the machine is only {share:.0%} idle; busy: {', '.join(busy) or 'unknown'}"
        if not force:
            raise SystemExit(f"{text}. Wait until it is quiet, or measure anyway with --force.")
        progress(f"{text} (measured anyway)")
        found["forced"] = True
    return found


def idle_share(seconds=SAMPLE_SECONDS):
    """The idle share of all cores over some seconds, and who was busy: (share, names)."""
    before, processes_before = _ticks(), _processes()
    time.sleep(seconds)
    after, processes_after = _ticks(), _processes()
    total = sum(after) - sum(before)
    idle = (after[3] + after[4]) - (before[3] + before[4])
    worked = sorted(
        (
            (ticks - processes_before.get(pid, (0, ""))[0], name, pid)
            for pid, (ticks, name) in processes_after.items()
        ),
        reverse=True,
    )
    busy = [f"{name} ({pid})" for ticks, name, pid in worked[:5] if ticks > 5]
    return idle / total, busy


def _ticks():
    first = Path("/proc/stat").read_text().splitlines()[0]
    return [int(value) for value in first.split()[1:9]]


def _processes():
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            name = text[text.index("(") + 1 : text.rindex(")")]
            fields = text.rpartition(")")[2].split()
            found[entry.name] = (int(fields[11]) + int(fields[12]), name)
    return found
