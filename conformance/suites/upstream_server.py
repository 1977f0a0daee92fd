"""The guide "put Galerne in front of vLLM", step by step, with a real engine of another make.

What is run is what the guide says, read from its page; only ports, paths and keys are replaced.
"""

import os
import re
import subprocess
import time

from harness import paths, venvs
from harness.server import Server, run as run_command
from suites.sdk import environment

GUIDE = paths.ROOT / "docs" / "guides" / "in-front-of-vllm.md"
HANG_GUARD_SECONDS = 300
ENGINE_ADDRESS, SERVER_ADDRESS = "http://127.0.0.1:8000", "http://127.0.0.1:8080"
KEY_FILE, KEY_PLACEHOLDER = "/etc/galerne/engine.key", "glr_live_..."
ENGINE_KEY = "a-key-of-the-engine"


def run(report, bench):
    blocks = _blocks(GUIDE.read_text())
    key_file = bench.folder / "engine.key"
    key_file.write_text(ENGINE_KEY)
    key_file.chmod(0o600)
    declared, tried, share = (block.replace(KEY_FILE, str(key_file)) for block in blocks["toml"])
    with report.check("upstream_server: the settings of the guide are settings"):
        for text in (declared, tried, f"{declared}\n{share}"):
            _check_settings(bench, text)
    engine, question = blocks["python"]
    with Engine(bench, engine) as running:
        data_dir = bench.data_dir()
        settings = tried.replace(ENGINE_ADDRESS, running.address)
        (data_dir / "galerne.toml").write_text(settings)
        with Server(bench.binary, data_dir) as server:
            _ask(report, bench, server, question)
            with report.check("upstream_server: its stream ends as every stream does"):
                streamed = server.api.stream("Count to five.", model="small", max_tokens=12)
                assert streamed.done and streamed.text, streamed
                assert streamed.finish_reason in ("stop", "length"), streamed
                assert streamed.usage["completion_tokens"] > 0, streamed.usage


def _blocks(text):
    """The code of a page by language, in order."""
    found = {}
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        found.setdefault(language, []).append(code)
    return found


def _check_settings(bench, text):
    data_dir = bench.data_dir()
    (data_dir / "galerne.toml").write_text(text)
    done = run_command(bench.binary, "config", "check", data_dir=data_dir)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
    assert "upstreams" in done.stdout, done.stdout


def _ask(report, bench, server, question):
    told = []
    with report.check("upstream_server: the guide's client gets an answer, and is told from where"):
        script = bench.folder / "question.py"
        text = question.replace(SERVER_ADDRESS, server.url).replace(KEY_PLACEHOLDER, server.key)
        script.write_text(text)
        done = subprocess.run(
            [str(venvs.python("openai")), str(script)],
            env=environment(server),
            capture_output=True,
            text=True,
            timeout=HANG_GUARD_SECONDS,
        )
        assert done.returncode == 0, done.stderr[-600:]
        *words, id, site = done.stdout.strip().split("\n")
        assert "".join(words).strip() and site == "engine", done.stdout
        told.append(id)
    with report.check("upstream_server: `galerne receipt` names the engine"):
        done = _receipt(bench, server, *told)
        assert done.returncode == 0, done.stderr
        for name in ("engine", "llama-cpp", "http://127.0.0.1:"):
            assert name in done.stdout, f"{name} is not in {done.stdout}"


def _receipt(bench, server, id):
    """As soon as the log has signed the entry: within seconds, on a machine that is not busy."""
    until = time.monotonic() + HANG_GUARD_SECONDS
    while True:
        done = run_command(bench.binary, "receipt", id, data_dir=server.data_dir)
        if "has not signed" not in done.stderr or time.monotonic() > until:
            return done


class Engine:
    """`engine.py` of the guide, on another port. Use as a context manager."""

    def __init__(self, bench, code):
        script = bench.folder / "engine.py"
        # Port 0 lets the kernel choose one that is free.
        script.write_text(code.replace("parameters.port = 8000", "parameters.port = 0"))
        self.errors = (bench.folder / "engine.log").open("w+")
        self.process = subprocess.Popen(
            [str(venvs.python("oracle")), str(script), str(paths.model_file())],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        try:
            self.address = self._listening()
        except BaseException:
            self.stop()
            raise

    def _listening(self):
        for line in self.process.stdout:
            if line.startswith("listening on "):
                return line.split()[-1].rstrip("/")
        self.errors.seek(0)
        raise AssertionError(f"the engine ended: {self.errors.read()[-600:]}")

    def stop(self):
        # The library joins threads that wait for each other now and then; nothing is left to save.
        self.process.kill()
        self.process.wait(timeout=HANG_GUARD_SECONDS)
        self.process.stdout.close()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
