"""What goes wrong around a log: a second server, failing disks, a clock that is set back.

Nothing is answered without an entry; what cannot be written is refused with 503.
"""

import sys

from harness import chain, namespace, paths, surgery
from harness.clients import run_checks
from harness.installation import (
    Installation,
    ask_often,
    expect_closed,
    reasons,
    wait_for,
)
from harness.report import Skip
from harness.server import run as run_command

HOUR_MICROS = 3600 * 10**6


def run(report, bench):
    _two_servers(report, bench)
    _clock(report, bench)
    _disks(report, bench)


def _two_servers(report, bench):
    place = Installation(bench)
    with place.serve() as server:
        with report.check("faults: a second server on the data directory is refused with 69"):
            ask_often(server.api, 3)
            command = ("serve", "--listen", "127.0.0.1:0")
            done = run_command(bench.binary, *command, data_dir=place.data_dir)
            assert done.returncode == 69 and "ready" not in done.stdout, done
            ask_often(server.api, 3)
    with report.check("faults: the log of the first server is verified"):
        assert place.verify().returncode == 0
    with report.check("faults: control: two writers of an unkeyed chain lose entries unseen"):
        path = bench.folder / "chain-of-two-writers"
        one, other = chain.Writer(path), chain.Writer(path)
        one.append(b"seen by the first writer only")
        other.append(b"seen by the second writer only")
        kept = chain.read(path)
        assert len(kept) == 1 and chain.first_bad(kept) is None, kept


def _clock(report, bench):
    place = Installation(bench)
    with place.serve() as server:
        with report.check("faults: a clock that goes on: control: everything is answered"):
            ask_often(server.api, 3)
        with report.check("faults: a clock one hour behind the newest entry: red, all refused"):
            before = _make_entry_of_the_future(place)
            expect_closed(server.api, "clock.moved_back")
            assert place.entries() == before, "an entry was written"
        with report.check("faults: `audit accept-clock` heals it without a restart"):
            _accept_clock(place)
            wait_for("green health", lambda: not reasons(server.api))
            ask_often(server.api, 3)
    with report.check("faults: a clock that has moved back when the server starts: not taken up"):
        before = _make_entry_of_the_future(place)
        place.expect_not_served("clock.moved_back")
        assert place.entries() == before, "an entry was written"
    with report.check("faults: after `audit accept-clock` it starts again"):
        _accept_clock(place)
        with place.serve() as server:
            ask_often(server.api, 3)
            assert not reasons(server.api)
    with report.check("faults: the log with clocks that were accepted is verified"):
        done = place.verify()
        assert done.returncode == 0, done
        actions = [row["action"] for row in place.rows()]
        assert actions.count("clock.accept") == 2, actions
    with report.check("faults: control: an unkeyed chain takes the back-dated entry"):
        assert chain.first_bad(chain.build([*before, before[0]])) is None


def _make_entry_of_the_future(place):
    """As if the clock had been an hour ahead when the newest entry was made: all entries."""
    newest = place.rows()[-1]
    ahead = surgery.new_row(newest, surgery.now_micros() + HOUR_MICROS)
    surgery.append_row(place.data_dir, ahead)
    return place.entries()


def _accept_clock(place):
    done = place.audit("accept-clock")
    assert done.returncode == 0, done


def _disks(report, bench):
    try:
        unshare = namespace.unshare("mount")
    except Skip as reason:
        report.skip("faults: full and read-only disks", str(reason))
        return
    scratch = bench.folder / "disks"
    scratch.mkdir()
    models = bench.data_dir() / "models"
    script = paths.CONFORMANCE / "clients" / "failing_disk.py"
    run_checks(report, "faults", [*unshare, sys.executable, script, bench.binary, models, scratch])
