"""Energy of a server by its processor time, as the product estimates it without a counter."""

import re
import time

from harness import paths, process

# What a server does after its last event belongs to the request too; all get the same time.
AFTER_SECONDS = 0.2


def factor():
    """The product's own factor for machines whose processor tells no energy."""
    text = (paths.ROOT / "libs" / "carbon-ledger" / "src" / "factors.rs").read_text()
    found = re.search(
        r"CPU_POWER: CpuPower = CpuPower \{\s*watts_per_core: ([\d.]+),"
        r"\s*uncertainty: Uncertainty::literal\(([\d.]+)\)",
        text,
    )
    watts, percent = map(float, found.groups())
    return {
        **{"method": "estimated", "watts_per_busy_core": watts},
        "uncertainty_percent": percent,
    }


FACTOR = factor()


def of(target, work):
    """What `work` returns, and the joules that the server spent on it."""
    before = process.cpu_seconds(target.pid)
    done = work()
    time.sleep(AFTER_SECONDS)
    return done, (process.cpu_seconds(target.pid) - before) * FACTOR["watts_per_busy_core"]
