"""What is taken over gets nowhere: the server, the readers of models, and less as a control.

The probe does what a process would do that was taken over, confined as the server and its workers
are. Sinks on several addresses receive what gets out. Two controls show that they would: the probe
as it is, and with Landlock alone, which lets UDP through. What the kernel of this machine does not
grant is taken from its report, and then only the report is checked.
"""

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from harness import paths
from harness.installation import wait_for
from harness.server import Server, run as run_command, run_json
from harness.sinks import Sinks

HANG_GUARD_SECONDS = 120
PROGRAMS = ["/bin/sh", "/usr/bin/env", "/usr/bin/curl"]


def run(report, bench):
    place = Place(bench)
    _egress(report, place)
    _destination(report, place)
    _server(report, bench)
    _worker(report, bench, place)
    _old_kernel(report, place)


class Place:
    """A folder with something that must not be read, and the probe."""

    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.folder / "confinement"
        self.folder.mkdir()
        self.secret = self.folder / "secret"
        self.secret.write_text("not for you")
        self.probe = paths.binary().parent / "examples" / "confinement_probe"
        assert self.probe.is_file(), f"{self.probe} is missing: build the examples"

    def folder_for(self, name):
        made = self.folder / name
        made.mkdir()
        return made

    def ways(self, sinks, mark):
        own = ("environ", "mem", "maps")
        return {
            "mark": mark,
            "tcp": list(sinks.tcp),
            "udp": list(sinks.udp),
            "unix": [str(sinks.unix_path)],
            "abstract_unix": [sinks.abstract_name],
            "read": [str(self.secret), *(f"/proc/{os.getpid()}/{name}" for name in own)],
            "write": [str(self.folder / f"written-by-{mark}")],
            "programs": [name for name in PROGRAMS if Path(name).exists()],
        }

    def try_out(self, mode, ways, confinement=None):
        """What the kernel granted, and each attempt with its error."""
        order = {"parent": os.getpid(), "confinement": confinement}
        head = "" if confinement is None else json.dumps(order) + "\n"
        done = subprocess.run(
            [self.probe, mode],
            input=head + json.dumps(ways),
            capture_output=True,
            text=True,
            timeout=HANG_GUARD_SECONDS,
        )
        assert done.returncode == 0, f"the probe ended with {done.returncode}: {done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    def left_to_the_server(self, data_dir):
        shown = run_json(self.bench.binary, "config", "check", data_dir=data_dir)
        return shown["left_to_the_server"]

    def left_to_a_worker(self):
        """As `crates/galerne/src/model_worker.rs` leaves it to whoever reads a model."""
        return {
            "network": "none",
            "descriptors": "standard",
            "read": [str(self.folder / "model.gguf")],
            "write": [],
            "writes_as_root": False,
            "limits": {
                "memory_bytes_max": 4 << 30,
                "cpu_seconds_max": 60,
                "file_bytes_max": 0,
                "files_max": 2048,
                "processes_max": 0,
            },
        }

    def left_to_a_reader(self):
        """As `crates/documents/src/boundaries.rs` leaves it to whoever reads a document."""
        limits = {
            "written_bytes_max": 320 << 20,
            "cpu_seconds_max": 80,
            "file_bytes_max": 0,
            "files_max": 64,
            "processes_max": 0,
        }
        return {**self.left_to_a_worker(), "read": [], "limits": limits, "programs": "none"}

    def left_to_a_companion(self):
        """Likewise, to whoever starts readers: the libraries of the system, and one program."""
        libraries = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
        return {
            **self.left_to_a_worker(),
            "read": libraries,
            "write": ["/dev/null"],
            "limits": {},
            "programs": {"start": [str(self.probe)]},
        }


def _stands(granted, wall):
    return granted[wall]["state"] in ("whole", "partly")


def _walls(granted, confinement):
    """Which kinds of attempts this kernel lets a process give up."""
    starts = isinstance(confinement.get("programs"), dict)
    calls, files = (_stands(granted, wall) for wall in ("system_calls", "files"))
    denied = {"unix", "socket", "program", "call"} if calls else set()
    denied |= {"read", "write"} if files else set()
    if starts and not files:
        # Which programs are left is for paths to say.
        denied -= {"program"}
    if calls or _stands(granted, "network_namespace"):
        denied |= {"tcp", "udp"}
    return denied


def _got_out(told, kinds):
    return [f"{one['kind']} {one['what']}" for one in told["tried"]
            if one["kind"] in kinds and one["error"] is None]


def _egress(report, place):
    data_dir = place.bench.data_dir()
    profiles = {
        "server": place.left_to_the_server(data_dir),
        "worker": place.left_to_a_worker(),
        "reader": place.left_to_a_reader(),
        "companion": place.left_to_a_companion(),
    }
    with Sinks(place.folder) as sinks:
        silent = set()
        for name, confinement in profiles.items():
            with report.check(f"confinement: whatever a {name} tries, it gets nowhere"):
                told = place.try_out("confined", place.ways(sinks, name), confinement)
                denied = _walls(told["granted"], confinement)
                assert not _got_out(told, denied), _got_out(told, denied)
                assert len(told["tried"]) > 25, told["tried"]
                if {"tcp", "udp", "unix"} <= denied:
                    silent.add(name)
        with report.check("confinement: control: Landlock alone lets UDP through"):
            told = place.try_out("landlock", place.ways(sinks, "landlock"))
            assert len(_got_out(told, {"udp"})) == len(sinks.udp), told["tried"]
            if told["granted"]["landlock"]:
                assert not _got_out(told, {"tcp", "program"}), _got_out(told, {"tcp", "program"})
        with report.check("confinement: control: a process that is not confined gets out"):
            told = place.try_out("free", place.ways(sinks, "free"))
            kinds = ("tcp", "udp", "unix", "read", "write", "program")
            held = [one for one in told["tried"] if one["kind"] in kinds and one["error"]]
            # Of a parent only root may read memory.
            assert not [one for one in held if "/proc/" not in one["what"]], held
        with report.check("confinement: the sinks received the controls and nothing else"):
            received = sinks.received(until="free")
            for sink, marks in received.items():
                assert not silent & set(marks), f"{sink} received {marks}"
                if sink.startswith("udp"):
                    assert marks == [*marks[:-2], "landlock", "free"], f"{sink} received {marks}"
    with report.check("confinement: what is left to a companion is to start its own program"):
        ways = {**_nothing("own"), "programs": [str(place.probe)]}
        told = place.try_out("confined", ways, profiles["companion"])
        assert len(_got_out(told, {"program"})) == 1, told["tried"]
    with report.check("confinement: what is left to the server works"):
        inside = data_dir / "galerne.toml"
        inside.write_text("")
        ways = {**_nothing("inside"), "read": [str(inside)], "write": [str(data_dir / "new")]}
        told = place.try_out("confined", ways, profiles["server"])
        assert len(_got_out(told, {"read", "write"})) == 2, told["tried"]


def _nothing(mark):
    kinds = ("tcp", "udp", "unix", "abstract_unix", "read", "write", "programs")
    return {"mark": mark, **{kind: [] for kind in kinds}}


def _destination(report, place):
    """The settings name a witness on one port: that one is reached, and no other."""
    with Sinks(place.folder_for("destination")) as sinks:
        named, *others = sinks.tcp
        data_dir = place.bench.data_dir()
        (data_dir / "galerne.toml").write_text(f'[log]\nwitness = "http://{named}"\n')
        ways = {**place.ways(sinks, "named"), "udp": []}
        with report.check("confinement: a server with a destination reaches its port alone"):
            told = place.try_out("confined", ways, place.left_to_the_server(data_dir))
            denied = _walls(told["granted"], {}) - {"tcp", "udp"}
            assert not _got_out(told, denied), _got_out(told, denied)
            out = _got_out(told, {"tcp"})
            assert f"tcp {named}" in out, told["tried"]
            if told["granted"]["landlock"] >= 4:
                assert out == [f"tcp {named}"], out
                assert others, "there is no second port to compare with"


def _server(report, bench):
    with Server(bench.binary, bench.data_dir()) as server:
        with report.check("confinement: a running server says what was granted, as the kernel does"):
            granted = _said(server)
            states = [_status(task) for task in Path(f"/proc/{server.pid}/task").iterdir()]
            assert len(states) > 1, states
            if "no new privileges" in granted:
                assert {state["NoNewPrivs"] for state in states} == {"1"}, states
            if "system calls" in granted:
                assert {state["Seccomp"] for state in states} == {"2"}, states
            answer = server.api.chat("Hello", max_tokens=4)
            assert answer.status == 200, answer.body
    with report.check("confinement: a server can be told not to confine itself"):
        data_dir = _configured(bench, "server = false")
        with Server(bench.binary, data_dir) as server:
            assert _line(server, "is not confined")["level"] == "WARN"
            assert server.api.chat("Hello", max_tokens=4).status == 200
    with report.check("confinement: a server that requires it starts confined or not at all"):
        data_dir = _configured(bench, "required = true")
        try:
            with Server(bench.binary, data_dir) as server:
                assert "system calls" in _said(server)
        except AssertionError as error:
            assert "confinement.not_granted" in str(error), error


def _old_kernel(report, place):
    """Where the kernel grants no Landlock, that is said, and required in vain."""
    binary = place.folder / "galerne-on-an-old-kernel"
    script = paths.CONFORMANCE / "clients" / "old_kernel.py"
    command = shlex.join([sys.executable, str(script), str(place.bench.binary)])
    binary.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    binary.chmod(0o755)
    with report.check("confinement: on a kernel that grants less the server starts and says so"):
        with Server(binary, place.bench.data_dir()) as server:
            told = _line(server, "is confined")
            assert told["level"] == "WARN", told
            assert "files (" in told["fields"]["missing"], told
            assert server.api.chat("Hello", max_tokens=4).status == 200
    with report.check("confinement: there, who requires it gets no server and no import"):
        data_dir = _configured(place.bench, "required = true")
        done = run_command(binary, "serve", "--listen", "127.0.0.1:0", data_dir=data_dir)
        assert done.returncode == 1 and "confinement.not_granted" in done.stderr, done.stderr
        source = place.folder / "refused.gguf"
        source.write_bytes(paths.model_file().read_bytes()[:4096])
        done = run_command(binary, "model", "import", source, "--id", "x", data_dir=data_dir)
        assert done.returncode == 1 and "confinement.not_granted" in done.stderr, done.stderr


def _configured(bench, line):
    data_dir = bench.data_dir()
    (data_dir / "galerne.toml").write_text(f"[confinement]\n{line}\n")
    return data_dir


def _said(server):
    """What the one line of the log says was granted."""
    return _line(server, "is confined")["fields"]["granted"]


def _line(server, text):
    """The one line of the log with this text; it may come a moment after `ready`."""
    lines = []

    def came():
        lines[:] = [line for line in list(server.errors) if text in line]
        return bool(lines)

    wait_for(f"a line with `{text}`", came)
    assert len(lines) == 1, lines
    return json.loads(lines[0])


def _status(process):
    lines = (process / "status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _worker(report, bench, place):
    """A pipe in place of a model holds the reader where it can be looked at."""
    granted = place.try_out("confined", _nothing("worker"), place.left_to_a_worker())["granted"]
    with report.check("confinement: a model is read by a process without environment or network"):
        held = Held(bench, place.folder / "model.gguf", granted)
        try:
            _examine(held.reader, granted)
        finally:
            errors = held.end()
        assert held.code == 1 and "is not a model that can be read" in errors, errors
        assert not Path(f"/proc/{held.reader}").exists(), "the reader outlives the import"
    with report.check("confinement: a reader that dies takes nothing with it"):
        held = Held(bench, place.folder / "dying.gguf", granted)
        os.kill(held.reader, signal.SIGKILL)
        errors = held.wait()
        assert held.code == 1 and "ended before it had answered" in errors, errors
        assert not (held.data_dir / "models" / "held").exists()


class Held:
    """An import whose confined reader waits for somebody at the other end of a pipe."""

    def __init__(self, bench, pipe, granted):
        self.data_dir, self._pipe = bench.data_dir(), pipe
        os.mkfifo(pipe)
        self._importing = subprocess.Popen(
            [bench.binary, "model", "import", pipe, "--id", "held", "--data-dir", self.data_dir],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LD_PRELOAD": "/nowhere/canary.so", "GALERNE_SECRET": "canary"},
        )
        try:
            wait_for("a reader that has confined itself", lambda: self._found(granted))
        except BaseException:
            self._importing.kill()
            self._importing.communicate()
            raise

    def _found(self, granted):
        children = _children(self._importing.pid)
        if not children:
            return False
        self.reader = children[0]
        # The last thing that it does before it reads.
        own, its = (_filters(pid) for pid in (os.getpid(), self.reader))
        return not _stands(granted, "system_calls") or its > own

    def end(self):
        """Lets the reader go on; returns what the import says."""
        wait_for("a reader of the pipe", self._opened)
        return self.wait()

    def _opened(self):
        try:
            os.close(os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            # Nobody has opened the other end yet.
            assert error.errno == errno.ENXIO, error
            return False
        return True

    def wait(self):
        _, errors = self._importing.communicate(timeout=HANG_GUARD_SECONDS)
        self.code = self._importing.returncode
        return errors


def _filters(pid):
    """How many filters a process has; older kernels tell only whether it has one."""
    state = _status(Path(f"/proc/{pid}"))
    return int(state.get("Seccomp_filters", state["Seccomp"]))


def _children(parent):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = _status(entry)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state["PPid"] == str(parent):
                found.append(int(entry.name))
    return found


def _examine(reader, granted):
    process = Path(f"/proc/{reader}")
    state = _status(process)
    if _stands(granted, "no_new_privileges"):
        assert state["NoNewPrivs"] == "1", state
    if _stands(granted, "system_calls"):
        assert state["Seccomp"] == "2", state
    if _stands(granted, "capabilities"):
        # CAP_DAC_READ_SEARCH is what root keeps.
        assert int(state["CapEff"], 16) & ~(1 << 2) == 0, state
    if _stands(granted, "limits"):
        limits = (process / "limits").read_text()
        assert str(4 << 30) in limits, limits
    try:
        environment = (process / "environ").read_bytes()
        descriptors = sorted(os.listdir(process / "fd"))
        network = os.readlink(process / "ns" / "net")
    except PermissionError:
        # It cannot be traced, which is one wall more; root looks all the same.
        return
    assert b"canary" not in environment, environment
    if _stands(granted, "descriptors"):
        assert descriptors == ["0", "1", "2"], descriptors
    if _stands(granted, "network_namespace"):
        assert network != os.readlink("/proc/self/ns/net"), network
