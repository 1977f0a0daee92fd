"""What is measured: the upstream, and each gateway that stands in front of it, as a process."""

import http.client
import json
import os
import socket
import subprocess
import time

from harness import debian, paths, process, venvs
from harness.server import Server, run_json

HANG_GUARD_SECONDS = 120
BENCH = paths.CONFORMANCE / "bench"
MODEL = "fixed"
# wrk, nginx and the libraries that a bare Debian lacks.
TOOLS = ["wrk", "libluajit-5.1-2", "libluajit-5.1-common", "nginx", "nginx-common", "libpcre2-8-0"]
ANSWER = "Paris is the capital of France"
# More than the connections of a round, so that nothing is refused.
PLACES = 256
BUDGET = ("budget", "set", "tokens_per_month", 10**12)


def tools():
    """Where wrk and nginx lie, and the environment that they need."""
    folder = debian.unpacked("gateway-tools", TOOLS)
    libraries = ":".join(str(path) for path in (folder / "usr" / "lib").glob("*-linux-gnu"))
    return folder, {**os.environ, "LD_LIBRARY_PATH": libraries}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Target:
    """Something that answers chat requests. Use as a context manager."""

    name = "target"
    key = "none"

    def __init__(self, port, command, folder, env=None):
        self.host, self.port = "127.0.0.1", port
        self._log = (folder / f"{self.name}.log").open("w+")
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def _wait_until_ready(self):
        deadline = time.monotonic() + HANG_GUARD_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._log.seek(0)
                raise AssertionError(f"{self.name} does not answer: {self._log.read()[-800:]}")
            time.sleep(0.1)

    def _answers(self):
        try:
            self.expect_answer()
        except (OSError, http.client.HTTPException, AssertionError):
            return False
        return True

    def expect_answer(self):
        """The upstream's text comes, whole and streamed."""
        for stream in (False, True):
            text = self._ask(stream)
            assert ANSWER in text, f"{self.name}: {text[:300]}"

    def _ask(self, stream):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=HANG_GUARD_SECONDS)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body(stream)), headers)
            response = connection.getresponse()
            received = response.read().decode()
        finally:
            connection.close()
        assert response.status == 200, f"{self.name}: {response.status} {received[:300]}"
        if not stream:
            return json.loads(received)["choices"][0]["message"]["content"]
        return _text_of(received)

    def memory_mib(self):
        """Resident memory now and at its peak, of the process and those it started."""
        found = [process.memory_kib(pid) for pid in (self.pid, *_children(self.pid))]
        now, peak = (sum(each[name] for each in found) / 1024 for name in ("VmRSS", "VmHWM"))
        return {"now": round(now, 1), "peak": round(peak, 1)}

    def cpu_seconds(self):
        return sum(process.cpu_seconds(pid) for pid in (self.pid, *_children(self.pid)))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=HANG_GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def body(stream):
    """What `bench/load/chat.lua` asks too."""
    question = {"role": "user", "content": "What is the capital of France?"}
    return {"model": MODEL, "messages": [question], "max_tokens": 32, "stream": stream}


def _text_of(received):
    chunks = [
        json.loads(line[len("data: ") :])
        for line in received.splitlines()
        if line.startswith("data: {")
    ]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def _children(pid):
    found = []
    for task in os.scandir(f"/proc/{pid}/task"):
        with open(f"{task.path}/children") as file:
            found += [int(child) for child in file.read().split()]
    return [each for child in found for each in (child, *_children(child))]


class Upstream(Target):
    """nginx with an answer that is a file."""

    name = "upstream"

    def __init__(self, folder):
        port = free_port()
        root, env = tools()
        home = folder / "upstream"
        home.mkdir()
        text = self.settings().replace("@LISTEN@", f"127.0.0.1:{port}")
        (home / "nginx.conf").write_text(text)
        command = [root / "usr/sbin/nginx", "-p", f"{home}/", "-c", "nginx.conf", "-e", "stderr"]
        super().__init__(port, command, folder, env)

    def settings(self):
        answers = BENCH / "upstream"
        return (answers / "nginx.conf").read_text().replace("@ANSWERS@", str(answers))


class Bare(Target):
    """A reverse proxy of axum that hands bytes on and knows nothing."""

    name = "bare"

    def __init__(self, folder, upstream):
        port = free_port()
        command = [os.environ["GALERNE_BARE_PROXY"], f"127.0.0.1:{port}", f"http://{upstream.address}"]
        super().__init__(port, command, folder)


class LiteLlm(Target):
    """The proxy of LiteLLM with one worker, its master key and no database."""

    name = "litellm"
    key = "sk-bench"

    def __init__(self, folder, upstream):
        port = free_port()
        interpreter = venvs.python("litellm-proxy")
        config = folder / "litellm.yaml"
        parameters = {
            "model": f"openai/{MODEL}",
            "api_base": f"http://{upstream.address}/v1",
            "api_key": "none",
        }
        # JSON is YAML.
        settings = {
            "model_list": [{"model_name": MODEL, "litellm_params": parameters}],
            "litellm_settings": {"telemetry": False, "num_retries": 0},
            "general_settings": {"master_key": self.key},
        }
        config.write_text(json.dumps(settings, indent=1))
        command = [interpreter.parent / "litellm", "--config", config, "--num_workers", 1]
        command += ["--host", "127.0.0.1", "--port", port, "--telemetry", "False"]
        super().__init__(port, command, folder, _litellm_environment())

    @property
    def version(self):
        code = "import importlib.metadata as m; print(m.version('litellm'))"
        command = [str(venvs.python("litellm-proxy")), "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _litellm_environment():
    """As its documentation wants it in production; prices come from the package."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    told = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"}
    return {**kept, **told, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "DISABLE_ADMIN_UI": "True"}


class Galerne(Target):
    """The server as it is installed: key, budget, audit log, metering, receipts."""

    name = "galerne"

    def __init__(self, folder, upstream):
        self.data_dir = folder / "galerne"
        self.data_dir.mkdir(mode=0o700)
        (self.data_dir / "galerne.toml").write_text(galerne_settings(upstream))
        self._server = Server(paths.binary(), self.data_dir)
        self.process = self._server.process
        self.host, self.port, self.key = self._server.host, self._server.port, self._server.key
        try:
            # A running server knows of it before the measured load begins.
            _set_budget(self.data_dir)
            self.expect_answer()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self._server.__exit__()


def galerne_settings(upstream):
    return f"""\
[site]
country = "FR"

[limits]
requests_max = {PLACES}

[[upstreams]]
id = "fixed"
kind = "vllm"
address = "http://{upstream.address}"
operator = "Bench"
site = "FR"
jurisdiction = "FR"
parent = "FR"
internal = true
grid_zone = "FR"
own = true
requests_max = {PLACES}
price = {{ prompt_eur_per_million = 0.1, completion_eur_per_million = 0.3 }}

[[upstreams.models]]
id = "{MODEL}"
context_tokens = 32768
joules_per_prompt_token = 0.2
joules_per_completion_token = 2.0
energy_uncertainty_percent = 50
"""


def _set_budget(data_dir):
    """A limit that is counted at each request and never reached."""
    run_json(paths.binary(), *BUDGET, data_dir=data_dir)
