"""Conversations that the server keeps: official SDKs, and what only plain HTTP shows."""

from harness import ledger
from harness.server import Server
from suites import conversation_browse, conversation_kill, conversation_tenants
from suites import conversation_turns, sdk

PYTHON_CLIENTS = [
    ("mistralai 1.12.4", "mistralai-1", "mistral_conversations.py"),
    ("mistralai 2.5.1", "mistralai-2", "mistral_conversations.py"),
    ("mistralai 3.7.0", "mistralai-3", "mistral_conversations.py"),
]
NODE_CLIENTS = [("@mistralai/mistralai 2.7.0 (Node)", "mistral_conversations.mjs")]
ACTIONS = {
    *("conversation.start", "conversation.append", "conversation.stop", "conversation.list"),
    *("conversation.search", "conversation.read", "conversation.update", "conversation.delete"),
    *("draft.read", "draft.write"),
}


def run(report, bench):
    data_dir = bench.data_dir()
    with Server(bench.binary, data_dir) as server:
        sdk.run_clients(report, server, PYTHON_CLIENTS, NODE_CLIENTS)
        conversation_turns.run(report, server)
        conversation_browse.run(report, server)
        conversation_tenants.run(report, server, bench)
        _books(report, server)
    conversation_kill.run(report, bench)


def _books(report, server):
    """After all of the above: nothing lost, nothing double."""
    with report.check("conversations: each turn has one usage row and one audit entry"):
        counts, outcomes = ledger.usage_counts(server.data_dir)
        assert set(counts.values()) == {1}, counts
        assert set(outcomes.values()) <= {"finished", "cancelled"}, outcomes
        audited = ledger.audited_requests(server.data_dir)
        missing = [request for request in counts if audited[request] != 1]
        assert not missing, f"without exactly one audit entry: {missing}"
    with report.check("conversations: the trail names every access and holds no content"):
        entries = ledger.audit_entries(server.data_dir)
        assert ACTIONS <= {entry["action"] for entry in entries}
        refusals = {entry["outcome"] for entry in entries}
        codes = ("conversation.busy", "conversation.not_found", "entry.not_found")
        assert {*codes, "idempotency.reused"} <= refusals, refusals
        trail = str(entries)
        for text in ("capital of France", "Noirmoutier", "Capitals", conversation_browse.TYPED):
            assert text not in trail, text
