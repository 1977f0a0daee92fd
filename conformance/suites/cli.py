"""The command line: keys, links, models, settings, exit codes, starting and stopping."""

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
from pathlib import Path

from harness import ledger, paths
from harness.report import Skip
from harness.server import MODEL, Server, run as run_command, run_json
from suites.disconnect import OpenStream

# The user `nobody`.
NOBODY = 65534


def run(report, bench):
    data_dir = bench.data_dir()
    _first_and_second_start(report, bench, data_dir)
    with Server(bench.binary, data_dir, key=bench.first_key) as server:
        _keys(report, bench, server)
        _login_link(report, bench, server)
        _occupied(report, bench, server)
        _chat(report, bench, server)
    _models(report, bench)
    _settings(report, bench)
    _foreign_data(report, bench)
    _memory(report, bench)
    _stopping(report, bench)


def _first_and_second_start(report, bench, data_dir):
    with report.check("cli: the first start prints a key that works"):
        with Server(bench.binary, data_dir) as server:
            bench.first_key = server.key
            assert server.key and server.key.startswith("glr_"), server.printed
            assert server.printed[0].startswith("galerne "), server.printed
            assert server.printed[-1] == "ready", server.printed
            assert any(line.startswith(f"model: {MODEL} ") for line in server.printed)
            assert any(line.startswith("try: curl ") for line in server.printed)
            assert server.link_token, server.page
            assert server.api.chat("Hello", max_tokens=2).status == 200
    with report.check("cli: a later start prints no key, and the first key still works"):
        with Server(bench.binary, data_dir) as server:
            assert server.key is None, "a second key was printed"
            assert any("galerne key create" in line for line in server.printed), server.printed
            assert server.api.request("GET", "/v1/models", key=bench.first_key).status == 200
    with report.check("cli: the printed curl line works as it is"):
        if shutil.which("curl") is None:
            return
        with Server(bench.binary, bench.data_dir()) as server:
            line = next(line for line in server.printed if line.startswith("try: "))
            done = subprocess.run(
                ["sh", "-c", line.removeprefix("try: ") + " --silent --fail --noproxy '*'"],
                capture_output=True,
                timeout=120,
            )
            assert json.loads(done.stdout)["object"] == "chat.completion", done


def _keys(report, bench, server):
    def command(*arguments):
        return run_json(bench.binary, "key", *arguments, data_dir=server.data_dir)

    with report.check("cli: a created key works at once, a revoked one no longer"):
        made = command("create", "--name", "for a check")
        assert made["key"].startswith("glr_") and made["name"] == "for a check", made
        assert server.api.request("GET", "/v1/models", key=made["key"]).status == 200
        command("revoke", made["id"])
        answer = server.api.request("GET", "/v1/models", key=made["key"])
        assert answer.status == 401 and answer.code == "auth.revoked", answer.body
    with report.check("cli: keys are listed without their secret"):
        listed = command("list")
        assert made["id"] in [key["id"] for key in listed], listed
        assert made["key"] not in json.dumps(listed), "the secret is shown"
        assert next(key for key in listed if key["id"] == made["id"])["revoked_at"], listed
    with report.check("cli: a key's secret is nowhere in the data directory"):
        held = [path for path in server.data_dir.iterdir() if path.is_file()]
        secret = made["key"].rpartition("_")[2].encode()
        assert len(held) >= 2, held
        assert not [path for path in held if secret in path.read_bytes()]
    with report.check("cli: an unknown key cannot be revoked"):
        stranger = "01890000-0000-7000-8000-000000000000"
        done = run_command(bench.binary, "key", "revoke", stranger, data_dir=server.data_dir)
        assert done.returncode == 1 and "hint:" in done.stderr, done


def _login_link(report, bench, server):
    with report.check("cli: login-link prints a link that the running server takes once"):
        base = ("--base-url", server.url)
        link = run_json(bench.binary, "login-link", *base, data_dir=server.data_dir)["url"]
        assert link.startswith(f"{server.url}/#token="), link
        body = {"token": link.partition("#token=")[2]}
        for wanted in (204, 401):
            headers = {"Origin": server.url}
            answer = server.api.request("POST", "/v1/session", body, headers, key=False)
            assert answer.status == wanted, answer.body


def _occupied(report, bench, server):
    with report.check("cli: a second server on the data directory is refused with 69"):
        done = run_command(
            bench.binary, "serve", "--listen", "127.0.0.1:0", data_dir=server.data_dir
        )
        assert done.returncode == 69 and "hint:" in done.stderr, done
        assert "ready" not in done.stdout, done.stdout
    with report.check("cli: an address in use is refused with 69"):
        listen = ("--listen", f"127.0.0.1:{server.port}")
        done = run_command(bench.binary, "serve", *listen, data_dir=bench.data_dir())
        assert done.returncode == 69 and "hint:" in done.stderr, done
    with report.check("cli: the first server was not disturbed"):
        assert server.api.chat("Hello", max_tokens=2).status == 200


def _chat(report, bench, server):
    with report.check("cli: chat answers a question, and its use is in the books"):
        before = len(ledger.usage_rows(server.data_dir))
        options = ("--temperature", "0", "--max-tokens", "12")
        question = "What is the capital of France? Answer in one sentence."
        answer = run_json(bench.binary, "chat", *options, question, data_dir=server.data_dir)
        assert "Paris" in answer["content"] and answer["energy_joules"] > 0, answer
        rows = ledger.usage_rows(server.data_dir)
        assert len(rows) == before + 1, rows
        rows = [row for row in rows if row["principal"] == "operator"]
        assert [row["outcome"] for row in rows] == ["finished"], rows


def _models(report, bench):
    source = paths.model_file()
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    data_dir = bench.folder / "models-of-our-own"

    def command(*arguments):
        return run_command(bench.binary, "model", *arguments, data_dir=data_dir)

    with report.check("cli: a model with another SHA-256 is not imported"):
        done = command("import", source, "--id", "wrong", "--sha256", "0" * 64)
        assert done.returncode == 1 and digest in done.stderr, done
        assert json.loads(command("list", "--json").stdout) == []
    with report.check("cli: a model is imported, listed, shown and verified"):
        done = command("import", source, "--id", "small", "--sha256", digest, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["sha256"] == digest, done
        assert [model["id"] for model in json.loads(command("list", "--json").stdout)] == ["small"]
        assert json.loads(command("show", "small", "--json").stdout)["architecture"] == "llama"
        assert command("verify", "small").returncode == 0
    with report.check("cli: verify finds one flipped byte"):
        copy = data_dir / "models" / "small" / "model.gguf"
        copy.chmod(0o600)
        with copy.open("r+b") as file:
            file.seek(50_000_000)
            byte = file.read(1)[0]
            file.seek(50_000_000)
            file.write(bytes([byte ^ 1]))
        done = command("verify", "small")
        assert done.returncode == 1 and done.stderr.startswith("error: "), done
    with report.check("cli: a file that is no model is refused"):
        other = bench.folder / "other.gguf"
        for content in (b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 64, b"PK\x03\x04" * 50):
            other.write_bytes(content)
            done = command("import", other, "--id", "other")
            assert done.returncode == 1 and done.stderr.startswith("error: "), (content, done)
        assert command("show", "other").returncode == 1
    with report.check("cli: ids that would leave the folder are refused"):
        for name in ("../evil", "a/../../b", "/tmp/evil", "", ".", ".."):
            assert command("import", source, "--id", name).returncode == 2, name


def _settings(report, bench):
    def check(*arguments, text=None, env=None):
        data_dir = bench.folder / "settings"
        data_dir.mkdir(exist_ok=True)
        if text is not None:
            (data_dir / "galerne.toml").write_text(text)
        return run_command(
            bench.binary, "config", "check", *arguments, data_dir=data_dir, env=env
        )

    with report.check("cli: config check says what is in force and why"):
        done = check("--json", text='listen = "127.0.0.1:9000"\n')
        assert json.loads(done.stdout)["listen"] == {"value": "127.0.0.1:9000", "origin": "file"}
        done = check("--json", env={"GALERNE_LISTEN": "127.0.0.1:9001"})
        found = json.loads(done.stdout)["listen"]
        assert found == {"value": "127.0.0.1:9001", "origin": "environment"}, found
        assert check().returncode == 0
    with report.check("cli: wrong settings end with 64"):
        for text in ("listen = 5\n", "unknown = 1\n", "[limits]\nrequests_max = 0\n", "a = = b"):
            done = check(text=text)
            assert done.returncode == 64 and done.stderr.startswith("error: "), (text, done)
    with report.check("cli: wrong usage ends with 2, help and version with 0"):
        for wrong in (("no-such-command",), ("serve", "--listen", "nowhere"), ("key", "revoke", "x")):
            assert run_command(bench.binary, *wrong).returncode == 2, wrong
        for right in (("--help",), ("--version",), ("key", "--help"), ("completions", "bash")):
            done = run_command(bench.binary, *right)
            assert done.returncode == 0 and done.stdout.strip(), right
        assert "Exit codes" in run_command(bench.binary, "--help").stdout


def _foreign_data(report, bench):
    def refused(name, change, exit_code):
        data_dir = bench.data_dir()
        Server(bench.binary, data_dir).stop()
        connection = sqlite3.connect(data_dir / "galerne.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = DELETE")
        change(connection)
        connection.close()
        with report.check(f"cli: {name} is refused with {exit_code} and left as it is"):
            before = (data_dir / "galerne.db").read_bytes()
            done = run_command(bench.binary, "serve", "--listen", "127.0.0.1:0", data_dir=data_dir)
            assert done.returncode == exit_code, done
            assert done.stderr.startswith("error: ") and "ready" not in done.stdout, done
            assert (data_dir / "galerne.db").read_bytes() == before, "it was changed"

    def newer(connection):
        columns = "version, description, success, checksum, execution_time"
        connection.execute(
            f"INSERT INTO _sqlx_migrations ({columns}) VALUES (9999, 'later', 1, x'00', 0)"
        )

    refused("a data directory of a newer version", newer, 65)
    with report.check("cli: a data directory of the first version opens, and its entries are signed"):
        _upgrade(bench)
    with report.check("cli: a data directory without its installation key is refused"):
        data_dir = bench.data_dir()
        Server(bench.binary, data_dir).stop()
        (data_dir / "installation.key").unlink()
        done = run_command(bench.binary, "serve", "--listen", "127.0.0.1:0", data_dir=data_dir)
        assert done.returncode == 1 and "hint:" in done.stderr, done


def _upgrade(bench):
    """Nine audit entries were written before there was a log."""
    data_dir = bench.data_dir()
    fixture = paths.ROOT / "crates" / "store" / "tests" / "fixtures" / "v0001" / "galerne.db"
    shutil.copyfile(fixture, data_dir / "galerne.db")
    (data_dir / "installation.key").write_text("07" * 32 + "\n")
    before = ledger.audit_entries(data_dir)
    with Server(bench.binary, data_dir) as server:
        assert server.key is None, "a second first key"
        made = run_json(bench.binary, "key", "create", "--name", "new", data_dir=data_dir)
        assert server.api.request("GET", "/v1/models", key=made["key"]).status == 200
    assert ledger.audit_entries(data_dir)[: len(before)] == before, "old entries were changed"
    verified = run_json(bench.binary, "audit", "verify", data_dir=data_dir)
    assert verified["signed_size"] == verified["size"] > len(before) == 9, verified


def _memory(report, bench):
    with report.check("cli: another process of the same user reads neither memory nor environment"):
        if os.geteuid() != 0:
            raise Skip("only root can start a server as somebody else")
        data_dir = bench.data_dir()
        for path in (bench.folder, bench.binary):
            path.chmod(0o755)
        _give_away(data_dir)
        with Server(bench.binary, data_dir, user=NOBODY) as server:
            with subprocess.Popen(["sleep", "60"], user=NOBODY) as control:
                try:
                    assert _reads(control.pid), "control: a plain process can be read"
                finally:
                    control.kill()
            assert not _reads(server.pid)
            limits = Path(f"/proc/{server.pid}/limits").read_text()
            core = next(line for line in limits.splitlines() if line.startswith("Max core"))
            assert core.split()[4:6] == ["0", "0"], core


def _give_away(folder):
    for path in (folder, *folder.rglob("*")):
        if not path.is_file() or path.parent.name != "models":
            os.chown(path, NOBODY, -1)


def _reads(pid):
    """Whether a process of that user can read the memory map and environment of another one."""
    files = [f"/proc/{pid}/environ", f"/proc/{pid}/maps"]
    done = subprocess.run(["cat", *files], user=NOBODY, capture_output=True)
    return done.returncode == 0


def _stopping(report, bench):
    with report.check("cli: SIGTERM lets a running answer end, refuses new ones, ends with 0"):
        server = Server(bench.binary, bench.data_dir())
        stream = OpenStream(server.api, "Tell a story.", max_tokens=300, min_tokens=300)
        stream.read_events(3)
        server.process.send_signal(signal.SIGTERM)
        rest = stream.response.read()
        assert rest.rstrip().endswith(b"data: [DONE]"), rest[-200:]
        assert b'"finish_reason":"length"' in rest, rest[-900:]
        stream.close()
        assert server.wait() == 0, server.errors
        assert ledger.settled_usage(server.data_dir, stream.request)["outcome"] == "finished"
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
        except OSError:
            pass
        else:
            raise AssertionError("somebody still listens")
    with report.check("cli: SIGTERM at the very moment of `ready` is heeded, at each of 30 starts"):
        data_dir, key = bench.data_dir(), None
        for _ in range(30):
            server = Server(bench.binary, data_dir, key=key)
            key = server.key
            assert server.stop() == 0, server.errors
    with report.check("cli: a second signal cuts running answers, ends with 130, loses nothing"):
        server = Server(bench.binary, bench.data_dir())
        stream = OpenStream(server.api, "Tell a story.", min_tokens=4000)
        stream.read_events(3)
        reader = threading.Thread(target=_read_to_the_end, args=(stream,))
        reader.start()
        server.process.send_signal(signal.SIGINT)
        _wait_until_refused(server.port)
        assert server.stop(signal.SIGINT) == 130, server.errors
        reader.join(timeout=60)
        with Server(bench.binary, server.data_dir, key=server.key):
            row = ledger.settled_usage(server.data_dir, stream.request)
            assert row["outcome"] in ("interrupted", "cancelled", "failed"), row


def _read_to_the_end(stream):
    try:
        while stream.response.readline():
            pass
    except (OSError, ValueError):
        pass


def _wait_until_refused(port):
    """Draining begins by closing the listener."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            return
