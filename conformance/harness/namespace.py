"""Namespaces of the kernel for a process: its own network, its own mounts."""

import os
import shutil
import subprocess

from .report import Skip


def unshare(kind):
    """The command that gives a process its own `net` or `mount` namespace."""
    if shutil.which("unshare") is None:
        raise Skip("unshare is not installed")
    candidates = [["unshare", f"--{kind}"], ["unshare", "--map-root-user", f"--{kind}"]]
    for command in candidates if os.geteuid() == 0 else candidates[1:]:
        done = subprocess.run([*command, "true"], capture_output=True, text=True)
        if done.returncode == 0:
            return command
    raise Skip(f"this machine permits no {kind} namespaces: {done.stderr.strip()}")
