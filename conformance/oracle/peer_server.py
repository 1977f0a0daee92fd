"""Runs the llama.cpp server of the `xllamacpp` wheel until its standard input is closed.

Prints one line of JSON when it is ready. Runs in the `oracle` environment, in a process of its
own, so that its memory and CPU time can be read from outside.
"""

import argparse
import json
import os
import re
import socket
import sys
from pathlib import Path

# How llama.cpp may guess what an answer repeats, without a second model.
LOOKUPS = ("simple", "map_k", "map_k4v", "mod", "cache")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--exact", action="store_true", help="keep the KV cache in F32")
    parser.add_argument("--lookup", choices=LOOKUPS, help="guess tokens that an answer repeats")
    parser.add_argument("--adapter", help="a LoRA adapter in GGUF")
    return parser.parse_args()


def resident_kib():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE).group(1))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    given = arguments()
    answer = os.fdopen(os.dup(1), "w")
    # The library writes its log to both; only the line of JSON shall be read.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if not os.environ.get("GALERNE_PEER_LOG"):
        os.dup2(1, 2)

    import xllamacpp

    before = resident_kib()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = given.model
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = free_port()
    parameters.n_ctx = given.context
    parameters.n_parallel = given.parallel
    parameters.kv_unified = given.parallel > 1
    parameters.cpuparams.n_threads = given.threads
    parameters.cpuparams_batch.n_threads = given.threads
    if given.exact:
        parameters.cache_type_k = xllamacpp.ggml_type.GGML_TYPE_F32
        parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    if given.lookup:
        kinds = xllamacpp.common_speculative_type
        kind = getattr(kinds, f"COMMON_SPECULATIVE_TYPE_NGRAM_{given.lookup.upper()}")
        parameters.speculative.types = [kind]
    if given.adapter:
        adapter = xllamacpp.CommonAdapterLoraInfo()
        adapter.path, adapter.scale = given.adapter, 1.0
        parameters.lora_adapters = [adapter]
    server = xllamacpp.Server(parameters)
    ready = {
        "address": server.listening_address,
        "version": xllamacpp.__version__,
        "system": xllamacpp.get_system_info(),
        "resident_kib_before_model": before,
    }
    print(json.dumps(ready), file=answer, flush=True)
    sys.stdin.read()
    # The library joins threads that wait for each other now and then; nothing is left to save.
    os._exit(0)


main()
