"""What the kernel says about a process: CPU time, memory, sockets."""

import os
import re
from pathlib import Path


def cpu_seconds(pid):
    """User and system time of all threads so far."""
    # The name in brackets may hold spaces and brackets: count fields after the last one.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kib(pid):
    """`VmHWM` (peak) and `VmRSS` (now) in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"^(VmHWM|VmRSS):\s+(\d+) kB", status, re.MULTILINE))
    return {name: int(value) for name, value in found.items()}


def sockets(pid):
    """The internet sockets that the process holds: (protocol, local port, remote port)."""
    inodes = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            link = os.readlink(entry.path)
        except FileNotFoundError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[len("socket:[") : -1])
    found = []
    for protocol in ("tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6", "packet"):
        table = Path(f"/proc/{pid}/net/{protocol}")
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if protocol == "packet":
                if fields[-1] in inodes:
                    found.append((protocol, 0, 0))
            elif fields[9] in inodes:
                found.append((protocol, _port(fields[1]), _port(fields[2])))
    return found


def _port(address):
    return int(address.rpartition(":")[2], 16)
