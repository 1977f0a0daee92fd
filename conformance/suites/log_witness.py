"""The server and a witness that it reaches over HTTP: C2SP tlog-witness."""

import json
import time

from harness import tlog
from harness.installation import (
    Installation,
    ask_often,
    copy_data,
    expect_closed,
    reasons,
    wait_for,
)
from harness.witness import Witness, verify_cosignature

HANG_GUARD_SECONDS = 30


def run(report, bench):
    with Witness(bench.folder / "witness.json") as witness:
        place = Installation(bench, witness=witness.url, witness_grace_seconds=1)
        with place.serve() as server:
            key = place.key()
            _unknown_log(report, witness, server, key)
            _checkpoints(report, witness, server, place, key)
            _away(report, witness, server, place, key)
        with report.check("witness: the checkpoint at shutdown was handed over"):
            assert witness.newest_checkpoint(key.name).size == len(place.rows())
        with report.check("witness: the log tells once who was reached, not at each checkpoint"):
            entries = [json.loads(entry) for entry in place.entries()]
            reached = [entry for entry in entries if entry["action"].startswith("egress.")]
            parties = [(entry["action"], entry["subject"]) for entry in reached]
            origin = "/".join(witness.url.split("/")[:3])
            assert parties == [("egress.exchange", f"party:{origin}")], reached
        _rolled_back(report, bench, witness, place, key)


def _unknown_log(report, witness, server, key):
    with report.check("witness: one that does not know the log: log.witness_late, then healthy"):
        wait_for("red health", lambda: reasons(server.api) == ["log.witness_late"])
        witness.trust(key)
        wait_for("green health", lambda: not reasons(server.api))


def _checkpoints(report, witness, server, place, key):
    with report.check("witness: checkpoints arrive with proofs that verify, and are cosigned"):
        sizes = []
        for _ in range(3):
            ask_often(server.api, 7)
            rows = len(place.rows())
            wait_for("a checkpoint", lambda: _size(witness, key) >= rows)
            sizes.append(_size(witness, key))
            note = witness.newest(key.name)
            tlog.open_checkpoint(note, key)
            assert abs(verify_cosignature(note, witness.key) - time.time()) < HANG_GUARD_SECONDS
        assert sizes == sorted(set(sizes)), sizes
        refused = [status for status in witness.answers if status not in (200, 404)]
        assert not refused, f"the witness refused: {refused}"


def _away(report, witness, server, place, key):
    api = server.api
    with report.check("witness: away -> log.witness_late, 503 on data routes"):
        witness.stop()
        api.request("GET", "/v1/models")
        expect_closed(api, "log.witness_late")
    with report.check("witness: back -> healthy without a restart, and it has every entry"):
        witness.start()
        wait_for("green health", lambda: not reasons(api))
        ask_often(api, 3)
        rows = len(place.rows())
        wait_for("a checkpoint", lambda: _size(witness, key) >= rows)


def _rolled_back(report, bench, witness, place, key):
    """The witness has seen more than a data directory of an earlier day holds."""
    old = bench.data_dir()
    copy_data(place.data_dir, old)
    with place.serve() as server:
        ask_often(server.api, 10)
    seen = _size(witness, key)
    restored = Installation(bench, data_dir=old, witness=witness.url)
    restored.api_key = place.api_key
    with report.check("witness: it holds a larger checkpoint: log.rolled_back, no answers"):
        assert seen > len(restored.rows()), seen
        restored.expect_not_served("log.rolled_back")
        assert _size(witness, key) == seen, "the witness took it"
    with report.check("witness: it holds another history: log.forked, no answers"):
        # Out of its sight the restored directory grows beyond it, another way.
        restored.configure(witness=str(restored.outside))
        with restored.serve() as server:
            ask_often(server.api, 20)
        assert len(restored.rows()) > seen
        restored.configure(witness=witness.url)
        restored.expect_not_served("log.forked")
        assert _size(witness, key) == seen, "the witness took it"
        assert witness.answers[-1] == 422, witness.answers[-3:]


def _size(witness, key):
    newest = witness.newest_checkpoint(key.name)
    return newest.size if newest else 0
