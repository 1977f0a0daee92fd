"""Programs of Debian, unpacked into the cache: nothing is installed, and nobody need be root."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .paths import cache
from .report import Skip, progress


def unpacked(name, packages):
    """The folder of the cache in which these packages lie, fetched if they are not there yet."""
    folder = cache() / name
    if folder.is_dir():
        return folder
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Skip(f"no {name} here, and no apt-get to fetch it with")
    progress(f"fetching {', '.join(packages)} (once)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        scratch = Path(scratch)
        for part in ("state/lists/partial", "archives/partial", "unpacked"):
            (scratch / part).mkdir(parents=True)
        # Lists of its own: whoever runs this need not be root, and nothing is installed.
        options = [
            f"Dir::State={scratch / 'state'}",
            f"Dir::State::lists={scratch / 'state/lists'}",
            f"Dir::Cache={scratch}",
            "Dir::State::status=/dev/null",
            "APT::Sandbox::User=root",
        ]
        apt = ["apt-get", *(part for option in options for part in ("-o", option)), "--quiet"]
        run([*apt, "update"], cwd=scratch)
        run([*apt, "download", *packages], cwd=scratch)
        for package in scratch.glob("*.deb"):
            run(["dpkg-deb", "-x", package, scratch / "unpacked"])
        os.rename(scratch / "unpacked", folder)
    return folder


def run(command, **options):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {done.stdout.strip()[-800:]}")
