"""Receivers on several addresses of this machine: whoever gets out is seen."""

import contextlib
import errno
import socket
import time

HANG_GUARD_SECONDS = 60
# Where name servers and QUIC listen; taken where this user may.
KNOWN_PORTS = (53, 443)


class Sinks:
    """TCP, UDP and unix sockets. Nothing is read before it is asked for: the kernel keeps it."""

    def __init__(self, folder):
        self._stack = contextlib.ExitStack()
        self.tcp, self.udp = {}, {}
        for address in ("127.0.0.1", "127.0.0.2", "::1"):
            self._add(self.tcp, socket.SOCK_STREAM, address, 0)
            for port in (0, *KNOWN_PORTS):
                self._add(self.udp, socket.SOCK_DGRAM, address, port)
        assert self.tcp and self.udp, "no address of this machine can be listened on"
        self.unix = {
            "path": self._unix(str(folder / "sink.sock")),
            "abstract": self._unix(f"\0galerne-sink-{folder.name}"),
        }
        self.unix_path = folder / "sink.sock"
        self.abstract_name = f"galerne-sink-{folder.name}"

    def _add(self, sinks, kind, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = self._stack.enter_context(socket.socket(family, kind))
        try:
            made.bind((address, port))
        except OSError as error:
            denied = (errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.EACCES, errno.EPERM)
            assert error.errno in denied, error
            return
        if kind == socket.SOCK_STREAM:
            made.listen(64)
        host = f"[{address}]" if ":" in address else address
        sinks[f"{host}:{made.getsockname()[1]}"] = made

    def _unix(self, address):
        made = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        made.bind(address)
        made.listen(64)
        return made

    def received(self, until):
        """The marks that each sink got, in order, up to this one, which must come to all."""
        return {
            **{name: _accepted(sink, until) for name, sink in self.tcp.items()},
            **{f"udp {name}": _datagrams(sink, until) for name, sink in self.udp.items()},
            **{f"unix {name}": _accepted(sink, until) for name, sink in self.unix.items()},
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


def _accepted(listener, until):
    listener.settimeout(HANG_GUARD_SECONDS)
    marks = []
    while until not in marks:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(HANG_GUARD_SECONDS)
            marks.append(_whole(connection))
    return marks


def _whole(connection):
    text = b""
    while chunk := connection.recv(4096):
        text += chunk
    return text.decode()


def _datagrams(sink, until):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    sink.settimeout(HANG_GUARD_SECONDS)
    marks = []
    while until not in marks:
        assert time.monotonic() < deadline, f"{until} did not come: {marks}"
        marks.append(sink.recv(4096).decode())
    return marks
