"""`galerne-verify` alone: in a directory that holds nothing but it and what it is handed, without
an environment, and without a network where the machine permits that."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from . import namespace, paths
from .report import Skip

HANG_GUARD_SECONDS = 120


class Verifier:
    def __init__(self, bench):
        self.folder = bench.folder / "auditor"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        given = os.environ.get("GALERNE_VERIFY_BIN")
        shutil.copy2(Path(given or paths.target() / "galerne-verify"), self.folder)
        try:
            self.without_network = namespace.unshare("net")
        except Skip as reason:
            self.without_network, self.why_network = [], str(reason)

    def take(self, path, name):
        """Copies a file or a folder here, in place of what had that name."""
        target = self.folder / name
        self.drop(name)
        (shutil.copytree if Path(path).is_dir() else shutil.copy2)(path, target)
        return target

    def drop(self, name):
        target = self.folder / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def run(self, *arguments):
        """Runs it to its end on files of its folder, with `--json`."""
        return Verdict(self.run_plain(*arguments, "--json"))

    def run_plain(self, *arguments):
        return subprocess.run(
            [*self.without_network, "./galerne-verify", *map(str, arguments)],
            cwd=self.folder,
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_GUARD_SECONDS,
        )


class Verdict:
    """What a verification said: its exit code and its findings."""

    def __init__(self, done):
        self.exit_code = done.returncode
        self.output = f"{done.stdout.strip()} {done.stderr.strip()}"
        try:
            self.report = json.loads(done.stdout)
        except ValueError:
            self.report = {}
        self.findings = self.report.get("findings", [])

    @property
    def codes(self):
        return [finding["code"] for finding in self.findings]

    def expect_verified(self):
        assert self.exit_code == 0 and not self.findings, self

    def expect(self, exit_code, code, leaf=None):
        """The code is among the findings, and so is the leaf with it."""
        assert self.exit_code == exit_code, self
        named = [finding for finding in self.findings if finding["code"] == code]
        assert named, f"{code} is not named: {self}"
        if leaf is not None:
            assert leaf in [finding.get("leaf") for finding in named], f"not leaf {leaf}: {self}"

    def __str__(self):
        return f"exit code {self.exit_code}: {self.output[:500]}"
