"""Pinned environments: one Python venv for each client version, one folder of Node packages.

They are kept in the cache under a name that holds the hash of their pins, so a changed pin makes
a new environment and an old one is never altered.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .paths import CONFORMANCE, cache
from .report import Skip, progress

READY = ".complete"


def python(name):
    """The interpreter of the environment `name`, made if it is not there yet."""
    pins = CONFORMANCE / "requirements" / f"{name}.txt"
    folder = _folder("venvs", name, [pins])
    interpreter = folder / "bin" / "python"
    if (folder / READY).exists():
        return interpreter
    progress(f"making the Python environment {name} (once)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Debian ships Python without ensurepip: the outer pip installs into the environment.
    _run([sys.executable, "-m", "venv", "--without-pip", folder])
    _run(
        [
            *(sys.executable, "-m", "pip", "--python", interpreter, "install", "--quiet"),
            *("--disable-pip-version-check", "--requirement", pins),
        ]
    )
    (folder / READY).touch()
    return interpreter


def node_packages(name="node"):
    """A folder with node_modules: those of the Node clients, or of another folder of pins."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Skip("node and npm are not installed")
    source = CONFORMANCE / name
    files = [source / "package.json", source / "package-lock.json", source / ".npmrc"]
    folder = _folder("node", "conformance" if name == "node" else name, files)
    if (folder / READY).exists():
        return folder
    progress(f"installing the Node packages of {name} (once)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder / file.name)
    _run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error"], cwd=folder)
    (folder / READY).touch()
    return folder


def _folder(kind, name, files):
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return cache() / kind / f"{name}-{digest.hexdigest()[:12]}"


def _run(command, cwd=None):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(Path(part)) if isinstance(part, Path) else part for part in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {done.stdout.strip()[-800:]}")
