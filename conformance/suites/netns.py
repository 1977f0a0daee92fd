"""The server needs no network: it works in an empty one, and it never opens a connection."""

import os
import shutil
import subprocess
import sys

from harness import paths, process
from harness.clients import run_checks
from harness.report import Skip
from harness.server import Server
from suites.disconnect import OpenStream


def run(report, bench):
    with report.check("netns: no socket but the listener and its clients, before and in a chat"):
        _sockets(bench)
    try:
        unshare = _unshare()
    except Skip as reason:
        report.skip("netns: the server works in an empty network namespace", str(reason))
        return
    script = paths.CONFORMANCE / "clients" / "empty_network.py"
    command = [*unshare, sys.executable, script, bench.binary, bench.data_dir()]
    run_checks(report, "netns", command)


def _sockets(bench):
    with Server(bench.binary, bench.data_dir()) as server:
        expect_own_port_only(server)
        stream = OpenStream(server.api, "Tell a long story.", max_tokens=200, min_tokens=200)
        for _ in range(20):
            stream.read_events(1)
            held = expect_own_port_only(server)
        assert len(held) >= 2, f"the client's connection is not among them: {held}"
        stream.close()


def expect_own_port_only(server):
    held = process.sockets(server.pid)
    foreign = [each for each in held if each[0] not in ("tcp", "tcp6") or each[1] != server.port]
    assert not foreign, f"sockets other than the listener's: {foreign}"
    assert held, "no socket was found at all"
    return held


def _unshare():
    """The command that gives a process a network namespace of its own."""
    if shutil.which("unshare") is None:
        raise Skip("unshare is not installed")
    candidates = [["unshare", "--net"], ["unshare", "--map-root-user", "--net"]]
    for command in candidates if os.geteuid() == 0 else candidates[1:]:
        done = subprocess.run([*command, "true"], capture_output=True, text=True)
        if done.returncode == 0:
            return command
    raise Skip(f"this machine permits no network namespaces: {done.stderr.strip()}")
