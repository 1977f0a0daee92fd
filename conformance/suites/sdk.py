"""The official SDKs, each in an environment of its own, against one running server."""

import os
import shutil

from harness import venvs
from harness.clients import run_checks
from harness.paths import CONFORMANCE
from harness.report import Skip
from harness.server import MODEL, Server

PYTHON_CLIENTS = [
    ("mistralai 1.12.4", "mistralai-1", "mistral_client.py"),
    ("mistralai 2.5.1", "mistralai-2", "mistral_client.py"),
    ("mistralai 3.7.0", "mistralai-3", "mistral_client.py"),
    ("openai 3.54.0 (Python)", "openai", "openai_client.py"),
    ("litellm 1.106.2", "litellm", "litellm_client.py"),
    ("mistralai 1.12.4, beside chat", "mistralai-1", "mistral_beside_chat.py"),
    ("mistralai 3.7.0, beside chat", "mistralai-3", "mistral_beside_chat.py"),
    ("openai 3.54.0 (Python), beside chat", "openai", "openai_beside_chat.py"),
    ("mistralai 3.7.0, Responses", "mistralai-3", "mistral_responses.py"),
    ("openai 3.54.0 (Python), Responses", "openai", "openai_responses.py"),
    ("openai 3.54.0 (Python), as a client of Albert", "openai", "albert_client.py"),
]
NODE_CLIENTS = [
    ("@mistralai/mistralai 2.7.0 (Node)", "mistral.mjs"),
    ("openai 6.49.0 (Node)", "openai.mjs"),
    ("openai 6.49.0 (Node), beside chat", "openai_beside_chat.mjs"),
    ("openai 6.49.0 (Node), Responses", "openai_responses.mjs"),
]


def run(report, bench):
    with Server(bench.binary, bench.data_dir()) as server:
        run_clients(report, server, PYTHON_CLIENTS, NODE_CLIENTS)


def run_clients(report, server, python_clients, node_clients):
    """Runs the checks of these clients, each in the environment of its SDK."""
    for name, packages, script in python_clients:
        command = [venvs.python(packages), CONFORMANCE / "clients" / script]
        run_checks(report, name, command, environment(server))
    _node(report, server, node_clients)


def _node(report, server, node_clients):
    try:
        folder = venvs.node_packages()
    except Skip as reason:
        for name, _ in node_clients:
            report.skip(name, str(reason))
        return
    # Node finds packages from the folder of the script.
    for script in (CONFORMANCE / "node").glob("*.mjs"):
        shutil.copy(script, folder / script.name)
    for name, script in node_clients:
        run_checks(report, name, ["node", folder / script], environment(server))


def environment(server, model=MODEL):
    """No proxy and no key of another service may get between a client and the server."""
    foreign = ("OPENAI_", "MISTRAL_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        **{"GALERNE_URL": server.url, "GALERNE_KEY": server.key, "GALERNE_MODEL": model},
    }
