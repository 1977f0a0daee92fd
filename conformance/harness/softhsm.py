"""A token in software: SoftHSM, which behaves as a device does that keeps keys."""

import os
import shutil
from pathlib import Path

from . import debian
from .report import Skip

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
        debian.run(
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
    return debian.unpacked("softhsm", PACKAGES)
