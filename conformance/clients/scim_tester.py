"""Every check of scim2-tester against the server: each prints one line of JSON."""

import json
import os
import traceback

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

# `POST /.search` is not there, as the standard permits and docs/operate/provisioning.md says: what
# it asks for is asked for by GET. The check must find nothing at that path, and no other fault.
NOT_THERE = {"search_with_attributes": "there is nothing at this path"}


def main():
    headers = {"Authorization": f"Bearer {os.environ['GALERNE_KEY']}"}
    with httpx2.Client(base_url=os.environ["GALERNE_URL"], headers=headers, timeout=60) as client:
        results = check_server(SyncSCIMClient(client))
    counts = {}
    for result in results:
        name = f"{result.resource_type or 'server'} {result.title}"
        counts[name] = counts.get(name, 0) + 1
        record = {"name": f"{name} {counts[name]}", "status": "ok"}
        is_missing = NOT_THERE.get(result.title, "\0") in str(result.reason)
        if is_missing and result.status == Status.ERROR:
            record["name"] += " (not there)"
        elif result.status != Status.SUCCESS:
            record = record | {"status": "failed", "why": f"{result.status}: {result.reason}"}
        print(json.dumps(record), flush=True)
    kinds = {result.resource_type for result in results}
    enough = {"User", "Group"} <= kinds and len(results) > 40
    record = {"name": "users and groups were checked", "status": "ok" if enough else "failed"}
    print(json.dumps(record | {"why": f"{len(results)} results, {kinds}"}), flush=True)
    print(json.dumps({"finished": True}), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
        raise SystemExit(1) from None
