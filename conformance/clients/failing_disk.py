"""Runs inside a mount namespace: starts the server on disks that fill up or turn read-only.

    unshare --mount python failing_disk.py BINARY MODELS SCRATCH
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness import ledger, tlog  # noqa: E402
from harness.installation import reasons, wait_for  # noqa: E402
from harness.report import Report, Skip  # noqa: E402
from harness.server import Server, run as run_command  # noqa: E402

PAGE_BYTES = 4096
HANG_GUARD_SECONDS = 30
# After a failed write the server tries again each second.
RETRY_SECONDS_MAX = 1.5


class Disk:
    """A file system in memory."""

    def __init__(self, path, mebibytes):
        self.path = path
        path.mkdir()
        mount("-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", path)
        self.ballast = path / "ballast"

    def fill(self):
        with self.ballast.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 4096):
                    pass
            except OSError:
                pass

    def free(self):
        self.ballast.unlink()

    def set_mode(self, mode):
        mount("-o", f"remount,{mode}", self.path)


def mount(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"mount {arguments}: {done.stderr.strip()}")


def make_data_dir(folder, models, witness, **settings):
    """A data directory on a small disk; the models stay where they are."""
    (folder / "models").mkdir(parents=True)
    mount("--bind", models, folder / "models")
    lines = [f'witness = "{witness}"', "checkpoint_seconds = 1"]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    (folder / "galerne.toml").write_text("\n".join(["[log]", *lines, ""]))
    return folder


def expect_open(server):
    assert not reasons(server.api), reasons(server.api)
    answer = server.api.request("GET", "/v1/models")
    assert answer.status == 200, answer.body
    assert server.api.chat("Hello", max_tokens=2).status == 200


def expect_closed(server, reason):
    """Every kind of request is refused, and nothing is written down or answered."""
    api = server.api
    requests = [
        ("GET", "/v1/models", None, True),
        ("POST", "/v1/chat/completions", api.chat_body("Hello", max_tokens=2), True),
        ("POST", "/v1/chat/completions", api.chat_body("Hello", stream=True), True),
        ("POST", "/v1/chat/completions", b"{", True),
        ("GET", "/v1/models", None, "glr_nonsense"),
        ("GET", "/v1/nothing", None, True),
    ]
    for method, path, body, key in requests * 2:
        answer = api.request(method, path, body, key=key)
        assert answer.status == 503, f"{method} {path}: {answer.status} {answer.body[:300]}"
        assert answer.code == "audit.unavailable", answer.body
    assert reasons(api) == [reason], reasons(api)
    ready = api.request("GET", "/ready", key=False)
    assert ready.status == 503 and reason in ready.json()["reasons"], ready.body


def ask_until_refused(server):
    """The chats that were begun, with their answers, and those that were refused.

    Until all were refused for longer than the server waits before it tries to write again: what
    is small may find room where the last one did not.
    """
    begun, refused = [], []
    refused_since = None
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while refused_since is None or time.monotonic() - refused_since < RETRY_SECONDS_MAX:
        assert time.monotonic() < deadline, f"still answered: {begun[-1:]}"
        answer = server.api.chat("Hello", max_tokens=1)
        request = ledger.request_id(answer.headers["x-request-id"])
        # The disk may fail after the entry was written and before the answer was charged.
        if answer.status == 200 or answer.code == "store.unavailable":
            begun.append((request, answer.body[:300]))
            refused_since = None
        else:
            assert (answer.status, answer.code) == (503, "audit.unavailable"), answer.body
            refused.append(request)
            refused_since = refused_since or time.monotonic()
    return begun, refused


def check_entries(data_dir, begun, refused):
    """What was begun has one entry, what was refused has none."""
    audited = ledger.audited_requests(data_dir)
    assert refused, "nothing was refused"
    wrong = [(request, how) for request, how in begun if audited[request] != 1]
    assert not wrong, f"begun without its one entry: {wrong}"
    wrong = [request for request in refused if audited[request]]
    assert not wrong, f"refused with an entry: {wrong}"


def check_verified(binary, data_dir, witness):
    command = ("audit", "verify", "--checkpoint", witness)
    done = run_command(binary, *command, data_dir=data_dir)
    assert done.returncode == 0, done


def full_data(report, binary, models, scratch):
    disk = Disk(scratch / "full", 24)
    witness = scratch / "checkpoints-of-full"
    data_dir = make_data_dir(disk.path / "data", models, witness)
    server = Server(binary, data_dir)
    try:
        with report.check("a disk with room: control: everything is answered"):
            expect_open(server)
        begun, refused = [], []
        with report.check("a full disk: every request is refused, /health is red"):
            disk.fill()
            begun, refused = ask_until_refused(server)
            expect_closed(server, "log.unavailable")
        with report.check("a full disk: with room again the server heals without a restart"):
            disk.free()
            wait_for("health", lambda: not reasons(server.api))
            expect_open(server)
        with report.check("a full disk: what was answered has an entry, what was refused has none"):
            check_entries(data_dir, begun, refused)
    finally:
        server.stop()
    with report.check("a full disk: the log is verified afterwards"):
        check_verified(binary, data_dir, witness)


def fill_page(witness):
    """Repeats the newest checkpoint, so that the file soon needs another page of the disk."""
    text = witness.read_text()
    again = tlog.split_notes(text)[-1] + "\n"
    # Room for what is signed until the disk is full, and for little more.
    while len(text.encode()) < PAGE_BYTES - 4 * len(again.encode()):
        text += again
    witness.write_text(text)


def failing_witness(report, binary, models, scratch, name, break_it, mend_it):
    """The witness' file is on a disk that fails; the data directory is not."""
    disk = Disk(scratch / f"witness-{name}", 1)
    witness = disk.path / "checkpoints"
    folder = scratch / f"data-of-witness-{name}"
    data_dir = make_data_dir(folder, models, witness, witness_grace_seconds=1)
    with Server(binary, data_dir) as first:
        pass
    fill_page(witness)
    with Server(binary, data_dir, key=first.key) as server:
        with report.check(f"a witness on a {name} disk: red and refused after its grace"):
            expect_open(server)
            break_it(disk)

            def is_late():
                server.api.request("GET", "/v1/models")
                return bool(reasons(server.api))

            wait_for("red health", is_late)
            expect_closed(server, "log.witness_late")
        with report.check(f"a witness on a {name} disk: mended, it heals without a restart"):
            mend_it(disk)
            wait_for("health", lambda: not reasons(server.api))
            expect_open(server)
    with report.check(f"a witness on a {name} disk: the log is verified afterwards"):
        check_verified(binary, data_dir, witness)


def read_only_start(report, binary, models, scratch):
    disk = Disk(scratch / "read-only", 24)
    data_dir = make_data_dir(disk.path / "data", models, scratch / "checkpoints-of-read-only")
    Server(binary, data_dir).stop()
    with report.check("a read-only disk: a server does not start on it"):
        disk.set_mode("ro")
        done = run_command(binary, "serve", "--listen", "127.0.0.1:0", data_dir=data_dir)
        assert done.returncode not in (0, None) and done.stderr.startswith("error: "), done
        assert "ready" not in done.stdout, done
    with report.check("a read-only disk: control: writable again, it starts"):
        disk.set_mode("rw")
        Server(binary, data_dir).stop()


class Ext4:
    """A file system in a file, which the kernel turns read-only when told of an error."""

    def __init__(self, path):
        self.path, self.image = path, path.with_suffix(".image")
        path.mkdir()
        if shutil.which("mkfs.ext4") is None:
            raise Skip("mkfs.ext4 is not installed")
        with self.image.open("wb") as file:
            file.truncate(48 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True, capture_output=True)
        try:
            self.mount()
        except AssertionError as error:
            raise Skip(str(error)) from None

    def mount(self):
        mount("-o", "loop,errors=remount-ro", self.image, self.path)

    def break_it(self):
        """The kernel then refuses all writes, as after an error of a real disk."""
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        device = next(device for device, path, *_ in mounts if path == str(self.path))
        Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("1")

    def unmount(self):
        subprocess.run(["umount", "--recursive", self.path], check=True)


def read_only_while_running(report, binary, models, scratch):
    """Nobody can remount what is being written to; the kernel can, after an error of the disk."""
    witness = scratch / "checkpoints-of-ext4"
    with report.check("a disk that turns read-only: every request is refused, /health is red"):
        disk = Ext4(scratch / "ext4")
        data_dir = make_data_dir(disk.path / "data", models, witness)
        with Server(binary, data_dir) as server:
            expect_open(server)
            disk.break_it()
            begun, refused = ask_until_refused(server)
            expect_closed(server, "log.unavailable")
        disk.unmount()
        disk.mount()
        mount("--bind", models, data_dir / "models")
        with Server(binary, data_dir, key=server.key) as again:
            expect_open(again)
        check_verified(binary, data_dir, witness)
        check_entries(data_dir, begun, refused)


def main():
    report = Report(as_json=True)
    binary, models, scratch = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    common = (report, binary, models, scratch)
    full_data(*common)
    failing_witness(*common, "full", Disk.fill, Disk.free)
    failing_witness(
        *common, "read-only", lambda disk: disk.set_mode("ro"), lambda disk: disk.set_mode("rw")
    )
    read_only_start(*common)
    read_only_while_running(*common)
    report.finish()


main()
