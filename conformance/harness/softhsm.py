"""A token in software: SoftHSM, which behaves as a device does that keeps keys."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .paths import cache
from .report import Skip, progress

PACKAGES = ["libsofthsm2", "softhsm2"]
SYSTEM = Path("/")


class Token:
    """A token of its own folder, initialised with a PIN."""

    def __init__(self, folder, label, pin):
        root = _obtain()
        self.module = _one(root, "libsofthsm2.so")
        self.folder = folder / "tokens"
        self.folder.mkdir(parents=True, mode=0o700)
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {self.folder}\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(config)}
        _run(
            [
                *(_one(root, "softhsm2-util"), "--module", self.module, "--init-token", "--free"),
                *("--label", label, "--pin", pin, "--so-pin", "5432" + pin),
            ],
            env={**os.environ, **self.environment},
        )


def _one(root, name):
    folders = ["usr/lib/softhsm", "usr/bin", "usr/lib/*/softhsm"]
    found = [path for folder in folders for path in root.glob(f"{folder}/{name}")]
    if not found:
        raise Skip(f"there is no {name} below {root}")
    return found[0]


def _obtain():
    """Where SoftHSM lies: that of the system, or Debian's packages unpacked into the cache."""
    if list(SYSTEM.glob("usr/lib/softhsm/libsofthsm2.so")) and shutil.which("softhsm2-util"):
        return SYSTEM
    folder = cache() / "softhsm"
    if folder.is_dir():
        return folder
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Skip("no SoftHSM here, and no apt-get to fetch it with")
    progress("fetching SoftHSM (once)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        scratch = Path(scratch)
        for name in ("state/lists/partial", "archives/partial", "unpacked"):
            (scratch / name).mkdir(parents=True)
        # Lists of its own: whoever runs this need not be root, and nothing is installed.
        options = [
            f"Dir::State={scratch / 'state'}",
            f"Dir::State::lists={scratch / 'state/lists'}",
            f"Dir::Cache={scratch}",
            "Dir::State::status=/dev/null",
            "APT::Sandbox::User=root",
        ]
        apt = ["apt-get", *(part for option in options for part in ("-o", option)), "--quiet"]
        _run([*apt, "update"], cwd=scratch)
        _run([*apt, "download", *PACKAGES], cwd=scratch)
        for package in scratch.glob("*.deb"):
            _run(["dpkg-deb", "-x", package, scratch / "unpacked"])
        os.rename(scratch / "unpacked", folder)
    return folder


def _run(command, **options):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {done.stdout.strip()[-800:]}")
