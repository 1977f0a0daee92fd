"""What requests that were made up need, so that some of them are answered and none takes long, and
how Schemathesis has to read the document.
"""

import os
import re

import schemathesis

TOKENS_MAX = 3
# Where each path takes the limit of an answer.
LIMITS = {
    "/v1/chat/completions": "max_tokens",
    "/v1/completions": "max_tokens",
    "/v1/fim/completions": "max_tokens",
    "/v1/responses": "max_output_tokens",
}
CONVERSATIONS = "/v1/conversations"
# A judge is asked at least nine questions about each input.
JUDGED = re.compile(r"^/v1/(chat/)?(moderations|classifications)$")


# Ids that were seen in answers are asked for again: nobody may end the key that asks.
KEPT = re.compile(r"^/v1/(keys|accounts)/\{id\}")
SOME_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
UNKNOWN_ID = "01900000-0000-7000-8000-000000000000"
METHODS = {"get", "post", "put", "patch", "delete"}


@schemathesis.hook
def before_load_schema(context, schema):
    """The rest of a path is a parameter too. What is said of streams is said of the data of an
    event, and would be held against the whole event.
    """
    schema["paths"] = {path.replace("{*", "{"): item for path, item in schema["paths"].items()}
    for item in schema["paths"].values():
        for method in METHODS & {*item}:
            for answer in item[method]["responses"].values():
                if "text/event-stream" in answer.get("content", {}):
                    answer["content"]["text/event-stream"] = {}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    found = path_parameters or {}
    if KEPT.match(context.operation.path) and SOME_ID.match(str(found.get("id"))):
        return {**found, "id": UNKNOWN_ID}
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    """A text that stands for a model names one that is served; answers stay short."""
    if not isinstance(body, dict):
        return body
    path, changed = context.operation.path, {**body}
    if isinstance(changed.get("model"), str):
        is_vector = path in {"/v1/embeddings", "/v1/rerank"}
        changed["model"] = os.environ["GALERNE_EMBEDDING_MODEL" if is_vector else "GALERNE_MODEL"]
    messages = changed.get("messages")
    if isinstance(messages, list) and len(messages) % 2 == 0:
        changed["messages"] = [{"role": "user", "content": "Hello"}]
    if JUDGED.match(path) and isinstance(changed.get("input"), list):
        changed["input"] = changed["input"][:1]
    if path in LIMITS:
        _shorten(changed, LIMITS[path])
    elif path.startswith(CONVERSATIONS) and context.operation.method.upper() == "POST":
        arguments = changed.get("completion_args") or {}
        if isinstance(arguments, dict):
            changed["completion_args"] = {**arguments}
            _shorten(changed["completion_args"], "max_tokens")
    return changed


def _shorten(fields, name):
    """What is no number stays: it is to be refused."""
    for each in {name, "min_tokens", "max_tokens", "max_completion_tokens"} & {*fields, name}:
        if type(fields.get(each)) in (int, type(None)):
            fields[each] = min(fields.get(each) or TOKENS_MAX, TOKENS_MAX)
