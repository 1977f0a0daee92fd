"""Runs inside an empty network namespace: starts the server there and talks to it.

    unshare --net python empty_network.py BINARY DATA_DIR
"""

import fcntl
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.report import Report  # noqa: E402
from harness.server import Server  # noqa: E402

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def main():
    report = Report(as_json=True)
    binary, data_dir = sys.argv[1:3]
    with report.check("the namespace holds nothing but the loopback"):
        names = [name for _, name in socket.if_nameindex()]
        assert names == ["lo"], names
        raise_loopback()
        routes = Path("/proc/self/net/route").read_text().splitlines()[1:]
        assert not routes, routes
    with report.check("the server starts, answers and stops there"):
        with Server(binary, data_dir) as server:
            question = "What is the capital of France? Answer in one sentence."
            answer = server.api.chat(question, temperature=0, max_tokens=12)
            assert "Paris" in answer.json()["choices"][0]["message"]["content"], answer.body
            assert server.api.stream("Hello", max_tokens=4).done
            page = server.api.request("GET", "/", key=False)
            assert page.status == 200 and b"<!doctype html" in page.body.lower(), page.status
            assert server.stop() == 0, server.errors
    report.finish()


main()
