"""Numbers, for longer and with every model file that is here, in the `oracle` environment."""

from harness import paths, venvs
from harness.clients import run_checks


HANG_GUARD_SECONDS = 5400


def run(report, bench):
    command = [venvs.python("oracle"), paths.CONFORMANCE / "oracle" / "longer.py", "--json"]
    run_checks(report, "oracle_longer", command, seconds_max=HANG_GUARD_SECONDS)
