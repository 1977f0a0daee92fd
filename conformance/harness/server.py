"""Starts the real binary on a data directory of its own and reads what it prints."""

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.parse
from pathlib import Path

from . import paths
from .api import Api

MODEL = "smollm2-135m-instruct"
HANG_GUARD_SECONDS = 120


def run(binary, *arguments, data_dir=None, env=None):
    """Runs a command of the binary to its end."""
    command = [str(binary), *map(str, arguments)]
    if data_dir is not None:
        command += ["--data-dir", str(data_dir)]
    return subprocess.run(
        command,
        env=_environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_GUARD_SECONDS,
    )


def run_json(binary, *arguments, data_dir=None):
    """Runs a command with `--json` and returns what it printed."""
    done = run(binary, *arguments, "--json", data_dir=data_dir)
    if done.returncode != 0:
        raise AssertionError(
            f"galerne {' '.join(map(str, arguments))} ended with {done.returncode}: "
            f"{done.stderr.strip() or done.stdout.strip()}"
        )
    return json.loads(done.stdout)


def _environment(extra):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GALERNE_")}
    return {**kept, **(extra or {})}


class Bench:
    """A scratch folder with an imported model; gives out data directories and removes them."""

    def __init__(self):
        # None stands for the file of the default model.
        self.model_file = None
        self.folder = Path(tempfile.mkdtemp(prefix="galerne-conformance-"))
        # Cargo replaces its output file; a run keeps the binary it started with.
        self.binary = self.folder / "galerne"
        shutil.copy2(paths.binary(), self.binary)
        self._imported = self.folder / "imported"
        self._count = 0

    def data_dir(self):
        """A fresh data directory that holds the model and nothing else."""
        if not self._imported.exists():
            file = self.model_file or paths.model_file()
            run_json(
                *(self.binary, "model", "import", file, "--id", MODEL),
                data_dir=self._imported,
            )
        self._count += 1
        made = self.folder / f"data-{self._count}"
        made.mkdir(mode=0o700)
        shutil.copytree(self._imported / "models", made / "models", copy_function=os.link)
        return made

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """One running `galerne serve`. Use as a context manager: it is stopped at the end."""

    def __init__(self, binary, data_dir, *arguments, key=None, env=None, threads=2, user=None):
        self.data_dir = Path(data_dir)
        self.printed = []
        self.key = key
        self.page = None
        self.process = subprocess.Popen(
            [
                *(str(binary), "serve", "--data-dir", str(data_dir)),
                *("--listen", "127.0.0.1:0", "--threads", str(threads), *arguments),
            ],
            env=_environment(env),
            user=user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.errors = []
        self._lines = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, True), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, False), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _read(self, pipe, is_output):
        for line in pipe:
            (self._lines.put if is_output else self.errors.append)(line.rstrip("\n"))
        if is_output:
            self._lines.put(None)

    def _wait_until_ready(self):
        while True:
            try:
                line = self._lines.get(timeout=HANG_GUARD_SECONDS)
            except queue.Empty:
                raise AssertionError("the server printed no `ready`") from None
            if line is None:
                self.wait()
                raise AssertionError(
                    f"the server ended with {self.process.returncode} before `ready`: "
                    f"{' '.join(self.errors[-5:])}"
                )
            self.printed.append(line)
            label, _, value = line.partition(": ")
            if label == "page":
                self._take_page(value.split()[0])
            elif label == "api key" and value.startswith("glr_"):
                self.key = value.split()[0]
            elif line == "ready":
                break
        self.api = Api(self.host, self.port, self.key, MODEL)

    def _take_page(self, address):
        self.page = address
        parts = urllib.parse.urlsplit(address)
        self.host, self.port = parts.hostname, parts.port
        self.link_token = urllib.parse.parse_qs(parts.fragment).get("token", [None])[0]
        self.url = f"http://{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def stop(self, number=signal.SIGTERM):
        """Asks the server to stop and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        return self.wait()

    def wait(self):
        """Waits for the end and returns the exit code."""
        code = self.process.wait(timeout=HANG_GUARD_SECONDS)
        for reader in self._readers:
            reader.join(timeout=HANG_GUARD_SECONDS)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
